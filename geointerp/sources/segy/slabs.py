"""Any slab of the volume, read straight from the file: only the traces asked for, decoded to float32.

The traces are read with ``os.preadv``, or as ranges from a server, in the order they have in the file, one
call for each run of neighbours; their headers fall into a scratch buffer, their samples where they belong. No
memory map, so resident memory is the slab's; no shared file position, so threads do not disturb each other.
`segyio.open` is not used: in strict mode it takes ragged and duplicate files for regular ones without an
error, it fails on little-endian rev 1 unless told, and it misreads rev 2 trace header extensions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.sources.segy.binary import SAMPLE_FORMATS, Layout
from geointerp.sources.segy.files import Positioned, SegyFile, positioned
from geointerp.sources.segy.samples import decode
from geointerp.sources.segy.tracemap import TraceMap

_MOST_BUFFERS = 1000  # in one preadv; Linux and macOS allow 1024


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
        wanted = [np.atleast_1d(one) for one in wanted]
        cells = np.ravel_multi_index(np.ix_(*wanted[:-1]), self.map.traces.shape)
        slab = self._read_cells(cells.ravel(), wanted[-1])
        return slab.reshape(*cells.shape, wanted[-1].size).squeeze(axis=dropped)

    def _read_cells(self, cells: NDArray[np.int64], samples: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read some samples of the traces at flat positions: (cells, samples) float32."""
        if samples.size == 0 or cells.size == 0:
            return np.empty((cells.size, samples.size), np.float32)
        first, last = int(samples.min()), int(samples.max())
        traces = self.map.traces.ravel()[cells]
        slab = self.read_traces(traces, first, last + 1)
        slab[traces < 0] = np.nan
        self._average_duplicates(slab, cells, first, last + 1)
        whole = np.array_equal(samples, np.arange(first, last + 1))
        return slab if whole else slab[:, samples - first]

    def read_traces(self, traces: NDArray[np.int64], first: int, stop: int) -> NDArray[np.float32]:
        """Read samples ``first`` to ``stop`` of traces by their number in the file; negative ones give zeros.

        Returns:
            (traces, stop - first) float32.

        Raises:
            DataError: the file has become shorter since it was opened.
            MachineError: the system has no positioned reads.
        """
        width = SAMPLE_FORMATS[self.layout.sample_format].width
        raw = np.empty((traces.size, (stop - first) * width), np.uint8)
        raw[traces < 0] = 0
        start = self.layout.first_trace + self.layout.header_bytes + first * width
        with positioned(self.path) as file:
            skips = self.layout.trace_bytes - raw.shape[1] > file.worth_skipping
            for rows, number in _runs(traces, 1 if skips else _MOST_BUFFERS // 2):
                self._read_run(file, raw, rows, start + number * self.layout.trace_bytes)
        return decode(raw, self.layout.sample_format, self.layout.endianness)

    def _read_run(
        self, file: Positioned, raw: NDArray[np.uint8], rows: NDArray[np.int64], offset: int
    ) -> None:
        """Read neighbouring traces into ``raw[rows]``, what lies between them into a scratch buffer."""
        size = raw.shape[1]
        view = raw.reshape(-1).data
        scratch = memoryview(bytearray(self.layout.trace_bytes - size if rows.size > 1 else 0))
        buffers = []
        for row in rows.tolist():
            buffers += [view[row * size : (row + 1) * size], scratch]
        wanted = rows.size * size + len(scratch) * (rows.size - 1)
        read = file.fill(buffers[:-1], offset)
        if read != wanted:
            raise DataError(
                f"{self.path} has become shorter: {wanted} bytes wanted at {offset}, {read} read",
                hint="the file was changed while it was open: once it is whole, start again or --resume",
            )

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


def _runs(traces: NDArray[np.int64], most: int) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Group the traces into runs of neighbours in the file.

    Args:
        traces: numbers in the file; negative ones are left out.
        most: traces in a run.

    Yields:
        The places in ``traces`` of a run's members in file order, and the number of the first.
    """
    order = np.argsort(traces, kind="stable")
    order = order[np.searchsorted(traces[order], 0) :]
    numbers = traces[order]
    breaks = np.flatnonzero(np.diff(numbers, prepend=-2) != 1).tolist()
    for begin, end in pairwise([*breaks, order.size]):
        for start in range(begin, end, most):
            yield order[start : min(start + most, end)], int(numbers[start])
