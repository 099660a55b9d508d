"""Catalogues of craters: circles in a CSV file, in pixels of an image or on the Moon's sphere.

Columns that are recognised, in any case; the unit is part of the name, ``diameter_km`` or ``Diameter (km)``:

    x, y, diameter                                            all in pixels
    longitude|long|lon, latitude|lat, diameter_m|diameter_km  degrees, and the diameter in m or km
    longitude|long|lon, latitude|lat, diameter                as ``units`` says: ``pixels``, or the
                                                              diameter in ``m`` or ``km``
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError

Units = Literal["pixels", "m", "km"]

_LONGITUDE = ("longitude", "long", "lon")
_LATITUDE = ("latitude", "lat")
_DIAMETER = re.compile(r"diam(?:eter)?[ _]*[(\[]?(?P<unit>km|m|px|pixels?)?[)\]]?")
_UNITS: Mapping[str, Units] = {"km": "km", "m": "m", "px": "pixels", "pixel": "pixels", "pixels": "pixels"}
_HINT = "columns are x, y, diameter, or longitude, latitude and diameter_km or diameter_m"


@dataclass(frozen=True)
class Catalogue:
    """Craters as circles.

    Attributes:
        x: centres in pixels to the right, or longitudes in degrees east; float64 (craters,).
        y: centres in pixels downwards, or latitudes in degrees; float64 (craters,).
        diameter: in pixels, or km; float64 (craters,).
        on_sphere: whether they are on the sphere rather than in an image.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    diameter: NDArray[np.float64]
    on_sphere: bool

    def __len__(self) -> int:
        return len(self.diameter)


def read_catalogue(path: Path, units: Units | None = None) -> Catalogue:
    """Read a catalogue of craters.

    Args:
        path: a CSV file with a header.
        units: what a diameter without a unit beside longitude and latitude is measured in; ``pixels``: the
            positions too.

    Raises:
        DataError: the file cannot be read, its columns are not recognised, their unit is not known, or a
            field is no number that a crater can have.
    """
    header, rows = _read(path)
    diameter, unit = _diameter_column(path, header)
    x, y, geographic = _position_columns(path, header)
    if not geographic and unit not in (None, "pixels"):
        raise DataError(f"{path}: x and y are pixels, and the diameter is in {unit}", hint=_HINT)
    if not geographic and units not in (None, "pixels"):
        raise DataError(f"{path}: x and y are pixels, and --units says {units}", hint="leave --units out")
    xs, ys, diameters = (_numbers(path, header[column], column, rows) for column in (x, y, diameter))
    unit = (unit or units) if geographic else "pixels"
    if unit is None:
        raise DataError(
            f"{path}: the column '{header[diameter]}' beside '{header[x]}' and '{header[y]}' has no unit",
            hint=_unit_hint(xs, ys),
        )
    on_sphere = unit != "pixels"
    _check(path, xs, ys, diameters, on_sphere)
    return Catalogue(xs, ys, diameters * (1e-3 if unit == "m" else 1.0), on_sphere)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the rows below; blank lines are left out.

    Raises:
        DataError: the file is absent, no text, empty, or a row has too few fields.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as opened:
            rows = [row for row in csv.reader(opened, skipinitialspace=True) if any(map(str.strip, row))]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", hint="check the path") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no readable CSV file: {error}", hint=_HINT) from None
    if not rows:
        raise DataError(f"{path} is empty: it has no header", hint=_HINT)
    header = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], 2):
        if len(row) < len(header):
            raise DataError(f"{path}: row {number} has {len(row)} fields, the header {len(header)}")
    return header, rows[1:]


def _diameter_column(path: Path, header: Sequence[str]) -> tuple[int, Units | None]:
    """Return the column of the diameters and the unit in its name; one with a unit goes first."""
    matches = [(column, _DIAMETER.fullmatch(name.lower())) for column, name in enumerate(header)]
    units = {column: _UNITS.get(match["unit"] or "") for column, match in matches if match}
    if not units:
        raise DataError(f"{path} has no column of diameters, only {', '.join(header)}", hint=_HINT)
    return min(units.items(), key=lambda pair: pair[1] is None)


def _position_columns(path: Path, header: Sequence[str]) -> tuple[int, int, bool]:
    """Return the columns of the positions, and whether they are called longitude and latitude."""
    at = {name.lower(): column for column, name in reversed(list(enumerate(header)))}
    longitude, latitude = (
        next((at[name] for name in names if name in at), None) for names in (_LONGITUDE, _LATITUDE)
    )
    if longitude is not None and latitude is not None:
        return longitude, latitude, True
    if "x" in at and "y" in at:
        return at["x"], at["y"], False
    raise DataError(f"{path} has no columns of positions, only {', '.join(header)}", hint=_HINT)


def _numbers(path: Path, name: str, column: int, rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    values = np.empty(len(rows))
    for number, row in enumerate(rows):
        try:
            values[number] = float(row[column])
        except ValueError:
            values[number] = np.nan
        if not np.isfinite(values[number]):
            raise DataError(f"{path}: '{name}' is no number in row {number + 2}: '{row[column]}'")
    return values


def _check(
    path: Path, x: NDArray[np.float64], y: NDArray[np.float64], diameter: NDArray[np.float64], on_sphere: bool
) -> None:
    """Refuse circles that cannot be.

    Raises:
        DataError: a diameter is not above zero, or a place is not on the sphere.
    """
    if (diameter <= 0).any():
        raise DataError(f"{path}: a diameter is {diameter.min():g}, it must be above 0")
    if on_sphere and ((np.abs(y) > 90).any() or (np.abs(x) > 360).any()):
        raise DataError(
            f"{path}: longitudes reach {np.abs(x).max():g} and latitudes {np.abs(y).max():g} degrees",
            hint="if these are pixels, say --units pixels",
        )


def _unit_hint(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Say how to name the unit, and what the values look like."""
    if len(x) and (np.abs(y).max() > 90 or np.abs(x).max() > 360):
        return (
            f"positions of up to {np.abs(x).max():g} and {np.abs(y).max():g} are pixels: say --units pixels"
        )
    return "say --units pixels, or --units km or m for a diameter beside degrees"
