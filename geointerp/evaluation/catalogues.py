"""Catalogues of craters: circles in a CSV file, in pixels of an image or on the Moon's sphere.

Columns that are recognised, in any case; the unit is part of the name, ``diameter_km`` or ``Diameter (km)``:

    x, y, diameter                                            all in pixels
    longitude|long|lon, latitude|lat, diameter_m|diameter_km  degrees, and the diameter in m or km
    longitude|long|lon, latitude|lat, diameter                as ``units`` says: ``pixels``, or the
                                                              diameter in ``m`` or ``km``

Of a catalogue with several of these, degrees are read with the diameter in m or km, unless ``units`` says
``pixels``; x and y with the one in pixels.
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
_Pair = tuple[int, int]

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
        DataError: the file cannot be read, its columns are not recognised, no diameter has a unit that suits
            its positions and ``units``, or a field is no number that a crater can have.
    """
    header, rows = _read(path)
    diameters = _diameter_columns(path, header)
    degrees, pixels = _position_columns(path, header)
    chosen = _chosen(diameters, degrees, pixels, units)
    if chosen is None:
        raise _refusal(path, header, rows, diameters, degrees, units)
    *columns, unit = chosen
    x, y, diameter = (_numbers(path, header[column], column, rows) for column in columns)
    on_sphere = unit != "pixels"
    _check(path, x, y, diameter, on_sphere)
    return Catalogue(x, y, diameter * (1e-3 if unit == "m" else 1.0), on_sphere)


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


def _diameter_columns(path: Path, header: Sequence[str]) -> dict[Units | None, int]:
    """Return the first column of diameters in each unit, under None that whose name tells no unit."""
    columns: dict[Units | None, int] = {}
    for column, name in enumerate(header):
        if match := _DIAMETER.fullmatch(name.lower()):
            columns.setdefault(_UNITS.get(match["unit"] or ""), column)
    if not columns:
        raise DataError(f"{path} has no column of diameters, only {', '.join(header)}", hint=_HINT)
    return columns


def _position_columns(path: Path, header: Sequence[str]) -> tuple[_Pair | None, _Pair | None]:
    """Return the columns of longitude and latitude, and those of x and y; None where there are none."""
    at = {name.lower(): column for column, name in reversed(list(enumerate(header)))}
    longitude, latitude, x, y = (
        next((at[name] for name in names if name in at), None)
        for names in (_LONGITUDE, _LATITUDE, ("x",), ("y",))
    )
    degrees = None if longitude is None or latitude is None else (longitude, latitude)
    pixels = None if x is None or y is None else (x, y)
    if degrees is None and pixels is None:
        raise DataError(f"{path} has no columns of positions, only {', '.join(header)}", hint=_HINT)
    return degrees, pixels


def _chosen(
    diameters: Mapping[Units | None, int], degrees: _Pair | None, pixels: _Pair | None, units: Units | None
) -> tuple[int, int, int, Units] | None:
    """Return columns of x, y and diameter that belong together, and the unit of the diameter.

    Degrees go with a diameter in m or km, and before pixels. With a diameter in pixels go x and y; without
    these, columns that are called longitude and latitude hold pixels. None where nothing suits ``units``.
    """
    bare = diameters.get(None)
    if degrees is not None and units != "pixels":
        lengths = [(column, unit) for unit, column in diameters.items() if unit in ("m", "km")]
        if bare is not None and units is not None:
            lengths.append((bare, units))
        if lengths:
            return *degrees, *min(lengths, key=lambda pair: pair[1] != units)
    positions = pixels or degrees
    in_pixels = diameters.get("pixels", bare if degrees is None or units == "pixels" else None)
    if positions is None or in_pixels is None or units not in (None, "pixels"):
        return None
    return *positions, in_pixels, "pixels"


def _refusal(
    path: Path,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    diameters: Mapping[Units | None, int],
    degrees: _Pair | None,
    units: Units | None,
) -> DataError:
    """Say why no diameter suits the positions and ``units``."""
    unit, column = next(iter(diameters.items()))
    name = header[column]
    if degrees is None and diameters.keys() <= {"m", "km"}:
        return DataError(f"{path}: x and y are pixels, and the diameter is in {unit}", hint=_HINT)
    if degrees is None:
        return DataError(f"{path}: x and y are pixels, and --units says {units}", hint="leave --units out")
    if units is not None:
        return DataError(
            f"{path}: the column '{name}' is in {unit}, and --units says {units}",
            hint="leave --units out, which is for a diameter without a unit",
        )
    beside = " and ".join(f"'{header[position]}'" for position in degrees)
    positions = (_numbers(path, header[position], position, rows) for position in degrees)
    return DataError(f"{path}: the column '{name}' beside {beside} has no unit", hint=_unit_hint(*positions))


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
