"""What ``info`` says of a file, as JSON."""

import json

import numpy as np
import pytest
import xarray as xr
from segy_files import Written, grid

from geointerp.errors import DataError
from geointerp.inference.predict import predict
from geointerp.products.write import write_product
from geointerp.sources import describe as describe_module
from geointerp.sources.describe import describe


def test_a_real_survey_with_holes(real_data):
    about = describe(real_data / "seismic" / "f3-withdead.sgy")
    assert json.loads(json.dumps(about)) == about
    assert about["format"] == "SEG-Y"
    assert about["dims"] == ["inline", "crossline", "time"]
    assert about["shape"] == [23, 18, 75]
    assert about["axes"]["time"] == {"first": 4.0, "last": 300.0, "step": 4.0, "count": 75, "units": "ms"}
    assert about["traces"] == {"present": 239, "missing": 175, "dead": 0}
    assert about["extent"]["cdp_x"] == [620181.9, 620622.1]
    assert (about["segy"]["sample_format"], about["segy"]["endianness"]) == ("ibm", "big")
    assert about["segy"]["inline_byte"] == 189
    assert "189/193" in about["segy"]["why"]["lines"]


def test_dead_traces_are_counted(tmp_path):
    path = Written(*grid(np.arange(4), np.arange(5))).write(tmp_path / "a.sgy")
    content = bytearray(path.read_bytes())
    for trace in (3, 11):
        start = 3600 + trace * 360 + 240
        content[start : start + 120] = bytes(120)
    start = 3600 + 15 * 360 + 240
    content[start : start + 120] = np.full(30, 2.5, ">f4").tobytes()  # constant: predict takes it for dead
    path.write_bytes(content)
    about = describe(path)
    assert about["traces"] == {"present": 20, "missing": 0, "dead": 3}
    assert about["extent"] == {"cdp_x": None, "cdp_y": None}
    assert about["amplitude"]["sampled"] == 18 * 30


def test_dead_traces_of_a_large_volume_are_those_of_the_headers(tmp_path, monkeypatch):
    monkeypatch.setattr(describe_module, "_MOST_CHECKED", 10)
    words = {29: (np.where(np.arange(20) < 4, 2, 1), "i2")}
    path = Written(*grid(np.arange(4), np.arange(5)), words=words).write(tmp_path / "a.sgy")
    about = describe(path)
    assert about["traces"] == {"present": 20, "missing": 0, "dead": 4}
    assert about["dead_by"] == "headers"


def test_percentiles(tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    about = describe(tmp_path / "a.npy")
    assert about["amplitude"]["percentiles"]["99"] == pytest.approx(np.percentile(values, 99))
    assert about["amplitude"]["percentiles"]["100"] == values.max()
    assert about["axes"]["row"] == {"first": 0, "last": 49, "step": 1, "count": 50}


def test_all_zero_data(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((5, 4)))
    assert describe(tmp_path / "a.npy")["amplitude"] == {"sampled": 0, "percentiles": {}}


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(DataError):
        describe(tmp_path / "nothing.sgy")


def test_dead_traces_of_a_large_store_are_not_counted(tmp_path, monkeypatch):
    """Only SEG-Y has headers that tell without reading all samples."""
    dims = ("inline", "crossline", "time")
    values = np.ones((3, 4, 5), np.float32)
    mask = (dims[:2], np.arange(12).reshape(3, 4) > 0)
    xr.Dataset({"amplitude": (dims, values), "trace_mask": mask}).to_zarr(
        tmp_path / "a.zarr", consolidated=False
    )
    assert describe(tmp_path / "a.zarr")["traces"] == {"present": 11, "missing": 1, "dead": 11}
    monkeypatch.setattr(describe_module, "_MOST_CHECKED", 1)
    about = describe(tmp_path / "a.zarr")
    assert about["traces"] == {"present": 11, "missing": 1}
    assert "dead_by" not in about


@pytest.mark.parametrize("name", ["labels.zarr", "labels.nc"])
def test_labels_say_where_they_come_from_and_what_was_found(untrained_model, tmp_path, name):
    survey = Written(*grid(np.arange(6), np.arange(30))).write(tmp_path / "survey.sgy")
    store = tmp_path / "labels.zarr"
    labels = predict(survey, model=untrained_model, output=store, views="inline", device="cpu")
    if name.endswith(".nc"):
        write_product(labels, tmp_path / name)
    found = describe(tmp_path / name)["prediction"]
    assert (found["source"], found["views"]) == (str(survey), ["inline"])
    predicted = labels["labels"].values
    predicted = predicted[np.isfinite(predicted)]
    shares = [np.mean(predicted == number) for number in range(len(found["class_fractions"]))]
    assert list(found["class_fractions"].values()) == pytest.approx(shares)
