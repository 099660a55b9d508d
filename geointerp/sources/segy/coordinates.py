"""The map coordinates of each trace, with their scalar applied."""

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.binary import COORDINATE_BYTES
from geointerp.sources.segy.headers import TraceHeaders
from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.sample_axis import apply_scalar


def find_coordinate_bytes(headers: TraceHeaders, options: SegyOptions) -> tuple[int, int] | None:
    """Return the bytes of X and Y: as given, or the first known place that is not the same for all traces.

    None where there is no such place: some writers leave zeros, others put something else there.
    """
    if options.x_byte is not None and options.y_byte is not None:
        return options.x_byte, options.y_byte
    return next((pair for pair in COORDINATE_BYTES if _tells_apart(headers, pair)), None)


def _tells_apart(headers: TraceHeaders, pair: tuple[int, int]) -> bool:
    x, y = (headers.words[byte] for byte in pair)
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
        ``cdp_x`` and ``cdp_y``, of the shape of ``traces``, float64, in the file's unit; NaN where unknown.
    """
    exists = traces >= 0
    spread = []
    for byte in chosen or ():
        values = apply_scalar(headers.words[byte].astype(np.float64), headers.named["coordinate_scalar"])
        spread.append(np.where(exists, values[traces], np.nan))
    if not spread:
        return np.full(traces.shape, np.nan), np.full(traces.shape, np.nan)
    return spread[0], spread[1]
