import numpy as np
import pytest

from geointerp.evaluation.metrics import metrics


def by_sets(prediction, truth, label):
    """IoU, precision, recall and F1 of one class from sets of positions."""
    p, t = set(np.flatnonzero(prediction == label)), set(np.flatnonzero(truth == label))
    both = len(p & t)
    return both / len(p | t), both / len(p), both / len(t), 2 * both / (len(p) + len(t))


def confusion(prediction, truth, classes):
    return np.array(
        [[((truth == t) & (prediction == p)).sum() for p in range(classes)] for t in range(classes)]
    )


def test_figures_agree_with_sets_of_positions():
    rng = np.random.default_rng(3)
    prediction, truth = rng.integers(0, 3, (2, 400))
    report = metrics(confusion(prediction, truth, 3), ["a", "b", "c"])
    expected = [by_sets(prediction, truth, label) for label in range(3)]
    for one, (iou, precision, recall, f1) in zip(report["classes"], expected, strict=True):
        assert one["iou"] == pytest.approx(iou)
        assert one["precision"] == pytest.approx(precision)
        assert one["recall"] == pytest.approx(recall)
        assert one["f1"] == pytest.approx(f1)
    assert report["mIoU"] == pytest.approx(np.mean([e[0] for e in expected]))
    assert report["mPA"] == pytest.approx(np.mean([e[2] for e in expected]))
    assert report["accuracy"] == pytest.approx((prediction == truth).mean())
    assert [one["support"] for one in report["classes"]] == [(truth == k).sum() for k in range(3)]


def test_an_absent_class_is_null_and_left_out_of_the_means():
    report = metrics(np.array([[3, 0, 0], [0, 5, 0], [0, 0, 0]]), ["a", "b", "absent"])
    absent = report["classes"][2]
    assert absent == {
        "name": "absent",
        "iou": None,
        "precision": None,
        "recall": None,
        "f1": None,
        "support": 0,
    }
    assert report["mIoU"] == report["mPA"] == 1.0


def test_a_class_predicted_but_not_there_has_iou_zero_and_no_recall():
    report = metrics(np.array([[3, 1], [0, 0]]), ["a", "invented"])
    invented = report["classes"][1]
    assert (invented["iou"], invented["precision"], invented["recall"]) == (0.0, 0.0, None)
    assert report["mIoU"] == pytest.approx((3 / 4 + 0) / 2)
    assert report["mPA"] == pytest.approx(3 / 4)


def test_nothing_at_all_gives_null():
    report = metrics(np.zeros((2, 2), int), ["a", "b"])
    assert (report["mIoU"], report["mPA"], report["accuracy"]) == (None, None, None)
