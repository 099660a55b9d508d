"""The whole way on a survey of our own: synth, predict, evaluate."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import segyio
import xarray as xr

KEYS = {"input", "output", "task", "model", "dims", "shape", "seconds", "tiles", "class_fractions"}


def test_the_survey_can_be_read_by_others(survey):
    with segyio.open(survey) as file, segyio.open(survey.with_name("survey_faults.sgy")) as truth:
        assert (len(file.ilines), len(file.xlines), len(file.samples)) == (12, 60, 80)
        np.testing.assert_array_equal(file.ilines, truth.ilines)
        np.testing.assert_array_equal(file.samples, 4.0 * np.arange(80))
        assert set(np.unique(segyio.tools.cube(truth))) == {0.0, 1.0}
        assert segyio.tools.cube(file).std() > 0.1


def test_labels_are_predicted_and_scored(program, survey, untrained_model, tmp_path):
    done = program("predict", survey, "--model", untrained_model, "-o", "labels.zarr", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert set(facts) >= KEYS
    assert facts["output"] == "labels.zarr"
    assert facts["dims"] == ["inline", "crossline", "time"]
    assert facts["shape"] == [12, 60, 80]
    assert sum(facts["class_fractions"].values()) == pytest.approx(1)
    assert "\r" not in done.stderr
    assert "\x1b" not in done.stderr

    labels = xr.open_zarr(tmp_path / "labels.zarr", consolidated=False, mask_and_scale=False)
    assert labels["labels"].dtype == np.uint8
    assert labels["trace_mask"].values.all()
    np.testing.assert_array_equal(labels["time"].values, 4.0 * np.arange(80))
    assert [path.name for path in tmp_path.iterdir()] == ["labels.zarr"]

    done = program(
        "evaluate", "labels.zarr", survey.with_name("survey_faults.sgy"), "--tolerance", "2", "--json"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert np.sum(report["confusion"]) == 12 * 60 * 80
    assert [one["name"] for one in report["classes"]] == ["background", "fault"]
    assert set(report["tolerant"]) == {"precision", "recall", "f1"}


def test_an_interrupted_prediction_goes_on(survey, untrained_model, tmp_path, environment, program):
    words = [
        "predict",
        str(survey),
        "--model",
        str(untrained_model),
        "-o",
        "labels.zarr",
        "--batch-size",
        "1",
    ]
    words += ["--tile", "28", "--precision", "fp32", "--compile", "off", "--views", "inline,crossline,time"]
    running = subprocess.Popen(
        [sys.executable, "-m", "geointerp", *words],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background would hand on that they ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    manifest = tmp_path / ".labels.zarr.partial" / "geointerp-manifest.jsonl"
    deadline = time.monotonic() + 120
    while not manifest.exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert err.endswith("error: interrupted\nhint: go on with --resume\n")
    assert not (tmp_path / "labels.zarr").exists()

    done = program(*words, "--resume")
    assert (done.returncode, done.stdout) == (0, "labels.zarr\n")
    assert program(*[word.replace("labels", "again") for word in words]).returncode == 0
    first, second = (
        xr.open_zarr(tmp_path / name, consolidated=False) for name in ("labels.zarr", "again.zarr")
    )
    np.testing.assert_array_equal(first["labels"].values, second["labels"].values)


def test_a_closed_pipe_is_no_noise(environment, tmp_path):
    command = f"{sys.executable} -m geointerp models --json | true"
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
