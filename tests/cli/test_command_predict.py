import io
import json
import os
import sys
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import segyio
import xarray as xr
from PIL import Image

from geointerp.errors import DataError, OutputError
from geointerp.network import home
from geointerp.sinks.segy_write import write_survey

KEYS = {"input", "output", "task", "model", "dims", "shape", "seconds", "tiles", "class_fractions"}


@pytest.fixture
def predict(run, survey, untrained_model):
    def predict_it(*words: str | Path, inputs: tuple[str | Path, ...] = (survey,)) -> object:
        return run("predict", *inputs, "--model", untrained_model, "--precision", "fp32", *words)

    return predict_it


def test_stdout_is_the_path_of_the_result(predict):
    done = predict("-o", "labels.zarr")
    assert (done.status, done.out) == (0, "labels.zarr\n")
    assert "4 inline × 30 crossline × 60 time: background" in done.err
    assert Path("labels.zarr/zarr.json").exists()


def test_json_is_one_object(predict, survey):
    done = predict("-o", "labels.zarr", "--json", "--quiet")
    assert (done.status, done.err) == (0, "")
    facts = json.loads(done.out)
    assert set(facts) >= KEYS
    assert facts["input"] == str(survey)
    assert facts["shape"] == [4, 30, 60]
    assert facts["predicted"] == 1
    assert done.out.count("\n") == 1


def test_how_much_of_a_survey_is_no_data_is_said(predict, tmp_path):
    amplitude = np.random.default_rng(8).normal(size=(4, 30, 60)).astype(np.float32)
    amplitude[1:3, 10:22] = np.nan
    place = {"inlines": range(4), "crosslines": range(30), "sample_interval_ms": 4}
    write_survey(tmp_path / "holes.sgy", amplitude, **place)
    done = predict("-o", "labels.zarr", inputs=("holes.sgy",))
    assert "4 inline × 30 crossline × 60 time, 80.0% of it data: background" in done.err


def test_an_interrupted_batch_is_gone_on_with_after_its_first_output(predict, survey, monkeypatch):
    Path("other.sgy").write_bytes(survey.read_bytes())
    from geointerp.inference import predict as module

    whole, asked = module.predict, []

    def interrupted_at(number):
        def work(*words, **options):
            asked.append(words)
            if len(asked) == number:
                raise KeyboardInterrupt
            return whole(*words, **options)

        return work

    for number, said in ((2, "hint: go on with --resume"), (3, "error: interrupted")):
        monkeypatch.setattr(module, "predict", interrupted_at(number))
        done = predict("--overwrite", "-o", "out/", inputs=(survey, "other.sgy"))
        assert done.status == 130
        assert done.err.splitlines()[-1] == said


def test_every_writer_writes_the_same_labels(predict):
    for name in ("labels.zarr", "labels.npy", "labels.nc", "labels.png"):
        done = predict("-o", name)
        assert (done.status, done.out) == (0, f"{name}\n"), done.err
    store = xr.open_zarr("labels.zarr", consolidated=False, mask_and_scale=False)
    np.testing.assert_array_equal(np.load("labels.npy"), store["labels"].values)
    with xr.open_dataset("labels.nc", mask_and_scale=False) as netcdf:
        assert netcdf["labels"].dtype == np.uint8
        assert set(netcdf.variables) == set(store.variables)
        for name in store.variables:
            np.testing.assert_array_equal(netcdf[name].values, store[name].values)
        assert json.loads(netcdf.attrs["geointerp"])["task"] == "faults"
    with Image.open("labels.png") as picture:
        assert picture.format == "PNG"
    assert not list(Path().glob(".*"))


def test_products_come_straight_from_predict(predict, survey):
    assert predict("-o", "labels.zarr").status == 0
    labels = xr.open_zarr("labels.zarr", consolidated=False)["labels"].values
    for name in ("labels.sgy", "labels.txt", "labels.csv", "labels.geojson"):
        done = predict("-o", name, "--json")
        assert (done.status, json.loads(done.out)["output"]) == (0, name), done.err
    with segyio.open("labels.sgy") as file:
        np.testing.assert_array_equal(segyio.tools.cube(file), labels)
    assert Path("labels.csv").read_text().startswith("body,class,samples")
    assert not list(Path().glob(".*"))


def test_what_cannot_be_written_is_refused_before_any_work(predict, monkeypatch):
    monkeypatch.setattr("geointerp.inference.predict.predict", lambda *_, **__: pytest.fail("predicted"))
    np.save("a.npy", np.random.default_rng(9).normal(size=(4, 60, 60)).astype(np.float32))
    for name, said in {
        "b.sgy": "take their headers from the SEG-Y file",
        "b.tif": "a GeoTIFF holds a raster",
        "b.txt": "cdp_x and cdp_y are missing",
    }.items():
        done = predict("-o", name, inputs=("a.npy",))
        assert done.status in (1, 2)
        assert done.out == ""
        assert said in done.err
        assert not Path(name).exists()


@pytest.mark.parametrize("name", ["labels.zarr", "labels.csv"])
def test_where_nothing_can_be_written_the_output_is_named(predict, survey, name):
    done = predict("-o", f"{survey}/{name}")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {survey}/{name} cannot be written: ")


def test_a_region_is_in_the_units_of_the_coordinates(predict):
    done = predict("-o", "labels.zarr", "--region", "crossline=310:330,time=200:300")
    assert done.status == 0, done.err
    labels = xr.open_zarr("labels.zarr", consolidated=False)
    assert labels["crossline"].values.tolist() == list(range(310, 332, 2))
    assert labels["time"].values.tolist() == [4.0 * k for k in range(50, 76)]


def test_options_reach_the_engine(predict):
    words = ("--tile", "28x42", "--overlap", "0.5", "--views", "inline,crossline", "--batch-size", "3")
    done = predict("-o", "labels.zarr", "--probability", "--device", "cpu", "--compile", "off", *words)
    assert done.status == 0, done.err
    labels = xr.open_zarr("labels.zarr", consolidated=False)
    told = labels.attrs["geointerp"]
    assert (told["tile"], told["overlap"], told["views"]) == ([28, 42], 0.5, ["inline", "crossline"])
    assert (told["precision"], told["device"]) == ("fp32", "cpu")
    assert labels["probability"].dims == ("class", "inline", "crossline", "time")


def test_by_default_the_tile_is_one_that_suits_the_data(predict):
    done = predict("-o", "fitted.zarr")
    assert done.status == 0, done.err
    # 60 samples by 30 crosslines, by a model of 56 x 56: one tile where its own would need two.
    told = xr.open_zarr("fitted.zarr", consolidated=False).attrs["geointerp"]
    assert (told["tile"], told["tiles"]) == ([70, 42], 4)
    predict("-o", "own.zarr", "--tile", "56")
    told = xr.open_zarr("own.zarr", consolidated=False).attrs["geointerp"]
    assert (told["tile"], told["tiles"]) == ([56, 56], 8)


def test_a_worker_makes_the_same_labels(predict):
    for name, words in (("here.zarr", ()), ("there.zarr", ("--workers", "1"))):
        done = predict("-o", name, *words)
        assert (done.status, done.out) == (0, f"{name}\n"), done.err
    here, there = (xr.open_zarr(name, consolidated=False) for name in ("here.zarr", "there.zarr"))
    np.testing.assert_array_equal(here["labels"], there["labels"])


def test_where_no_scheduler_answers_nothing_is_written(predict, monkeypatch):
    monkeypatch.setattr("geointerp.inference.cluster.SECONDS_TO_ANSWER", 0.5)
    done = predict("-o", "a.zarr", "--scheduler", "tcp://127.0.0.1:9")
    assert done.status == 1
    assert "no scheduler answers at tcp://127.0.0.1:9" in done.err
    done = predict("-o", "a.zarr", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2")
    assert done.status == 2
    assert "not both" in done.err
    assert not list(Path().glob("*.zarr"))


def test_segy_options_reach_the_reader(predict):
    done = predict(
        "-o", "labels.zarr", "--sample-interval", "2", "--inline-byte", "9", "--crossline-byte", "193"
    )
    assert done.status == 0, done.err
    assert np.diff(xr.open_zarr("labels.zarr", consolidated=False)["time"].values).max() == 2.0
    done = predict("-o", "again.zarr", "--inline-byte", "9")
    assert (done.status, done.out) == (2, "")


def test_without_an_output_the_result_is_named_after_the_input(predict):
    assert predict().out == "survey.faults.zarr\n"


@pytest.mark.parametrize("name", ["labels.zarr", "labels.npy"])
def test_an_output_that_exists_is_refused(predict, name):
    assert predict("-o", name, "--quiet").status == 0
    done = predict("-o", name)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"error: {name} exists\nhint: --overwrite replaces it\n"
    assert predict("-o", name, "--overwrite").status == 0


def test_the_input_is_never_replaced(predict):
    np.save("a.npy", np.random.default_rng(9).normal(size=(60, 60)).astype(np.float32))
    before = Path("a.npy").read_bytes()
    done = predict("-o", "a.npy", "--overwrite", inputs=("a.npy",))
    assert done.status == 1
    assert "is the input itself" in done.err
    assert Path("a.npy").read_bytes() == before


def test_of_several_inputs_the_good_ones_go_on(predict, survey, monkeypatch):
    Path("bad.sgy").write_text("no survey at all")
    Path("other.sgy").write_bytes(survey.read_bytes())
    monkeypatch.setattr("sys.stdin", io.StringIO("bad.sgy\nother.sgy\nmissing.sgy\n"))
    done = predict("-o", "out", "--json", inputs=(survey, "-"))
    assert done.status == 1
    results = [json.loads(line) for line in done.out.splitlines()]
    assert [one["output"] for one in results] == ["out/survey.faults.zarr", "out/other.faults.zarr"]
    assert done.err.count("error: ") == 3
    assert "bad.sgy" in done.err
    assert "missing.sgy does not exist" in done.err
    assert done.err.endswith("error: 2 of 4 inputs failed\n")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_names_that_are_no_text_go_through(predict, survey, monkeypatch):
    name = os.fsdecode(b"caf\xe9.sgy")
    Path(name).write_bytes(survey.read_bytes())
    for words, first in (
        ((), b"out/caf\xe9.faults.zarr"),
        (("--json", "--overwrite"), b'"out/caf\xe9.faults'),
    ):
        out = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, encoding="utf-8"))
        done = predict("-o", "out", "--quiet", *words, inputs=(name, survey))
        assert (done.status, done.err) == (0, "")
        results = out.getvalue().splitlines()
        assert len(results) == 2
        assert first in results[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "a.doc"), "no writer goes by the suffix '.doc'"),
        (
            ("-o", "labels"),
            "labels has no suffix that says what to write\nhint: a folder is named labels/, a file",
        ),
        (("-o", "a.zarr", "--region", "inline"), "region"),
        (("-o", "a.zarr", "--region", "depth=1:2"), "depth"),
        (("-o", "a.zarr", "--views", "sideways"), "no view 'sideways'"),
        (("-o", "a.zarr", "--tile", "7"), "7 x 7 samples is no multiple of the model's patch of 14"),
        (("-o", "a.zarr", "--tile", "14000"), "1,000,000 patches, and at most 16,384 are computed at once"),
        (("-o", "a.zarr", "--tile", "big"), "--tile cannot be read: 'big'"),
        (("-o", "a.zarr", "--precision", "fp8"), "fp8"),
        (("-o", "a.zarr", "--compile", "maybe"), "maybe"),
        (("-o", "a.zarr", "--device", "abacus"), "abacus"),
        (("-o", "a.zarr", "--batch-size", "0"), "batch-size"),
        (("-o", "a.zarr", "--task", "faults"), "either --task or --model"),
        (("-o", "a.npy", "--resume"), "--resume"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_a_wrong_command_line_is_status_2_and_writes_nothing(predict, words, said, survey):
    done = predict(*words)
    assert (done.status, done.out) == (2, ""), done.err
    assert done.err.startswith("error: ")
    assert said in done.err
    assert list(Path().iterdir()) == [Path(survey.name)]


def test_a_model_has_to_be_named(run, survey):
    done = run("predict", survey)
    assert done.status == 2
    assert "either --task or --model" in done.err


def test_an_unknown_task_names_the_tasks(run, survey):
    done = run("predict", survey, "--task", "gold")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "error: no task is called 'gold'\nhint: the tasks are faults, salt, facies, craters, events\n"
    )


def test_a_missing_model_is_status_1(run, survey):
    done = run("predict", survey, "--model", "nowhere")
    assert (done.status, done.out) == (1, "")
    assert "no model 'nowhere'" in done.err


def test_a_model_of_the_hub(run, survey, untrained_model, monkeypatch):
    asked = []

    def download(name, *, allow_patterns):
        asked.append((name, allow_patterns))
        return str(untrained_model)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    done = run("predict", survey, "--model", "hf:owner/name", "-o", "a.zarr", "--precision", "fp32")
    assert done.status == 0, done.err
    ((name, patterns),) = asked
    assert name == "owner/name"
    files = [path.name for path in untrained_model.iterdir()]
    assert all(any(fnmatch(file, pattern) for pattern in patterns) for file in files)


def test_a_model_of_the_hub_without_a_network(run, survey, monkeypatch):
    """A port of this machine that nobody listens at stands for the hub."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    done = run("predict", survey, "--model", "hf:owner/name")
    assert (done.status, done.out) == (1, "")
    assert "the model 'owner/name' could not be fetched from the hub" in done.err
    assert "give the path" in done.err
    assert run("predict", survey, "--model", "hf:a/b/c").err.startswith(
        "error: 'a/b/c' is no name on the hub"
    )


def test_a_model_of_the_hub_that_fails_without_a_word(run, survey, monkeypatch):
    def fail(*_, **__):
        raise ConnectionAbortedError

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    done = run("predict", survey, "--model", "hf:owner/name", "--quiet")
    assert (done.status, done.out) == (1, "")
    assert "error: the model 'owner/name' could not be fetched from the hub: ConnectionAborted" in done.err


def test_what_the_hub_has_may_be_no_model(run, survey, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    assert "'owner/name' on the hub is no model" in run("predict", survey, "--model", "hf:owner/name").err


def test_a_wrong_command_line_is_status_2_for_several_inputs_too(predict, survey):
    other = survey.with_name("other.sgy")
    other.write_bytes(survey.read_bytes())
    done = predict("--tile", "100", inputs=(survey, other))
    assert done.status == 2
    assert "2 of 2 inputs failed" in done.err
    assert predict("-o", "out/", inputs=(survey, "nowhere.sgy")).status == 1


def test_probabilities_are_refused_where_there_is_no_place_for_them(predict):
    done = predict("-o", "labels.npy", "--probability")
    assert (done.status, done.out) == (2, "")
    assert "a .npy output holds no probabilities" in done.err
    assert predict("-o", "labels.nc", "--probability").status == 0


@pytest.mark.parametrize("output", ["s3://bucket/labels.zarr", "https://host/labels.npy"])
def test_results_are_not_written_to_urls(predict, output):
    done = predict("-o", output)
    assert (done.status, done.out) == (1, "")
    assert f"not to {output.split(':')[0]}" in done.err
    assert not Path("s3:").exists()


def test_stdin_may_be_closed(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    done = run("predict", "-", "--task", "faults")
    assert done.status == 2
    assert "no paths came from stdin" in done.err


def test_a_task_takes_no_model_of_the_working_folder(run, survey, untrained_model, monkeypatch):
    monkeypatch.setattr(home, "_HOMES", (Path("bundled"),))
    Path("bundled").mkdir()
    Path("salt").symlink_to(untrained_model)
    done = run("predict", survey, "--task", "salt")
    assert (done.status, done.out) == (1, "")
    assert "no model 'salt' is bundled" in done.err


def test_views_may_be_listed_with_blanks_and_suffixes_written_large(predict):
    done = predict("-o", "labels.ZARR", "--views", "inline, crossline")
    assert (done.status, done.out) == (0, "labels.ZARR\n"), done.err
    assert xr.open_zarr("labels.ZARR", consolidated=False).attrs["geointerp"]["views"] == [
        "inline",
        "crossline",
    ]


def test_files_are_made_from_a_store_on_the_disk(predict, monkeypatch):
    from geointerp.inference import job

    monkeypatch.setattr(job, "MemoryStore", lambda: pytest.fail("the labels were kept in memory"))
    Path("labels.npy").write_text("old")
    done = predict("-o", "labels.npy", "--overwrite", "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["output"] == "labels.npy"
    assert np.load("labels.npy").shape == (4, 30, 60)
    assert not list(Path().glob(".*"))


def test_labels_that_cannot_be_written_as_asked_are_kept(predict, survey, monkeypatch):
    def refuse(labels, path, **options):
        raise DataError("they do not suit", hint="other labels")

    monkeypatch.setattr("geointerp.products.write.write_product", refuse)
    done = predict("-o", "labels.npy")
    assert (done.status, done.out) == (1, "")
    assert "error: they do not suit\nhint: the labels are kept in labels.zarr" in done.err
    assert xr.open_zarr("labels.zarr", consolidated=False)["labels"].shape == (4, 30, 60)
    assert {path.name for path in Path().iterdir()} == {survey.name, "labels.zarr"}


@pytest.mark.parametrize("error", [ValueError("no such profile"), MemoryError()])
def test_labels_are_kept_whatever_a_writer_meets_with(predict, survey, monkeypatch, error):
    def break_down(labels, path, **options):
        path.write_text("half")
        raise error

    monkeypatch.setattr("geointerp.products.write.write_product", break_down)
    done = predict("-o", "labels.npy")
    assert (done.status, done.out) == (1, "")
    said = f"{type(error).__name__}: {error}".removesuffix(": ")
    assert f"error: labels.npy cannot be written, though all labels are computed: {said}\n" in done.err
    assert "hint: the labels are kept in labels.zarr" in done.err
    assert xr.open_zarr("labels.zarr", consolidated=False)["labels"].shape == (4, 30, 60)
    assert {path.name for path in Path().iterdir()} == {survey.name, "labels.zarr"}


def test_labels_are_kept_of_an_input_that_has_gone_by_the_time_it_is_drawn(predict, survey, monkeypatch):
    """The reader's hint is to go on with --resume, which a picture cannot; but all labels are there."""

    def truncate(labels, path, **options):
        os.truncate(survey, 4000)
        options["volume"].load()

    monkeypatch.setattr("geointerp.products.write.write_product", truncate)
    done = predict("-o", "labels.png")
    assert (done.status, done.out) == (1, "")
    assert "has become shorter" in done.err
    assert "hint: the labels are kept in labels.zarr" in done.err
    assert xr.open_zarr("labels.zarr", consolidated=False)["labels"].shape == (4, 30, 60)


def test_kept_labels_replace_nothing(predict, survey, monkeypatch):
    def refuse(labels, path, **options):
        raise DataError("they do not suit")

    monkeypatch.setattr("geointerp.products.write.write_product", refuse)
    Path("labels.zarr").mkdir()
    Path("labels-2.zarr").symlink_to("nowhere")
    done = predict("-o", "labels.npy")
    assert "hint: the labels are kept in labels-3.zarr: geointerp export labels-3.zarr" in done.err
    assert xr.open_zarr("labels-3.zarr", consolidated=False)["labels"].shape == (4, 30, 60)
    assert not list(Path("labels.zarr").iterdir())


def test_an_interval_that_segy_cannot_store_is_refused_beforehand(predict, survey):
    done = predict("-o", "labels.sgy", "--sample-interval", "40")
    assert (done.status, done.out) == (1, "")
    assert "no room for a sample interval of 40" in done.err
    assert list(Path().iterdir()) == [Path(survey.name)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OutputError("labels.npy cannot be written: disk full")])
def test_a_conversion_that_is_interrupted_leaves_nothing(predict, survey, monkeypatch, error):
    def half(labels, path, **options):
        path.write_text("half")
        raise error

    monkeypatch.setattr("geointerp.products.write.write_product", half)
    done = predict("-o", "labels.npy")
    assert done.status == (130 if error is KeyboardInterrupt else 1)
    assert list(Path().iterdir()) == [Path(survey.name)]


def test_what_cannot_be_resumed_is_not_said_to_be(predict, monkeypatch):
    def full(*block):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("geointerp.sinks.zarr_store.LabelStore.write", full)
    assert "go on with --resume" in predict("-o", "labels.zarr").err
    done = predict("-o", "labels.npy")
    assert done.status == 1
    assert "go on with --resume" not in done.err
    assert "a .zarr output keeps what is done" in done.err


def test_a_pipeline_that_was_interrupted_is_resumed(predict, survey):
    inputs = (survey, "other.sgy")
    Path("other.sgy").write_bytes(survey.read_bytes())
    assert predict("-o", "out/survey.faults.zarr").status == 0
    done = predict("-o", "out/", "--resume", inputs=inputs)
    assert (done.status, done.out) == (0, "out/survey.faults.zarr\nout/other.faults.zarr\n"), done.err
    assert "out/survey.faults.zarr is complete already" in done.err
    done = predict("-o", "out/", "--resume", "--overlap", "0.5", inputs=inputs)
    assert (done.status, done.out) == (1, "")
    assert "out/survey.faults.zarr exists" in done.err
