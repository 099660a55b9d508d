import json

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from geointerp.errors import UsageError
from geointerp.sinks.files import check_writable, write_labels
from geointerp.sinks.steps import steps


@pytest.fixture
def volume():
    values = np.random.default_rng(6).normal(size=(5, 12, 20)).astype(np.float32)
    values[0, 3] = np.nan
    coords = {"inline": np.arange(5, dtype=np.int32) + 11, "crossline": np.arange(12) * 2 + 30}
    return xr.DataArray(values, {**coords, "time": 4.0 * np.arange(20)}, ["inline", "crossline", "time"])


@pytest.fixture
def labels(volume):
    values = (volume.values > 1).astype(np.uint8)
    values[0, 3] = 255
    attrs = {"_FillValue": np.uint8(255), "flag_values": [0, 1], "flag_meanings": "background fault"}
    return xr.Dataset(
        {"labels": volume.copy(data=values).assign_attrs(attrs), "trace_mask": ~volume.isnull().any("time")},
        attrs={"Conventions": "CF-1.11", "geointerp": {"task": "faults", "tile": [224, 224]}},
    )


def test_npy_is_the_label_array(tmp_path, labels):
    write_labels(labels, tmp_path / "a.npy")
    written = np.load(tmp_path / "a.npy")
    assert written.dtype == np.uint8
    np.testing.assert_array_equal(written, labels["labels"].values)
    assert [one.name for one in tmp_path.iterdir()] == ["a.npy"]


def test_npy_steps_by_the_shards_of_a_zarr_store(tmp_path):
    values = np.arange(13 * 6 * 5, dtype=np.uint8).reshape(13, 6, 5)
    labels = xr.Dataset({"labels": (("inline", "crossline", "time"), values)})
    encoding = {"labels": {"chunks": (2, 6, 5), "shards": (8, 6, 5)}}
    labels.to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False, encoding=encoding)
    with xr.open_zarr(tmp_path / "a.zarr", consolidated=False, mask_and_scale=False) as stored:
        assert steps(stored["labels"]) == [(0, 8), (8, 13)]
        write_labels(stored, tmp_path / "a.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), values)


@pytest.mark.parametrize(("most", "thickness"), [(8 * 30, 8), (7 * 30, 2), (1 * 30, 1), (1, 1)])
def test_shards_and_chunks_too_large_to_be_held_are_read_in_parts(monkeypatch, most, thickness):
    monkeypatch.setattr("geointerp.sinks.steps._MOST_SAMPLES", most)
    labels = xr.DataArray(np.zeros((13, 6, 5), np.uint8), dims=("distance", "time", "x"))
    labels.encoding = {"shards": (8, 6, 5), "chunks": (2, 6, 5)}
    assert steps(labels) == [(k, min(k + thickness, 13)) for k in range(0, 13, thickness)]


def test_segy_of_an_input_that_lies_elsewhere_is_refused_before_any_work(tmp_path, volume):
    volume.attrs |= {"format": "SEG-Y", "source": "s3://bucket/survey.sgy"}
    with pytest.raises(UsageError, match=r"the input is s3://bucket/survey\.sgy: .*a\.sgy"):
        check_writable(volume, tmp_path / "a.sgy", volume=volume)


def test_netcdf_holds_everything(tmp_path, labels):
    write_labels(labels, tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc", mask_and_scale=False, engine="h5netcdf") as written:
        np.testing.assert_array_equal(written["labels"].values, labels["labels"].values)
        assert written["labels"].dtype == np.uint8
        assert written["labels"].attrs["flag_meanings"] == "background fault"
        np.testing.assert_array_equal(written["trace_mask"].values, labels["trace_mask"].values)
        for dim in ("inline", "crossline", "time"):
            np.testing.assert_array_equal(written[dim].values, labels[dim].values)
        assert json.loads(written.attrs["geointerp"]) == {"task": "faults", "tile": [224, 224]}
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as decoded:
        assert np.isnan(decoded["labels"].values[0, 3]).all()


def test_png_is_a_picture(tmp_path, labels, volume):
    write_labels(labels, tmp_path / "a.png", volume=volume)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 500


def test_a_picture_has_the_colours_of_the_model(tmp_path, labels, volume):
    """Pure blue for what is red among the task's classes; a little grey shines through."""
    labels.attrs["geointerp"]["classes"] = [
        {"name": "background", "colour": "#ffffff"},
        {"name": "fault", "colour": "#0000ff"},
    ]
    write_labels(labels, tmp_path / "a.png", volume=volume)
    with Image.open(tmp_path / "a.png") as picture:
        red, _, blue = np.moveaxis(np.asarray(picture.convert("RGB")).astype(int), 2, 0)
    assert (blue - red > 150).sum() > 500
    assert not (red - blue > 100).any()


def test_a_picture_needs_the_input(tmp_path, labels):
    with pytest.raises(UsageError, match=r"a\.png"):
        write_labels(labels, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_values_of_flags_in_netcdf_have_the_labels_type(tmp_path):
    attrs = {"flag_values": [0, 1], "flag_meanings": "background fault"}
    labels = xr.Dataset(
        {"labels": xr.DataArray(np.eye(3, dtype=np.uint8), dims=("row", "column"), attrs=attrs)}
    )
    write_labels(labels, tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc") as opened:
        stored = opened["labels"]
        assert np.asarray(stored.attrs["flag_values"]).dtype == np.uint8
        assert list(stored.attrs["flag_values"]) == [0, 1]
    assert labels["labels"].attrs == attrs
