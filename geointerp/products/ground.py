"""From the pixels of a raster to longitude, latitude and metres on the body it shows.

The body is taken for a sphere of its mean radius. Around a point, places are laid out in the azimuthal
equidistant projection (Snyder 1987, p. 195), in which a circle on the sphere around that point is a circle of
the same radius, whatever the raster's own projection does to it.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from geointerp.errors import DataError
from geointerp.extras import needed
from geointerp.sources.raster_place import to_the_map, told_step

_SPHEROID = re.compile(r'SPHEROID\["[^"]*",([\d.eE+]+),([\d.eE+]+)')
_APART = 8
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
        flattening: of its ellipsoid, which areas in a projection heed.
        pixel: width and height of a pixel, where a single column or row does not tell it.
    """

    x: Floats
    y: Floats
    crs: str
    geographic: str
    radius: float
    flattening: float = 0.0
    pixel: tuple[float, float] = (1.0, 1.0)

    def lonlat(self, rows: Floats, columns: Floats) -> tuple[Floats, Floats]:
        """Return longitude (-180 to 180) and latitude in degrees of positions, whole at pixel centres.

        NaN where a position lies off the globe, as the corners of a picture of a whole disc do.
        """
        x, y = _along(self.x, columns, self.pixel[0]), _along(self.y, rows, self.pixel[1])
        if self.crs != self.geographic:
            x, y = _unprojected(x, y, self.crs, self.geographic)
        return (x + 180) % 360 - 180, y

    def pixel_areas(self, start: int, stop: int) -> Floats:
        """Return the area of each pixel of the rows ``start`` to ``stop`` on the body, m², (rows, columns).

        In longitude and latitude the area of a row's pixel is that of its piece of a zone. In a projection it
        is that of the parallelogram of the steps to the next row and column, between points that lie up to 8
        pixels apart interpolated; it is 0 off the globe.
        """
        from rasterio.crs import CRS

        rows = np.arange(start, stop, dtype=np.float64)
        if CRS.from_wkt(self.crs).is_geographic:
            axes = zip((self.x, self.y), self.pixel, strict=True)
            dx, dy = (abs(_along(axis, np.array([1.0]), pixel)[0] - axis[0]) for axis, pixel in axes)
            y = _along(self.y, rows, self.pixel[1])
            edges = np.radians(np.stack([y - dy / 2, y + dy / 2])).clip(-np.pi / 2, np.pi / 2)
            zone = self.radius**2 * np.radians(dx) * np.abs(np.diff(np.sin(edges), axis=0))[0]
            return np.broadcast_to(zone[:, None], (rows.size, self.x.size))
        columns = np.arange(self.x.size, dtype=np.float64)
        points = [np.unique(np.append(axis[::_APART], axis[-1])) for axis in (rows, columns)]
        areas = self._parallelograms(*np.meshgrid(*points, indexing="ij"))

        def between(known: Floats) -> Floats:
            across = np.stack([np.interp(columns, points[1], row) for row in known])
            return np.stack([np.interp(rows, points[0], column) for column in across.T], axis=1)

        pixels = between(areas)
        on_globe = np.isfinite(areas)
        if not on_globe.all():  # near its edge each pixel is measured by itself
            near = between(binary_dilation(on_globe, np.ones((3, 3), bool)).astype(np.float64)) > 0
            edge = np.nonzero(np.isnan(pixels) & near)
            pixels[edge] = self._parallelograms(rows[edge[0]], columns[edge[1]])
        return np.nan_to_num(pixels)

    def _parallelograms(self, rows: Floats, columns: Floats) -> Floats:
        """Return the areas of the pixels at some positions, in m², by the steps across them."""
        sides = []
        for down, right in ((0.5, 0.0), (0.0, 0.5)):
            ends = [
                self.lonlat((rows + sign * down).ravel(), (columns + sign * right).ravel())
                for sign in (-1, 1)
            ]
            (lon0, lat0), (lon1, lat1) = ends
            middle = np.radians(lat0 + lat1) / 2
            meridian, parallel = self._radii(middle)
            east = np.radians((lon1 - lon0 + 180) % 360 - 180) * parallel
            sides.append((east, np.radians(lat1 - lat0) * meridian))
        (east0, north0), (east1, north1) = sides
        areas: Floats = np.abs(east0 * north1 - east1 * north0)
        return areas.reshape(rows.shape)

    def _radii(self, latitude: Floats) -> tuple[Floats, Floats]:
        """Return the radii of the meridian and of the parallel at latitudes, in m (Snyder 1987, p. 24)."""
        major, squared = self.radius / (1 - self.flattening / 3), self.flattening * (2 - self.flattening)
        root = np.sqrt(1 - squared * np.sin(latitude) ** 2)
        return major * (1 - squared) / root**3, major / root * np.cos(latitude)

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
        DataError: the reference system has no plain longitude and latitude.
        MachineError: rasterio is not installed.
    """
    mapping = labels.coords.get("spatial_ref")
    text = "" if mapping is None else mapping.attrs.get("crs_wkt") or mapping.attrs.get("spatial_ref")
    if labels.dims != ("y", "x") or not text:
        return None
    systems = needed("rasterio.crs", "raster", "labels of a raster lie on a map")
    wkt = _flat(text)
    crs = systems.CRS.from_wkt(text)
    geographic = _geographic_part(wkt)
    spheroid = _SPHEROID.search(geographic)
    if spheroid is None:
        return None
    major, inverse_flattening = map(float, spheroid.groups())
    flattening = 1 / inverse_flattening if inverse_flattening else 0.0
    radius = major * (1 - flattening / 3)
    x, y = (labels[dim].values.astype(np.float64) * to_the_map(labels, dim, crs) for dim in ("x", "y"))
    return Ground(x, y, wkt, geographic, radius, flattening, (told_step(labels, "x"), told_step(labels, "y")))


def _flat(text: str) -> str:
    """Return a reference system as WKT 1, which knows no axis of heights.

    Raises:
        DataError: it cannot be told so, as one with a rotated pole.
    """
    from rasterio import Env
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        with Env():  # in it errors are not printed too
            crs = CRS.from_wkt(text)
            with suppress(CRSError):  # of one with heights
                return str(crs.to_wkt(version="WKT1_GDAL"))
            flat = CRS.from_dict(_without_heights(crs.to_dict(projjson=True)))
            return str(flat.to_wkt(version="WKT1_GDAL"))
    except CRSError as error:
        name = text.partition('"')[2].partition('"')[0] or text
        raise DataError(
            f"places in the reference system {name} cannot be turned into longitude and latitude: {error}",
            hint="resample it first, with gdalwarp -t_srs, to longitude and latitude or a projection, "
            "or write labels, .zarr or .nc",
        ) from None


def _without_heights(system: dict[str, Any]) -> dict[str, Any]:
    """Return a reference system, as PROJJSON, in two dimensions."""
    flat = dict(system)
    if len(axes := system.get("coordinate_system", {}).get("axis", [])) > 2:
        flat["coordinate_system"] = system["coordinate_system"] | {"axis": axes[:2]}
        flat.pop("id", None)  # of the one with heights
    if "base_crs" in system:
        flat["base_crs"] = _without_heights(system["base_crs"])
    return flat


def _geographic_part(wkt: str) -> str:
    """Return the geographic system inside a projected one (WKT 1), or the text itself."""
    start = wkt.find("GEOGCS[")
    depth = 0
    for end in range(start, len(wkt)):
        depth += (wkt[end] == "[") - (wkt[end] == "]")
        if depth == 0 and wkt[end] == "]":
            return wkt[start : end + 1]
    return wkt


def _unprojected(x: Floats, y: Floats, crs: str, geographic: str) -> tuple[Floats, Floats]:
    """Return longitude and latitude of positions in a projection, NaN of those that lie off the globe."""
    from rasterio._err import CPLE_BaseError
    from rasterio.warp import transform

    try:
        longitude, latitude = transform(crs, geographic, x, y)
    except CPLE_BaseError:  # one position is enough, and it says not which
        there = _on_globe(x, y, crs, geographic)
        longitude, latitude = np.full((2, x.size), np.nan)
        longitude[there], latitude[there] = transform(crs, geographic, x[there], y[there])
    placed = np.array([longitude, latitude])
    placed[~np.isfinite(placed)] = np.nan  # GDAL says infinity
    return placed[0], placed[1]


def _on_globe(x: Floats, y: Floats, crs: str, geographic: str) -> NDArray[np.intp]:
    """Return the numbers of the positions in a projection that lie on the globe.

    Of a line GDAL can leave out the points that it cannot transform, and the others keep their heights, here
    their numbers. It may cut lines in longitude and latitude at the date line, but not those on a flat map.
    """
    from rasterio import Env
    from rasterio._err import CPLE_BaseError
    from rasterio.warp import transform_geom

    flat = f'PROJCS["flat",{geographic},PROJECTION["Equirectangular"],UNIT["metre",1]]'
    line = np.column_stack([x, y, np.arange(x.size)]).tolist()
    with Env(OGR_ENABLE_PARTIAL_REPROJECTION="YES"):
        try:
            left = transform_geom(crs, flat, {"type": "LineString", "coordinates": line})["coordinates"]
        except (CPLE_BaseError, SystemError):  # as an empty line is to rasterio
            left = []
    return np.array(left).reshape(-1, 3)[:, 2].astype(np.intp)


def _along(axis: Floats, positions: Floats, single: float) -> Floats:
    """Return the coordinates at fractional positions of an even axis; ``single`` is the step of one value."""
    step = (axis[-1] - axis[0]) / (axis.size - 1) if axis.size > 1 else single
    along: Floats = axis[0] + step * np.asarray(positions, np.float64)
    return along
