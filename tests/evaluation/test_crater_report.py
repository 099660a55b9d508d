import csv
import json

import numpy as np
import pytest

from geointerp.errors import DataError, OutputError, UsageError
from geointerp.evaluation.crater_report import evaluate_catalogues


@pytest.fixture
def catalogues(tmp_path):
    """Three true craters and four predicted: one right but for 3 px, one of the wrong size, two nowhere."""
    (tmp_path / "truth.csv").write_text("x,y,diameter\n100,100,20\n200,100,40\n300,100,8\n")
    (tmp_path / "found.csv").write_text("x,y,diameter\n103,100,22\n200,100,90\n300,101,9\n500,500,20\n")
    return tmp_path / "found.csv", tmp_path / "truth.csv"


def test_the_figures_of_a_small_example(catalogues):
    report = evaluate_catalogues(*catalogues)
    assert report == {
        "precision": 0.5,
        "recall": 2 / 3,
        "f1": pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3)),
        "predicted": 4,
        "true": 3,
        "matched": 2,
        "median_position_error": 2.0,
        "median_diameter_error": 1.5,
        "units": "pixels",
    }


def test_small_craters_are_left_out_but_not_as_partners(catalogues):
    report = evaluate_catalogues(*catalogues, min_diameter=8.5)
    assert (report["predicted"], report["true"], report["matched"]) == (4, 2, 1)
    assert (report["precision"], report["recall"]) == (0.5, 0.5)
    assert report["median_diameter_error"] == 2.0


def test_without_any_crater_figures_do_not_exist(catalogues):
    report = evaluate_catalogues(*catalogues, min_diameter=1000)
    assert [report[key] for key in ("precision", "recall", "f1", "median_position_error")] == [None] * 4


def test_the_folder_holds_the_report_and_the_pairs(catalogues, tmp_path):
    report = evaluate_catalogues(*catalogues, output=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    with (tmp_path / "out" / "matches.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["predicted"], row["true"], row["distance"]) for row in rows] == [
        ("0", "0", "3.0"),
        ("2", "2", "1.0"),
    ]
    with pytest.raises(OutputError, match="out exists"):
        evaluate_catalogues(*catalogues, output=tmp_path / "out")


def test_pixels_and_degrees_do_not_mix(catalogues, tmp_path):
    (tmp_path / "moon.csv").write_text("lon,lat,diameter_km\n1,2,3\n")
    with pytest.raises(DataError, match=r"found.csv is in pixels, .*moon.csv in longitude and latitude"):
        evaluate_catalogues(catalogues[0], tmp_path / "moon.csv")


def test_a_least_diameter_below_zero_is_refused(catalogues):
    with pytest.raises(UsageError, match="the least diameter is -1"):
        evaluate_catalogues(*catalogues, min_diameter=-1)


def test_great_circles_are_of_the_body(tmp_path):
    """Half a degree and one of latitude: on Mars 29.6 and 59.2 km: too far for 80 km craters."""
    (tmp_path / "truth.csv").write_text("lon,lat,diameter_km\n10,0,80\n200,-30,80\n")
    (tmp_path / "found.csv").write_text("lon,lat,diameter_km\n10,0.5,80\n200,-29,80\n")
    both = tmp_path / "found.csv", tmp_path / "truth.csv"
    mars = evaluate_catalogues(*both, radius=3389.5)
    assert (mars["matched"], mars["radius_km"]) == (1, 3389.5)
    assert mars["median_position_error"] == pytest.approx(2 * np.pi * 3389.5 / 720)
    moon = evaluate_catalogues(*both)
    assert (moon["matched"], moon["radius_km"]) == (2, 1737.4)
    assert moon["median_position_error"] == pytest.approx(0.75 * 2 * np.pi * 1737.4 / 360)


def test_a_radius_that_is_none_or_that_pixels_do_not_have_is_refused(catalogues):
    for radius in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="the radius of the body is"):
            evaluate_catalogues(*catalogues, radius=radius)
    with pytest.raises(UsageError, match="in pixels, where --radius means nothing"):
        evaluate_catalogues(*catalogues, radius=3389.5)


def test_a_real_catalogue_is_its_own_match(real_data):
    path = real_data / "lunar" / "holdout_tile_labels.csv"
    report = evaluate_catalogues(path, path, units="pixels")
    assert (report["predicted"], report["matched"], report["f1"]) == (409, 409, 1.0)


def test_real_craters_moved_by_less_than_their_radius_are_found(real_data, tmp_path):
    path = real_data / "lunar" / "moon_craters_km.csv"
    with path.open() as opened:
        rows = list(csv.DictReader(opened))
    degrees_per_km = 180 / (np.pi * 1737.4)
    lines = ["lon,lat,diameter_m"]
    for row in rows:
        diameter, latitude = float(row["Diameter (km)"]), float(row["Latitude"])
        moved = latitude + (-1 if latitude > 0 else 1) * 0.1 * diameter * degrees_per_km
        lines.append(f"{float(row['Longitude']) % 360},{moved},{1000 * diameter}")
    (tmp_path / "moved.csv").write_text("\n".join(lines))
    report = evaluate_catalogues(tmp_path / "moved.csv", path)
    assert report["matched"] == report["true"] == len(rows)
    diameters = [float(row["Diameter (km)"]) for row in rows]
    assert report["median_position_error"] == pytest.approx(0.1 * np.median(diameters), rel=0.02)
    assert report["median_diameter_error"] == pytest.approx(0, abs=1e-9)


def test_degrees_are_not_compared_with_diameters_in_pixels(tmp_path):
    """Two random catalogues have hardly a crater in common; as wide as the globe, all would match."""
    random = np.random.default_rng(5)
    for name in ("found.csv", "truth.csv"):
        places = np.column_stack([
            random.uniform(0, 5000, (60, 2)), np.full(60, 100.0), random.uniform(-180, 180, 60),
            random.uniform(-80, 80, 60), np.full(60, 5.0),
        ])  # fmt: skip
        header = "x,y,diameter_px,longitude,latitude,diameter_km"
        np.savetxt(tmp_path / name, places, delimiter=",", header=header, comments="")
    both = tmp_path / "found.csv", tmp_path / "truth.csv"
    assert evaluate_catalogues(*both)["units"] == "km"
    assert evaluate_catalogues(*both)["matched"] <= 1
    assert evaluate_catalogues(*both, units="pixels")["units"] == "pixels"
