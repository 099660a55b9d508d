"""Tables become CSV, GeoJSON or a GeoPackage layer."""

import csv
import errno
import json
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.extras import needed


@dataclass(frozen=True)
class Table:
    """Rows of findings, each perhaps with a point on the map.

    Attributes:
        name: what the rows are, such as ``craters``.
        columns: by name, all of one length: numbers, text or datetime64; NaN where there is no value.
        points: x and y of each row, or None where there is no map.
        crs: the points' reference system as WKT, or None where it is unknown.
    """

    name: str
    columns: dict[str, NDArray[Any]]
    points: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    crs: str | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values())))


def write_table(table: Table, path: Path, suffix: str) -> None:
    """Write a table.

    Args:
        table: what to write.
        path: the file, whatever its name.
        suffix: what it is to be: ``.csv``, ``.geojson`` or ``.gpkg``.

    Raises:
        MachineError: pyogrio, which a GeoPackage needs, is not installed.
    """
    {".csv": _write_csv, ".geojson": _write_geojson, ".gpkg": _write_geopackage}[suffix](table, path)


def _write_csv(table: Table, path: Path) -> None:
    """Write one row a line; what has no value is left empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(["" if value is None else value for value in row.values()] for row in _rows(table))


def _write_geojson(table: Table, path: Path) -> None:
    """Write a FeatureCollection, with the reference system named.

    Without a name readers take longitude and latitude for the Earth's.
    """
    features = [
        {"type": "Feature", "properties": row, "geometry": _geometry(table, number)}
        for number, row in enumerate(_rows(table))
    ]
    content: dict[str, Any] = {"type": "FeatureCollection", "name": table.name}
    if table.crs is not None:
        content["crs"] = {"type": "name", "properties": {"name": _crs_name(table.crs)}}
    path.write_text(json.dumps(content | {"features": features}, indent=1) + "\n", encoding="utf-8")


def _geometry(table: Table, number: int) -> dict[str, Any] | None:
    if table.points is None:
        return None
    place = [float(axis[number]) for axis in table.points]
    return {"type": "Point", "coordinates": place} if np.isfinite(place).all() else None


def _crs_name(wkt: str) -> str:
    """Return the URN of a reference system where it has one, else its WKT, which GDAL reads as well."""
    from rasterio.crs import CRS

    authority = CRS.from_wkt(wkt).to_authority()
    return f"urn:ogc:def:crs:{authority[0]}::{authority[1]}" if authority else wkt


def _write_geopackage(table: Table, path: Path) -> None:
    """Write one layer, of points where there is a map."""
    write = needed("pyogrio.raw", "raster", f"{path.name} is a GeoPackage").write
    placed = table.points is not None
    columns = [one.astype(object) if one.dtype.kind == "U" else one for one in table.columns.values()]
    named = path.with_name(f"{path.name}.gpkg")  # GDAL warns of any other suffix
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "'crs' was not provided")  # images lie nowhere on the map
            write(
                named,
                None if table.points is None else np.array(_wkb(*table.points), dtype=object),
                columns,
                list(table.columns),
                layer=table.name,
                driver="GPKG",
                geometry_type="Point" if placed else None,
                crs=table.crs if placed else None,
            )
        named.replace(path)
    except RuntimeError as error:  # as all of pyogrio's are
        raise OSError(errno.EIO, str(error), str(path)) from error
    finally:
        named.unlink(missing_ok=True)


def _wkb(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[bytes]:
    """Return points as well-known binary: byte order, type 1, x and y."""
    points = np.zeros(x.size, np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")]))
    points["order"], points["type"], points["x"], points["y"] = 1, 1, x, y
    return [point.tobytes() for point in points]


def _rows(table: Table) -> list[dict[str, Any]]:
    """Return the rows as plain values: times in ISO 8601, None where there is no value."""
    columns = [[_plain(value) for value in column] for column in table.columns.values()]
    return [dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    """Return a value as Python's own, numbers in the digits that their type holds.

    Of float64 these are 15: the 17 that tell each apart show the rounding of sums, 0.30000000000000004.
    """
    if isinstance(value, np.datetime64):
        return np.datetime_as_string(value, unit="us")
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, float):
        return plain
    if not math.isfinite(plain):
        return None
    return float(f"{plain:.15g}" if isinstance(value, np.float64) else str(value))
