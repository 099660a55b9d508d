"""NumPy files, headerless files and pictures as volumes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import xarray as xr
from dask.array.core import normalize_chunks
from dask.base import tokenize
from numpy.typing import NDArray
from PIL import Image

from geointerp.errors import DataError, UsageError
from geointerp.sources.windows import lazily, read_indexed

_DIMS = {2: ("row", "column"), 3: ("inline", "crossline", "time")}
_CHUNK_BYTES = 32 << 20
_AS_THEY_ARE = ("L", "F", "I", "I;16", "I;16B", "I;16L", "I;16N")


@dataclass(frozen=True)
class MappedSamples:
    """The numbers of a file, mapped anew for each read: nothing is copied, a worker process gets the path.

    Attributes:
        mapped: opens the memory map.
        shape: of the whole.
    """

    mapped: Callable[[], NDArray[Any]]
    shape: tuple[int, ...]
    dtype = np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Read what numpy would return for ``key``, as float32."""
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and so no datum
            return read_indexed(key, self.shape, lambda *window: self.mapped()[window].astype(np.float32))


def open_npy(path: Path) -> xr.DataArray:
    """Open a ``.npy`` file, read lazily: (row, column), or (inline, crossline, time) with indices from 0.

    Raises:
        DataError: it is damaged, holds objects or text, or has other than two or three dimensions.
    """
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path} is no readable NumPy file: {error}", hint="is it truncated?") from None
    if values.dtype.kind not in "biuf" or values.ndim not in _DIMS or values.size == 0:
        wanted = "numbers in 2 or 3 dimensions" + (", at least one," if values.size == 0 else "")
        raise DataError(f"{path} holds {values.dtype} of shape {values.shape}: {wanted} are read")
    mapped = partial(np.load, path, mmap_mode="r", allow_pickle=False)
    return _mapped_volume(path, mapped, values.shape, "NumPy")


def open_raw(path: Path, shape: str | Sequence[int] | None, dtype: str | None) -> xr.DataArray:
    """Open a headerless file of numbers in C order, read lazily; dims as for `open_npy`.

    Args:
        path: of the file.
        shape: two or three whole numbers, or ``"601,481,1501"``.
        dtype: numpy's name of the type of a sample: ``float32``, ``>i2`` …

    Raises:
        DataError: shape or type are not said, or their product is not the size of the file.
        UsageError: shape or type cannot be read.
    """
    if shape is None or dtype is None:
        missing = [name for name, given in (("--shape", shape), ("--dtype", dtype)) if given is None]
        verb = "is" if len(missing) == 1 else "are"
        raise DataError(
            f"{path} has no header that says what it holds, and {' and '.join(missing)} to say so {verb} "
            "not given",
            hint="such as --shape 601,481,1501 --dtype float32, in the order in which samples are stored",
        )
    sizes, kind = _sizes(shape), _sample_type(dtype)
    size, wanted = path.stat().st_size, prod(sizes) * kind.itemsize
    if size != wanted:
        raise DataError(
            f"{path} has {size} bytes, but the shape {sizes} of {kind.name} makes {wanted}",
            hint="check --shape and --dtype, or whether the file is complete",
        )
    return _mapped_volume(path, partial(np.memmap, path, kind, "r", shape=sizes), sizes, "headerless")


def _mapped_volume(
    path: Path, mapped: Callable[[], NDArray[Any]], shape: tuple[int, ...], kind: str
) -> xr.DataArray:
    """Return the numbers of a file as a volume, read window by window."""
    chunks = normalize_chunks("auto", shape, limit=_CHUNK_BYTES, dtype=np.dtype(np.float32))  # type: ignore[no-untyped-call]
    lazy = lazily(MappedSamples(mapped, shape), chunks, f"mapped-{tokenize(mapped, shape)}")
    return xr.DataArray(lazy, *default_coords(shape), "amplitude", {"format": kind})


def _sizes(shape: str | Sequence[int]) -> tuple[int, ...]:
    """Read a shape.

    Raises:
        UsageError: these are not two or three whole numbers above zero.
    """
    words = shape.split(",") if isinstance(shape, str) else shape
    try:
        sizes = tuple(int(word) for word in words)
    except (TypeError, ValueError):
        sizes = ()
    if len(sizes) not in _DIMS or min(sizes) < 1:
        raise UsageError(
            f"--shape must be two or three whole numbers above 0, not '{shape}'",
            hint="inlines, crosslines and samples, such as 601,481,1501; or rows and columns",
        )
    return sizes


def _sample_type(dtype: str) -> np.dtype[Any]:
    """Read the type of a sample.

    Raises:
        UsageError: numpy knows none of that name, or it is of no real numbers.
    """
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if kind.kind not in "biuf":
        raise UsageError(
            f"--dtype '{dtype}' is no type of real numbers",
            hint="such as float32, int16, or >i2 (big-endian)",
        )
    return kind


def open_picture(path: Path, *, indices: bool = False, band: int | None = None) -> xr.DataArray:
    """Open a PNG, JPEG, TIFF or PGM file as grey: (row, column); three colours become their luminance.

    An opacity that hides nothing is passed over.

    Args:
        path: of the picture.
        indices: whether it holds labels: a palette gives its colour numbers, grey may be stored as three
            like colours, and opacity means nothing.
        band: one of several colours, counted from 1, instead of the luminance.

    Raises:
        DataError: it is damaged, too large for a picture, has other than one or three bands and none is
            chosen, or is to hold labels and holds colours.
        UsageError: there is no such band.
    """
    try:
        with Image.open(path) as picture:
            kind = picture.format or "picture"
            bands = picture.getbands()
            _refuse_pages(path, picture)
            if indices:
                values = _indices(path, picture)
            else:
                _check_bands(path, picture, band)
                values = _grey(picture if band is None or len(bands) == 1 else picture.getchannel(band - 1))
    except (UsageError, DataError):
        raise
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{path} is no readable picture: {error}", hint="store it as a GeoTIFF, which is read in parts"
        ) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} is no readable picture: {error}", hint="is it complete?") from None
    return _as_volume(values, kind)


def _refuse_pages(path: Path, picture: Image.Image) -> None:
    """Refuse a stack of pictures; a smaller second one is a thumbnail or an overview of the first."""
    pages, size = getattr(picture, "n_frames", 1), picture.size
    if pages == 1:
        return
    picture.seek(1)
    stacked = picture.size == size
    picture.seek(0)
    if stacked:
        raise DataError(
            f"{path} holds {pages} pictures, and one is interpreted at a time",
            hint="write each to a file of its own",
        )


def _check_bands(path: Path, picture: Image.Image, band: int | None) -> None:
    """Refuse a band that is not there, and a picture of which it is not clear what is to be read."""
    bands = picture.getbands()
    if band is not None and not 1 <= band <= len(bands):
        raise UsageError(f"{path} has {len(bands)} bands: there is no --band {band}")
    opaque = picture.mode in ("LA", "RGBA") and picture.getchannel("A").getextrema() == (255, 255)
    if band is None and len(bands) not in (1, 3) and not opaque:
        raise DataError(
            f"{path} has {len(bands)} bands ({', '.join(bands)}), and one is interpreted at a time",
            hint=f"say which, from --band 1 to --band {len(bands)}, or store it as grey or RGB",
        )


def _indices(path: Path, picture: Image.Image) -> NDArray[np.generic]:
    """Return the label values of a picture: the colour numbers of a palette, or grey values.

    Raises:
        DataError: its pixels have colours of their own, whose luminance would be no label.
    """
    if picture.mode == "P":
        return np.asarray(picture)
    if len(picture.getbands()) == 1:
        return _grey(picture)
    colours = np.asarray(picture.convert("RGB"))
    if (colours != colours[..., :1]).any():
        raise DataError(
            f"{path} is coloured, and labels are the numbers of classes",
            hint="store the number of its class at each pixel: as grey, or with a palette",
        )
    return colours[..., 0]


def _grey(picture: Image.Image) -> NDArray[np.generic]:
    """Return the grey values of a picture as they are stored; one bit gives 0 and 1."""
    if picture.mode == "1":
        return np.asarray(picture).astype(np.uint8)
    return np.asarray(picture if picture.mode in _AS_THEY_ARE else picture.convert("L"))


def default_coords(shape: tuple[int, ...]) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Return coordinates and dims of bare numbers: line numbers int32, samples float64, counted from 0."""
    dims = _DIMS[len(shape)]
    coords = {
        dim: np.arange(size, dtype=np.float64 if dim == "time" else np.int32)
        for dim, size in zip(dims, shape, strict=True)
    }
    return coords, dims


def _as_volume(values: NDArray[np.generic], kind: str) -> xr.DataArray:
    lazy = dask.array.from_array(values, inline_array=True).astype(np.float32)  # type: ignore[no-untyped-call]
    return xr.DataArray(lazy, *default_coords(values.shape), "amplitude", {"format": kind})
