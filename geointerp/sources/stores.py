"""Volumes and label stores written by xarray and MDIO: Zarr stores and NetCDF files."""

import json
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import xarray as xr
import zarr

from geointerp.errors import DataError, UsageError
from geointerp.sources import mdio
from geointerp.sources.arrangement import arranged
from geointerp.sources.arrays import default_coords
from geointerp.sources.in_place import in_place
from geointerp.sources.pieces import warn_of_missing
from geointerp.sources.remote import RemoteFile
from geointerp.sources.windows import as_float32

_FAMILIAR = {
    "iline": "inline",
    "il": "inline",
    "xline": "crossline",
    "xl": "crossline",
    "twt": "time",
    "sample": "time",
    "samples": "time",
    "latitude": "y",
    "lat": "y",
    "longitude": "x",
    "lon": "x",
}
"""Dims of other programs (segysak and MDIO among them) and what they are here."""

_DIMS = (
    ("inline", "crossline", "time"),
    ("inline", "crossline", "depth"),
    ("cdp", "time"),
    ("cdp", "depth"),
    ("distance", "time"),
    ("y", "x"),
    ("row", "column"),
)
_LABELS = "labels"
_AMPLITUDES = ("amplitude", "seismic", "data")

Place = Path | RemoteFile


def open_store(path: Place, variable: str | None = None) -> xr.DataArray:
    """Open a Zarr store or NetCDF file: its ``labels`` as they are (uint8), else its amplitudes (float32).

    Args:
        path: of the store.
        variable: the name of the one to read; needed where it is not plain which is meant.

    Raises:
        DataError: it cannot be opened, or holds no variable that is a volume.
        UsageError: it has no such variable.
    """
    return arranged(_as_stored(path, variable))


def _as_stored(path: Place, variable: str | None) -> xr.DataArray:
    """Open a store as ``open_store`` does, its axes as they run in it."""
    root = None if path.is_file() else _zarr_root(path)
    if isinstance(root, zarr.Array):
        return _as_float32(_as_volume(path, _bare(path, root)))
    if mdio.is_version_0(root):
        volume = _as_volume(path, mdio.open_version_0(str(path), root, variable), form="MDIO 0")
        return _without_missing(_as_float32(volume))
    listed = _is_listed(path, root)
    stored = _open(path, decode=False, consolidated=listed)
    if variable in (None, _LABELS) and _LABELS in stored.data_vars:
        labels = stored[_LABELS]
        coords = _open(path, decode=True, consolidated=listed).coords
        # A store with probabilities has a coordinate of classes as well, which the labels lack.
        own = {name: coord for name, coord in coords.items() if set(coord.dims) <= set(labels.dims)}
        volume = _as_volume(path, labels.assign_coords(own))
        if told := provenance_of(stored):
            volume.attrs["prediction"] = told
            warn_of_missing(path, told)
        return volume
    in_a_file = isinstance(path, Path) and path.is_file()
    decoded = _open(path, decode=True, consolidated=listed, chunked=not in_a_file)
    if root is not None and root.metadata.zarr_format == 2:
        decoded = _with_zeros(decoded, stored)
    chosen = _on_its_map(decoded[_volume_name(path, decoded, variable)], decoded)
    if in_a_file and chosen.encoding.get("chunksizes"):
        chosen = chosen.chunk(dict(zip(chosen.dims, chosen.encoding["chunksizes"], strict=True)))
    volume = _as_volume(path, mdio.with_mask(_familiar(chosen), _familiar(decoded)))
    if volume.chunks is None and isinstance(path, Path):
        return in_place(path, volume)
    return _without_missing(_as_float32(volume))


def _with_zeros(decoded: xr.Dataset, stored: xr.Dataset) -> xr.Dataset:
    """Return a store of Zarr 2 with its zeros, which were taken for missing.

    Its arrays are filled with zero if nothing is said, and whether something was said cannot be known.
    """
    zeros = {
        name: (one.dims, stored.variables[name].data, one.attrs)
        for name, one in decoded.variables.items()
        if one.encoding.get("_FillValue") == 0
        and one.dtype.kind in "iuf"
        and not {"scale_factor", "add_offset"} & {*one.encoding}
    }
    coords = {name: zeros.pop(name) for name in decoded.coords if name in zeros}
    return decoded.assign(zeros).assign_coords(coords)


def _on_its_map(chosen: xr.DataArray, decoded: xr.Dataset) -> xr.DataArray:
    """Return a variable with the grid mapping that it names (CF, 5.6) as the coordinate ``spatial_ref``."""
    name = chosen.attrs.get("grid_mapping") or chosen.encoding.get("grid_mapping")
    if name not in decoded.variables or "spatial_ref" in chosen.coords:
        return chosen
    return chosen.assign_coords(spatial_ref=((), 0, decoded[name].attrs))


def provenance_of(labels: xr.Dataset) -> dict[str, Any] | None:
    """Return what a label store says of its prediction, in NetCDF as JSON; None if it says nothing."""
    told = labels.attrs.get("geointerp")
    if isinstance(told, str):
        with suppress(ValueError):  # another program's words
            told = json.loads(told)
    return told if isinstance(told, dict) else None


def _zarr_root(path: Place) -> Any:
    """Open the root of a Zarr store: a group or a bare array."""
    try:
        return zarr.open(_store(path), mode="r")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from None


def _store(path: Place) -> Any:
    return path.zarr_store() if isinstance(path, RemoteFile) else path


def _is_listed(path: Place, root: Any) -> bool:
    """Whether the root of a store behind a URL lists what is in it, which web servers do not.

    On this machine the folder is asked instead: a list may be older than what it lists.
    """
    metadata = getattr(root, "metadata", None)
    return isinstance(path, RemoteFile) and getattr(metadata, "consolidated_metadata", None) is not None


def _open(path: Place, *, decode: bool, consolidated: bool, chunked: bool = True) -> xr.Dataset:
    """Open all variables lazily, in dask arrays of the store's chunks or, not ``chunked``, without dask."""
    options: dict[str, Any] = {"mask_and_scale": decode, "decode_timedelta": False}
    if chunked:
        options["chunks"] = {}
    else:
        options["cache"] = False
    options["drop_variables"] = mdio.HEADERS
    try:
        if path.is_file():
            store: xr.Dataset = xr.open_dataset(str(path), **options)
        else:
            store = xr.open_zarr(_store(path), consolidated=consolidated, **options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from None
    return store


def _unreadable(path: Place, error: Exception) -> DataError:
    return DataError(f"{path} cannot be opened as a Zarr or NetCDF store: {error}")


def _bare(path: Place, array: zarr.Array[Any]) -> xr.DataArray:
    """Return an array without a group around it, under the dims that it names or those of bare numbers."""
    lazy = dask.array.from_zarr(array)  # type: ignore[no-untyped-call]
    named = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    if named and all(named):  # type: ignore[arg-type]
        return xr.DataArray(lazy, dims=tuple(map(str, named)), name="amplitude")  # type: ignore[arg-type]
    if array.ndim not in (2, 3):
        raise DataError(f"{path} is an array of {array.ndim} dimensions: 2 or 3 are read")
    _, dims = default_coords(array.shape)
    return xr.DataArray(lazy, dims=dims, name="amplitude")


def _volume_name(path: Place, dataset: xr.Dataset, variable: str | None) -> Hashable:
    """Return the variable that is the volume: the one named, a familiar one, or the only one of two dims.

    Raises:
        DataError: it is not plain which is meant.
        UsageError: there is none of that name.
    """
    found = ", ".join(sorted(map(str, dataset.data_vars))) or "none"
    if variable is not None:
        if variable not in dataset.variables:
            raise UsageError(f"{path} has no variable '{variable}'", hint=f"there is {found}")
        return variable
    names = [str(name) for name, one in dataset.data_vars.items() if one.ndim >= 2 and name != "trace_mask"]
    if not dataset.data_vars:
        raise DataError(
            f"{path} holds no variable",
            hint="a store on a web server needs consolidated metadata: zarr.consolidate_metadata(store)"
            if isinstance(path, RemoteFile)
            else "is it complete?",
        )
    familiar = [name for name in _AMPLITUDES if name in names]
    if familiar:
        return familiar[0]
    if len(names) != 1:
        raise DataError(
            f"{path}: none of its variables ({found}) is plainly the volume",
            hint=f"say --variable NAME, or name the one to be read 'amplitude', or '{_LABELS}' for labels",
        )
    return names[0]


def _familiar(stored: Any) -> Any:
    """Rename dims of other programs in a variable or a data set, of two names for one axis that of a dim."""
    for dim in [dim for dim in stored.dims if dim in _FAMILIAR and _only_counts(stored, dim)]:
        for name, coord in stored.coords.items():
            if name != dim and coord.dims == (dim,) and _FAMILIAR.get(name, name) == _FAMILIAR[dim]:
                stored = stored.swap_dims({dim: name})  # the dim counts, and this tells
                break
    # Under our own name, what lies along an axis of another name that has numbers of its own is in the way.
    doubled = [_FAMILIAR[dim] for dim in stored.dims if dim in _FAMILIAR]
    stored = stored.drop_vars([name for name in doubled if name in stored.coords and name not in stored.dims])
    there = [*stored.dims, *(name for name in stored.coords if name not in stored.dims)]
    names: dict[Hashable, str] = {}
    for old in there:
        new = _FAMILIAR.get(old)
        if new is not None and new not in (*there, *names.values()):
            names[old] = new
    return stored.rename(names)


def _only_counts(stored: Any, dim: Hashable) -> bool:
    """Whether a dim has no coordinate, or one that counts from 0 or 1."""
    if dim not in stored.coords:
        return True
    values = stored[dim].values
    return any(np.array_equal(values, np.arange(first, first + values.size)) for first in (0, 1))


def _as_volume(path: Place, variable: xr.DataArray, form: str | None = None) -> xr.DataArray:
    """Rename dims of other programs and put them in order; drop those of size 1 beside them."""
    renamed = _familiar(variable)
    if renamed.dtype.kind not in "biuf":
        raise DataError(f"{path}: '{variable.name}' holds {renamed.dtype}: real numbers are read")
    if 0 in renamed.shape:
        sizes = " x ".join(f"{dim} {size}" for dim, size in renamed.sizes.items())
        raise DataError(f"{path}: '{variable.name}' is empty: {sizes}")
    wide = {dim for dim in renamed.dims if renamed.sizes[dim] != 1}
    # The longest come first: a single line of a volume is still one.
    order = next((known for known in _DIMS if wide <= set(known) <= set(renamed.dims)), None)
    if order is None:
        dims = ", ".join(map(str, variable.dims))
        raise DataError(
            f"{path}: the dims of '{variable.name}' are ({dims}), none of "
            + "; ".join(f"({', '.join(known)})" for known in _DIMS),
            hint="rename them first, with xarray's rename, and leave one slice of any other",
        )
    beside = [dim for dim in renamed.dims if dim not in order]
    volume: xr.DataArray = renamed.squeeze(beside, drop=True).transpose(*order)
    missing = [dim for dim in order if dim not in volume.coords]
    volume = volume.assign_coords({dim: np.arange(volume.sizes[dim]) for dim in missing})
    form = form or ("NetCDF" if path.is_file() else "Zarr")
    # Coordinates that are counted here tell no place: labels are not to be matched by them.
    volume.attrs["format"] = f"bare {form}" if len(missing) == len(order) else form
    return volume


def _as_float32(volume: xr.DataArray) -> xr.DataArray:
    """Convert block by block, when the samples are computed."""
    if volume.dtype == np.float32:
        return volume
    none = np.empty((0,) * volume.ndim, np.float32)
    converted: xr.DataArray = volume.copy(
        deep=False, data=volume.data.map_blocks(as_float32, dtype=np.float32, meta=none)
    )
    return converted


def _without_missing(volume: xr.DataArray) -> xr.DataArray:
    """Make missing traces NaN, whatever fills their place in the store."""
    if "trace_mask" not in volume.coords:
        return volume
    kept: xr.DataArray = volume.where(volume["trace_mask"])
    kept.attrs = volume.attrs
    return kept
