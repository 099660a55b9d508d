import json
from pathlib import Path

import numpy as np

from geointerp.sinks.segy_write import write_survey


def test_a_survey_is_described_for_people(run, survey):
    done = run("info", survey)
    assert (done.status, done.out) == (0, "")
    rows = [line.split() for line in done.err.splitlines()]
    assert ["inline", "101", "104", "1", "4"] in rows
    assert ["crossline", "300", "358", "2", "30"] in rows
    assert ["time", "(ms)", "100", "336", "4", "60"] in rows
    assert "SEG-Y revision 1, ieee samples, big-endian" in done.err
    assert "120 present, 0 missing, 0 dead" in done.err
    assert "inline 189, crossline 193" in done.err


def test_large_numbers_are_shown_whole(run):
    write_survey(
        "large.sgy",
        np.ones((3, 4, 5), np.float32),
        inlines=1_234_567 + np.arange(3),
        crosslines=np.arange(4),
        sample_interval_ms=4,
        cdp_x=np.full((3, 4), 456_789.5),
        cdp_y=5_678_901.5 + np.add.outer(np.arange(3), np.arange(4)),
    )
    done = run("info", "large.sgy")
    assert ["inline", "1234567", "1234569", "1", "3"] in [line.split() for line in done.err.splitlines()]
    assert "5,678,901.5 to 5,678,906.5" in done.err


def test_json_is_one_object(run, survey):
    done = run("info", survey, "--json")
    assert (done.status, done.err) == (0, "")
    assert done.out.count("\n") == 1
    facts = json.loads(done.out)
    assert facts["shape"] == [4, 30, 60]
    assert facts["axes"]["time"]["first"] == 100.0


def test_overrides_are_tried_out(run, survey):
    facts = json.loads(run("info", survey, "--json", "--sample-interval", "2").out)
    assert facts["axes"]["time"]["step"] == 2.0


def test_arrays_are_described_too(run):
    np.save("a.npy", np.zeros((3, 4), np.float32))
    done = run("info", "a.npy")
    assert (done.status, done.out) == (0, "")
    assert "none but zeros" in done.err


def test_least_and_greatest_are_said_to_be_those_of_a_sample(run):
    values = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    values[:4] = 0
    np.save("a.npy", values)
    words = " ".join(run("info", "a.npy").err.split())
    assert "; of 1,800 samples other than zero, out of 2,000" in words


def test_errors_have_their_status(run):
    Path("text.sgy").write_text("just words\n" * 1000)
    Path("empty.sgy").touch()
    for name in ("text.sgy", "empty.sgy", "missing.sgy"):
        done = run("info", name)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("error: ")
        assert name in done.err
        assert "Traceback" not in done.err
