"""Bands of a slice are read one after the other, each sample from the source once.

Neighbouring bands have rows in common, and a source may only give whole chunks (a file of a recording, the
blocks of a raster). So what was read beyond a band is kept for the next.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from geointerp.errors import DataError, GeointerpError

Floats = npt.NDArray[np.float32]

# A larger chunk is read in parts, as far as its source can.
MOST_CHUNK_BYTES = 256 * 2**20


def loaded(part: xr.DataArray) -> Floats:
    """Read, in threads: they share the volume's open file, which worker processes would not.

    Raises:
        DataError: the file is gone, or another than it was when it was opened.
    """
    values: Any = part.data
    try:
        if hasattr(values, "compute"):
            values = values.compute(scheduler="threads")
        return np.asarray(values, dtype=np.float32)
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
