"""Where a raster lies on its map: coordinates and reference system, and the metres between its pixels."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask.array
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.sources.hillshade import Sun
from geointerp.sources.units import METRES
from geointerp.sources.windows import cut_lazily

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_DEGREES = {"x": ("longitude", "degrees_east"), "y": ("latitude", "degrees_north")}
_SAME_UNIT = 1e-5  # two kinds of feet differ by less


@dataclass(frozen=True)
class Shading:
    """How relief is lit: the sun, and how far apart pixels are (eastward for each row, and northward).

    Distances are in the units of the heights.
    """

    sun: Sun
    east: NDArray[np.float64]
    north: float


def has_transform(dataset: "DatasetReader") -> bool:
    """Whether a raster says where its pixels lie."""
    return not dataset.transform.is_identity and dataset.transform.determinant != 0


def place_of_raster(path: Path | str, dataset: "DatasetReader") -> dict[str, Any]:
    """Return the coordinates, and the grid mapping where the raster says what they are of.

    Raises:
        DataError: rows do not run along a parallel of the map.
    """
    rows, columns = dataset.shape
    transform = dataset.transform
    if not has_transform(dataset):
        return {"row": np.arange(rows, dtype=np.int32), "column": np.arange(columns, dtype=np.int32)}
    if transform.b or transform.d:
        raise DataError(
            f"{path} lies askew on its map (rotation terms {transform.b:g} and {transform.d:g})",
            hint="resample it first: gdalwarp INPUT north-up.tif",
        )
    place: dict[str, Any] = {
        "y": ("y", transform.f + (np.arange(rows) + 0.5) * transform.e, _axis("y", dataset)),
        "x": ("x", transform.c + (np.arange(columns) + 0.5) * transform.a, _axis("x", dataset)),
    }
    if dataset.crs is None:
        warnings.warn(f"{path} has coordinates, but does not say in which reference system", stacklevel=2)
        return place
    wkt = dataset.crs.to_wkt()
    numbers = " ".join(map(repr, transform.to_gdal()))
    mapping = {"crs_wkt": wkt, "spatial_ref": wkt, "GeoTransform": numbers}
    if dataset.crs.is_geographic:
        mapping["grid_mapping_name"] = "latitude_longitude"
    return place | {"spatial_ref": ((), np.int32(0), mapping)}


def part_of(volume: xr.DataArray, cut: Mapping[str, tuple[int, int]]) -> xr.DataArray:
    """Return the part of a volume between positions; a raster's GeoTransform begins where the part does."""
    slices = {dim: slice(*ends) for dim, ends in cut.items()}
    part = volume.isel(slices)
    if isinstance(volume.data, dask.array.Array):
        along = [slices.get(str(dim), slice(None)) for dim in volume.dims]
        part = part.copy(deep=False, data=cut_lazily(volume.data, along))
    mapping = part.coords.get("spatial_ref")
    if mapping is None or "GeoTransform" not in mapping.attrs:
        return part
    place = [float(word) for word in mapping.attrs["GeoTransform"].split()]
    for dim, first, step in (("x", 0, 1), ("y", 3, 5)):
        place[first] += cut.get(dim, (0, 0))[0] * place[step]
    return part.assign_coords(spatial_ref=mapping.assign_attrs(GeoTransform=" ".join(map(repr, place))))


def _axis(dim: str, dataset: "DatasetReader") -> dict[str, str]:
    """Return the CF attributes of an axis."""
    if dataset.crs is not None and dataset.crs.is_geographic:
        name, units = _DEGREES[dim]
        return {"standard_name": name, "units": units}
    units = dataset.crs.linear_units if dataset.crs is not None else ""
    known = {"units": "m" if METRES.get(units.lower()) == 1 else units} if units else {}
    return {"standard_name": f"projection_{dim}_coordinate", **known}


def shading_of(
    path: Path | str, dataset: "DatasetReader", bands: Sequence[int], place: dict[str, Any], sun: Sun
) -> Shading:
    """Find the distances between pixels; degrees are turned into metres on the body's sphere.

    Raises:
        UsageError: they are unknown, or the raster is a picture in colours.
    """
    crs = dataset.crs
    if "y" not in place or crs is None:
        raise UsageError(f"{path} does not say how far apart its pixels are: its relief cannot be shaded")
    if len(bands) > 1:
        raise UsageError(f"{path} has 3 bands: name the one with the elevation", hint="such as --band 1")
    transform = dataset.transform
    height = METRES.get(str(dataset.units[bands[0] - 1] or "m").lower(), 1.0)
    if not crs.is_geographic:
        unit = crs.units_factor[1] / height  # of a local system too, which is no projection
        return Shading(sun, np.full(dataset.height, transform.a * unit), transform.e * unit)
    degree = np.radians(_radius(path, crs)) / height
    parallels = np.maximum(np.cos(np.radians(place["y"][1])), 1e-6)  # never 0, not even at a pole
    return Shading(sun, transform.a * degree * parallels, transform.e * degree)


_WITHIN = ("components", "source_crs", "base_crs", "datum", "datum_ensemble")
"""Where the horizontal part of a PROJJSON stands, from the outside in: heights may be told beside it."""


def _radius(path: Path | str, crs: Any) -> float:
    """Return the equatorial radius of the body in metres.

    Raises:
        UsageError: the reference system does not tell it.
    """
    ellipsoid = crs.to_dict(projjson=True)
    while "ellipsoid" not in ellipsoid:
        part = next((ellipsoid[key] for key in _WITHIN if key in ellipsoid), None)
        if part is None:
            raise UsageError(f"{path} does not say how large its globe is: its relief cannot be shaded")
        ellipsoid = part[0] if isinstance(part, list) else part
    radius = ellipsoid["ellipsoid"].get("radius", ellipsoid["ellipsoid"].get("semi_major_axis"))
    return float(radius["value"] if isinstance(radius, dict) else radius)


def told_step(labels: xr.DataArray, dim: str) -> float:
    """Return the size of a pixel as the grid mapping tells it, where one coordinate alone does not."""
    told = labels.coords["spatial_ref"].attrs.get("GeoTransform") if "spatial_ref" in labels.coords else None
    return float(told.split()[{"x": 1, "y": 5}[dim]]) if told else 1.0


def to_the_map(labels: xr.DataArray, dim: str, crs: Any) -> float:
    """Return by what coordinates are multiplied to be in the unit of their reference system.

    It is 1 where either is no known length, and between one kind of feet and another, which files mix up.

    Args:
        labels: (y, x).
        dim: ``x`` or ``y``.
        crs: of rasterio.
    """
    metres = METRES.get(str(labels[dim].attrs.get("units")).lower())
    if metres is None or not crs.is_projected:
        return 1.0
    factor = metres / float(crs.linear_units_factor[1])
    return 1.0 if abs(factor - 1) < _SAME_UNIT else factor
