"""What predict refuses, before anything is written; and what it tells of a result."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from stub_models import Convolution, Identity, model_of, volume_of

from geointerp.errors import DataError, ModelError, OutputError, UsageError
from geointerp.inference import predict as predict_module
from geointerp.inference.device import Machine
from geointerp.inference.predict import predict
from geointerp.inference.progress import Silent
from geointerp.inference.result import summary
from geointerp.network.description import read_description
from geointerp.network.loading import load_model
from geointerp.sources.open import open_volume
from geointerp.tiling.fit import fitted_tile


@pytest.mark.parametrize(("asked", "possible", "told"), [
    ("auto", True, "auto"), ("auto", False, "off"), ("on", False, "on"),
])  # fmt: skip
def test_by_itself_nothing_is_compiled_where_nothing_can_be(asked, possible, told, monkeypatch):
    jobs = []
    gpu = Machine(torch.device("cuda"), "bf16")
    monkeypatch.setattr(predict_module, "choose_machine", lambda *_: gpu)
    monkeypatch.setattr(predict_module, "suit_allocator", lambda *_: None)
    monkeypatch.setattr(predict_module, "can_compile", lambda: possible)
    monkeypatch.setattr(predict_module, "run", lambda job, *_, **__: jobs.append(job))
    predict(volume_of((4, 20, 30)), model=model_of(Identity()), compile=asked)
    (job,) = jobs
    assert job.compile == told


@pytest.mark.parametrize(("options", "error", "said"), [
    ({"views": "inline,cdp"}, UsageError, "no view 'cdp'"),
    ({"region": "inline=500:600"}, UsageError, "inline runs from 100 to 103"),
    ({"region": "cdp=1:2"}, UsageError, "'cdp'"),
    ({"overlap": 1.5}, UsageError, "overlap of 1.5"),
    ({"batch_size": 0}, UsageError, "0 tiles"),
    ({"compile": "maybe"}, UsageError, "maybe"),
    ({"device": "abacus"}, UsageError, "abacus"),
    ({"task": "gold"}, UsageError, "gold"),
    ({"inline_byte": 9}, UsageError, "inline_byte"),
])  # fmt: skip
def test_faults_of_the_call_are_named_before_anything_is_written(options, error, said, tmp_path):
    volume = volume_of((4, 20, 30))
    with pytest.raises(error, match=said):
        predict(volume, model=model_of(Identity()), output=tmp_path / "a" / "faults.zarr", **options)
    assert list(tmp_path.iterdir()) == []


def test_python_writes_stores_alone(tmp_path):
    with pytest.raises(UsageError, match=r"writes a Zarr store, not \.nc"):
        predict(volume_of((4, 20, 30)), model=model_of(Identity()), output=tmp_path / "labels.nc")
    assert not any(tmp_path.iterdir())


def test_data_that_say_nothing_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DataError):
        predict(volume_of((4, 20, 30)) * 0, model=model_of(Identity()), output=tmp_path / "faults.zarr")
    assert list(tmp_path.iterdir()) == []


def test_labels_are_no_input(tmp_path):
    output = tmp_path / "faults.zarr"
    predict(volume_of((4, 20, 30)), model=model_of(Identity()), output=output)
    with pytest.raises(DataError, match=r"faults\.zarr holds labels"):
        predict(output, model=model_of(Identity()), output=tmp_path / "again.zarr")
    assert list(tmp_path.iterdir()) == [output]


def test_a_model_must_be_named_and_be_there():
    with pytest.raises(UsageError, match="neither a task nor a model"):
        predict(volume_of((4, 20, 30)))
    with pytest.raises(ModelError, match="nowhere"):
        predict(volume_of((4, 20, 30)), model="nowhere")


def test_an_existing_result_is_refused(tmp_path):
    output = tmp_path / "faults.zarr"
    predict(volume_of((4, 20, 30)), model=model_of(Identity()), output=output)
    with pytest.raises(OutputError, match="exists"):
        predict(volume_of((4, 20, 30)), model=model_of(Identity()), output=output)


def test_the_store_says_where_it_comes_from(tmp_path):
    volume = volume_of((4, 40, 50))
    volume.attrs |= {
        "source": "/data/a.sgy",
        "source_size": 7,
        "source_headers_sha256": "ab",
        "segy": {"revision": 1},
    }
    output = tmp_path / "faults.zarr"
    predict(
        volume,
        model=model_of(Convolution()),
        precision="fp32",
        views="inline,time",
        region="time=100:200",
        output=output,
    )
    told = xr.open_zarr(output, consolidated=False).attrs["geointerp"]
    assert told["task"] == "faults"
    assert told["model"] == {"name": "stub", "sha256": "5" * 64}
    assert told["source"] == {"path": "/data/a.sgy", "format": None, "size": 7, "headers_sha256": "ab"}
    assert told["segy"] == {"revision": 1}
    assert (told["tile"], told["overlap"], told["views"]) == ([28, 42], 0.25, ["inline", "time"])
    assert (told["precision"], told["device"], told["region"]) == ("fp32", "cpu", {"time": [0, 26]})
    assert told["amplitude"]["kind"] == "symmetric"
    assert told["classes"][1]["name"] == "fault"
    assert told["created"].endswith("+00:00")


def test_a_line_stored_as_a_volume_is_read_as_a_section_unless_told_otherwise():
    line = volume_of((60, 1, 50))
    model = model_of(Convolution())
    assert summary(predict(line, model=model))["views"] == ["crossline"]
    assert summary(predict(line, model=model, views="inline"))["views"] == ["inline"]


def test_the_summary_is_fit_for_json_and_counts_what_was_predicted():
    volume = volume_of((4, 40, 50))
    volume[1] = np.nan
    labels = predict(volume, model=model_of(Convolution()), precision="fp32")
    found = json.loads(json.dumps(summary(labels, "out/faults.zarr")))
    assert found["dims"] == ["inline", "crossline", "time"]
    assert found["shape"] == [4, 40, 50]
    assert (found["input"], found["output"], found["task"], found["model"]) == (
        None,
        "out/faults.zarr",
        "faults",
        "stub",
    )
    assert found["seconds"] > 0
    assert found["tiles"] == 3 * 3
    assert found["predicted"] == 0.75
    assert found["class_fractions"]["fault"] == pytest.approx(float(labels["labels"].mean()))
    assert sum(found["class_fractions"].values()) == pytest.approx(1)


def test_a_region_without_a_live_trace_is_refused():
    volume = volume_of((4, 20, 30))
    volume[0] = np.nan
    with pytest.raises(DataError, match="none of the 600 samples in the region lies on a trace"):
        predict(volume, model=model_of(Identity()), region="inline=100:100")


def test_a_raster_without_a_value_is_refused_in_its_own_words():
    raster = volume_of((20, 30), ("y", "x"))
    raster[:10] = np.nan
    with pytest.raises(DataError, match="none of the 300 samples in the region holds a value") as caught:
        predict(raster, model=model_of(Identity()), region={"y": (100, 109)})
    assert "trace" not in caught.value.hint


def test_data_without_a_live_trace_are_refused_and_leave_nothing(tmp_path):
    volume = volume_of((3, 20, 30))
    volume[:] = 1.0
    with pytest.raises(DataError, match="nothing to predict"):
        predict(volume, model=model_of(Identity()), output=tmp_path / "labels.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_loaded_model_keeps_its_tile_and_a_folder_gets_one_that_suits_all_views(untrained_model):
    volume = volume_of((2, 60, 90))
    loaded = predict(volume, model=load_model(untrained_model), precision="fp32", views="inline,crossline")
    assert loaded.attrs["geointerp"]["tile"] == [56, 56]
    fitted = predict(volume, model=untrained_model, precision="fp32", views="inline,crossline")
    slices = [(2, (90, 60)), (60, (90, 2))]
    expected = fitted_tile(slices, (56, 56), fitted.attrs["geointerp"]["overlap"], 14)
    assert fitted.attrs["geointerp"]["tile"] == list(expected) != [56, 56]
    told = predict(volume, model=untrained_model, precision="fp32", tile=56).attrs["geointerp"]
    assert told["tile"] == [56, 56]


def test_a_model_may_keep_to_its_tile(untrained_model, tmp_path):
    kept = shutil.copytree(untrained_model, tmp_path / "kept")
    replace(read_description(kept), fixed_tile=True).write(kept)
    volume = volume_of((2, 60, 90))
    assert predict(volume, model=kept, precision="fp32").attrs["geointerp"]["tile"] == [56, 56]
    assert predict(volume, model=kept, precision="fp32", tile=42).attrs["geointerp"]["tile"] == [42, 42]


def test_a_model_is_not_given_another_task():
    with pytest.raises(UsageError, match="'stub' is for faults, not salt"):
        predict(volume_of((4, 20, 30)), model=model_of(Convolution()), task="salt")


class Listening(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def note(self, message):
        self.told.append(message)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"views": "inline,crossline"}, []),
        ({"views": "time"}, ["not from time slices"]),
        ({"region": "inline=100:101"}, []),
        ({"region": "time=100:160"}, ["cuts slices along time, to less than a tile of 28 x 42: what lies"]),
        ({"region": "crossline=102:200"}, ["cuts slices along crossline: what lies around it is not seen"]),
        ({"region": "crossline=100:218"}, []),
    ],
)
def test_what_the_model_has_not_learnt_or_cannot_see_is_told(options, words):
    listening = Listening()
    predict(volume_of((4, 60, 50)), model=model_of(Convolution()), progress=listening, **options)
    assert len(listening.told) == len(words)
    assert all(word in told for word, told in zip(words, listening.told, strict=True))


@pytest.mark.parametrize(
    ("region", "channels", "words"),
    [
        ("crossline=100:118", "repeat", ["narrower than 14 samples: crossline slices are cut of it, of the"]),
        (
            "inline=105:110",
            "neighbours",
            ["cuts along inline: the slices at its ends are seen without their"],
        ),
        ("inline=105:110", "repeat", []),
        (None, "neighbours", []),
    ],
)
def test_what_a_region_is_cut_into_otherwise_than_the_whole_is_told(region, channels, words):
    network = Convolution(3 if channels == "neighbours" else 1)
    listening, model = Listening(), model_of(network, channels=channels)
    predict(volume_of((20, 60, 50)), model=model, progress=listening, region=region)
    assert len(listening.told) == len(words)
    assert all(word in told for word, told in zip(words, listening.told, strict=True))


def test_views_that_are_named_are_those_of_a_narrow_region_too():
    """Of data with dimensions of their own as well, which no view of the model's names."""
    own = volume_of((20, 60, 50)).rename(inline="line", crossline="trace")
    listening = Listening()
    for volume, views, region in (
        (volume_of((20, 60, 50)), "crossline", "crossline=100:118"),
        (own, "line", None),
    ):
        predict(volume, model=model_of(Convolution()), progress=listening, views=views, region=region)
    assert listening.told == []


def test_where_zero_lies_in_a_picture_of_seismic_is_told():
    listening, picture = Listening(), volume_of((4, 60, 50)) * 20 + 128
    predict(picture, model=model_of(Convolution()), progress=listening)
    assert len(listening.told) == 1
    assert "no amplitude is negative: zero is taken to lie midway between" in listening.told[0]


@pytest.mark.parametrize(
    ("task", "dims", "told"),
    [
        ("craters", ("inline", "crossline", "time"), "lunar images.*dimensions inline.*of a seismic survey"),
        ("craters", ("cdp", "time"), "of a seismic survey: labels may mean nothing"),
        ("faults", ("distance", "time"), "of a recording"),
        ("events", ("y", "x"), "of a map"),
        ("faults", ("cdp", "depth"), None),
        ("events", ("distance", "time"), None),
        ("craters", ("y", "x"), None),
        ("craters", ("row", "column"), None),
        (None, ("y", "x"), None),
    ],
)
def test_data_that_a_task_is_not_about_is_told(task, dims, told):
    listening = Listening()
    volume = volume_of((4, 60, 50)[-len(dims) :], dims)
    predict(volume, model=model_of(Convolution(), task=task), progress=listening)
    assert len(listening.told) == (told is not None)
    assert told is None or re.search(told, listening.told[0])


def test_a_volume_that_was_changed_since_it_was_opened_is_another(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).standard_normal((4, 60, 50), np.float32))
    volume, model = open_volume(tmp_path / "a.npy"), model_of(Convolution())
    options = {"model": model, "output": tmp_path / "o.zarr"}
    first = predict(volume, **options).load()
    predict(tmp_path / "a.npy", **options, resume=True)  # complete already
    for other in (-volume, volume.isel(time=slice(None, None, -1)).assign_coords(time=volume["time"])):
        assert "source" in other.attrs
        with pytest.raises(OutputError, match="exists"):
            predict(other, **options, resume=True)
    changed = predict(-volume, **options, overwrite=True)
    assert not changed["labels"].equals(first["labels"])
