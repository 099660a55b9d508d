"""Rasters against rasterio itself, numpy, and relief computed pixel by pixel."""

import math

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from raster_files import MOON, NORTH_UP, UTM, write

from geointerp.errors import DataError, MachineError, UsageError
from geointerp.sources.describe import describe
from geointerp.sources.hillshade import Sun, shade
from geointerp.sources.open import open_label_file, open_volume
from geointerp.sources.raster_place import part_of

rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
Affine = rasterio.Affine


def random(*shape, dtype="f4", seed=0):
    values = np.random.default_rng(seed).normal(size=shape) * 50
    return values.astype(dtype)


def test_place_on_the_map(tmp_path):
    values = random(30, 40)
    volume = open_volume(write(tmp_path / "a.tif", values))
    assert volume.dims == ("y", "x")
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume.values, values)
    np.testing.assert_array_equal(volume["x"], 500_005 + 10.0 * np.arange(40))
    np.testing.assert_array_equal(volume["y"], 5_399_995 - 10.0 * np.arange(30))
    assert volume["x"].dtype == volume["y"].dtype == np.float64
    assert volume["x"].attrs == {"standard_name": "projection_x_coordinate", "units": "m"}
    mapping = volume["spatial_ref"].attrs
    assert rasterio.crs.CRS.from_wkt(mapping["crs_wkt"]) == rasterio.crs.CRS.from_string(UTM)
    assert Affine.from_gdal(*map(float, mapping["GeoTransform"].split())) == NORTH_UP


@pytest.mark.parametrize("window", [np.s_[3:9, 2:30], np.s_[::7, 5], np.s_[[9, 2], ::-3], np.s_[-1, -4:]])
@pytest.mark.parametrize("layout", [{"tiled": True, "blockxsize": 16, "blockysize": 16}, {"blockysize": 4}])
def test_any_window(tmp_path, window, layout):
    values = random(50, 45)
    volume = open_volume(write(tmp_path / "a.tif", values, **layout))
    np.testing.assert_array_equal(volume[window].values, values[window])


def test_longitudes_are_kept_as_stored(tmp_path):
    path = write(tmp_path / "a.tif", random(4, 8), crs=MOON, transform=Affine(45, 0, 0, 0, -45, 90))
    volume = open_volume(path)
    np.testing.assert_array_equal(volume["x"], 22.5 + 45.0 * np.arange(8))
    assert volume["x"].attrs == {"standard_name": "longitude", "units": "degrees_east"}
    assert volume["spatial_ref"].attrs["grid_mapping_name"] == "latitude_longitude"


def test_south_up_rows_ascend(tmp_path):
    path = write(tmp_path / "a.tif", random(4, 8), transform=Affine(10, 0, 0, 0, 10, 0))
    np.testing.assert_array_equal(open_volume(path)["y"], 5 + 10.0 * np.arange(4))


def test_scale_offset_and_nodata(tmp_path):
    values = random(20, 20, dtype="i2")
    values[3, 4:9] = -999
    volume = open_volume(write(tmp_path / "a.tif", values, nodata=-999, scale=0.5, offset=1737400.0))
    expected = np.where(values == -999, np.nan, values * 0.5 + 1737400)
    np.testing.assert_array_equal(volume.values, expected.astype(np.float32))
    assert volume.attrs["raster"]["nodata"] == -999
    assert (volume.attrs["raster"]["scale"], volume.attrs["raster"]["offset"]) == (0.5, 1737400)


def test_a_nodata_of_nan_and_infinite_pixels(tmp_path):
    values = random(5, 5)
    values[0, 0], values[1, 1] = np.nan, np.inf
    volume = open_volume(write(tmp_path / "a.tif", values, nodata=np.nan))
    np.testing.assert_array_equal(volume.values, values)
    assert volume.attrs["raster"]["nodata"] == "nan"


def test_three_bands_become_their_luminance(tmp_path):
    values = np.random.default_rng(0).integers(0, 255, (3, 9, 7)).astype(np.uint8)
    volume = open_volume(write(tmp_path / "a.tif", values, photometric="rgb"))
    np.testing.assert_allclose(volume.values, np.tensordot([0.299, 0.587, 0.114], values, 1), rtol=1e-6)
    np.testing.assert_array_equal(open_volume(tmp_path / "a.tif", band=2).values, values[1])


def test_no_datum_is_where_all_bands_say_so(tmp_path):
    values = np.random.default_rng(0).integers(1, 255, (3, 9, 7)).astype(np.uint8)
    values[0, 2, 3] = 0
    values[:, 5, 5] = 0
    volume = open_volume(write(tmp_path / "a.tif", values, photometric="rgb", nodata=0))
    expected = np.tensordot([0.299, 0.587, 0.114], values, 1)
    expected[5, 5] = np.nan
    np.testing.assert_allclose(volume.values, expected, rtol=1e-6)


def test_bands_that_are_no_bytes_are_read_each_in_its_units(tmp_path):
    values = np.random.default_rng(0).integers(1, 255, (3, 9, 7)).astype("i2")
    values[1, 2, 3] = -9999
    path = write(tmp_path / "a.tif", values, nodata=-9999, scale=0.5, offset=10.0)
    expected = np.tensordot([0.299, 0.587, 0.114], np.where(values == -9999, np.nan, values * 0.5 + 10), 1)
    np.testing.assert_allclose(open_volume(path).values, expected, rtol=1e-6)
    colours = write(tmp_path / "b.tif", values.astype("u2") % 256, scale=0.5, offset=10.0)
    expected = np.tensordot([0.299, 0.587, 0.114], values.astype("u2") % 256 * 0.5 + 10, 1)
    np.testing.assert_allclose(open_volume(colours).values, expected, rtol=1e-6)


def test_a_palette_without_colours_is_numbers(tmp_path):
    numbers = np.random.default_rng(0).integers(0, 4, (9, 7)).astype(np.uint8)
    write(tmp_path / "a.tif", numbers)
    (tmp_path / "b.vrt").write_text(
        '<VRTDataset rasterXSize="7" rasterYSize="9"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>0,1,0,9,0,-1</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1"><ColorInterp>Palette</ColorInterp><SimpleSource>'
        '<SourceFilename relativeToVRT="1">a.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    np.testing.assert_array_equal(open_volume(tmp_path / "b.vrt").values, numbers)


def test_the_numbers_of_a_palette_become_the_luminance_of_its_colours(tmp_path):
    numbers = np.random.default_rng(0).integers(0, 4, (9, 7)).astype(np.uint8)
    path = write(tmp_path / "a.tif", numbers, nodata=3)
    colours = {0: (255, 255, 255, 255), 1: (0, 0, 0, 255), 2: (200, 100, 50, 255), 3: (9, 9, 9, 255)}
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, colours)
    luminance = [255, 0, 0.299 * 200 + 0.587 * 100 + 0.114 * 50, np.nan]
    np.testing.assert_allclose(open_volume(path).values, np.take(luminance, numbers), rtol=1e-6)
    labels = open_label_file(path)
    np.testing.assert_array_equal(labels, np.where(numbers == 3, np.nan, numbers))


def test_zero_is_a_class_also_where_it_stands_for_no_datum(tmp_path):
    mask = np.random.default_rng(0).integers(0, 2, (9, 7)).astype(np.uint8)
    path = write(tmp_path / "a.tif", mask, nodata=0)
    with pytest.warns(UserWarning, match="zero stands for no datum, and is read as the first class"):
        labels = open_label_file(path)
    np.testing.assert_array_equal(labels, mask)
    with pytest.raises(DataError, match="3 bands, and labels are one"):
        open_label_file(write(tmp_path / "b.tif", np.stack([mask] * 3), photometric="rgb"))


@pytest.mark.parametrize("crs", [UTM, None])
def test_other_numbers_of_bands_need_a_choice(tmp_path, crs):
    values = random(4, 9, 7, dtype="u1")
    place = NORTH_UP if crs else Affine.identity()
    path = write(tmp_path / "a.tif", values, crs=crs, transform=place)
    with pytest.raises(DataError, match="has 4 bands") as caught:
        open_volume(path)
    assert "--band 1 to --band 4" in str(caught.value.hint)
    np.testing.assert_array_equal(open_volume(path, band=4).values, values[3])
    with pytest.raises(UsageError, match="4 bands: there is no --band 5"):
        open_volume(path, band=5)


def test_an_opacity_that_hides_nothing_is_passed_over(tmp_path):
    values = random(4, 90, 70, dtype="u1")
    values[3] = 255
    colours = {"photometric": "rgb", "blockysize": 16}
    path = write(tmp_path / "a.tif", values, alpha="yes", **colours)
    plain = write(tmp_path / "b.tif", values[:3], **colours)
    np.testing.assert_array_equal(open_volume(path), open_volume(plain))
    np.testing.assert_array_equal(open_volume(path, band=4), values[3])
    values[3, 60, 50] = 254
    with pytest.raises(DataError, match="has 4 bands") as caught:
        open_volume(write(path, values, alpha="yes", **colours))
    assert str(caught.value.hint).endswith("or store it as grey or RGB")


def test_a_tiff_on_no_map_is_a_picture(tmp_path):
    values = random(9, 7, dtype="u1")
    volume = open_volume(write(tmp_path / "a.tif", values, crs=None, transform=Affine.identity()))
    assert volume.dims == ("row", "column")
    np.testing.assert_array_equal(volume.values, values)


def test_a_tiff_on_no_map_too_large_for_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("geointerp.sources.kinds._LARGEST_PICTURE", 50)
    values = random(9, 7, dtype="u1")
    volume = open_volume(write(tmp_path / "a.tif", values, crs=None, transform=Affine.identity()))
    assert volume.dims == ("row", "column")
    assert volume["row"].dtype == np.int32
    assert volume.attrs["format"] == "GTiff raster"
    np.testing.assert_array_equal(volume.values, values)


def test_a_world_file_puts_a_picture_on_the_map(tmp_path):
    Image.fromarray(random(9, 7, dtype="u1")).save(tmp_path / "a.tif")
    (tmp_path / "a.tfw").write_text("10\n0\n0\n-10\n500005\n5399995\n")
    with pytest.warns(UserWarning, match="does not say in which reference system"):
        volume = open_volume(tmp_path / "a.tif")
    assert volume.dims == ("y", "x")
    assert volume["x"].values[0] == 500_005


def test_a_missing_reference_system_is_said(tmp_path):
    path = write(tmp_path / "a.tif", random(9, 7), crs=None)
    with pytest.warns(UserWarning, match="does not say in which reference system"):
        facts = describe(path)
    assert facts["raster"]["crs"] is None
    with pytest.warns(UserWarning, match="reference system"):
        assert "spatial_ref" not in open_volume(path).coords


def test_a_raster_askew_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", random(9, 7), transform=Affine(10, 2, 0, 2, -10, 0))
    with pytest.raises(DataError, match="askew") as caught:
        open_volume(path)
    assert "gdalwarp" in str(caught.value.hint)


def test_complex_pixels_are_refused(tmp_path):
    with pytest.raises(DataError, match="band 1 holds complex64"):
        open_volume(write(tmp_path / "a.tif", random(9, 7).astype("c8")))


@pytest.mark.filterwarnings("ignore:.*in which reference system")  # which may have been cut off
@pytest.mark.parametrize("size", [0, 300, 6000])
def test_damaged(tmp_path, size):
    path = write(tmp_path / "a.tif", random(90, 70))
    whole = path.read_bytes()
    (tmp_path / "b.tif").write_bytes(whole[:size])
    with pytest.raises(DataError, match=r"b\.tif"):
        open_volume(tmp_path / "b.tif").values  # noqa: B018


@pytest.mark.parametrize(
    ("name", "driver", "options"),
    [
        ("a.tif", "COG", {}),
        ("a.jp2", "JP2OpenJPEG", {"REVERSIBLE": "YES", "QUALITY": "100"}),
        ("a", "COG", {}),
    ],
)
def test_other_formats_by_content(tmp_path, name, driver, options):
    if driver not in rasterio.drivers.raster_driver_extensions().values() and driver != "COG":
        pytest.skip(f"this GDAL has no {driver}")
    values = np.random.default_rng(0).integers(0, 255, (600, 700)).astype(np.uint8)
    volume = open_volume(write(tmp_path / name, values, driver=driver, **options))
    assert volume.dims == ("y", "x")
    np.testing.assert_array_equal(volume.values, values)


def test_a_virtual_mosaic(tmp_path):
    """Two files side by side, put together by a VRT written by hand."""
    left, right = random(20, 30, seed=1), random(20, 30, seed=2)
    write(tmp_path / "left.tif", left)
    write(
        tmp_path / "right.tif",
        right,
        transform=Affine(10, 0, 500_300, 0, -10, 5_400_000),
    )
    source = (
        '<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
        '<SrcRect xOff="0" yOff="0" xSize="30" ySize="20"/>'
        '<DstRect xOff="{x}" yOff="0" xSize="30" ySize="20"/></SimpleSource>'
    )
    (tmp_path / "mosaic.vrt").write_text(
        '<VRTDataset rasterXSize="60" rasterYSize="20"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>500000, 10, 0, 5400000, 0, -10</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1">'
        + source.format(name="left.tif", x=0)
        + source.format(name="right.tif", x=30)
        + "</VRTRasterBand></VRTDataset>"
    )
    volume = open_volume(tmp_path / "mosaic.vrt")
    np.testing.assert_array_equal(volume.values, np.hstack([left, right]))
    assert volume["x"].values[-1] == 500_000 + 595


@pytest.mark.parametrize(("driver", "name"), [("ISIS3", "a.cub"), ("PDS4", "a.xml")])
def test_planetary_formats(tmp_path, driver, name):
    values = random(20, 30, dtype="i2")
    values[0, :3] = (-32768, -32767, -32752)
    path = tmp_path / name
    write(path, values, driver=driver, crs=MOON, transform=Affine(0.5, 0, 10, 0, -0.5, 40))
    volume = open_volume(path)
    expected = values.astype(np.float32)
    if driver == "ISIS3":  # special pixels: null and saturated; -32752 is the least that is valid
        expected[0, :2] = np.nan
    np.testing.assert_array_equal(volume.values, expected)
    np.testing.assert_allclose(volume["x"].values[:2], np.radians([10.25, 10.75]) * 1737400)


def relief(z: np.ndarray, dx: float, dy: float, azimuth: float, altitude: float) -> np.ndarray:
    """Light a surface pixel by pixel from the normal vector; rows run south, edges repeat."""
    padded = np.pad(z, 1, mode="edge")
    sun = np.array(
        [
            math.sin(math.radians(azimuth)) * math.cos(math.radians(altitude)),
            math.cos(math.radians(azimuth)) * math.cos(math.radians(altitude)),
            math.sin(math.radians(altitude)),
        ]
    )
    out = np.empty(z.shape)
    for row, column in np.ndindex(z.shape):
        (a, b, c), (d, _, f), (g, h, i) = padded[row : row + 3, column : column + 3]
        east = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * dx)
        north = ((a + 2 * b + c) - (g + 2 * h + i)) / (8 * dy)
        normal = np.array([-east, -north, 1])
        out[row, column] = max(0, normal @ sun / np.linalg.norm(normal))
    return out


@pytest.mark.parametrize("sun", [(315, 45), (90, 20), (180, 80)])
def test_hillshade(tmp_path, sun):
    z = random(25, 31)
    volume = open_volume(write(tmp_path / "a.tif", z), hillshade=sun)
    np.testing.assert_allclose(volume.values, relief(z, 10, 10, *sun), atol=1e-6)
    np.testing.assert_allclose(volume[4:9, 30:].values, relief(z, 10, 10, *sun)[4:9, 30:], atol=1e-6)


def test_hillshade_across_chunks_has_no_seams(tmp_path, monkeypatch):
    monkeypatch.setattr("geointerp.sources.raster._SIDE", 16)
    z = random(60, 60)
    path = write(tmp_path / "a.tif", z, tiled=True, blockxsize=16, blockysize=16)
    volume = open_volume(path, hillshade=True)
    assert volume.data.numblocks == (4, 4)
    np.testing.assert_allclose(volume.values, relief(z, 10, 10, 315, 45), atol=1e-6)


def test_hillshade_in_degrees_uses_the_body(tmp_path):
    z = random(6, 8) * 100
    path = write(tmp_path / "a.tif", z, crs=MOON, transform=Affine(0.5, 0, 10, 0, -0.5, 61.5))
    volume = open_volume(path, hillshade=True)
    degree = math.pi / 180 * 1737400
    row = relief(z, 0.5 * degree * math.cos(math.radians(60.25)), 0.5 * degree, 315, 45)[2]
    np.testing.assert_allclose(volume.values[2], row, atol=1e-6)


@pytest.mark.parametrize("crs", ["EPSG:4326+5773", "EPSG:9518"])
def test_hillshade_where_heights_have_a_datum_of_their_own(tmp_path, crs):
    z = random(6, 8) * 100
    path = write(tmp_path / "a.tif", z, crs=crs, transform=Affine(0.5, 0, 10, 0, -0.5, 61.5))
    degree = math.pi / 180 * 6378137
    row = relief(z, 0.5 * degree * math.cos(math.radians(60.25)), 0.5 * degree, 315, 45)[2]
    np.testing.assert_allclose(open_volume(path, hillshade=True).values[2], row, atol=1e-6)


def test_a_slope_that_faces_the_sun_is_brightest():
    east = np.array([[0.0, 1, 2]] * 3, np.float32)  # rises eastward, faces west
    assert shade(east, np.array([1.0]), -1, Sun(270, 45))[0, 0] == pytest.approx(1)
    assert shade(east, np.array([1.0]), -1, Sun(90, 45))[0, 0] == pytest.approx(0, abs=1e-7)


def test_holes_in_relief(tmp_path):
    z = random(9, 9)
    z[4, 4] = -1
    shaded = open_volume(write(tmp_path / "a.tif", z, nodata=-1), hillshade=True).values
    assert np.isnan(shaded[3:6, 3:6]).all()
    assert np.isfinite(shaded).sum() == 81 - 9


@pytest.mark.parametrize("sun", ["north", "1,2,3", (400, 45), "315,0"])
def test_a_sun_that_cannot_be(tmp_path, sun):
    with pytest.raises(UsageError, match=r"sun (cannot be read|stands)|no sun"):
        open_volume(write(tmp_path / "a.tif", random(9, 7)), hillshade=sun)


def test_the_sun_may_be_placed_by_itself(tmp_path):
    path, z = tmp_path / "a.tif", random(9, 7)
    write(path, z)
    volume = open_volume(path, hillshade=True, sun="90,20")
    np.testing.assert_allclose(volume.values, relief(z, 10, 10, 90, 20), atol=1e-6)
    assert volume.attrs["reading"] == {"hillshade": "90,20"}
    for nothing_lit in ({}, {"hillshade": False}):
        with pytest.raises(UsageError, match="from where relief is lit"):
            open_volume(path, sun="90,20", **nothing_lit)


def test_the_band_with_the_elevation_may_be_one_of_three(tmp_path):
    bands = random(3, 9, 7)
    path = write(tmp_path / "a.tif", bands)
    with pytest.raises(UsageError, match="3 bands: name the one with the elevation"):
        open_volume(path, hillshade=True)
    shaded = open_volume(path, band=2, hillshade=True).values
    np.testing.assert_allclose(shaded, relief(bands[1], 10, 10, 315, 45), atol=1e-6)


@pytest.mark.parametrize(("unit", "metres"), [('"metre",1', 1), ('"foot",0.3048', 0.3048)])
def test_a_local_system_has_distances_too(tmp_path, unit, metres):
    z = random(9, 7)
    path = write(tmp_path / "a.tif", z, crs=f'LOCAL_CS["site",UNIT[{unit}]]')
    expected = relief(z, 10 * metres, 10 * metres, 315, 45)
    np.testing.assert_allclose(open_volume(path, hillshade=True).values, expected, atol=1e-6)


@pytest.mark.parametrize(("units", "metres"), [("m", 1), ("km", 1000), ("ft", 0.3048), ("furlong", 1)])
def test_heights_are_taken_in_their_units(tmp_path, units, metres):
    z = random(9, 7)
    volume = open_volume(write(tmp_path / "a.tif", z, units=units), hillshade=True)
    np.testing.assert_allclose(volume.values, relief(z * metres, 10, 10, 315, 45), atol=2e-6)
    assert "units" not in volume.attrs


def test_relief_needs_metres(tmp_path):
    path = write(tmp_path / "a.tif", random(9, 7), crs=None, transform=Affine.identity())
    with pytest.raises(UsageError, match="how far apart its pixels are"):
        open_volume(path, hillshade=True)


def test_without_rasterio_the_extra_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", random(9, 7))
    Image.fromarray(random(9, 7, dtype="u1")).save(tmp_path / "plain.tif")
    monkeypatch.setitem(__import__("sys").modules, "rasterio", None)
    with pytest.raises(MachineError, match="is a raster, and rasterio, which that") as caught:
        open_volume(path)
    assert "pip install 'geointerp[raster]'" in str(caught.value.hint)
    assert open_volume(tmp_path / "plain.tif").dims == ("row", "column")


def test_mosaics_are_read_block_by_block(tmp_path):
    """A raster of 20,000 by 20,000 pixels, sparse on the disk: only the window's tiles are read."""
    path = tmp_path / "large.tif"
    profile = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True, "compress": "deflate"}
    with rasterio.open(
        path, "w", driver="GTiff", width=20_000, height=20_000, count=1, dtype="uint8", crs=UTM,
        transform=NORTH_UP, **profile,
    ) as target:  # fmt: skip
        target.write(np.full((1, 512, 512), 7, np.uint8), window=((10_240, 10_752), (9_728, 10_240)))
    assert path.stat().st_size < 1 << 20
    volume = open_volume(path)
    assert volume.shape == (20_000, 20_000)
    assert max(max(sizes) for sizes in volume.chunks) <= 2048
    window = volume[10_200:10_300, 9_700:9_800].values
    expected = np.zeros((100, 100))
    expected[40:, 28:] = 7
    np.testing.assert_array_equal(window, expected)


@pytest.mark.parametrize("name", ["moon.tif", "moon_dem.tif", "ldem_4.cub"])
def test_real_rasters_against_rasterio(real_data, name):
    path = real_data / "lunar" / name
    volume = open_volume(path)
    with rasterio.open(path) as dataset:
        stored = dataset.read(1)
        x, y = dataset.xy(0, 0)
        expected = stored * dataset.scales[0] + dataset.offsets[0]
        expected[stored == dataset.nodata] = np.nan
    np.testing.assert_array_equal(volume.values, expected.astype(np.float32))
    assert (volume["x"].values[0], volume["y"].values[0]) == pytest.approx((x, y))
    assert "Moon" in volume["spatial_ref"].attrs["crs_wkt"]


def test_the_mapping_survives_a_round_trip_through_xarray(tmp_path):
    volume = open_volume(write(tmp_path / "a.tif", random(9, 7)))
    volume.drop_attrs(deep=False).to_dataset(name="z").to_zarr(tmp_path / "a.zarr", consolidated=False)
    back = xr.open_zarr(tmp_path / "a.zarr", consolidated=False)
    assert back["spatial_ref"].attrs == volume["spatial_ref"].attrs


def test_a_part_says_where_it_begins(tmp_path):
    write(tmp_path / "a.tif", np.arange(48, dtype=np.uint8).reshape(6, 8) + 1)
    part = part_of(open_volume(tmp_path / "a.tif"), {"y": (2, 3), "x": (1, 5)})
    place = Affine.from_gdal(*map(float, part["spatial_ref"].attrs["GeoTransform"].split()))
    assert part.shape == (1, 4)
    assert place @ (0.5, 0.5) == (part["x"][0], part["y"][0])
