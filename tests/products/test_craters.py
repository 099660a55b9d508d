import numpy as np
import pytest
from labelled import MOON, RADIUS, discs, image, raster

from geointerp.products.craters import crater_table

pytest.importorskip("rasterio", reason="craters on the map need the extra raster")
STEREO = (
    f'PROJCS["South",{MOON},PROJECTION["Polar_Stereographic"],PARAMETER["latitude_of_origin",-90],'
    'PARAMETER["central_meridian",0],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
)
CYLINDRICAL = (
    f'PROJCS["Plate",{MOON},PROJECTION["Equirectangular"],PARAMETER["standard_parallel_1",0],'
    'PARAMETER["central_meridian",180],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
)
TRUTH = [(-120.0, 5.0, 150e3), (30.0, 60.0, 200e3), (100.0, -75.0, 120e3), (10.0, -30.0, 900e3)]


def within(longitude, latitude, crater):
    """Which places lie in a crater: the chord through the sphere is that of its radius."""
    lon0, lat0, diameter = crater

    def vector(lon, lat):
        lon, lat = np.radians(lon), np.radians(lat)
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)

    chord = np.linalg.norm(vector(longitude, latitude) - vector(lon0, lat0), axis=-1)
    return chord <= 2 * np.sin(diameter / RADIUS / 4)


def globe(truth, step=0.25):
    x, y = np.arange(-180 + step / 2, 180, step), np.arange(90 - step / 2, -90, -step)
    longitude, latitude = np.meshgrid(x, y)
    mask = np.logical_or.reduce([within(longitude, latitude, one) for one in truth])
    return raster(mask, x, y, MOON)["labels"]


def assert_catalogue(table, truth, relative, degrees):
    found = table.columns
    assert len(table) == len(truth)
    for row, (lon, lat, diameter) in enumerate(sorted(truth, key=lambda one: -one[2])):
        assert found["diameter_m"][row] == pytest.approx(diameter, rel=relative)
        assert found["latitude"][row] == pytest.approx(lat, abs=degrees)
        away = (found["longitude"][row] - lon + 180) % 360 - 180
        assert abs(away) * np.cos(np.radians(lat)) < degrees


def test_diameters_are_metres_at_every_latitude():
    table = crater_table(globe(TRUTH), min_size=20)
    assert_catalogue(table, TRUTH, 0.02, 0.1)
    assert table.crs.startswith("GEOGCS")
    np.testing.assert_array_equal(table.points[0], table.columns["longitude"])


def test_blocks_make_no_difference():
    whole = crater_table(globe(TRUTH), min_size=20)
    chunked = crater_table(globe(TRUTH).chunk(y=37), min_size=20)
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(column, chunked.columns[name])


def test_a_polar_projection():
    from rasterio.warp import transform

    truth = [(45.0, -82.0, 60e3), (-100.0, -70.0, 90e3), (0.0, -89.5, 50e3)]
    x = y = np.arange(-700e3, 700e3, 2e3)
    grid = np.meshgrid(x, y[::-1])
    longitude, latitude = (
        np.array(values).reshape(grid[0].shape)
        for values in transform(STEREO, MOON, grid[0].ravel(), grid[1].ravel())
    )
    mask = np.logical_or.reduce([within(longitude, latitude, one) for one in truth])
    table = crater_table(raster(mask, x, y[::-1], STEREO)["labels"], min_size=20)
    assert_catalogue(table, truth, 0.02, 0.05)


def test_a_cylindrical_projection_about_180():
    step = np.radians(0.25) * RADIUS
    x, y = (np.arange(1440) - 719.5) * step, (359.5 - np.arange(720)) * step
    longitude, latitude = np.meshgrid(np.degrees(x / RADIUS) + 180, np.degrees(y / RADIUS))
    mask = np.logical_or.reduce([within(longitude, latitude, one) for one in TRUTH])
    table = crater_table(raster(mask, x, y, CYLINDRICAL)["labels"], min_size=20)
    assert_catalogue(table, TRUTH, 0.02, 0.1)


def test_an_image_has_pixels():
    truth = [(40, 60, 25), (120, 30, 9.5), (40, 100, 16)]
    table = crater_table(image(discs((160, 140), truth))["labels"], min_size=20)
    found = np.stack([table.columns[name] for name in ("y", "x", "diameter_px")], axis=1)
    expected = sorted(truth, key=lambda one: -one[2])
    np.testing.assert_allclose(found, [(r, c, 2 * radius) for r, c, radius in expected], atol=2)
    assert table.columns["crater"].tolist() == [1, 2, 3]
    assert table.crs is None


def test_in_a_region_of_an_image_pixels_are_those_of_the_image():
    labels = image(discs((60, 80), [(20, 30, 12)]))["labels"]
    labels = labels.assign_coords(row=np.arange(100, 160), column=np.arange(500, 580))
    (x,), (y,) = (crater_table(labels, min_size=20).columns[name] for name in ("x", "y"))
    assert (x, y) == pytest.approx((530, 120), abs=0.5)


def test_on_a_map_without_a_reference_system_pixels_are_counted():
    labels = image(discs((60, 80), [(20, 30, 12)]))["labels"].rename(row="y", column="x")
    labels = labels.assign_coords(y=5e5 - 10.0 * np.arange(60), x=1e5 + 10.0 * np.arange(80))
    (x,), (y,) = (crater_table(labels, min_size=20).columns[name] for name in ("x", "y"))
    assert (x, y) == pytest.approx((30, 20), abs=0.5)


def test_no_crater_is_an_empty_catalogue():
    table = crater_table(image(np.zeros((30, 40)))["labels"], min_size=20)
    assert (len(table), list(table.columns)) == (0, ["crater", "x", "y", "diameter_px", "match", "rim"])


def test_what_shows_too_little_of_its_rim_within_the_picture_is_left_out():
    """Two discs of radius 20 whose middles are 16 apart show 1 - acos(0.4) / pi = 0.63 of their rims each."""
    mask = discs((200, 220), [(60, 60, 20), (60, 76, 20), (140, 130, 30), (0, 150, 25)])
    table = {rim: crater_table(image(mask)["labels"], min_size=20, min_rim=rim) for rim in (0.5, 0.7)}
    assert sorted(table[0.5].columns["diameter_px"].round()) == [40, 40, 50, 60]
    assert sorted(table[0.7].columns["diameter_px"].round()) == [50, 60]
    assert table[0.7].columns["rim"].min() == pytest.approx(0.5, abs=0.06), "cut in half by the edge"


def test_a_boundary_at_the_edge_that_is_hardly_bent_is_no_crater():
    """Of a circle of radius 300 whose middle lies 295 pixels above the picture five rows are inside."""
    mask = discs((60, 200), [(-295, 100, 300)])
    assert len(crater_table(image(mask)["labels"], min_size=20, min_rim=0.1)) == 0


def test_a_crater_that_runs_over_the_edge_of_the_globe():
    """Of what is labelled the part off the globe has no place; the rest comes out as numbers."""
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    wkt = f'PROJCS["Globe",{MOON},PROJECTION["Orthographic"],UNIT["metre",1]]'
    axis = np.linspace(-1.2, 1.2, 241) * RADIUS
    for edge in (0.93, 1.1):  # beyond 1 its middle lies off the globe
        values = discs((241, 241), [(120, 120 + 100 * edge, 15)]) | discs((241, 241), [(120, 120, 20)])
        table = crater_table(raster(values, axis, axis[::-1], wkt)["labels"], min_size=20)
        found = np.stack([table.columns[name] for name in ("longitude", "latitude", "diameter_m")])
        assert np.isfinite(found).all()
        middle = np.hypot(found[0], found[1]) < 1
        assert found[2][middle] == pytest.approx(0.4 * RADIUS, rel=0.05)


def known_beyond(shape, centre, away, turn):
    """Where a straight edge leaves data: ``away`` from the centre and further, in a direction in degrees."""
    rows, columns = np.indices(shape)
    right, down = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return (columns - centre[1]) * right + (rows - centre[0]) * down >= away


@pytest.mark.parametrize("turn", [0, 20, 45, 110, 200, 270])
@pytest.mark.parametrize("away", [-20, -10, 0, 10])
def test_a_crater_cut_by_what_is_not_known_keeps_its_size(away, turn):
    shape, centre = (120, 130), (60, 62)
    known = known_beyond(shape, centre, away, turn)
    values = np.where(known, discs(shape, [(*centre, 30)]), 255)
    table = crater_table(image(values)["labels"], min_size=20)
    (x,), (y,), (diameter,) = (table.columns[name] for name in ("x", "y", "diameter_px"))
    assert diameter == pytest.approx(60, abs=1.2)
    assert (x, y) == pytest.approx((62, 60), abs=1)
    assert table.columns["match"][0] > 0.95


def test_what_is_not_known_elsewhere_makes_no_difference():
    mask = discs((200, 220), [(60, 60, 20), (60, 76, 20), (140, 130, 30), (0, 150, 25)])
    values = np.where(known_beyond(mask.shape, (0, 0), 30, 45), mask, 255)
    for rim in (0.5, 0.7):
        one, other = (
            crater_table(image(each)["labels"], min_size=20, min_rim=rim) for each in (mask, values)
        )
        for name, column in one.columns.items():
            np.testing.assert_array_equal(column, other.columns[name])


def test_craters_beside_what_is_not_known_are_the_same_in_blocks():
    shape, centre = (150, 160), (75, 80)
    values = np.where(known_beyond(shape, centre, -5, 30), discs(shape, [(*centre, 30), (20, 130, 12)]), 255)
    labels = image(values)["labels"]
    whole = crater_table(labels, min_size=20)
    assert len(whole) == 2
    for other in (labels.chunk(row=23, column=50), labels.where(labels != 255).chunk(row=40)):
        chunked = crater_table(other, min_size=20)
        for name, column in whole.columns.items():
            np.testing.assert_array_equal(column, chunked.columns[name])


def test_a_crater_across_the_seam_of_a_map_within_nothing_is_found_once():
    x, y = np.arange(-185 + 0.125, 185, 0.25), np.arange(30 - 0.125, -30, -0.25)
    longitude, latitude = np.meshgrid(x, y)
    truth = [(180.0, 10.0, 300e3), (20.0, -5.0, 250e3)]
    mask = np.logical_or.reduce([within(longitude, latitude, one) for one in truth])
    labels = raster(np.where(np.abs(longitude) < 180, mask, 255), x, y, MOON)["labels"]
    assert_catalogue(crater_table(labels, min_size=20), truth, 0.02, 0.1)


def test_heights_in_the_reference_system_are_left_out():
    """In EPSG:4979 places have a height too; else it is EPSG:4326."""
    from rasterio.crs import CRS

    x, y = 15 + np.arange(200) * 1e-4 / np.cos(np.radians(50)), 50 - np.arange(150) * 1e-4
    mask = discs((150, 200), [(70, 90, 40)])
    flat, solid = (
        crater_table(raster(mask, x, y, CRS.from_epsg(code).to_wkt())["labels"], min_size=20)
        for code in (4326, 4979)
    )
    assert len(flat) == 1
    for name, column in flat.columns.items():
        np.testing.assert_allclose(solid.columns[name], column, rtol=1e-9)
    assert solid.crs.startswith("GEOGCS")
