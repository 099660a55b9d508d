"""A data set in an HDF5 file that follows no convention: chosen by its name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from dask.base import tokenize
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.sources.arrays import default_coords
from geointerp.sources.windows import as_float32, lazily, read_indexed

_CHUNK_SAMPLES = 1 << 23


@dataclass(frozen=True, eq=False)
class Hdf5Samples:
    """An array-like over one data set, float32; the file is opened for each read."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype = np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """Two or three."""
        return len(self.shape)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Read a part."""
        return read_indexed(key, self.shape, self._read)

    def _read(self, *window: slice) -> NDArray[np.float32]:
        try:
            with h5py.File(self.path) as file:
                return as_float32(file[self.name][window])
        except (OSError, KeyError) as error:
            raise DataError(f"{self.path}: '{self.name}' cannot be read: {error}") from None


def follows_netcdf(path: Path) -> bool:
    """Whether an HDF5 file has dimension scales, as NetCDF and xarray write them.

    Raises:
        DataError: it is no readable HDF5.
    """
    try:
        with h5py.File(path) as file:
            if "_NCProperties" in file.attrs:
                return True
            return any(
                "DIMENSION_LIST" in item.attrs or item.attrs.get("CLASS") == b"DIMENSION_SCALE"
                for item in file.values()
            )
    except (OSError, KeyError, RuntimeError) as error:
        raise DataError(f"{path} is no readable HDF5 file: {error}", hint="is it truncated?") from None


def open_hdf5(path: Path, variable: str | None) -> xr.DataArray:
    """Open a data set as a volume; dims and coordinates as for a ``.npy`` file.

    Args:
        path: of the file.
        variable: the data set's name, with the groups it lies in; needed where there are several.

    Raises:
        DataError: there is not exactly one that could be meant, or it is no volume.
        UsageError: there is none of that name.
    """
    found = _data_sets(path)
    name = variable.strip("/") if variable else next(iter(found), "")
    if variable and name not in found:
        raise UsageError(f"{path} has no data set '{variable}'", hint=_listed(found))
    volumes = [one for one, (shape, _) in found.items() if len(shape) >= 2]
    if not variable and len(volumes) != 1:
        raise DataError(
            f"{path} is HDF5 with {len(volumes)} data sets of two or more dimensions",
            hint=f"name one with --variable; {_listed(found)}",
        )
    name = name if variable else volumes[0]
    shape, kind = found[name]
    if kind.kind not in "biuf" or len(shape) not in (2, 3) or 0 in shape:
        raise DataError(
            f"{path}: '{name}' holds {kind} of shape {shape}: numbers in 2 or 3 dimensions are read"
        )
    thickness = max(1, _CHUNK_SAMPLES // int(np.prod(shape[1:])))
    chunks = (min(thickness, shape[0]), *shape[1:])
    lazy = lazily(Hdf5Samples(path, name, shape), chunks, f"hdf5-{tokenize(str(path), name)}")
    return xr.DataArray(lazy, *default_coords(shape), "amplitude", {"format": "HDF5", "variable": name})


def _data_sets(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Return shape and type of every data set, by its path in the file."""
    found = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            found[name] = (item.shape, item.dtype)

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def _listed(found: dict[str, Any]) -> str:
    names = ", ".join(list(found)[:12])
    return f"there is {names}" if names else "the file holds no data set"
