import numpy as np
import pytest

from geointerp.errors import UsageError
from geointerp.evaluation.paper import PUBLISHED_BATCH, paper_batch, paper_metrics


def confusion_of(truth, prediction, classes):
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth.ravel(), prediction.ravel()), 1)
    return counts


def by_hand(truths, predictions, classes, batch_size):
    """The published evaluation, pixel by pixel: no confusion matrix, only sets of pixels."""
    means = {"mIoU": [], "mPA": [], "F1": []}
    for first in range(0, len(truths), batch_size):
        truth = np.concatenate([one.ravel() for one in truths[first : first + batch_size]])
        prediction = np.concatenate([one.ravel() for one in predictions[first : first + batch_size]])
        ious, recalls = [], []
        for label in range(classes):
            both, either = (truth == label) & (prediction == label), (truth == label) | (prediction == label)
            if either.any():
                ious.append(both.sum() / either.sum())
            recalls.append(both.sum() / (truth == label).sum() if (truth == label).any() else 0.0)
        line, true_line = prediction > 0, truth > 0
        right = (line & true_line).sum()
        precision = right / line.sum() if line.any() else 0.0
        recall = right / true_line.sum() if true_line.any() else 0.0
        means["mIoU"].append(np.mean(ious))
        means["mPA"].append(np.mean(recalls))
        means["F1"].append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return {name: np.mean(values) for name, values in means.items()}


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 50])
def test_the_averages_agree_with_the_published_procedure(batch_size):
    rng = np.random.default_rng(3)
    truths = [rng.choice(rng.choice(4, 2, replace=False), (9, 8)) for _ in range(7)]
    predictions = [np.where(rng.random((9, 8)) < 0.7, one, rng.integers(0, 4, (9, 8))) for one in truths]
    confusions = [confusion_of(t, p, 4) for t, p in zip(truths, predictions, strict=True)]
    found = paper_metrics(confusions, batch_size)
    expected = by_hand(truths, predictions, 4, batch_size)
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert (found["batch_size"], found["batches"]) == (batch_size, -(-7 // batch_size))


def test_a_worked_example():
    """Two images of four pixels and three classes; the second has one class alone, and is all right.

    First: truth 0 0 1 2, predicted 0 1 1 1: IoU 1/2, 1/3, 0; recall 1/2, 1, 0. Second: IoU 1; recall 1, 0, 0.
    """
    first = confusion_of(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 3)
    second = confusion_of(np.zeros(4, int), np.zeros(4, int), 3)
    apart = paper_metrics([first, second], 1)
    assert apart["mIoU"] == pytest.approx(((1 / 2 + 1 / 3 + 0) / 3 + 1) / 2)
    assert apart["mPA"] == pytest.approx(((1 / 2 + 1 + 0) / 3 + 1 / 3) / 2)
    assert apart["F1"] == pytest.approx((2 * 2 / (3 + 2) + 0) / 2)
    together = paper_metrics([first, second], 2)
    assert together["mIoU"] == pytest.approx((5 / 6 + 1 / 3 + 0) / 3)
    assert together["mPA"] == pytest.approx((5 / 6 + 1 + 0) / 3)


def test_batches_of_which_nothing_is_known_are_left_out():
    known = confusion_of(np.array([0, 1]), np.array([0, 1]), 2)
    assert paper_metrics([known, np.zeros((2, 2), np.int64)], 1)["batches"] == 1
    assert paper_metrics([], 1)["mIoU"] is None


def test_the_batch_is_as_given_or_as_published():
    assert paper_batch(True, 5, "salt") == 5
    assert paper_batch(True, None, "salt") == PUBLISHED_BATCH["salt"] == 32
    assert paper_batch(True, None, None) == 1
    assert paper_batch(False, None, "salt") is None


def test_a_batch_that_means_nothing_is_refused():
    with pytest.raises(UsageError, match="a batch of 4 images means nothing by itself"):
        paper_batch(False, 4)
    with pytest.raises(UsageError, match="a batch of 0 images is impossible"):
        paper_batch(True, 0)
