import numpy as np
import pytest

from geointerp.evaluation.tolerant import TolerantScore


def within(line, other, tolerance):
    """The share of ``line`` that has a sample of ``other`` within the distance, pair by pair."""
    ours, theirs = np.argwhere(line), np.argwhere(other)
    distances = np.sqrt(((ours[:, None] - theirs[None]) ** 2).sum(-1)).min(axis=1)
    return (distances <= tolerance).mean()


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 2, 4])
def test_agrees_with_all_pairs_of_samples(tolerance):
    rng = np.random.default_rng(4)
    prediction = (rng.random((40, 50)) < 0.02).astype(np.uint8)
    truth = (rng.random((40, 50)) < 0.02).astype(np.uint8)
    score = TolerantScore(tolerance)
    score.add_slice(prediction, truth)
    report = score.report()
    precision, recall = within(prediction, truth, tolerance), within(truth, prediction, tolerance)
    assert report["precision"] == pytest.approx(precision)
    assert report["recall"] == pytest.approx(recall)
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0
    assert report["f1"] == pytest.approx(expected)


def line_at(column):
    labels = np.zeros((20, 20), np.uint8)
    labels[:, column] = 1
    return labels


@pytest.mark.parametrize(("shift", "f1"), [(0, 1.0), (2, 1.0), (3, 0.0)])
def test_the_tolerance_includes_its_end(shift, f1):
    score = TolerantScore(2)
    score.add_slice(line_at(8 + shift), line_at(8))
    assert score.report()["f1"] == f1


def test_slices_do_not_see_each_other():
    score = TolerantScore(2)
    score.add_slice(line_at(8), np.zeros((20, 20), np.uint8))
    score.add_slice(np.zeros((20, 20), np.uint8), line_at(8))
    assert score.report() == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_unknown_samples_neither_count_nor_help():
    truth = line_at(8)
    truth[:10] = 255
    score = TolerantScore(1)
    score.add_slice(line_at(8), truth)
    assert score.report() == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    beside = np.full((20, 20), 255, np.uint8)
    beside[:, 9] = 0
    score = TolerantScore(1)
    score.add_slice(line_at(9), beside)
    assert score.report()["precision"] == 0.0


def test_no_line_on_either_side_is_null():
    score = TolerantScore(2)
    score.add_slice(np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8))
    assert score.report() == {"precision": None, "recall": None, "f1": None}


def test_every_class_but_the_background_is_a_line():
    score = TolerantScore(0)
    score.add_slice(line_at(3) * 2, line_at(3))
    assert score.report()["f1"] == 1.0
