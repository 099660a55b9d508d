"""Volumes that a NetCDF file holds in one piece: read where they lie, no more than is asked for."""

from pathlib import Path
from typing import Any

import dask.array.core
import numpy as np
import xarray as xr
from dask.base import tokenize
from numpy.typing import NDArray

from geointerp.sources.windows import as_float32, lazily

_CHUNK_BYTES = 64 << 20


class _Samples:
    """An array-like over a variable that xarray reads on being indexed; missing traces are NaN."""

    dtype = np.dtype(np.float32)

    def __init__(self, variable: xr.Variable, mask: xr.Variable | None) -> None:
        self.variable, self.mask = variable, mask
        self.shape, self.ndim = variable.shape, variable.ndim

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Return what integers, slices or integer lists mean, each axis by itself, as xarray indexes."""
        index = key if isinstance(key, tuple) else (key,)
        values = self.variable[index]
        if self.mask is not None:
            values = values.where(self.mask[index[: self.mask.ndim]])  # type: ignore[no-untyped-call]
        return as_float32(values.values)


def in_place(path: Path, volume: xr.DataArray) -> xr.DataArray:
    """Return a volume whose file is read slab by slab, as float32.

    Dask would take a variable without chunks as a single one, and any conversion of it would read it whole.

    Args:
        path: of the file.
        volume: opened without dask; its ``trace_mask``, if it has one, says which traces exist.
    """
    mask = volume.coords.get("trace_mask")
    known = None if mask is None else mask.transpose(*volume.dims[:-1]).variable
    chunks = dask.array.core.normalize_chunks(  # type: ignore[no-untyped-call]
        "auto", volume.shape, limit=_CHUNK_BYTES, dtype=np.float32
    )
    identity = (str(path), path.stat().st_mtime_ns, volume.name, volume.dims, mask is not None)
    samples = _Samples(volume.variable, known)
    return volume.copy(deep=False, data=lazily(samples, chunks, f"netcdf-{tokenize(*identity)}"))
