import json
from pathlib import Path

import numpy as np
import pytest

from geointerp.evaluation.report import evaluate


@pytest.fixture
def pair(run) -> tuple[str, str]:
    rng = np.random.default_rng(10)
    for name in ("prediction.npy", "truth.npy"):
        np.save(name, (rng.random((3, 20, 30)) < 0.1).astype(np.uint8))
    return "prediction.npy", "truth.npy"


def test_json_is_what_python_returns(run, pair):
    done = run("evaluate", *pair, "--json", "--tolerance", "2", "--quiet")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == evaluate(*map(Path, pair), tolerance=2)


def test_people_get_a_table_on_stderr(run, pair):
    done = run("evaluate", *pair, "--tolerance", "2")
    assert (done.status, done.out) == (0, "")
    report = evaluate(*map(Path, pair), tolerance=2)
    assert f"mIoU {report['mIoU']:.4f}" in done.err
    assert f"within 2 samples   F1 {report['tolerant']['f1']:.4f}" in done.err
    assert "precision" in done.err


def test_absent_classes_are_dashes_and_null(run):
    np.save("a.npy", np.array([[0, 2], [2, 0]], np.uint8))
    done = run("evaluate", "a.npy", "a.npy", "--json")
    assert json.loads(done.out)["classes"][1]["iou"] is None
    assert "–" in done.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("a.npy", "missing.npy"), 1, "missing.npy does not exist"),
        (("a.npy",), 2, "there is nothing to compare"),
        (("a.npy", "b.npy"), 1, "(2, 2), the truth (3, 2)"),
        (("a.npy", "a.npy", "--tolerance", "-1"), 2, "the tolerance is -1"),
        (("a.npy", "a.npy", "--tolerance", "two"), 2, "--tolerance"),
    ],
)
def test_errors_have_their_status(run, words, status, said):
    np.save("a.npy", np.zeros((2, 2), np.uint8))
    np.save("b.npy", np.zeros((3, 2), np.uint8))
    done = run("evaluate", *words)
    assert (done.status, done.out) == (status, "")
    assert said in done.err
