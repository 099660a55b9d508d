"""A part of a volume in its coordinates' own units: ``inline=100:200,time=0:1500``, ends included."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from geointerp.errors import UsageError

Region = dict[str, tuple[Any, Any]]


def parse_region(text: str) -> Region:
    """Read ``dim=first:last[,dim=first:last...]``; an end left out is the end of the data.

    Dates and times (``2024-05-01T10:00:00:2024-05-01T10:00:30``) are read as such.

    Raises:
        UsageError: the text is not of that form.
    """
    region: Region = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        dim, _, ends = (piece.strip() for piece in part.partition("="))
        first, last = _halves(ends)
        if not dim or last is None:
            single = bool(dim and ends) and _value(ends) is not None
            raise UsageError(
                f"'{part}' in the region is no range" if dim else f"a region cannot be read from '{text}'",
                hint=f"write {dim}={ends}:{ends}" if single else "write inline=100:200,time=0:1500",
            )
        if dim in region:
            raise UsageError(
                f"the region '{text}' names {dim} twice", hint="predict one range after the other"
            )
        region[dim] = (_end(first, part), _end(last, part))
    if not region:
        raise UsageError("the region is empty", hint="write inline=100:200,time=0:1500, or leave it out")
    return region


def _halves(ends: str) -> tuple[str, str | None]:
    """Divide the two ends of a range; the second is None where nothing divides them."""
    if ends.endswith(":"):
        return ends[:-1], ""
    if ends.startswith(":"):
        return "", ends[1:]
    pieces = ends.split(":")
    if len(pieces) % 2:
        return ends, None
    # A date's own colons come in equal number on both sides, so the one in the middle divides.
    half = len(pieces) // 2
    return ":".join(pieces[:half]), ":".join(pieces[half:])


def _end(text: str, part: str) -> Any:
    """Return one end of a range: a number, a datetime64, or None where it is left out."""
    text = text.strip()
    if not text:
        return None
    if (value := _value(text)) is None:
        raise UsageError(f"'{text}' in the region '{part}' is neither a number nor a date")
    return value


def _value(text: str) -> Any:
    """Return a number or a datetime64, None where the text is neither."""
    for kind in (float, np.datetime64):
        try:
            value = kind(text)
        except ValueError:
            continue
        if value == value:  # neither nan nor NaT, which no value is above or below
            return value
    return None


def region_slices(coords: Mapping[str, npt.NDArray[Any]], region: Region) -> dict[str, slice]:
    """Turn a region into slices of positions.

    Args:
        coords: the coordinate values of each dimension, ascending or descending.
        region: first and last value of some of the dimensions, ends included.

    Raises:
        UsageError: a dimension is unknown, or nothing lies in its range.
    """
    for dim in region:
        if dim not in coords:
            raise UsageError(
                f"the region names '{dim}', which the data lack", hint=f"they have {', '.join(coords)}"
            )
    return {dim: _positions(dim, np.asarray(coords[dim]), *ends) for dim, ends in region.items()}


def _positions(dim: str, values: npt.NDArray[Any], first: Any, last: Any) -> slice:
    """Return the positions of the values from ``first`` to ``last``."""
    try:
        inside = np.ones(values.shape, bool)
        rounding = _rounding(values)
        if first is not None:
            inside &= values >= first - rounding
        if last is not None:
            inside &= values <= last + rounding
        reversed_ends = first is not None and last is not None and first > last
    except TypeError as error:  # numbers asked of dates, or dates of numbers
        raise UsageError(f"{_asked(dim, first, last)} does not suit {_available(dim, values)}") from error
    found = np.flatnonzero(inside)
    if not found.size:
        raise UsageError(
            f"{_asked(dim, first, last)} holds nothing: {_available(dim, values)}{_steps(values)}",
            hint="write the smaller end first" if reversed_ends else None,
        )
    if found[-1] - found[0] + 1 != found.size:
        raise UsageError(
            f"{_asked(dim, first, last)} is not in one piece: the {dim} values of the data are not in order",
            hint=f"sort them first, with xarray's sortby('{dim}')",
        )
    return slice(int(found[0]), int(found[-1]) + 1)


def _rounding(values: npt.NDArray[Any]) -> Any:
    """Return by how much coordinates may miss what is written for them: 75 steps of 0.004 are not 0.3."""
    if values.dtype.kind != "f" or values.size < 2:
        return values.dtype.type(0) if values.dtype.kind in "iuf" else np.timedelta64(0)
    return 1e-6 * float(np.median(np.abs(np.diff(values))))


def _asked(dim: str, first: Any, last: Any) -> str:
    return f"the region {dim}={'' if first is None else _shown(first)}:{'' if last is None else _shown(last)}"


def _available(dim: str, values: npt.NDArray[Any]) -> str:
    return f"{dim} runs from {_shown(values.min())} to {_shown(values.max())}"


def _steps(values: npt.NDArray[Any]) -> str:
    """Say how far apart the values are, if they are numbers and evenly spaced."""
    steps = np.diff(values.astype(np.float64)) if values.dtype.kind in "iuf" else np.empty(0)
    if not steps.size or np.ptp(steps) > 2e-6 * abs(steps[0]):
        return ""
    return f" in steps of {_shown(abs(steps[0]))}"


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, np.datetime64 | str) else f"{value:.10g}"
