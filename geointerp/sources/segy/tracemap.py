"""The trace map: which trace of the file lies at which line numbers. Finds duplicates and gathers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DuplicateTracesError, PrestackError
from geointerp.sources.segy.binary import DEAD_TRACE, ENSEMBLE_TRACE_BYTE, OFFSET_BYTE
from geointerp.sources.segy.files import SegyFile
from geointerp.sources.segy.grid import Grid
from geointerp.sources.segy.headers import TraceHeaders

_GATHER_WORDS = (
    (OFFSET_BYTE, "the offset"),
    (ENSEMBLE_TRACE_BYTE, "the trace number within the ensemble"),
    (9, "the field record number"),
    (13, "the channel number"),
)
_FOLD = 1.5  # traces a position from which words other than the offset show gathers


@dataclass(frozen=True)
class TraceMap:
    """Where each trace of a file lies.

    Attributes:
        traces: (inline, crossline) or (cdp,) int64: the trace's number in the file, -1 where there is none.
        more_cells: flat positions in ``traces`` that hold further traces, with ``more_traces`` their numbers;
            both (further,) int64 and empty unless duplicates are averaged.
    """

    traces: NDArray[np.int64]
    more_cells: NDArray[np.int64]
    more_traces: NDArray[np.int64]


def map_traces(path: SegyFile, headers: TraceHeaders, grid: Grid, duplicates: str | None) -> TraceMap:
    """Build the trace map.

    Args:
        path: for messages.
        headers: of all traces.
        grid: the words that place them.
        duplicates: ``first``, ``last`` or ``mean``, of live ones where there are any; None to refuse them.

    Raises:
        PrestackError: several traces share positions and a word of the acquisition varies among them.
        DuplicateTracesError: traces share a position, and ``duplicates`` is None.
    """
    positions = grid.positions(headers)
    traces = np.full(grid.cells, -1, np.int64)
    numbers = np.arange(positions.size, dtype=np.int64)
    if duplicates is not None:
        numbers = _live_ones(headers, positions, grid.cells)
    last = duplicates == "last"
    kept = numbers if last else numbers[::-1]  # of a repeated index, the last value assigned stays
    traces[positions[kept]] = kept
    further = numbers[traces[positions[numbers]] != numbers]
    if further.size:
        _refuse_gathers(path, headers, grid, positions)
        if duplicates is None:
            raise _duplicates(path, grid, positions, int(further[0]), int(traces[positions[further[0]]]))
    if duplicates != "mean":
        further = further[:0]
    return TraceMap(traces.reshape(grid.shape), positions[further], further)


def _live_ones(headers: TraceHeaders, positions: NDArray[np.int64], cells: int) -> NDArray[np.int64]:
    """Return the numbers of all traces but the dead ones that repeat a position with a live one."""
    live = headers.named["trace_id"] != DEAD_TRACE
    has_live = np.zeros(cells, bool)
    has_live[positions[live]] = True
    return np.flatnonzero(live | ~has_live[positions])


def _duplicates(
    path: SegyFile, grid: Grid, positions: NDArray[np.int64], again: int, once: int
) -> DuplicateTracesError:
    count = positions.size - np.unique(positions).size
    return DuplicateTracesError(
        f"{path}: traces {once + 1} and {again + 1} (counted from 1) are both at "
        f"{grid.name(int(positions[again]))}; {count} of {positions.size} traces repeat a position",
        hint="take one with --duplicates first or last, or average them with --duplicates mean; if the line "
        "numbers are elsewhere, say so with --inline-byte and --crossline-byte",
    )


def _refuse_gathers(path: SegyFile, headers: TraceHeaders, grid: Grid, positions: NDArray[np.int64]) -> None:
    """Refuse a file in which a word of the acquisition varies in most positions with several traces.

    Raises:
        PrestackError: with the first such position and two of the word's values.
    """
    order = np.argsort(positions, kind="stable")
    starts = np.flatnonzero(np.diff(positions[order], prepend=-1))
    counts = np.diff(starts, append=positions.size)
    several = counts > 1
    fold = positions.size / starts.size
    for byte, meaning in _GATHER_WORDS:
        values = headers.words[byte][order]
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        varying = several & (low != high)
        if varying.sum() > several.sum() / 2 and (byte == OFFSET_BYTE or fold >= _FOLD):
            first = int(np.flatnonzero(varying)[0])
            where = grid.name(int(positions[order[starts[first]]]))
            raise PrestackError(
                f"{path} is prestack: the {counts[first]} traces at {where} differ in {meaning} (byte "
                f"{byte}), which varies from {low[first]} to {high[first]}; "
                f"{positions.size} traces lie at {starts.size} positions",
                hint="stack the gathers first, or write one offset to a file of its own; if it is a stack "
                "with line numbers elsewhere, say so with --inline-byte and --crossline-byte",
            )
