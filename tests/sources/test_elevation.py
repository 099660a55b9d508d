"""Which rasters count as elevation models, and what is read of them."""

import numpy as np
import pytest
from PIL import Image
from raster_files import MOON, Affine, write

from geointerp.sources.describe import describe
from geointerp.sources.elevation import elevation_or_not
from geointerp.sources.open import open_volume


def heights(dtype: str = "f4", *, low: float = -900, high: float = 2000) -> np.ndarray:
    """A ramp from low to high along both axes."""
    return np.add.outer(*[np.linspace(low / 2, high / 2, 40)] * 2).astype(dtype)


@pytest.mark.parametrize(
    ("values", "profile", "expected", "why"),
    [
        (heights("i2"), {}, True, "stored as int16, without a unit"),
        (heights("i4"), {}, True, "stored as int32, without a unit"),
        (heights("i2", low=0), {}, True, "int16"),
        (heights("i2"), {"scale": 0.5, "offset": 1737400.0}, True, "int16"),
        (heights("u2", low=0), {}, False, "uint16"),
        (heights("u1", low=0, high=250), {}, False, "uint8"),
        (heights("i1", low=-100, high=100), {}, False, "int8"),
        (heights("u2", low=0), {"units": "m"}, True, "in m"),
        (heights(low=0), {"units": "Meters"}, True, "in Meters"),
        (heights(low=0), {"units": "km"}, True, "in km"),
        (heights("i2"), {"units": "degC"}, False, "in degC"),
        (heights(), {}, True, "float32 without a unit, one in a hundred below -"),
        (heights(low=-9, high=10), {}, True, "float32 without a unit"),  # kilometres
        (heights(low=0, high=1), {}, False, "float32 without a unit, one in a hundred below 0"),
        (heights(low=-0.01, high=1), {}, False, "float32"),  # reflectance with noise
        (heights(low=1), {}, False, "float32"),  # heights above a datum that nothing tells from radiance
        (heights(), {"crs": None}, False, "lies on no map"),
        (np.stack([heights("i2")] * 3), {}, False, "has colours"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*does not say in which reference system")
def test_the_rule(tmp_path, values, profile, expected, why):
    volume = open_volume(write(tmp_path / "a.tif", values, **profile))
    found, reason = elevation_or_not(volume)
    assert found is expected
    assert why in reason
    facts = describe(tmp_path / "a.tif")["raster"]
    assert (facts["elevation"], facts["elevation_why"]) == (expected, reason)


def test_one_band_of_several_is_judged(tmp_path):
    path = write(tmp_path / "a.tif", np.stack([heights("i2")] * 3))
    assert elevation_or_not(open_volume(path, band=2))[0]


def test_holes_say_nothing(tmp_path):
    values = heights(low=1)
    values[:20] = -32768
    assert not elevation_or_not(open_volume(write(tmp_path / "a.tif", values, nodata=-32768)))[0]
    values[:] = -32768
    assert not elevation_or_not(open_volume(write(tmp_path / "b.tif", values, nodata=-32768)))[0]


def test_what_is_no_raster_is_no_elevation_model(tmp_path):
    np.save(tmp_path / "a.npy", heights("i2"))
    Image.fromarray(heights("u1", low=0, high=250)).save(tmp_path / "a.png")
    for name in ("a.npy", "a.png"):
        assert not elevation_or_not(open_volume(tmp_path / name))[0]
        assert open_volume(tmp_path / name, elevation="hillshade").attrs["reading"] == {}


@pytest.mark.parametrize(
    ("asked", "shaded"),
    [
        ({}, False),
        ({"elevation": "raw"}, False),
        ({"elevation": None}, False),
        ({"elevation": "hillshade"}, True),
        ({"elevation": "hillshade", "hillshade": False}, False),
        ({"elevation": "raw", "hillshade": True}, True),
    ],
)
def test_what_an_elevation_model_is_read_as(tmp_path, asked, shaded):
    path = write(tmp_path / "a.tif", heights("i2"), crs=MOON, transform=Affine(0.01, 0, 9, 0, -0.01, 8))
    volume = open_volume(path, **asked)
    expected = open_volume(path, hillshade=True) if shaded else open_volume(path)
    np.testing.assert_array_equal(volume.values, expected.values)
    assert (volume.values.max() <= 1) is np.bool_(shaded)
    assert volume.attrs["reading"] == ({"hillshade": True} if shaded else {})


def test_another_sun_keeps_shining(tmp_path):
    path = write(tmp_path / "a.tif", heights("i2"))
    volume = open_volume(path, elevation="hillshade", hillshade="90,20")
    np.testing.assert_array_equal(volume.values, open_volume(path, hillshade=(90, 20)).values)


def test_an_image_is_never_shaded(tmp_path):
    values = heights("u1", low=0, high=250)
    volume = open_volume(write(tmp_path / "a.tif", values), elevation="hillshade")
    np.testing.assert_array_equal(volume.values, values)
    assert volume.attrs["reading"] == {}


def test_real_rasters(real_data):
    found = {
        name: elevation_or_not(open_volume(real_data / "lunar" / name))[0]
        for name in ("moon.tif", "moon_dem.tif", "ldem_4.cub")
    }
    assert found == {"moon.tif": False, "moon_dem.tif": True, "ldem_4.cub": True}
