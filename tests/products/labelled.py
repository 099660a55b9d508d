"""Labels whose truth is known: surveys, rasters and recordings."""

import numpy as np
import xarray as xr

BIN = np.array([[20.0, 15.0], [-9.0, 12.0]])  # metres east and north from line to line, rotated by 37°
MOON = (
    'GEOGCS["Moon (2015) - Sphere / Ocentric",DATUM["Moon (2015) - Sphere",SPHEROID["Moon (2015) - Sphere",'
    '1737400,0]],PRIMEM["Reference Meridian",0],UNIT["degree",0.0174532925199433],'
    'AXIS["Latitude",NORTH],AXIS["Longitude",EAST]]'
)
RADIUS = 1737400.0
ROTATED = (
    'GEOGCRS["Rotated pole",BASEGEOGCRS["Sphere",DATUM["Sphere",ELLIPSOID["Sphere",6371229,0]]],'
    'DERIVINGCONVERSION["Pole rotation",METHOD["PROJ ob_tran o_proj=longlat"],PARAMETER["o_lon_p",0],'
    'PARAMETER["o_lat_p",39.25],PARAMETER["lon_0",18]],CS[ellipsoidal,2],AXIS["longitude",east,ORDER[1]],'
    'AXIS["latitude",north,ORDER[2]],ANGLEUNIT["degree",0.0174532925199433]]'
)


def dataset(values, dims, coords, task, meanings):
    attrs = {"flag_meanings": meanings, "flag_values": list(range(len(meanings.split())))}
    labels = xr.DataArray(np.asarray(values, np.uint8), coords, dims, attrs=attrs)
    return xr.Dataset({"labels": labels}, attrs={"geointerp": {"task": task}})


def survey(values, task="faults", meanings="background fault", coordinates=True):
    """A survey of inlines 100, 101, …, crosslines 300, 302, … and 4 ms from 1000 ms on."""
    lines = np.arange(values.shape[0]), np.arange(values.shape[1])
    coords = {
        "inline": (100 + lines[0]).astype(np.int32),
        "crossline": (300 + 2 * lines[1]).astype(np.int32),
        "time": 1000.0 + 4 * np.arange(values.shape[2]),
    }
    if coordinates:
        i, j = np.meshgrid(*lines, indexing="ij")
        x, y = (1000 * (1 + axis) + BIN[0, axis] * i + BIN[1, axis] * j for axis in (0, 1))
        coords |= {"cdp_x": (("inline", "crossline"), x), "cdp_y": (("inline", "crossline"), y)}
    return dataset(values, ("inline", "crossline", "time"), coords, task, meanings)


def raster(values, x, y, wkt):
    coords = {"y": y, "x": x, "spatial_ref": ((), 0, {"crs_wkt": wkt})}
    return dataset(values, ("y", "x"), coords, "craters", "background crater")


def image(values):
    return dataset(values, ("row", "column"), {}, "craters", "background crater")


def recording(values, distance, time, probability=None):
    made = dataset(
        values, ("distance", "time"), {"distance": distance, "time": time}, "events", "background event"
    )
    if probability is not None:
        made["probability"] = (("class", "distance", "time"), np.stack([1 - probability, probability]))
    return made


def discs(shape, circles):
    """A mask of circles (row, column, radius)."""
    rows, columns = np.indices(shape)
    return np.logical_or.reduce([np.hypot(rows - r, columns - c) <= radius for r, c, radius in circles])
