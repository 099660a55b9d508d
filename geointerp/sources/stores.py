"""Volumes and label stores written by xarray: Zarr folders and NetCDF files."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from geointerp.errors import DataError

_FAMILIAR = {"iline": "inline", "il": "inline", "xline": "crossline", "xl": "crossline", "twt": "time"}
"""Dims of other programs (segysak among them) and what they are here."""

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


def open_store(path: Path) -> xr.DataArray:
    """Open a Zarr folder or NetCDF file: its ``labels`` as they are (uint8), else its amplitudes (float32).

    Raises:
        DataError: it cannot be opened, or holds no variable that is a volume.
    """
    stored = _open(path, decode=False)
    if _LABELS in stored.data_vars:
        labels = stored[_LABELS]
        coords = _open(path, decode=True).coords
        # A store with probabilities has a coordinate of classes as well, which the labels lack.
        own = {name: coord for name, coord in coords.items() if set(coord.dims) <= set(labels.dims)}
        return _as_volume(path, labels.assign_coords(own))
    decoded = _open(path, decode=True)
    return _as_volume(path, decoded[_volume_name(path, decoded)]).astype(np.float32)


def _open(path: Path, *, decode: bool) -> xr.Dataset:
    options: dict[str, Any] = {"mask_and_scale": decode, "decode_timedelta": False, "chunks": {}}
    try:
        if path.is_dir():
            store: xr.Dataset = xr.open_zarr(path, consolidated=False, **options)
        else:
            store = xr.open_dataset(path, **options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be opened as a Zarr or NetCDF store: {error}") from None
    return store


def _volume_name(path: Path, dataset: xr.Dataset) -> str:
    """Return the variable that is the volume: a familiar name, or the only one with dims enough."""
    names = [str(name) for name, variable in dataset.data_vars.items() if variable.ndim >= 2]
    familiar = [name for name in _AMPLITUDES if name in names]
    if familiar:
        return familiar[0]
    if len(names) != 1:
        found = ", ".join(sorted(map(str, dataset.data_vars))) or "none"
        raise DataError(
            f"{path}: none of its variables ({found}) is plainly the volume",
            hint=f"name the one to be read 'amplitude', or '{_LABELS}' for labels",
        )
    return names[0]


def _as_volume(path: Path, variable: xr.DataArray) -> xr.DataArray:
    """Rename dims of other programs and put them in order; drop dims of size 1."""
    names = {old: new for old, new in _FAMILIAR.items() if old in (*variable.dims, *variable.coords)}
    renamed = variable.rename(names)
    extra = [
        dim for dim in renamed.dims if renamed.sizes[dim] == 1 and not any(dim in known for known in _DIMS)
    ]
    renamed = renamed.squeeze(extra, drop=True)
    order = next((known for known in _DIMS if set(known) == set(renamed.dims)), None)
    if order is None:
        dims = ", ".join(map(str, variable.dims))
        raise DataError(
            f"{path}: the dims of '{variable.name}' are ({dims}), none of "
            + "; ".join(f"({', '.join(known)})" for known in _DIMS)
        )
    volume = renamed.transpose(*order)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else None
    volume.attrs |= {
        "source": str(path),
        "source_size": path.stat().st_size if size is None else size,
        "format": "Zarr" if path.is_dir() else "NetCDF",
    }
    return volume
