import csv
import json
import struct
import sys

import numpy as np
import pytest

from geointerp.errors import MachineError
from geointerp.sinks.tables import Table, write_table

MOON = (
    'GEOGCS["Moon (2015) - Sphere / Ocentric",DATUM["Moon (2015) - Sphere",SPHEROID["Moon (2015) - Sphere",'
    '1737400,0]],PRIMEM["Reference Meridian",0],UNIT["degree",0.0174532925199433]]'
)
OWN = MOON.replace("Moon (2015)", "Vesta").replace("1737400", "265000")


def table(crs=MOON):
    times = np.array(["2024-05-01T10:00:00.25", "2024-05-01T10:00:01"], "datetime64[ns]")
    columns = {
        "crater": np.array([1, 2]),
        "name": np.array(["one", "two"]),
        "diameter_m": np.array([1500.123456789, np.nan]),
        "start": times,
    }
    points = (np.array([-33.5, 120.25]), np.array([10.0, -80.0]))
    return Table("craters", columns, points if crs else None, crs)


def test_csv(tmp_path):
    write_table(table(), tmp_path / "a", ".csv")
    with (tmp_path / "a").open() as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"crater": "1", "name": "one", "diameter_m": "1500.123456789", "start": "2024-05-01T10:00:00.250000"},
        {"crater": "2", "name": "two", "diameter_m": "", "start": "2024-05-01T10:00:01.000000"},
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.7e9 + np.float64(0.12345), "1700000000.12345"),  # seconds since 1970
        (np.float64(6543210.9876), "6543210.9876"),
        (np.float64(0.1) + 0.2, "0.3"),
        (np.float64(1024 + 1 / 1024), "1024.0009765625"),
        (np.float64(1e-7), "1e-07"),
        (np.float32(0.1), "0.1"),
        (np.float32(5000030.5), "5000030.5"),
        (np.float32(np.inf), ""),
    ],
)
def test_numbers_have_the_digits_that_their_type_holds(tmp_path, number, text):
    one = Table("events", {"start_time": np.array([number])})
    write_table(one, tmp_path / "a", ".csv")
    assert (tmp_path / "a").read_text().splitlines()[1] == (text or '""')
    write_table(one, tmp_path / "b", ".geojson")
    (feature,) = json.loads((tmp_path / "b").read_text())["features"]
    assert feature["properties"] == {"start_time": float(text) if text else None}


@pytest.mark.parametrize("crs", [MOON, OWN])
def test_geojson_names_the_body(tmp_path, crs):
    pytest.importorskip("rasterio", reason="names of reference systems need the extra raster")
    pyogrio = pytest.importorskip("pyogrio", reason="what others read is asked of pyogrio")
    path = tmp_path / "a.geojson"
    write_table(table(crs), path, ".geojson")
    content = json.loads(path.read_text())
    first, second = content["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [-33.5, 10.0]}
    assert second["properties"] == {
        "crater": 2,
        "name": "two",
        "diameter_m": None,
        "start": "2024-05-01T10:00:01.000000",
    }
    info = pyogrio.read_info(path)
    assert info["features"] == 2
    assert ("1737400" if crs == MOON else "265000") in info["crs"] or info["crs"] == "IAU_2015:30100"


@pytest.mark.parametrize("crs", [MOON, OWN])
def test_geopackage(tmp_path, crs):
    pyogrio = pytest.importorskip("pyogrio", reason="GeoPackages need the extra raster")
    path = tmp_path / "a.gpkg"
    write_table(table(crs), path, ".gpkg")
    assert [one.name for one in tmp_path.iterdir()] == ["a.gpkg"]
    info = pyogrio.read_info(path)
    assert (info["features"], info["geometry_type"], info["layer_name"]) == (2, "Point", "craters")
    assert ("1737400" if crs == MOON else "265000") in info["crs"] or info["crs"] == "IAU_2015:30100"
    meta, _, points, columns = pyogrio.raw.read(path)
    fields = dict(zip(meta["fields"].tolist(), columns, strict=True))
    # A point in well-known binary: byte order, type 1, x, y.
    assert [struct.unpack("<BIdd", point)[:3] for point in points] == [(1, 1, -33.5), (1, 1, 120.25)]
    assert fields["name"].tolist() == ["one", "two"]
    assert fields["diameter_m"][0] == pytest.approx(1500.123456789)
    assert np.isnan(fields["diameter_m"][1])


def test_a_table_without_a_map(tmp_path):
    pyogrio = pytest.importorskip("pyogrio", reason="GeoPackages need the extra raster")
    for suffix in (".geojson", ".gpkg"):
        write_table(table(None), tmp_path / f"a{suffix}", suffix)
        info = pyogrio.read_info(tmp_path / f"a{suffix}")
        assert info["features"] == 2
        assert info["geometry_type"] in (None, "Unknown")


@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".gpkg"])
@pytest.mark.parametrize("crs", [MOON, None])
def test_an_empty_table_is_a_valid_file(tmp_path, suffix, crs):
    pyogrio = pytest.importorskip("pyogrio", reason="what others read is asked of pyogrio")
    whole = table(crs)
    points = (np.empty(0), np.empty(0)) if crs else None
    empty = Table("craters", {name: column[:0] for name, column in whole.columns.items()}, points, crs)
    write_table(empty, tmp_path / f"a{suffix}", suffix)
    if suffix == ".csv":
        assert (tmp_path / "a.csv").read_text() == "crater,name,diameter_m,start\n"
    else:
        assert pyogrio.read_info(tmp_path / f"a{suffix}")["features"] == 0


def test_without_pyogrio_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyogrio.raw", None)
    with pytest.raises(MachineError, match="pyogrio") as caught:
        write_table(table(), tmp_path / "a.gpkg", ".gpkg")
    assert "geointerp[raster]" in caught.value.hint
