import csv
import json

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from geointerp.errors import OutputError
from geointerp.evaluation.figures import draw_confusion, draw_image_ious
from geointerp.evaluation.report import evaluate
from geointerp.evaluation.score import ImageCounts
from geointerp.tasks import classes_named

PICTURES = ["confusion.png", "per-image-iou.png"]


def volume_of(values, **attrs):
    coords = {
        "inline": 100 + 2 * np.arange(values.shape[0]),
        "crossline": 500 + np.arange(values.shape[1]),
        "time": 4.0 * np.arange(values.shape[2]),
    }
    return xr.DataArray(values, coords, list(coords), attrs=attrs)


@pytest.fixture
def pair():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, (6, 12, 15)).astype(np.uint8)
    prediction = np.where(rng.random(truth.shape) < 0.7, truth, 0).astype(np.uint8)
    truth[truth == 2] = 1
    truth[3] = 0
    prediction[3] = 0
    return volume_of(prediction, flag_meanings="background fault rest"), volume_of(truth)


def rows_of(path):
    with path.open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_the_folder_holds_what_is_promised(pair, tmp_path):
    report = evaluate(*pair, output=tmp_path / "out", paper_metrics=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        ["report.json", "per-image-iou.csv", *PICTURES]
    )
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    for name in PICTURES:
        with Image.open(tmp_path / "out" / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 10


def test_each_slice_is_a_row(pair, tmp_path):
    prediction, truth = pair
    evaluate(*pair, output=tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "per-image-iou.csv")
    assert [row["image"] for row in rows] == [f"inline {line}" for line in range(100, 112, 2)]
    for row, one, other in zip(rows, prediction.values, truth.values, strict=True):
        alone = evaluate(
            xr.DataArray(one, dims=("row", "column"), attrs=prediction.attrs),
            xr.DataArray(other, dims=("row", "column")),
        )
        assert float(row["mIoU"]) == alone["mIoU"]
        expected = ["" if each["iou"] is None else str(each["iou"]) for each in alone["classes"]]
        assert [row["background"], row["fault"], row["rest"]] == expected
        assert int(row["samples"]) == 12 * 15
    assert rows[3]["fault"] == ""


def test_distance_counts_from_the_training_of_the_run(pair, tmp_path):
    part = {"train": {"dimension": "crossline", "runs": [[500, 505]]}}
    record = {"kind": "volumes", "volumes": [{"amplitude": "a.sgy", "splits": part}]}
    (tmp_path / "split.json").write_text(json.dumps(record))
    report = evaluate(*pair, model=tmp_path, output=tmp_path / "out")
    assert report == evaluate(*pair)
    rows = rows_of(tmp_path / "out" / "iou-by-distance.csv")
    assert [row["image"] for row in rows] == [f"crossline {line}" for line in range(500, 512)]
    assert [float(row["distance"]) for row in rows] == [0] * 6 + [1, 2, 3, 4, 5, 6]
    per_image = rows_of(tmp_path / "out" / "per-image-iou.csv")
    assert [row["mIoU"] for row in rows] == [row["mIoU"] for row in per_image]
    assert (tmp_path / "out" / "iou-by-distance.png").stat().st_size > 5000


def test_a_folder_is_replaced_only_on_request_and_only_if_it_is_one(pair, tmp_path):
    evaluate(*pair, output=tmp_path / "out")
    with pytest.raises(OutputError, match="out exists"):
        evaluate(*pair, output=tmp_path / "out")
    evaluate(*pair, output=tmp_path / "out", overwrite=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious.txt").touch()
    with pytest.raises(OutputError, match="a folder of something else"):
        evaluate(*pair, output=tmp_path / "other", overwrite=True)


def test_nothing_is_left_of_an_evaluation_that_fails(pair, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no pen")

    monkeypatch.setattr("geointerp.evaluation.figures.draw_image_ious", fail)
    with pytest.raises(RuntimeError, match="no pen"):
        evaluate(*pair, output=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [1, 2, 20])
def test_any_number_of_classes_and_images_can_be_drawn(tmp_path, number):
    rng = np.random.default_rng(number)
    classes = classes_named([f"interval {value}" for value in range(number)])
    images = [ImageCounts(str(n), rng.integers(0, 9, (number, number))) for n in range(number)]
    counts = sum(image.counts for image in images)
    draw_confusion(counts.tolist(), [one.name for one in classes], tmp_path / "confusion.png")
    draw_image_ious(images, classes, tmp_path / "ious.png")
    for name in ("confusion.png", "ious.png"):
        with Image.open(tmp_path / name) as picture:
            assert max(picture.size) < 6000


def test_a_class_that_no_image_has_is_left_empty(tmp_path):
    images = [ImageCounts("a", np.array([[3]], np.int64))]
    draw_image_ious(images, classes_named(["background", "fault"]), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_what_is_compared_is_never_replaced(tmp_path, pair):
    folder = tmp_path / "report"
    evaluate(*pair, output=folder)
    pair[0].to_dataset(name="labels").to_netcdf(folder / "prediction.nc", engine="h5netcdf")
    with pytest.raises(OutputError, match="holds the input"):
        evaluate(folder / "prediction.nc", pair[1], output=folder, overwrite=True)
    assert (folder / "prediction.nc").exists()
