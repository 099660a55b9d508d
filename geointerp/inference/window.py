"""Bands of a slice are read one after the other, each sample from the source once.

Neighbouring bands have rows in common, and a source may only give whole chunks (a file of a recording, the
blocks of a raster). So what was read beyond a band is kept for the next.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from geointerp.errors import DataError, GeointerpError
from geointerp.sources.remote import is_url
from geointerp.sources.windows import source_of

Floats = npt.NDArray[np.float32]

# A larger chunk is read in parts, as far as its source can.
MOST_CHUNK_BYTES = 256 * 2**20


def loaded(part: xr.DataArray) -> Floats:
    """Read, in threads: they share the volume's open file, which worker processes would not.

    Raises:
        DataError: the file is gone, or another than it was when it was opened.
    """
    values: Any = part.data
    with _reading(part):
        if hasattr(values, "compute"):
            values = values.compute(scheduler="threads")
        return np.asarray(values, dtype=np.float32)


def slices_of(volume: xr.DataArray, steps: Mapping[str, slice], order: Sequence[str]) -> Floats:
    """Read a part of a volume, float32, its axes in ``order``.

    A file on this machine is asked itself. Dask would take as long to arrange a slab as the file to give it,
    most of that with Python's lock in hand; over a network its threads ask for several chunks at once.

    Args:
        volume: with the dims of ``order``.
        steps: along some of them, of step 1.
        order: of the result's axes.

    Raises:
        DataError: the file is gone, or another than it was when it was opened.
    """
    source = source_of(volume.data)
    if source is None or is_url(str(volume.attrs.get("source"))):
        return loaded(volume.isel(steps).transpose(*order))
    with _reading(volume):
        values = source[tuple(steps.get(str(dim), slice(None)) for dim in volume.dims)]
    return values.transpose([volume.dims.index(dim) for dim in order])


@contextmanager
def _reading(part: xr.DataArray) -> Iterator[None]:
    """Say of what goes wrong with a file which one it was."""
    try:
        yield
    except GeointerpError:
        raise
    # A map of a file that has become shorter is a ValueError, a damaged chunk a RuntimeError of its codec.
    except (OSError, ValueError, RuntimeError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(
            f"{part.attrs.get('source', 'the data')} cannot be read any more: {words}",
            hint="is it still there, and whole? Once it is, what was done is gone on with by --resume",
        ) from error


class Window:
    """The stretch of a slice along ``dim`` that has been read and may be wanted again."""

    def __init__(self, dim: str) -> None:
        """Hold nothing yet."""
        self.dim = dim
        self._slices: tuple[int, int] | None = None
        self._start = self._stop = 0
        self._held: Floats = np.empty(0, np.float32)

    def read(self, part: xr.DataArray, slices: tuple[int, int], start: int, stop: int) -> Floats:
        """Return ``part`` from ``start`` to ``stop`` along ``dim``, float32 with the dims of ``part``.

        Args:
            part: some slices whole, read lazily.
            slices: which they are; what is held of others is of no use.
            start: first pixel; later calls for the same slices ask for none before it.
            stop: the pixel after the last.
        """
        axis = part.dims.index(self.dim)
        if slices != self._slices or not self._start <= start <= self._stop:
            self._slices, self._start, self._stop = slices, start, start
        if stop > self._stop:
            end = chunk_end(part, self.dim, stop)
            fresh = loaded(part.isel({self.dim: slice(self._stop, end)}))
            if start < self._stop:
                kept = _stretch(self._held, axis, start - self._start, None)
                fresh = np.concatenate((kept, fresh), axis)
            self._held, self._start, self._stop = fresh, start, end
        return _stretch(self._held, axis, start - self._start, stop - self._start)


def chunk_end(part: xr.DataArray, dim: str, stop: int) -> int:
    """Return ``stop``, or the end of the chunk it lies in where such a chunk fits into memory."""
    ends = np.cumsum(part.chunksizes.get(dim, ()))
    if not ends.size:
        return stop
    end = int(ends[np.searchsorted(ends, stop)])
    chunk_bytes = 4 * max(part.chunksizes[dim]) * part.size // part.sizes[dim]
    return end if chunk_bytes <= MOST_CHUNK_BYTES else stop


def _stretch(values: Floats, axis: int, start: int, stop: int | None) -> Floats:
    return values[(slice(None),) * axis + (slice(start, stop),)]
