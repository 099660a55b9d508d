import numpy as np
import pytest
from labelled import BIN, MOON, RADIUS, image, raster, survey

from geointerp.products.areas import area_table


def test_every_class_is_counted_and_what_was_not_predicted_is_not():
    values = np.random.default_rng(1).integers(0, 3, (6, 7, 8)).astype(np.uint8)
    values[2] = 255
    labels = survey(values, "facies", "parallel chaotic channel mound")["labels"]
    table = area_table(labels, velocity=2000).columns
    counts = [int((values == value).sum()) for value in range(4)]
    assert table["class"].tolist() == ["parallel", "chaotic", "channel", "mound"]
    assert table["samples"].tolist() == counts
    np.testing.assert_allclose(table["fraction"], np.array(counts) / sum(counts))
    np.testing.assert_allclose(table["volume_m3"], np.array(counts) * abs(np.linalg.det(BIN)) * 4)


def test_the_pixels_of_a_globe_add_up_to_its_surface():
    x, y = np.arange(-179.5, 180), np.arange(89.5, -90, -1)
    values = np.zeros((180, 360), np.uint8)
    values[:90] = 1
    table = area_table(raster(values, x, y, MOON)["labels"]).columns
    np.testing.assert_allclose(table["area_m2"], 2 * np.pi * RADIUS**2, rtol=1e-9)


def test_areas_of_a_projection_are_those_on_the_ground():
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    degree = np.radians(1) * RADIUS
    globe = f'PROJCS["Cylindrical",{MOON},PROJECTION["Equirectangular"],UNIT["metre",1]]'
    x, y = degree * np.arange(-179.5, 180), degree * np.arange(89.5, -90, -1)
    values = np.zeros((180, 360), np.uint8)
    values[:30] = 1  # the cap north of latitude 60°
    table = area_table(raster(values, x, y, globe)["labels"]).columns
    whole, cap = 4 * np.pi * RADIUS**2, 2 * np.pi * RADIUS**2 * (1 - np.sin(np.radians(60)))
    np.testing.assert_allclose(table["area_m2"], [whole - cap, cap], rtol=0.01)

    polar = (
        f'PROJCS["Polar",{MOON},PROJECTION["Polar_Stereographic"],PARAMETER["latitude_of_origin",90],'
        'PARAMETER["scale_factor",1],UNIT["metre",1]]'
    )
    axis = np.arange(-99.5, 100) * 10_000.0
    away = np.hypot(*np.meshgrid(axis, axis))
    inside = 2 * RADIUS * np.tan(np.radians(20) / 2)  # 20° from the pole
    table = area_table(raster((away < inside).astype(np.uint8), axis, axis[::-1], polar)["labels"]).columns
    cap = 2 * np.pi * RADIUS**2 * (1 - np.cos(np.radians(20)))
    assert table["area_m2"][1] == pytest.approx(cap, rel=0.005)


def test_areas_in_utm_are_those_of_the_map():
    """Its scale is 0.9996 along the middle of a zone, and the area on the ellipsoid greater by its square."""
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt = rasterio.crs.CRS.from_epsg(32633).to_wkt()
    x, y = 500_000 + 10.0 * np.arange(-20, 20), 6_000_000 - 10.0 * np.arange(30)
    table = area_table(raster(np.ones((30, 40), np.uint8), x, y, wkt)["labels"]).columns
    assert table["area_m2"][1] == pytest.approx(1200 * 100 / 0.9996**2, rel=1e-5)


PICTURES = {  # of the whole globe, and the square of the distance from the middle over that of its edge
    "Orthographic": lambda x, y: (x**2 + y**2) / RADIUS**2,
    "Lambert_Azimuthal_Equal_Area": lambda x, y: (x**2 + y**2) / (2 * RADIUS) ** 2,
    "Mollweide": lambda x, y: (x**2 / 4 + y**2) / (2 * RADIUS**2),
}


def picture_of(projection, size):
    """A picture whose corners lie off the globe: its axes, and how far out its pixels lie."""
    wkt = f'PROJCS["Globe",{MOON},PROJECTION["{projection}"],UNIT["metre",1]]'
    x, y = (np.linspace(-1, 1, n) * 3 * RADIUS for n in (size, size - 20))
    return wkt, x, y[::-1], PICTURES[projection](*np.meshgrid(x, y[::-1]))


@pytest.mark.parametrize("projection", ["Lambert_Azimuthal_Equal_Area", "Mollweide"])
@pytest.mark.parametrize("outside", [0, 255])
def test_what_lies_on_the_globe_has_an_area_where_corners_do_not(projection, outside):
    """These projections keep areas: those of the pixels on the map are those on the ground."""
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt, x, y, away = picture_of(projection, 201)
    pixel = abs((x[1] - x[0]) * (y[1] - y[0]))
    values = np.where(away < 0.8, 1, np.where(away < 1, 0, outside))
    table = area_table(raster(values, x, y, wkt)["labels"]).columns
    assert table["area_m2"][1] == pytest.approx((away < 0.8).sum() * pixel, rel=0.01)
    assert table["area_m2"].sum() == pytest.approx(4 * np.pi * RADIUS**2, rel=0.05)


def test_a_disc_seen_from_afar():
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt, x, y, away = picture_of("Orthographic", 801)
    values = np.where(away < np.sin(np.radians(60)) ** 2, 1, 255)
    table = area_table(raster(values, x, y, wkt)["labels"]).columns
    assert table["area_m2"][1] == pytest.approx(2 * np.pi * RADIUS**2 * (1 - 0.5), rel=0.01)


def test_nothing_of_a_picture_on_the_globe_is_no_area():
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt, x, y, _ = picture_of("Orthographic", 60)
    table = area_table(raster(np.ones((40, 60)), x + 9 * RADIUS, y, wkt)["labels"]).columns
    assert table["area_m2"].tolist() == [0, 0]


def test_an_image_has_no_area():
    assert set(area_table(image(np.zeros((3, 4), np.uint8))["labels"]).columns) == {
        "class",
        "samples",
        "fraction",
    }


@pytest.mark.parametrize("step", [3, 100])
def test_a_line_in_blocks(step):
    line = survey(np.ones((9, 9, 9), np.uint8))["labels"][:, 4].rename(inline="cdp").drop_vars("crossline")
    table = area_table(line.chunk(cdp=step)).columns
    assert table["area_m_ms"].tolist() == [0, pytest.approx(81 * 4 * 25)]


@pytest.mark.parametrize(("unit", "metres"), [("km", 1000.0), ("m", 1.0), ("ft", 0.3048), (None, 1.0)])
def test_axes_in_another_unit_than_the_map_have_the_areas_of_the_map(unit, metres):
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt = rasterio.crs.CRS.from_epsg(32633).to_wkt()
    x, y = 500_000 + 10.0 * np.arange(-20, 20), 6_000_000 - 10.0 * np.arange(30)
    labels = raster(np.ones((30, 40), np.uint8), x / metres, y / metres, wkt)["labels"]
    for dim in ("x", "y"):
        labels[dim].attrs |= {"units": unit} if unit else {}
    assert area_table(labels).columns["area_m2"][1] == pytest.approx(1200 * 100 / 0.9996**2, rel=1e-5)


def test_the_feet_of_a_map_are_taken_as_they_are():
    """Of a state plane in US survey feet, whose file may call them ft: 2e-6 of 6,500,000 would be 13 feet."""
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt = rasterio.crs.CRS.from_epsg(2263).to_wkt()
    values, x, y = (
        np.ones((30, 40), np.uint8),
        1_000_000 + 30.0 * np.arange(40),
        200_000 - 30.0 * np.arange(30),
    )
    told = raster(values, x, y, wkt)["labels"]
    for dim in ("x", "y"):
        told[dim].attrs["units"] = "ft"
    expected = area_table(raster(values, x, y, wkt)["labels"]).columns["area_m2"]
    np.testing.assert_array_equal(area_table(told).columns["area_m2"], expected)
    assert expected[1] == pytest.approx(1200 * (30 * 1200 / 3937) ** 2, rel=1e-3)


def test_heights_in_the_reference_system_change_no_area():
    """The surface of WGS 84 is 510,065,621.7 km²."""
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt = rasterio.crs.CRS.from_epsg(4979).to_wkt()
    x, y = np.arange(-179.5, 180), np.arange(89.5, -90, -1)
    table = area_table(raster(np.ones((180, 360), np.uint8), x, y, wkt)["labels"]).columns
    assert table["area_m2"][1] == pytest.approx(510_065_621.7e6, rel=1e-5)
