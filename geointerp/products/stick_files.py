"""Fault sticks as text, in Charisma's form and in OpendTect's."""

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.products.components import class_name
from geointerp.products.sections import as_sections
from geointerp.products.spacing import depth_on_the_map, has_coordinates, metres_in, placed
from geointerp.products.sticks import Stick

FORMATS = ("charisma", "opendtect")
_DECIMALS, _DECIMALS_OF_ANGLES = 2, 8  # a centimetre; about a millimetre on the ground, of degrees
_OTHER_BYTES = "if the headers hold them, predict with --x-byte and --y-byte"


def check_sticks(labels: xr.DataArray, form: str | None) -> None:
    """Refuse what sticks cannot be written of, before they are looked for.

    Raises:
        UsageError: there is no such form, or Charisma's is asked for of a line that has no inlines.
        DataError: the survey has no coordinates, or all are 0.
    """
    if form not in (None, *FORMATS):
        raise UsageError(f"there is no form '{form}' of fault sticks", hint=f"it is {' or '.join(FORMATS)}")
    if not has_coordinates(labels):
        raise DataError(
            "fault sticks need map coordinates, and the traces have none: cdp_x and cdp_y are missing",
            hint=_OTHER_BYTES,
        )
    if not placed(labels).any():
        raise DataError(
            "fault sticks need map coordinates, and those of all traces are 0 or missing",
            hint=_OTHER_BYTES,
        )
    if form == "charisma" and labels.ndim == 2:
        raise UsageError(
            "Charisma's form names inline and crossline, which a 2D line has not",
            hint="write --format opendtect, which is X, Y, Z and the stick's number",
        )


def write_sticks(labels: xr.DataArray, sticks: list[Stick], path: Path, form: str | None) -> int:
    """Write sticks as text, a point a line.

    ``charisma`` is ``INLINE- inline crossline x y z fault stick``, sticks numbered within each fault;
    ``opendtect`` is ``x y z stick``, sticks numbered through. x and y in degrees have eight decimals,
    others two. z is in ms, or in the unit of x and y; points of traces without coordinates are left out.

    Args:
        labels: of the survey, with ``cdp_x`` and ``cdp_y``.
        sticks: found in them.
        path: the file.
        form: one of ``FORMATS``; by default Charisma's, of a 2D line OpendTect's.

    Returns:
        The number of sticks written, which those without any point are not.
    """
    form = form or ("opendtect" if labels.ndim == 2 else "charisma")
    sections = as_sections(labels)
    decimals = _DECIMALS_OF_ANGLES if np.isnan(metres_in(labels["cdp_x"])) else _DECIMALS
    numbers: dict[int, int] = {}
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for count, stick in enumerate(sticks, start=1):
            numbers[stick.fault] = numbers.get(stick.fault, 0) + 1
            name = class_name(labels, stick.kind)
            points = list(zip(*_places(sections, stick), strict=True))
            written += bool(points)
            for lines, x, y, z in points:
                place = f"{x:.{decimals}f} {y:.{decimals}f} {z:.3f}"
                if form == "opendtect":
                    file.write(f"{place} {count}\n")
                else:
                    inline, crossline = lines
                    file.write(
                        f"INLINE- {inline} {crossline} {place} {name}_{stick.fault} {numbers[stick.fault]}\n"
                    )
    return written


def _places(
    sections: xr.DataArray, stick: Stick
) -> tuple[list[tuple[int, ...]], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return line numbers, x, y and z of a stick's points."""
    traces, samples = stick.points.T
    section = sections.isel({sections.dims[0]: stick.section})
    there = placed(section)[traces]
    traces, samples = traces[there], samples[there]
    x, y = (section[name].values[traces].astype(np.float64) for name in ("cdp_x", "cdp_y"))
    z = sections[sections.dims[-1]].values[samples].astype(np.float64) * depth_on_the_map(section)
    dims = [dim for dim in ("inline", "crossline", "cdp") if dim in section.coords]
    numbers = (np.broadcast_to(section[dim].values, section.shape[:1])[traces].tolist() for dim in dims)
    return list(zip(*numbers, strict=True)), x, y, z
