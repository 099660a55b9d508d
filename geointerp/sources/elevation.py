"""Which rasters are elevation models: by what they say of themselves, and by their samples where they do not.

A band of a raster that lies on a map, in a reference system, is an elevation model if

1. it is told in a unit of length (``m``, ``km``, ``ft`` …), and none if it is told in another unit;
2. without a unit, its samples are signed integers of 16 bits or more: heights lie above and below a datum,
   brightness is never negative and stored as unsigned numbers;
3. without a unit, its samples are floating-point numbers, one in a hundred of a spread sample lower than -1:
   heights on both sides of a datum are, in metres or kilometres, reflectance and radiance are not.
"""

from typing import Any

import numpy as np
import xarray as xr

from geointerp.sources.scaling import spread_sample
from geointerp.sources.units import METRES

_LOW = -1.0
_SHARE = 1  # percent of the samples


def elevation_or_not(volume: xr.DataArray) -> tuple[bool, str]:
    """Tell whether a volume is an elevation model, and why.

    Args:
        volume: from ``open_volume``; some of its samples are read where nothing else decides.
    """
    raster: dict[str, Any] = volume.attrs.get("raster") or {}
    if not raster.get("on_map") or not raster.get("crs"):
        return False, "it lies on no map"
    if len(raster["read"]) > 1:
        return False, "it has colours"
    units = str(volume.attrs.get("units", ""))
    if units:
        return units.lower() in METRES, f"its samples are in {units}"
    kind = np.dtype(raster["sample_type"])
    if kind.kind != "f":
        return kind.kind == "i" and kind.itemsize > 1, f"its samples are stored as {kind}, without a unit"
    low = _low_end(volume)
    return low < _LOW, f"its samples are {kind} without a unit, one in a hundred below {low:.4g}"


def _low_end(volume: xr.DataArray) -> float:
    """Return what one in a hundred of the samples lies below; 0 where there are none."""
    sample = spread_sample(volume)
    return float(np.percentile(sample, _SHARE)) if sample.size else 0.0
