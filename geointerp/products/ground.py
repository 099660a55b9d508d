"""From the pixels of a raster to longitude, latitude and metres on the body it shows.

The body is taken for a sphere of its mean radius. Around a point, places are laid out in the azimuthal
equidistant projection (Snyder 1987, p. 195), in which a circle on the sphere around that point is a circle of
the same radius, whatever the raster's own projection does to it.
"""

import re
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.sinks.extras import needs_extra

_SPHEROID = re.compile(r'SPHEROID\["[^"]*",([\d.eE+]+),([\d.eE+]+)')
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """Where the pixels of a raster lie on a body.

    Attributes:
        x: coordinates of the columns, in the raster's reference system.
        y: coordinates of the rows.
        crs: the raster's reference system, as WKT.
        geographic: longitude and latitude on the same body, as WKT.
        radius: of the body, in m.
    """

    x: Floats
    y: Floats
    crs: str
    geographic: str
    radius: float

    def lonlat(self, rows: Floats, columns: Floats) -> tuple[Floats, Floats]:
        """Return longitude (-180 to 180) and latitude in degrees of positions, whole at pixel centres."""
        from rasterio.warp import transform

        x, y = _along(self.x, columns), _along(self.y, rows)
        if self.crs != self.geographic:
            x, y = (np.asarray(values) for values in transform(self.crs, self.geographic, x, y))
        return (x + 180) % 360 - 180, y

    def pixel_areas(self) -> Floats:
        """Return the area of a pixel in each row, in m², by the middle of the row."""
        from rasterio.crs import CRS

        dx, dy = (abs(_along(axis, np.array([1.0]))[0] - axis[0]) for axis in (self.x, self.y))
        crs = CRS.from_wkt(self.crs)
        if not crs.is_geographic:
            return np.full(self.y.size, dx * dy * float(crs.linear_units_factor[1]) ** 2)
        edges = np.radians(np.stack([self.y - dy / 2, self.y + dy / 2]))
        band: Floats = np.abs(np.diff(np.sin(edges.clip(-np.pi / 2, np.pi / 2)), axis=0))[0]
        areas: Floats = self.radius**2 * np.radians(dx) * band
        return areas

    def plane(self, longitude: Floats, latitude: Floats, centre: tuple[float, float]) -> Floats:
        """Return positions in m east and north of a centre, (points, 2), azimuthal equidistant."""
        lon0, lat0 = np.radians(centre)
        lon, lat = np.radians(longitude) - lon0, np.radians(latitude)
        east = np.cos(lat) * np.sin(lon)
        north = np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(lon)
        cosine = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(lon)
        sine = np.hypot(east, north)
        stretch = np.where(sine > 0, np.arctan2(sine, cosine) / np.where(sine > 0, sine, 1), 1)
        return self.radius * np.column_stack([stretch * east, stretch * north])

    def place(self, east: float, north: float, centre: tuple[float, float]) -> tuple[float, float]:
        """Return longitude and latitude of a position in the plane around a centre."""
        lon0, lat0 = np.radians(centre)
        angle = np.hypot(east, north) / self.radius
        bearing = np.arctan2(east, north)
        latitude = np.arcsin(np.sin(lat0) * np.cos(angle) + np.cos(lat0) * np.sin(angle) * np.cos(bearing))
        longitude = lon0 + np.arctan2(
            np.sin(bearing) * np.sin(angle) * np.cos(lat0), np.cos(angle) - np.sin(lat0) * np.sin(latitude)
        )
        return float((np.degrees(longitude) + 180) % 360 - 180), float(np.degrees(latitude))


def ground_of(labels: xr.DataArray) -> Ground | None:
    """Return where a raster lies, or None where it has no reference system.

    Args:
        labels: (y, x), with the reference system in the coordinate ``spatial_ref``.

    Raises:
        MachineError: rasterio is not installed.
    """
    mapping = labels.coords.get("spatial_ref")
    text = "" if mapping is None else mapping.attrs.get("crs_wkt") or mapping.attrs.get("spatial_ref")
    if labels.dims != ("y", "x") or not text:
        return None
    with needs_extra("rasterio", "raster", "a raster's place on the map"):
        from rasterio.crs import CRS
    wkt = CRS.from_wkt(text).to_wkt(version="WKT1_GDAL")
    geographic = _geographic_part(wkt)
    spheroid = _SPHEROID.search(geographic)
    if spheroid is None:
        return None
    major, inverse_flattening = map(float, spheroid.groups())
    radius = major * (1 - 1 / (3 * inverse_flattening)) if inverse_flattening else major
    x, y = (labels[dim].values.astype(np.float64) for dim in ("x", "y"))
    return Ground(x, y, wkt, geographic, radius)


def _geographic_part(wkt: str) -> str:
    """Return the geographic system inside a projected one (WKT 1), or the text itself."""
    start = wkt.find("GEOGCS[")
    depth = 0
    for end in range(start, len(wkt)):
        depth += (wkt[end] == "[") - (wkt[end] == "]")
        if depth == 0 and wkt[end] == "]":
            return wkt[start : end + 1]
    return wkt


def _along(axis: Floats, positions: Floats) -> Floats:
    """Return the coordinates at fractional positions, the axis being evenly spaced."""
    step = (axis[-1] - axis[0]) / (axis.size - 1) if axis.size > 1 else 1.0
    along: Floats = axis[0] + step * np.asarray(positions, np.float64)
    return along
