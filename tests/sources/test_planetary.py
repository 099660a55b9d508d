"""PDS3, PDS4 and ISIS cubes made for the purpose: values, coordinates and map against what was written."""

import numpy as np
import pytest
from raster_files import Affine, rasterio, write

from geointerp.errors import DataError
from geointerp.sources.open import open_volume

RADIUS = 1_737_400.0
CYLINDER = (
    f'PROJCS["Moon cylinder",GEOGCS["Moon",DATUM["D_MOON",SPHEROID["MOON",{RADIUS},0]],PRIMEM["0",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Equirectangular"],PARAMETER["standard_parallel_1",0],'
    'PARAMETER["central_meridian",0],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
)
PLACE = Affine(1000, 0, -15_000, 0, -1000, 12_000)
VALUES = (np.arange(30 * 40).reshape(30, 40) - 300).astype("i2")


def check(volume, values, transform=PLACE) -> None:
    """Compare samples, centres of pixels and the body with what was written."""
    np.testing.assert_array_equal(volume.values, values.astype(np.float32))
    np.testing.assert_array_equal(volume[3:9, 30:].values, values[3:9, 30:].astype(np.float32))
    rows, columns = values.shape
    np.testing.assert_allclose(volume["x"], transform.c + (np.arange(columns) + 0.5) * transform.a)
    np.testing.assert_allclose(volume["y"], transform.f + (np.arange(rows) + 0.5) * transform.e)
    crs = rasterio.crs.CRS.from_wkt(volume["spatial_ref"].attrs["crs_wkt"])
    assert crs.to_dict()["R"] == RADIUS
    assert not crs.is_geographic
    assert volume["x"].attrs["units"] == "m"


def with_holes() -> tuple[np.ndarray, np.ndarray]:
    """Return values with ISIS' null and saturated pixels, and what is read of them."""
    stored = VALUES.copy()
    stored[2, 3:9], stored[4, 5], stored[6, 7] = -32768, -32767, -32764
    return stored, np.where(stored < -32752, np.nan, stored.astype(np.float64))


def test_an_isis_cube(tmp_path):
    stored, expected = with_holes()
    path = write(tmp_path / "a.cub", stored, driver="ISIS3", crs=CYLINDER, transform=PLACE)
    label = path.read_bytes()
    assert b"Object = IsisCube" in label[:200]
    # GDAL writes no other scale and offset than these, ISIS itself does.
    for written, wanted in (
        (b"Base       = 0.0", b"Base       = 7.0"),
        (b"Multiplier = 1.0", b"Multiplier = 0.5"),
    ):
        assert label.count(written) == 1
        label = label.replace(written, wanted)
    path.write_bytes(label)
    volume = open_volume(path)
    assert volume.attrs["format"] == "ISIS3 raster"
    check(volume, expected * 0.5 + 7)


def test_an_isis_cube_under_another_name(tmp_path):
    path = write(tmp_path / "a.cub", VALUES, driver="ISIS3", crs=CYLINDER, transform=PLACE)
    check(open_volume(path.rename(tmp_path / "a.unknown")), VALUES)


@pytest.mark.parametrize("suffix", [".xml", ".lblx"])
def test_pds4(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    written = write(
        tmp_path / "a.xml",
        VALUES,
        driver="PDS4",
        crs=CYLINDER,
        transform=PLACE,
        scale=2,
        offset=10,
        nodata=-299,
    )
    written.rename(path)
    assert b"<Product_Observational" in path.read_bytes()[:4000]
    volume = open_volume(path)
    assert volume.attrs["format"] == "PDS4 raster"
    check(volume, np.where(VALUES == -299, np.nan, VALUES * 2.0 + 10))


def pds3(path, values: np.ndarray, *, projection: str = "EQUIRECTANGULAR", missing: int = -299) -> None:
    """Write a PDS3 label and the image behind it, as the Planetary Data System lays them out.

    The upper left corner of the map lies half a pixel outside the centre of the first one: sample and line
    projection offsets count from the centre of pixel 1.
    """
    rows, columns = values.shape
    record = columns * 2
    degrees = 180 / np.pi * 1000 / RADIUS
    lines = f"""PDS_VERSION_ID = PDS3
RECORD_TYPE = FIXED_LENGTH
RECORD_BYTES = {record}
FILE_RECORDS = {{records}}
LABEL_RECORDS = {{label}}
^IMAGE = {{image}}
TARGET_NAME = MOON
OBJECT = IMAGE
  LINES = {rows}
  LINE_SAMPLES = {columns}
  SAMPLE_TYPE = LSB_INTEGER
  SAMPLE_BITS = 16
  SCALING_FACTOR = 0.5
  OFFSET = {RADIUS}
  MISSING_CONSTANT = {missing}
END_OBJECT = IMAGE
OBJECT = IMAGE_MAP_PROJECTION
  MAP_PROJECTION_TYPE = "{projection}"
  A_AXIS_RADIUS = {RADIUS / 1000} <KM>
  B_AXIS_RADIUS = {RADIUS / 1000} <KM>
  C_AXIS_RADIUS = {RADIUS / 1000} <KM>
  POSITIVE_LONGITUDE_DIRECTION = EAST
  CENTER_LATITUDE = 0.0 <DEGREE>
  CENTER_LONGITUDE = 0.0 <DEGREE>
  MAP_RESOLUTION = {1 / degrees} <PIXEL/DEGREE>
  MAP_SCALE = 1.0 <KM/PIXEL>
  MAP_PROJECTION_ROTATION = 0.0
  LINE_PROJECTION_OFFSET = 11.5
  SAMPLE_PROJECTION_OFFSET = 14.5
END_OBJECT = IMAGE_MAP_PROJECTION
END
"""
    label = -(-(len(lines) + 100) // record)  # records; the numbers and line ends take up to 100 bytes more
    filled = lines.format(records=label + rows, label=label, image=label + 1).replace("\n", "\r\n")
    assert len(filled) <= label * record
    path.write_bytes(filled.encode().ljust(label * record) + values.astype("<i2").tobytes())


def test_pds3(tmp_path):
    pds3(tmp_path / "a.img", VALUES)
    volume = open_volume(tmp_path / "a.img")
    assert volume.attrs["format"] == "PDS raster"
    check(volume, np.where(VALUES == -299, np.nan, VALUES * 0.5 + RADIUS))


def test_a_pds3_label_beside_its_image(tmp_path):
    """The label may lie in a file of its own, which is then the one to be named."""
    pds3(tmp_path / "whole.img", VALUES)
    content = (tmp_path / "whole.img").read_bytes()
    label = content[: -VALUES.nbytes].decode()
    first = next(line for line in label.splitlines() if line.startswith("^IMAGE"))
    (tmp_path / "a.lbl").write_text(label.replace(first, '^IMAGE = "A.IMG"'))
    (tmp_path / "a.img").write_bytes(content[-VALUES.nbytes :])
    check(open_volume(tmp_path / "a.lbl"), np.where(VALUES == -299, np.nan, VALUES * 0.5 + RADIUS))


def isis(path):
    return write(path.with_suffix(".cub"), VALUES, driver="ISIS3", crs=CYLINDER, transform=PLACE)


def pds4(path):
    write(path.with_suffix(".xml"), VALUES, driver="PDS4", crs=CYLINDER, transform=PLACE)
    return path.with_suffix(".img")


def pds3_image(path):
    pds3(path.with_suffix(".img"), VALUES)
    return path.with_suffix(".img")


def envi(path):
    return write(path.with_suffix(".img"), VALUES, driver="ENVI", crs=CYLINDER, transform=PLACE)


def test_an_image_is_not_taken_for_segy_for_the_sake_of_two_dark_pixels(tmp_path):
    """Bytes 3225 and 3226 hold a sample format in SEG-Y."""
    values = np.full((80, 80), 90, np.uint8)
    values.flat[3224:3226] = 0, 5
    write(tmp_path / "dark.img", values, driver="ENVI", crs=CYLINDER, transform=PLACE)
    np.testing.assert_array_equal(open_volume(tmp_path / "dark.img"), values)


@pytest.mark.parametrize("lost", [1, 100, 2000])
@pytest.mark.parametrize("written", [isis, pds4, pds3_image, envi])
def test_a_truncated_image(tmp_path, written, lost):
    """GDAL would read zeros where nothing is."""
    path = written(tmp_path / "a")
    named = path.with_suffix(".xml") if written is pds4 else path
    check(
        open_volume(named),
        np.where(VALUES == -299, np.nan, VALUES * 0.5 + RADIUS) if written is pds3_image else VALUES,
    )
    content = path.read_bytes()
    end = content.index(VALUES.tobytes()) + VALUES.nbytes  # behind it GDAL writes the history of an ISIS cube
    path.write_bytes(content[:end])
    open_volume(named)
    path.write_bytes(content[: end - lost])
    with pytest.raises(
        DataError, match=rf"has {end - lost} bytes, and as the label .* says, {end} at least"
    ) as caught:
        open_volume(named)
    assert "truncated" in str(caught.value.hint)


def test_a_pds3_label_that_is_cut_off(tmp_path):
    pds3(tmp_path / "a.img", VALUES)
    (tmp_path / "a.img").write_bytes((tmp_path / "a.img").read_bytes()[:200])
    with pytest.raises(DataError, match=r"a\.img is no readable raster"):
        open_volume(tmp_path / "a.img")
