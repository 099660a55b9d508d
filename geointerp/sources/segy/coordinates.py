"""The map coordinates of each trace: where they stand, their scalar and their unit."""

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.binary import COORDINATE_BYTES, CROSSED_BYTES, DEAD_TRACE, LINE_BYTES
from geointerp.sources.segy.grid import Grid
from geointerp.sources.segy.headers import TraceHeaders, live_or_all
from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.sample_axis import apply_scalar

DEGREES = "degrees"
_ARC_SECONDS, _DECIMAL, _SEXAGESIMAL = 2, 3, 4  # codes of bytes 89-90; 1 is length


def find_coordinate_bytes(
    headers: TraceHeaders, grid: Grid, options: SegyOptions
) -> tuple[tuple[int, int] | None, str]:
    """Return the bytes of X and Y: as given, or the first known place that is not the same for all traces.

    Words that hold the line numbers of the ``grid`` are no coordinates. None where there is no such place:
    some writers leave zeros, others put something else there. Second, the reason.
    """
    if options.x_byte is not None and options.y_byte is not None:
        return (options.x_byte, options.y_byte), "given"
    lines = {axis.byte for axis in grid.axes}
    places = (LINE_BYTES[0], *COORDINATE_BYTES) if lines & {*CROSSED_BYTES} else COORDINATE_BYTES
    for x, y in places:
        if not lines & {x, y} and _tells_apart(headers, (x, y)):
            return (x, y), f"bytes {x}/{y} are the first known place where traces differ"
    tried = ", ".join(f"{x}/{y}" for x, y in places)
    return None, f"none: traces differ at none of {tried}, or the line numbers stand there"


def _tells_apart(headers: TraceHeaders, pair: tuple[int, int]) -> bool:
    x, y = (headers.words[byte][live_or_all(headers)] for byte in pair)
    if x.size == 1:
        return bool(x[0] or y[0])
    return bool(x.min() != x.max() or y.min() != y.max())


def coordinates_on(
    traces: NDArray[np.int64], headers: TraceHeaders, chosen: tuple[int, int] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spread X and Y over the trace map.

    Args:
        traces: the trace map, -1 where there is no trace.
        headers: of all traces.
        chosen: the bytes of X and Y, or None.

    Returns:
        ``cdp_x`` and ``cdp_y``, of the shape of ``traces``, float64, NaN where unknown: lengths in the file's
        unit, or degrees where `are_angles`.
    """
    if chosen is None:
        return np.full(traces.shape, np.nan), np.full(traces.shape, np.nan)
    x, y = _values(headers, chosen)
    padding = _dead(headers) & (x == 0) & (y == 0)
    known = (traces >= 0) & ~padding[traces]
    return np.where(known, x[traces], np.nan), np.where(known, y[traces], np.nan)


def are_angles(headers: TraceHeaders, chosen: tuple[int, int] | None) -> bool:
    """Whether the coordinates are longitude and latitude: bytes 89-90 say so, and they lie on the globe."""
    code = _unit_code(headers)
    if chosen is None or code not in (_ARC_SECONDS, _DECIMAL, _SEXAGESIMAL):
        return False
    x, y = (_in_degrees(values, code)[~_dead(headers)] for values in _scaled(headers, chosen))
    return bool((np.abs(x) <= 360).all() and (np.abs(y) <= 90).all())


def _unit_code(headers: TraceHeaders) -> int:
    """Return bytes 89-90 of the live traces that fill them in; 0 where they differ, or there are none."""
    codes = headers.named["coordinate_units"]
    told = np.unique(codes[~_dead(headers) & (codes != 0)])
    return int(told[0]) if told.size == 1 else 0


def _dead(headers: TraceHeaders) -> NDArray[np.bool_]:
    """Return which traces are padding, whose header may hold nothing, (traces,)."""
    padding: NDArray[np.bool_] = headers.named["trace_id"] == DEAD_TRACE
    return padding


def _values(headers: TraceHeaders, chosen: tuple[int, int]) -> list[NDArray[np.float64]]:
    """Return X and Y of all traces, angles in degrees."""
    values = _scaled(headers, chosen)
    if not are_angles(headers, chosen):
        return values
    return [_in_degrees(one, _unit_code(headers)) for one in values]


def _scaled(headers: TraceHeaders, chosen: tuple[int, int]) -> list[NDArray[np.float64]]:
    scalars = headers.named["coordinate_scalar"]
    return [apply_scalar(headers.words[byte].astype(np.float64), scalars) for byte in chosen]


def _in_degrees(values: NDArray[np.float64], code: int) -> NDArray[np.float64]:
    """Return angles by their code: seconds of arc, degrees, or the digits DDDMMSS.ss."""
    if code == _DECIMAL:
        return values
    if code == _ARC_SECONDS:
        return values / 3600
    size = np.abs(values)
    degrees, minutes, seconds = size // 10000, size // 100 % 100, size % 100
    return np.sign(values) * (degrees + minutes / 60 + seconds / 3600)
