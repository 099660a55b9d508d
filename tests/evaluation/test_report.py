import json
import warnings

import dask.array
import numpy as np
import pytest
import xarray as xr
from PIL import Image

from geointerp.errors import DataError, UsageError
from geointerp.evaluation import report as report_module
from geointerp.evaluation.report import evaluate
from geointerp.sinks import decimate


def volume_of(values, first_inline=100, **attrs):
    coords = {
        "inline": first_inline + np.arange(values.shape[0]),
        "crossline": 500 + np.arange(values.shape[1]),
        "time": 4.0 * np.arange(values.shape[2]),
    }
    return xr.DataArray(values, coords, list(coords), attrs=attrs)


@pytest.fixture
def pair():
    rng = np.random.default_rng(5)
    prediction, truth = (rng.random((2, 6, 20, 30)) < 0.1).astype(np.uint8)
    prediction[2, :4] = 255
    return prediction, truth


def test_the_report_has_the_keys_users_rely_on(pair):
    prediction, truth = pair
    report = evaluate(volume_of(prediction, flag_meanings="background fault"), volume_of(truth), tolerance=1)
    assert list(report) == ["mIoU", "mPA", "accuracy", "classes", "confusion", "tolerant"]
    assert [one["name"] for one in report["classes"]] == ["background", "fault"]
    assert set(report["tolerant"]) == {"precision", "recall", "f1"}
    known = prediction != 255
    assert report["accuracy"] == pytest.approx((prediction == truth)[known].mean())
    assert np.sum(report["confusion"]) == known.sum()
    assert json.loads(json.dumps(report)) == report


def test_blocks_make_no_difference(pair, monkeypatch):
    prediction, truth = map(volume_of, pair)
    whole = evaluate(prediction, truth, tolerance=2)
    monkeypatch.setattr(report_module, "_BLOCK_SAMPLES", 1)
    assert evaluate(prediction, truth, tolerance=2) == whole


def test_only_what_both_have_is_compared(pair):
    prediction, truth = pair
    part = evaluate(volume_of(prediction[1:4, :, :9], first_inline=101), volume_of(truth))
    assert part == evaluate(volume_of(prediction[1:4, :, :9]), volume_of(truth[1:4, :, :9]))


def test_missing_traces_of_a_float_truth_are_ignored(pair):
    prediction, truth = pair
    with_holes = truth.astype(np.float32)
    with_holes[0] = np.nan
    as_stored = truth.copy()
    as_stored[0] = 255
    assert evaluate(volume_of(prediction), volume_of(with_holes)) == evaluate(
        volume_of(prediction), volume_of(as_stored)
    )


def test_a_section_is_one_slice():
    section = np.zeros((12, 15), np.uint8)
    section[:, 7] = 1
    line = xr.DataArray(section, {"cdp": np.arange(12) + 1, "time": 4.0 * np.arange(15)}, ["cdp", "time"])
    report = evaluate(line, line.copy(data=np.roll(section, 1, axis=1)), tolerance=1)
    assert report["tolerant"]["f1"] == 1.0
    assert report["classes"][1]["iou"] == 0.0


def test_array_files_are_read(tmp_path, pair):
    prediction, truth = pair
    np.save(tmp_path / "prediction.npy", prediction)
    np.save(tmp_path / "truth.npy", truth)
    assert evaluate(tmp_path / "prediction.npy", str(tmp_path / "truth.npy")) == evaluate(
        volume_of(prediction), volume_of(truth)
    )


@pytest.mark.parametrize("kind", ["one bit", "palette"])
def test_label_pictures_hold_classes(tmp_path, kind):
    truth = (np.random.default_rng(2).random((30, 40)) < 0.3).astype(np.uint8)
    if kind == "one bit":
        picture = Image.fromarray(truth.astype(bool))
    else:
        picture = Image.new("P", truth.shape[::-1])
        picture.putdata(truth.ravel().tolist())
        picture.putpalette([10, 10, 10, 200, 0, 0])
    picture.save(tmp_path / "truth.png")
    np.save(tmp_path / "prediction.npy", np.zeros_like(truth))
    report = evaluate(tmp_path / "prediction.npy", tmp_path / "truth.png")
    assert report["confusion"] == [[int((truth == 0).sum()), 0], [int(truth.sum()), 0]]


def test_a_black_and_white_mask_is_warned_of(tmp_path):
    truth = 255 * (np.random.default_rng(2).random((30, 40)) < 0.3).astype(np.uint8)
    Image.fromarray(truth).save(tmp_path / "truth.png")
    np.save(tmp_path / "prediction.npy", np.zeros_like(truth))
    with pytest.warns(UserWarning, match="the truth holds only 0 and 255: 255 is ignored"):
        evaluate(tmp_path / "prediction.npy", tmp_path / "truth.png")


def test_a_data_set_with_labels(pair):
    prediction, truth = map(volume_of, pair)
    assert evaluate(prediction.to_dataset(name="labels"), truth) == evaluate(prediction, truth)
    with pytest.raises(DataError, match="no 'labels', only amplitude"):
        evaluate(prediction.to_dataset(name="amplitude"), truth)


def test_amplitudes_are_refused(pair):
    prediction, truth = pair
    with pytest.raises(DataError, match=r"the truth is no label volume: it holds 0\.25"):
        evaluate(volume_of(prediction), volume_of(truth + np.float32(0.25)))


def test_a_label_beyond_the_classes_is_refused(pair):
    prediction, truth = pair
    with pytest.raises(DataError, match="a label 3, but the classes are 0 to 1: background, fault"):
        evaluate(volume_of(prediction, flag_meanings="background fault"), volume_of(truth * 3))


def test_nothing_in_common_is_refused(pair):
    prediction, truth = pair
    with pytest.raises(DataError, match="no labelled sample in common"):
        evaluate(volume_of(np.full_like(prediction, 255)), volume_of(truth))


@pytest.mark.parametrize("tolerance", [-1, float("nan"), float("inf")])
def test_a_tolerance_that_is_no_distance_is_refused(pair, tolerance):
    with pytest.raises(UsageError, match="the tolerance is"):
        evaluate(*map(volume_of, pair), tolerance=tolerance)


def test_the_same_names_in_another_order_are_refused():
    one, other = (
        xr.DataArray(np.zeros((4, 5), np.uint8), dims=("row", "column"), attrs={"flag_meanings": names})
        for names in ("background salt", "salt background")
    )
    with pytest.raises(DataError, match="classes are background, salt, those of the truth salt, background"):
        evaluate(one, other)


def named(names, largest=1):
    values = np.arange(20, dtype=np.uint8).reshape(4, 5) % (largest + 1)
    return xr.DataArray(values, dims=("row", "column"), attrs={"flag_meanings": names})


@pytest.mark.parametrize(
    ("one", "other"),
    [("background salt", "salt rock"), ("background fault horst", "background horst fault")],
)
def test_a_name_at_another_number_is_refused(one, other):
    told = f"classes are {', '.join(one.split())}, those of the truth {', '.join(other.split())}"
    with pytest.raises(DataError, match=told):
        evaluate(named(one), named(other))


@pytest.mark.parametrize("other", ["background salt", "background fault salt"])
def test_other_names_are_told(other):
    told = f"classes are background, fault, those of the truth {', '.join(other.split())}"
    with pytest.warns(UserWarning, match=told):
        report = evaluate(named("background fault"), named(other))
    assert [one["name"] for one in report["classes"]] == ["background", "fault"]


def test_a_prediction_of_an_array_in_memory_is_scored_by_position():
    values = np.random.default_rng(0).integers(0, 2, (3, 4, 5)).astype(np.uint8)
    dims = ("inline", "crossline", "time")
    provenance = {"task": "faults", "source": {"format": None}}
    predicted = xr.Dataset({"labels": (dims, values)}, attrs={"geointerp": provenance})
    coords = {"inline": [100, 101, 102], "crossline": [7, 8, 9, 10], "time": 4.0 * np.arange(5)}
    truth = xr.DataArray(values, coords, dims)
    assert evaluate(predicted, truth)["accuracy"] == 1.0


@pytest.mark.parametrize("dims", [("row", "column"), ("cdp", "time")])
def test_an_image_is_read_in_parts_and_its_report_is_that_of_the_whole(recorded, tmp_path, monkeypatch, dims):
    rng = np.random.default_rng(7)
    prediction, truth = rng.choice([0, 1, 2, 255], (2, 90, 70)).astype(np.uint8)
    prediction[:50], truth[:50] = np.minimum(prediction[:50], 1), np.minimum(truth[:50], 1)
    monkeypatch.setattr(decimate, "_BLOCK_SAMPLES", 300)
    stored = [recorded(values) for values in (prediction, truth)]
    arrays = [
        xr.DataArray(dask.array.from_array(one, chunks=one.shape), dims=dims, attrs={"format": "NumPy"})
        for one in stored
    ]
    report = evaluate(*arrays, paper_metrics=True, output=tmp_path / "parts")
    assert max(one.most for one in stored) <= 300
    whole = evaluate(*arrays, paper_metrics=True, tolerance=1, output=tmp_path / "whole")
    del whole["tolerant"]
    assert report == whole
    known = (prediction != 255) & (truth != 255)
    assert report["confusion"][2][1] == ((truth == 2) & (prediction == 1) & known).sum()
    tables = [(tmp_path / one / "per-image-iou.csv").read_text() for one in ("parts", "whole")]
    assert tables[0] == tables[1]


def test_a_mask_whose_white_is_in_its_last_part_is_warned_of(monkeypatch):
    monkeypatch.setattr(decimate, "_BLOCK_SAMPLES", 50)
    truth = xr.DataArray(np.zeros((30, 40), np.uint8), dims=("row", "column"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(truth, truth)
    mask = truth.copy()
    mask[29, 39] = 255
    with pytest.warns(UserWarning, match="the truth holds only 0 and 255"):
        evaluate(truth, mask)


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_region_of_a_picture_is_found_in_the_picture_of_the_truth(tmp_path, suffix):
    truth = np.random.default_rng(2).integers(0, 3, (30, 40)).astype(np.uint8)
    Image.fromarray(truth).save(tmp_path / "truth.png")
    predicted = truth[10:25, 5:35].copy()
    predicted[0, 0] = (predicted[0, 0] + 1) % 3
    coords = {"row": np.arange(10, 25), "column": np.arange(5, 35)}
    labels = xr.Dataset({"labels": (("row", "column"), predicted)}, coords)
    labels.attrs["geointerp"] = json.dumps({"task": "craters", "source": {"format": "PNG"}})
    path = tmp_path / f"labels{suffix}"
    if suffix == ".zarr":
        labels.to_zarr(path, consolidated=False)
    else:
        labels.to_netcdf(path, engine="h5netcdf")
    for one, other in ((path, tmp_path / "truth.png"), (tmp_path / "truth.png", path)):
        report = evaluate(one, other)
        assert report["accuracy"] == pytest.approx(1 - 1 / 450)
        assert np.sum(report["confusion"]) == 450
