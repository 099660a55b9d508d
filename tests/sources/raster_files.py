"""Small rasters for tests."""

import warnings

import pytest

rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
Affine = rasterio.Affine

MOON = (
    'GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["0",0],UNIT["degree",0.0174532925199433]]'
)
UTM = "EPSG:32633"
NORTH_UP = Affine(10, 0, 500_000, 0, -10, 5_400_000)


def write(
    path,
    values,
    *,
    crs=UTM,
    transform=NORTH_UP,
    scale=None,
    offset=None,
    units=None,
    driver="GTiff",
    **profile,
):
    """Write (bands, rows, columns), or one band."""
    bands = values if values.ndim == 3 else values[None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rasters on no map
        with rasterio.open(
            path,
            "w",
            driver=driver,
            count=bands.shape[0],
            height=bands.shape[1],
            width=bands.shape[2],
            dtype=bands.dtype,
            crs=crs,
            transform=transform,
            **profile,
        ) as target:
            target.write(bands)
            if scale is not None:
                target.scales, target.offsets = [scale] * len(bands), [offset] * len(bands)
            if units is not None:
                target.units = [units] * len(bands)
    return path
