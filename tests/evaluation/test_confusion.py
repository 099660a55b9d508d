import numpy as np

from geointerp.evaluation.confusion import ConfusionMatrix


def counted_one_by_one(prediction, truth, classes):
    counts = np.zeros((classes, classes), int)
    for p, t in zip(prediction.flat, truth.flat, strict=True):
        if p != 255 and t != 255:
            counts[t, p] += 1
    return counts


def test_counts_agree_with_counting_one_by_one():
    rng = np.random.default_rng(1)
    prediction = rng.choice([0, 1, 2, 3, 255], (5, 7, 11)).astype(np.uint8)
    truth = rng.choice([0, 1, 2, 255], (5, 7, 11)).astype(np.uint8)
    matrix = ConfusionMatrix()
    matrix.add(prediction, truth)
    np.testing.assert_array_equal(matrix.of_classes(4), counted_one_by_one(prediction, truth, 4))
    assert matrix.counts.sum() == matrix.of_classes(4).sum()
    assert matrix.largest_label == 3


def test_blocks_add_up_to_the_whole():
    rng = np.random.default_rng(2)
    prediction, truth = rng.integers(0, 4, (2, 30, 8), np.uint8)
    whole, blocks = ConfusionMatrix(), ConfusionMatrix()
    whole.add(prediction, truth)
    for first in range(0, 30, 7):
        blocks.add(prediction[first : first + 7], truth[first : first + 7])
    np.testing.assert_array_equal(whole.counts, blocks.counts)


def test_unknown_on_either_side_is_left_out():
    matrix = ConfusionMatrix()
    matrix.add(np.array([255, 1, 255], np.uint8), np.array([1, 255, 255], np.uint8))
    assert matrix.counts.sum() == 0
    assert matrix.largest_label == -1
