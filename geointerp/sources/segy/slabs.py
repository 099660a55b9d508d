"""Any slab of the volume, read straight from the file: only the traces asked for, decoded to float32.

The traces are read with ``os.preadv``, or as ranges from a server, in the order they have in the file, one
call for each run of neighbours, into a buffer that stays in the processor's cache; from there their samples
are decoded to where they belong. No memory map, so resident memory is the slab's; no shared file position, so
threads do not disturb each other.
`segyio.open` is not used: in strict mode it takes ragged and duplicate files for regular ones without an
error, it fails on little-endian rev 1 unless told, and it misreads rev 2 trace header extensions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.binary import SAMPLE_FORMATS, Layout
from geointerp.sources.segy.files import Positioned, SegyFile, positioned
from geointerp.sources.segy.samples import decode, memory_between
from geointerp.sources.segy.tracemap import TraceMap

# Where they lie takes some 40 bytes a trace; a time slice has millions of them, with one sample each.
_TRACES_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class SegyTraces:
    """An array-like over a SEG-Y file for `dask.array.from_array`: shape (…trace dims, samples), float32.

    Indexing with integers, slices of any step, or integer lists on any axis (each axis by itself) reads what
    is asked for. Missing traces are NaN.
    """

    path: SegyFile
    layout: Layout
    map: TraceMap
    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        """Positions along each line axis, and samples."""
        return (*self.map.traces.shape, self.layout.samples)

    @property
    def ndim(self) -> int:
        """Two for a line, three for a survey."""
        return len(self.shape)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Read a slab.

        Raises:
            DataError: the file has changed since it was opened.
        """
        index = key if isinstance(key, tuple) else (key,)
        index = (*index, *(slice(None),) * (self.ndim - len(index)))
        wanted = [np.arange(size)[one] for size, one in zip(self.shape, index, strict=True)]
        dropped = tuple(axis for axis, one in enumerate(wanted) if one.ndim == 0)
        lines, *across, samples = (np.atleast_1d(one) for one in wanted)
        return self._read_lines(lines, across, samples).squeeze(axis=dropped)

    def _read_lines(
        self, lines: NDArray[np.int64], across: list[NDArray[np.int64]], samples: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Read samples of traces on some lines, so many at a time that finding them takes little memory."""
        shape = (lines.size, *(one.size for one in across), samples.size)
        step = max(1, _TRACES_AT_ONCE // max(1, prod(shape[1:-1])))
        if lines.size > step:
            slab = np.empty(shape, np.float32)
            for start in range(0, lines.size, step):
                part = slice(start, start + step)
                slab[part] = self._read_lines(lines[part], across, samples)
            return slab
        cells = np.ravel_multi_index(np.ix_(lines, *across), self.map.traces.shape)
        return self._read_cells(cells.ravel(), samples).reshape(shape)

    def _read_cells(self, cells: NDArray[np.int64], samples: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read some samples of the traces at flat positions: (cells, samples) float32."""
        if samples.size == 0 or cells.size == 0:
            return np.empty((cells.size, samples.size), np.float32)
        first, last = int(samples.min()), int(samples.max())
        traces = self.map.traces.ravel()[cells]
        slab = self.read_traces(traces, first, last + 1)
        self._average_duplicates(slab, cells, first, last + 1)
        whole = np.array_equal(samples, np.arange(first, last + 1))
        return slab if whole else slab[:, samples - first]

    def read_traces(self, traces: NDArray[np.int64], first: int, stop: int) -> NDArray[np.float32]:
        """Read samples ``first`` to ``stop`` of traces by their number in the file; negative ones are NaN.

        Returns:
            (traces, stop - first) float32.

        Raises:
            DataError: the file has become shorter since it was opened.
            MachineError: the system has no positioned reads.
        """
        slab = np.empty((traces.size, stop - first), np.float32)
        order = np.argsort(traces, kind="stable")
        missing, order = np.split(order, [np.searchsorted(traces[order], 0)])
        slab[missing] = np.nan
        between = memory_between(stop - first)
        ascending = bool((np.diff(order) > 0).all())
        with positioned(self.path) as file:
            for rows, stored in self._stored(file, traces, order, first, stop):
                # What follows each other in the slab too is decoded in place.
                stretch = ascending and rows[-1] - rows[0] == rows.size - 1
                target = slab[rows[0] : rows[-1] + 1] if stretch else None
                decoded = decode(stored, self.layout.sample_format, self.layout.endianness, target, between)
                if not stretch:
                    slab[rows] = decoded
        return slab

    def _stored(
        self, file: Positioned, traces: NDArray[np.int64], order: NDArray[np.int64], first: int, stop: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Yield the samples as they are stored, some traces at a time, in a buffer that is used again.

        Args:
            file: open.
            traces: by their number in the file.
            order: of ``traces`` in the file.
            first: sample.
            stop: the sample after the last.

        Yields:
            Some of ``order``, and the samples of their traces, uint8 (traces, bytes).
        """
        width = SAMPLE_FORMATS[self.layout.sample_format].width
        size, apart = (stop - first) * width, self.layout.trace_bytes
        offset = self.layout.first_trace + self.layout.header_bytes + first * width
        skips = apart - size > file.worth_skipping
        pitch = size if skips else apart
        most = max(1, file.at_once // pitch)
        buffer = np.empty((min(most, order.size), pitch), np.uint8)
        for start in range(0, order.size, most):
            rows = order[start : start + most]
            numbers = traces[rows]
            begin = np.arange(rows.size) if skips else _runs(numbers)
            end = np.append(begin[1:], rows.size)
            places = (begin * pitch, (end - 1) * pitch + size, offset + numbers[begin] * apart)
            file.fill(buffer.reshape(-1).data, zip(*(place.tolist() for place in places), strict=True))
            yield rows, buffer[: rows.size, :size]

    def _average_duplicates(
        self, slab: NDArray[np.float32], cells: NDArray[np.int64], first: int, stop: int
    ) -> None:
        """Replace the traces of positions that hold several by their mean, in place."""
        if not self.map.more_cells.size:
            return
        order = np.argsort(self.map.more_cells, kind="stable")
        sorted_cells = self.map.more_cells[order]
        begin = np.searchsorted(sorted_cells, cells, "left")
        counts = np.searchsorted(sorted_cells, cells, "right") - begin
        several = np.flatnonzero(counts)
        if not several.size:
            return
        counts, begin = counts[several], begin[several]
        owner = np.repeat(np.arange(several.size), counts)
        nth = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
        further = self.map.more_traces[order[begin[owner] + nth]]
        sums = slab[several].astype(np.float64)
        np.add.at(sums, owner, self.read_traces(further, first, stop))
        slab[several] = sums / (1 + counts)[:, None]


def _runs(numbers: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return where runs of neighbours in the file begin in the ascending ``numbers`` of traces."""
    return np.flatnonzero(np.diff(numbers, prepend=-2) != 1)
