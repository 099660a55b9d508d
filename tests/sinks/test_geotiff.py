import json
import sys
import warnings

import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError, MachineError, OutputError, UsageError
from geointerp.sinks.files import write_labels

rasterio = pytest.importorskip("rasterio", reason="GeoTIFF needs the extra raster")

MOON = (
    'GEOGCS["Moon (2015) - Sphere / Ocentric",DATUM["Moon (2015) - Sphere",SPHEROID["Moon (2015) - Sphere",'
    '1737400,0]],PRIMEM["Reference Meridian",0],UNIT["degree",0.0174532925199433]]'
)


def labels_of(shape=(900, 1300), x0=-180.0, step=0.25, chunk=200):
    values = np.random.default_rng(3).integers(0, 2, shape).astype(np.uint8)
    values[10:20, 30:40] = 255
    coords = {
        "y": 90 - step * (np.arange(shape[0]) + 0.5),
        "x": x0 + step * (np.arange(shape[1]) + 0.5),
        "spatial_ref": ((), 0, {"crs_wkt": MOON}),
    }
    attrs = {"flag_meanings": "background crater", "grid_mapping": "spatial_ref"}
    labels = xr.DataArray(values, coords, ("y", "x"), attrs=attrs).chunk(y=chunk)
    return xr.Dataset({"labels": labels}, attrs={"geointerp": {"task": "craters"}})


@pytest.mark.parametrize("chunk", [200, 512, 900])
def test_place_values_colours_and_names(tmp_path, chunk):
    labels = labels_of(chunk=chunk)
    write_labels(labels, tmp_path / "a.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]
    with rasterio.open(tmp_path / "a.tif") as file:
        np.testing.assert_array_equal(file.read(1), labels["labels"].values)
        assert (file.nodata, file.dtypes, file.block_shapes) == (255, ("uint8",), [(512, 512)])
        assert file.crs.to_dict() == rasterio.crs.CRS.from_wkt(MOON).to_dict()
        assert tuple(file.transform)[:6] == (0.25, 0, -180, 0, -0.25, 90)
        row, column = file.index(-100.1, 45.1)
        assert labels["labels"].sel(y=45.1, x=-100.1, method="nearest") == file.read(1)[row, column]
        assert file.colormap(1)[1] == (0xF0, 0x32, 0xE6, 255)
        assert file.colormap(1)[255][3] == 0
        assert file.tags(1)["CLASS_1"] == "crater"
        assert file.overviews(1)
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert json.loads(file.tags()["GEOINTERP"]) == {"task": "craters"}


def test_an_image_is_a_plain_tiff(tmp_path):
    values = np.eye(40, 60, dtype=np.uint8)
    labels = xr.DataArray(values, dims=("row", "column"), attrs={"flag_meanings": "background crater"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_labels(xr.Dataset({"labels": labels}), tmp_path / "a.TIFF")
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        file = rasterio.open(tmp_path / "a.TIFF")
    with file:
        assert file.crs is None
        np.testing.assert_array_equal(file.read(1), values)


def test_south_up_rasters_keep_their_rows(tmp_path):
    labels = labels_of((30, 40)).isel(y=slice(None, None, -1))
    write_labels(labels, tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a.tif") as file:
        np.testing.assert_array_equal(file.read(1), labels["labels"].values)
        assert file.xy(0, 0) == (labels["x"][0], labels["y"][0])


def test_a_single_row_has_the_size_that_its_grid_mapping_tells(tmp_path):
    labels = labels_of((30, 40)).isel(y=slice(7, 8))
    labels["spatial_ref"].attrs["GeoTransform"] = "-180.0 0.25 0.0 88.25 0.0 -0.25"
    write_labels(labels, tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a.tif") as file:
        assert tuple(file.transform)[:6] == (0.25, 0, -180, 0, -0.25, 88.25)


def test_coordinates_in_float32_are_even_but_for_their_rounding(tmp_path):
    """As NetCDF has them: 30 km of a degree at longitude 300 are told to 3e-5 degrees."""
    exact = 300 + np.arange(121) / 120
    single = exact.astype(np.float32)
    assert np.abs(single - exact).max() > 1e-3 / 120
    labels = labels_of((30, 121)).assign_coords(x=single)
    write_labels(labels, tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.transform.a == pytest.approx(1 / 120, rel=1e-4)
        assert file.transform.c == pytest.approx(300 - 1 / 240, abs=3e-5)
    rounded = exact + np.where(np.arange(121) % 2, 2e-5, 0) + 1e-9  # as far off, and no float32
    with pytest.raises(DataError, match="x is spaced unevenly"):
        write_labels(labels.assign_coords(x=rounded), tmp_path / "b.tif")
    single[60] += np.float32(1e-3)
    with pytest.raises(DataError, match="x is spaced unevenly"):
        write_labels(labels.assign_coords(x=single), tmp_path / "c.tif")


def test_what_is_no_raster_is_refused(tmp_path):
    volume = xr.Dataset({"labels": (("inline", "crossline", "time"), np.zeros((2, 3, 4), np.uint8))})
    with pytest.raises(UsageError, match=r"\(inline, crossline, time\)") as caught:
        write_labels(volume, tmp_path / "a.tif")
    assert ".sgy" in caught.value.hint
    uneven = labels_of((30, 40)).assign_coords(x=np.arange(40.0) ** 2)
    with pytest.raises(DataError, match="x is spaced unevenly"):
        write_labels(uneven, tmp_path / "a.tif")
    assert not list(tmp_path.iterdir())


def test_without_rasterio_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(MachineError, match="rasterio") as caught:
        write_labels(labels_of((30, 40)), tmp_path / "a.tif")
    assert caught.value.hint == "pip install 'geointerp[raster]'"
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_as_late_as_on_closing_is_an_error(tmp_path):
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    path = tmp_path / "labels.tif"
    values = np.random.default_rng(0).integers(0, 2, (700, 700)).astype(np.uint8)
    labels = xr.DataArray(
        values, dims=("row", "column"), attrs={"flag_values": [0, 1], "flag_meanings": "a b"}
    )
    write_labels(labels.to_dataset(name="labels"), path)
    size, before = path.stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    path.unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, before[1]))
    try:
        with pytest.raises(OutputError, match=r"labels\.tif cannot be written: "):
            write_labels(labels.to_dataset(name="labels"), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rows", [slice(None), slice(7, 8)])
def test_axes_in_km_lie_where_the_map_has_them_in_metres(tmp_path, rows):
    wkt = rasterio.crs.CRS.from_epsg(32633).to_wkt()
    place = {"x": 500 + 0.01 * (np.arange(40) + 0.5), "y": 6000 - 0.01 * (np.arange(30) + 0.5)}
    labels = labels_of((30, 40)).assign_coords(
        {dim: (dim, axis, {"units": "km"}) for dim, axis in place.items()}
    )
    mapping = {"crs_wkt": wkt, "GeoTransform": "500000.0 10.0 0.0 6000000.0 0.0 -10.0"}  # GDAL's, of the map
    labels = labels.assign_coords(spatial_ref=((), 0, mapping)).isel(y=rows)
    write_labels(labels, tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a.tif") as file:
        top = 6_000_000 - 10 * (rows.start or 0)
        assert file.transform.almost_equals(rasterio.Affine(10, 0, 500_000, 0, -10, top), precision=1e-6)
        assert file.crs.to_epsg() == 32633


ROTATED = (
    'GEOGCRS["Rotated pole",BASEGEOGCRS["Sphere",DATUM["Sphere",ELLIPSOID["Sphere",6371229,0]]],'
    'DERIVINGCONVERSION["Pole rotation",METHOD["PROJ ob_tran o_proj=longlat"],PARAMETER["o_lon_p",0],'
    'PARAMETER["o_lat_p",39.25],PARAMETER["lon_0",18]],CS[ellipsoidal,2],AXIS["longitude",east,ORDER[1]],'
    'AXIS["latitude",north,ORDER[2]],ANGLEUNIT["degree",0.0174532925199433]]'
)


def test_a_reference_system_that_a_geotiff_cannot_hold_is_refused(tmp_path):
    labels = labels_of((30, 40)).assign_coords(spatial_ref=((), 0, {"crs_wkt": ROTATED}))
    with pytest.raises(
        DataError, match=r"cannot hold the reference system of the labels: .*a\.tif"
    ) as caught:
        write_labels(labels, tmp_path / "a.tif")
    assert ".zarr" in caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [4979, 32633, 4326])
def test_nothing_lies_beside_a_geotiff(tmp_path, code):
    wkt = rasterio.crs.CRS.from_epsg(code).to_wkt()
    write_labels(labels_of((30, 40)).assign_coords(spatial_ref=((), 0, {"crs_wkt": wkt})), tmp_path / "a.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.crs.is_geographic == (code != 32633)
