import numpy as np
import pytest

from geointerp.errors import DataError
from geointerp.evaluation.catalogues import read_catalogue


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "craters.csv"
        path.write_text(text, encoding=encoding)
        return path

    return write


@pytest.mark.parametrize(
    ("header", "diameter", "on_sphere"),
    [
        ("x,y,diameter", 30.0, False),
        ("X,Y,Diameter_px", 30.0, False),
        ("longitude,latitude,diameter_m", 0.03, True),
        ("lon,lat,diameter_km", 30.0, True),
        ("Long,Lat,Diameter (km)", 30.0, True),
        ("long, lat, diam [m]", 0.03, True),
        ("long,lat,diameter_pixels", 30.0, False),
    ],
)
def test_columns_and_their_units_are_recognised(written, header, diameter, on_sphere):
    catalogue = read_catalogue(written(f"{header}\n10,20,30\n\n11,21,31\n"))
    assert catalogue.on_sphere is on_sphere
    assert (catalogue.x[0], catalogue.y[0]) == (10, 20)
    assert catalogue.diameter[0] == pytest.approx(diameter)
    assert len(catalogue) == 2


@pytest.mark.parametrize(("units", "diameter", "on_sphere"), [("pixels", 30, False), ("m", 0.03, True)])
def test_the_unit_of_a_bare_diameter_is_given(written, units, diameter, on_sphere):
    catalogue = read_catalogue(written("lat,diameter,long,tag\n20,30,10,fresh\n"), units)
    assert (catalogue.x[0], catalogue.y[0], catalogue.on_sphere) == (10, 20, on_sphere)
    assert catalogue.diameter[0] == pytest.approx(diameter)


def test_a_byte_order_mark_and_other_columns_are_no_matter(written):
    catalogue = read_catalogue(written("n,x,y,diameter\n1,2,3,4\n", "utf-8-sig"))
    np.testing.assert_array_equal([catalogue.x, catalogue.y, catalogue.diameter], [[2], [3], [4]])


def test_no_crater_is_a_catalogue_too(written):
    assert len(read_catalogue(written("x,y,diameter\n"))) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: it has no header"),
        ("x,y\n1,2\n", "no column of diameters, only x, y"),
        ("a,b,diameter\n1,2,3\n", "no columns of positions, only a, b, diameter"),
        ("x,y,diameter\n1,2,3\n1,2\n", "row 3 has 2 fields, the header 3"),
        ("x,y,diameter\n1,2,3\n1,2,big\n", "'diameter' is no number in row 3: 'big'"),
        ("x,y,diameter\n1,nan,3\n", "'y' is no number in row 2"),
        ("x,y,diameter\n1,2,0\n", "a diameter is 0, it must be above 0"),
        ("x,y,diameter_km\n1,2,3\n", "x and y are pixels, and the diameter is in km"),
        ("long,lat,diameter_km\n1,200,3\n", "latitudes 200 degrees"),
        ("long,lat,diameter\n1,2,3\n", "'diameter' beside 'long' and 'lat' has no unit"),
    ],
)
def test_what_is_no_catalogue_is_refused(written, text, said):
    with pytest.raises(DataError, match=said):
        read_catalogue(written(text))


@pytest.mark.parametrize("units", ["m", "km"])
def test_pixels_have_no_other_unit(written, units):
    with pytest.raises(DataError, match=f"x and y are pixels, and --units says {units}"):
        read_catalogue(written("x,y,diameter\n1000,2000,5000\n"), units)


def test_large_positions_are_taken_for_a_hint(written):
    with pytest.raises(DataError) as caught:
        read_catalogue(written("long,lat,diameter\n1621.9,716.86,4.3\n"))
    assert "positions of up to 1621.9 and 716.86 are pixels: say --units pixels" in caught.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"missing\.csv does not exist"):
        read_catalogue(tmp_path / "missing.csv")


ROWS = {  # one crater, told in pixels of an image and on the Moon
    "x": 100.0, "y": 200.0, "diameter_px": 30.0, "longitude": 10.0, "latitude": -5.0, "diameter_km": 3.0,
    "diameter_m": 3000.0, "diameter": 7.0,
}  # fmt: skip
PIXELS, KM = (100.0, 200.0, 30.0, False), (10.0, -5.0, 3.0, True)


@pytest.mark.parametrize(
    ("header", "units", "expected"),
    [
        ("x,y,diameter_px,longitude,latitude,diameter_km", None, KM),
        ("longitude,latitude,diameter_km,x,y,diameter_px", None, KM),
        ("x,y,diameter_px,longitude,latitude,diameter_km", "pixels", PIXELS),
        ("x,y,diameter_px,longitude,latitude,diameter_km", "km", KM),
        ("x,y,diameter_px,longitude,latitude", None, PIXELS),
        ("x,y,diameter_km,diameter_px", None, PIXELS),
        ("longitude,latitude,diameter_px,diameter_m", None, KM),
        ("longitude,latitude,diameter_px,diameter", "km", (10, -5, 7, True)),
        ("longitude,latitude,diameter_km,diameter", "pixels", (10, -5, 7, False)),
        ("x,y,longitude,latitude,diameter", "pixels", (100, 200, 7, False)),
        ("x,y,longitude,latitude,diameter", "km", (10, -5, 7, True)),
        ("longitude,latitude,diameter_m", "km", KM),  # of which the other catalogue may be in need
    ],
)
def test_positions_and_diameters_are_of_one_kind(written, header, units, expected):
    row = ",".join(str(ROWS[name]) for name in header.split(","))
    read = read_catalogue(written(f"{header}\n{row}\n"), units)
    assert (read.x[0], read.y[0], pytest.approx(read.diameter[0]), read.on_sphere) == expected


@pytest.mark.parametrize(
    ("header", "units", "said"),
    [
        ("long,lat,diameter_km", "pixels", "'diameter_km' is in km, and --units says pixels"),
        ("x,y,long,lat,diameter_m", "pixels", "'diameter_m' is in m, and --units says pixels"),
        ("long,lat,diameter_px", "km", "'diameter_px' is in pixels, and --units says km"),
        ("x,y,long,lat,diameter_px", "m", "'diameter_px' is in pixels, and --units says m"),
        ("x,y,diameter_px", "km", "x and y are pixels, and --units says km"),
        ("x,y,long,lat,diameter", None, "'diameter' beside 'long' and 'lat' has no unit"),
    ],
)
def test_no_name_of_a_column_overrules_the_units_that_are_told(written, header, units, said):
    row = ",".join("1" for _ in header.split(","))
    with pytest.raises(DataError, match=said) as caught:
        read_catalogue(written(f"{header}\n{row}\n"), units)
    assert caught.value.hint
