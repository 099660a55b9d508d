"""Which header words say where the traces lie: the known places are ranked by how well they index the traces.

    189/193, 5/21, 9/13, …   an inline and a crossline number: a 3D survey
    21                       a CDP number: a 2D line

The standard's place wins wherever it makes sense; some programs write the map coordinates there, and the
lines where the standard has the coordinates (181/185). The others stand in words that mean something else by
the standard (field record, channel, shot point), so they have to vary both and to index the traces as a grid;
and in a file of gathers they are what their names say, never line numbers.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import PrestackError, SegyError
from geointerp.sources.segy.binary import CDP_BYTE, CROSSED_BYTES, LINE_BYTES, OFFSET_BYTE
from geointerp.sources.segy.files import SegyFile
from geointerp.sources.segy.grid import Grid, Placement, line_axis, most_cells, place
from geointerp.sources.segy.headers import TraceHeaders
from geointerp.sources.segy.options import SegyOptions

_STANDARD = LINE_BYTES[0]
_ACQUISITION_BYTES = frozenset({5, 9, 13, 17})
_UNSTACKED_SORTINGS = frozenset({1, 5, 6, 7, 8})  # as recorded, common source, receiver, offset, mid-point
_SEQUENCE_BYTES = (5, 1, 17, 9, 13)
_UNIQUE, _FILLED = 0.99, 0.25  # what line numbers in the place of coordinates must reach at least
_LINE_UNIQUE = 0.9  # of a line's CDP numbers
_FAR = 10
_NARROWEST = 10  # lines: fewer are the channels left over from a stack
_SPARSE = 0.8  # of the positions are empty: rotated and L-shaped surveys fill a third of them and more


def find_grid(path: SegyFile, headers: TraceHeaders, sorting: int, options: SegyOptions) -> tuple[Grid, str]:
    """Return the grid of line numbers and why it was chosen.

    Args:
        path: for messages.
        headers: of all traces.
        sorting: the trace sorting code of the binary header.
        options: bytes given by the user win.

    Raises:
        SegyError: no known words tell the traces apart, or they span an absurd number of positions.
        PrestackError: there are no line or CDP numbers, and the offset varies.
    """
    if options.inline_byte is not None and options.crossline_byte is not None:
        return _given(path, headers, (options.inline_byte, options.crossline_byte)), "given by option"
    if options.cdp_byte is not None:
        return _given(path, headers, (options.cdp_byte,)), "given by option"
    survey, line = _best_survey(headers, sorting), _cdp_line(headers)
    if survey is not None and (line is None or _beats_line(survey, line, _jumps(headers))):
        return survey.grid, _reason(survey)
    if line is not None:
        return line.grid, f"a 2D line: no inline and crossline numbers; {_reason(line)}"
    raise _no_geometry(path, headers)


def _given(path: SegyFile, headers: TraceHeaders, chosen: tuple[int, ...]) -> Grid:
    """Return the grid of the bytes given by option.

    Raises:
        SegyError: the numbers there span an absurd number of positions.
    """
    grid = Grid(tuple(line_axis(headers, byte) for byte in chosen))
    traces = _count(headers)
    if grid.cells > most_cells(traces):
        raise SegyError(
            f"{path}: the numbers at bytes {grid.bytes_text} span {' x '.join(map(str, grid.shape))} = "
            f"{grid.cells} positions for {traces} traces",
            hint="these are no line numbers: give other bytes (--inline-byte, --crossline-byte, --cdp-byte)",
        )
    return grid


def warn_of_a_sparse_grid(path: SegyFile, traces: NDArray[np.int64], options: SegyOptions) -> None:
    """Warn where the bytes given by option leave most positions empty: they may hold other numbers.

    Args:
        path: for the message.
        traces: the trace of each position, negative where there is none.
        options: which bytes were given.
    """
    named = (options.inline_byte, options.crossline_byte, options.cdp_byte)
    given = "/".join(str(byte) for byte in named if byte is not None)
    empty = 1 - np.count_nonzero(traces >= 0) / traces.size
    if given and empty > _SPARSE:
        warnings.warn(
            f"{path}: the numbers at bytes {given} leave {empty:.0%} of {' x '.join(map(str, traces.shape))} "
            "positions without a trace; geointerp info without these options tells what it would take",
            stacklevel=2,
        )


def _count(headers: TraceHeaders) -> int:
    return len(headers.words[CDP_BYTE])


def _varies(headers: TraceHeaders, byte: int) -> bool:
    numbers = headers.words[byte]
    return bool(numbers.min() != numbers.max())


def _best_survey(headers: TraceHeaders, sorting: int) -> Placement | None:
    """Return the pair of words that indexes the traces best, or None if none does."""
    gathers = _varies(headers, OFFSET_BYTE) or sorting in _UNSTACKED_SORTINGS
    crossed = _crossed(headers)
    if crossed is not None:
        return crossed
    placed = [
        placement
        for pair in LINE_BYTES
        if not (gathers and _ACQUISITION_BYTES & set(pair)) and (placement := _place_pair(headers, pair))
    ]
    return max(placed, key=_score, default=None)


def _crossed(headers: TraceHeaders) -> Placement | None:
    """Place the traces by 181/185 where lines and coordinates have changed places; None where they have not.

    Line numbers count, coordinates measure: both tell the traces apart, but lines, a unit apart, span the
    smaller area and fill it. Where the standard's place makes a grid as well (coordinates along the axes of
    the map), its numbers have to be far larger, too.
    """
    span = {byte: int(np.ptp(headers.words[byte].astype(np.int64))) for byte in (*_STANDARD, *CROSSED_BYTES)}
    if not all(span.values()):
        return None
    if span[CROSSED_BYTES[0]] * span[CROSSED_BYTES[1]] >= span[_STANDARD[0]] * span[_STANDARD[1]]:
        return None
    placement = _place_pair(headers, CROSSED_BYTES)
    if not _is_good(placement):
        return None
    far = min(_largest(headers, _STANDARD)) >= _FAR * max(_largest(headers, CROSSED_BYTES))
    return placement if far or not _is_good(_place_pair(headers, _STANDARD)) else None


def _is_good(placement: Placement | None) -> bool:
    return placement is not None and placement.uniqueness > _UNIQUE and placement.fill > _FILLED


def _largest(headers: TraceHeaders, pair: tuple[int, int]) -> list[int]:
    """Return the largest size of the numbers of each word."""
    return [int(np.abs(headers.words[byte].astype(np.int64)).max()) for byte in pair]


def _place_pair(headers: TraceHeaders, pair: tuple[int, int]) -> Placement | None:
    """Place the traces by a pair of words; None if it cannot be inline and crossline numbers."""
    traces, varying = _count(headers), sum(_varies(headers, byte) for byte in pair)
    zero = any(not headers.words[byte].any() for byte in pair)
    if zero or (traces > 1 and varying < (1 if pair == _STANDARD else 2)):
        return None
    grid = Grid(tuple(line_axis(headers, byte) for byte in pair))
    if grid.cells > most_cells(traces):
        return None
    placement = place(headers, grid)
    return placement if pair == _STANDARD or placement.traces_per_line >= 1.5 else None


def _score(placement: Placement) -> float:
    """Rank a pair: unique positions, a well filled grid, and twice the credit for the standard's place."""
    standard = tuple(axis.byte for axis in placement.grid.axes) == _STANDARD
    return float(placement.uniqueness * placement.fill**0.5 * (2 if standard else 1))


def _cdp_line(headers: TraceHeaders) -> Placement | None:
    """Place the traces by CDP number; None if all have the same."""
    grid = Grid((line_axis(headers, CDP_BYTE),))
    traces = _count(headers)
    if (traces > 1 and not _varies(headers, CDP_BYTE)) or grid.cells > most_cells(traces):
        return None
    return place(headers, grid)


def _jumps(headers: TraceHeaders) -> int:
    """Return how often the CDP numbers leave some out."""
    steps = np.diff(np.unique(headers.words[CDP_BYTE].astype(np.int64)))
    return int(np.count_nonzero(steps > steps.min())) if steps.size else 0


def _beats_line(survey: Placement, line: Placement, jumps: int) -> bool:
    """Whether line numbers index the traces better than the CDP number does.

    On a 2D line whose CDP numbers are all different, words that happen to vary (water depth, statics) fill
    next to nothing of the grid they span, and real line numbers run along its diagonal.
    """
    # A few traces of a line may repeat a CDP number, and it may jump; in a survey that numbers all its
    # positions it jumps from each line to the next.
    if line.uniqueness < _LINE_UNIQUE:
        return True
    if (line.uniqueness < 1 or line.fill < 0.5) and jumps >= min(survey.grid.shape) - 1:
        return True
    if all(axis.byte in _ACQUISITION_BYTES for axis in survey.grid.axes):
        # A stack may keep field record and channel of one of its traces.
        return survey.fill >= 0.5 and min(survey.grid.shape) >= _NARROWEST
    return not survey.is_diagonal and survey.fill >= (0.01 if survey.uniqueness == 1 else 0.1)


def _reason(placement: Placement) -> str:
    grid = placement.grid
    size = " x ".join(map(str, grid.shape))
    return (
        f"byte {grid.bytes_text} puts {placement.traces} traces at {placement.occupied} of {size} positions, "
        "better than the other known places"
    )


def _no_geometry(path: SegyFile, headers: TraceHeaders) -> SegyError:
    """Say that no known word tells the traces apart."""
    offsets = headers.words[OFFSET_BYTE]
    if _varies(headers, OFFSET_BYTE):
        return PrestackError(
            f"{path} is prestack: there are no line or CDP numbers, and the offset (byte 37) varies from "
            f"{offsets.min()} to {offsets.max()}",
            hint="stack the gathers first, or write one offset to a file of its own",
        )
    standard = Grid(tuple(line_axis(headers, byte) for byte in _STANDARD))
    if all(_varies(headers, byte) for byte in _STANDARD) and standard.cells > most_cells(_count(headers)):
        return SegyError(
            f"{path}: the line numbers at bytes {standard.bytes_text} span "
            f"{' x '.join(map(str, standard.shape))} = {standard.cells} positions "
            f"for {_count(headers)} traces",
            hint="some line numbers lie far from the rest: correct them, or split the file; if the numbers "
            "are elsewhere, say so with --inline-byte and --crossline-byte",
        )
    sequence = next((byte for byte in _SEQUENCE_BYTES if _is_unique(headers, byte)), None)
    in_order = f", or --cdp-byte {sequence} to read the traces as one 2D line" if sequence else ""
    return SegyError(
        f"{path}: neither inline and crossline numbers (bytes "
        f"{', '.join(f'{a}/{b}' for a, b in LINE_BYTES)}) nor CDP numbers (byte 21) tell the "
        f"{_count(headers)} traces apart",
        hint=f"say where they are with --inline-byte and --crossline-byte{in_order}",
    )


def _is_unique(headers: TraceHeaders, byte: int) -> bool:
    grid = Grid((line_axis(headers, byte),))
    return grid.cells <= most_cells(_count(headers)) and place(headers, grid).uniqueness == 1
