import json
from pathlib import Path

import numpy as np
import pytest

import geointerp
from geointerp.errors import OutputError
from geointerp.tasks import TASKS


def test_a_survey_and_its_truth_are_written(run):
    done = run("synth", "survey", "-o", "s.sgy", "--shape", "4,20,40", "--seed", "3")
    assert done == (0, "s.sgy\ns_faults.sgy\n", "")
    amplitude, truth = geointerp.open_volume("s.sgy"), geointerp.open_volume("s_faults.sgy")
    assert amplitude.shape == truth.shape == (4, 20, 40)
    for dim in amplitude.dims:
        np.testing.assert_array_equal(amplitude[dim].values, truth[dim].values)
    assert set(np.unique(truth.values)) <= {0, 1}
    assert np.isfinite(amplitude.values).all()


def test_the_seed_decides_the_survey(run):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert (
            run("synth", "survey", "-o", f"{name}.sgy", "--shape", "2,20,30", "--seed", str(seed)).status == 0
        )
    first, same, other = (geointerp.open_volume(f"{name}.sgy").values for name in "abc")
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_json_tells_of_both_files(run):
    done = run("synth", "survey", "-o", "s.sgy", "--shape", "2,10,20", "--json")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["output"], one["content"]) for one in told] == [
        ("s.sgy", "amplitude"),
        ("s_faults.sgy", "faults"),
    ]


def test_salt_is_written_beside_when_asked(run):
    done = run("synth", "survey", "-o", "s.sgy", "--shape", "4,30,40", "--seed", "3", "--salt")
    assert done == (0, "s.sgy\ns_faults.sgy\ns_salt.sgy\n", "")
    salt = geointerp.open_volume("s_salt.sgy").values
    assert salt.shape == (4, 30, 40)
    assert set(np.unique(salt)) == {0, 1}


def test_neither_file_is_replaced_unasked(run):
    Path("s_faults.sgy").write_text("mine")
    done = run("synth", "survey", "-o", "s.sgy", "--shape", "2,10,20")
    assert done == (1, "", "error: s_faults.sgy exists\nhint: --overwrite replaces it\n")
    assert not Path("s.sgy").exists()
    assert run("synth", "survey", "-o", "s.sgy", "--shape", "2,10,20", "--overwrite").status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "s.npy"), "not as '.npy': s.npy"),
        (("-o", "s"), "not as '': s"),
        (("-o", "s.sgy", "--shape", "1,1,32768"), "at most 32767 samples, and --shape asks for 32768"),
    ],
)
def test_what_is_no_segy_is_refused_before_the_survey_is_made(run, monkeypatch, words, said):
    monkeypatch.setattr("geointerp.synthesis.survey.synthesise_survey", lambda *_: pytest.fail("it was made"))
    done = run("synth", "survey", *words)
    assert (done.status, done.out) == (2, "")
    assert said in done.err


def test_the_two_files_appear_together(run, monkeypatch):
    from geointerp.sinks import segy_write

    write = segy_write.write_survey

    def fails_on_the_truth(path, *arguments, **options):
        if "faults" in path.name:
            raise OutputError("the disk is full")
        write(path, *arguments, **options)

    monkeypatch.setattr(segy_write, "write_survey", fails_on_the_truth)
    done = run("synth", "survey", "-o", "new/s.sgy", "--shape", "2,10,20")
    assert (done.status, done.out) == (1, "")
    assert list(Path("new").iterdir()) == []


@pytest.mark.parametrize("words", [("--shape", "2,10"), ("--shape", "2,10,x"), ("--seed", "-1")])
def test_impossible_surveys_are_refused(run, words):
    done = run("synth", "survey", "-o", "s.sgy", *words)
    assert (done.status, done.out) == (2, "")
    assert not list(Path().iterdir())


@pytest.mark.parametrize("task", TASKS)
def test_a_training_folder_is_written(run, task):
    done = run("synth", task, "-o", "data", "--count", "20", "--seed", "4")
    assert (done.status, done.out) == (0, "data\n")
    described = json.loads(Path("data/dataset.json").read_text())
    assert described["task"] == task
    assert described["classes"] == [one.name for one in TASKS[task].classes]
    for split, count in (("train", 16), ("val", 2), ("test", 2)):
        images = sorted(Path("data", split, "images").iterdir())
        labels = sorted(Path("data", split, "labels").iterdir())
        assert [path.name for path in images] == [path.name for path in labels]
        assert len(images) == count
    image, label = np.load("data/train/images/00.npy"), np.load("data/train/labels/00.npy")
    assert image.shape == label.shape == (224, 224)
    assert (image.dtype, label.dtype) == (np.float32, np.uint8)
    assert set(np.unique(label)) <= {*range(len(TASKS[task].classes)), 255}


@pytest.mark.parametrize("task", ["faults", "craters"])
def test_more_samples_begin_with_the_same_ones(run, task):
    for name, count in (("few", 2), ("many", 18)):
        assert run("synth", task, "-o", name, "--count", str(count), "--seed", "4").status == 0
    np.testing.assert_array_equal(np.load("few/train/images/0.npy"), np.load("many/train/images/00.npy"))
    assert not np.array_equal(np.load("many/train/images/00.npy"), np.load("many/test/images/17.npy"))


def test_a_folder_of_something_else_is_never_replaced(run):
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("all my work")
    done = run("synth", "faults", "-o", "mine", "--count", "1", "--overwrite")
    assert done.status == 1
    assert Path("mine/thesis.tex").exists()
