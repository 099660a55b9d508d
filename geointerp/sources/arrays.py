"""NumPy files and pictures as volumes."""

from pathlib import Path

import dask.array
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from PIL import Image

from geointerp.errors import DataError

_DIMS = {2: ("row", "column"), 3: ("inline", "crossline", "time")}
_AS_THEY_ARE = ("L", "F", "I", "I;16", "I;16B", "I;16L", "I;16N")


def open_npy(path: Path) -> xr.DataArray:
    """Open a ``.npy`` file, read lazily: (row, column), or (inline, crossline, time) with indices from 0.

    Raises:
        DataError: it is damaged, holds objects or text, or has other than two or three dimensions.
    """
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path} is no readable NumPy file: {error}") from None
    if values.dtype.kind not in "biuf" or values.ndim not in _DIMS or values.size == 0:
        raise DataError(
            f"{path} holds {values.dtype} of shape {values.shape}: numbers in 2 or 3 dimensions are read"
        )
    return _as_volume(path, values, "NumPy")


def open_picture(path: Path, *, indices: bool = False) -> xr.DataArray:
    """Open a PNG, JPEG, TIFF or PGM file as grey: (row, column); colours become their luminance.

    Args:
        path: of the picture.
        indices: whether a picture with a palette gives its colour numbers, as labels are stored.

    Raises:
        DataError: it is damaged, or too large for a picture.
    """
    try:
        with Image.open(path) as picture:
            kind = picture.format or "picture"
            values = np.asarray(picture) if indices and picture.mode == "P" else _grey(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} is no readable picture: {error}") from None
    return _as_volume(path, values, kind)


def _grey(picture: Image.Image) -> NDArray[np.generic]:
    """Return the grey values of a picture as they are stored; one bit gives 0 and 1."""
    if picture.mode == "1":
        return np.asarray(picture).astype(np.uint8)
    return np.asarray(picture if picture.mode in _AS_THEY_ARE else picture.convert("L"))


def _as_volume(path: Path, values: NDArray[np.generic], kind: str) -> xr.DataArray:
    """Give an array its dims and coordinates: line numbers int32, samples float64, all counted from 0."""
    dims = _DIMS[values.ndim]
    coords = {
        dim: np.arange(size, dtype=np.float64 if dim == "time" else np.int32)
        for dim, size in zip(dims, values.shape, strict=True)
    }
    lazy = dask.array.from_array(values, inline_array=True).astype(np.float32)  # type: ignore[no-untyped-call]
    attrs = {"source": str(path), "source_size": path.stat().st_size, "format": kind}
    return xr.DataArray(lazy, coords, dims, "amplitude", attrs)
