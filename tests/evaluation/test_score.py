import numpy as np
import pytest

from geointerp.errors import DataError
from geointerp.evaluation.metrics import metrics
from geointerp.evaluation.paper import paper_metrics
from geointerp.evaluation.score import ImageCounts, Score


@pytest.fixture
def images():
    rng = np.random.default_rng(4)
    truths = rng.choice([0, 1, 2, 255], (5, 12, 9)).astype(np.uint8)
    predictions = np.where(rng.random(truths.shape) < 0.6, truths, rng.integers(0, 3, truths.shape))
    return predictions.astype(np.uint8), truths


def filled(images, **options):
    score = Score(**options)
    for number, (prediction, truth) in enumerate(zip(*images, strict=True)):
        score.add(str(number), prediction, truth, distance=float(number))
    return score


def test_images_add_up_to_the_whole(images):
    score = filled(images)
    whole = sum(image.of_classes(3) for image in score.images)
    np.testing.assert_array_equal(whole, score.matrix.of_classes(3))
    report = score.report(["a", "b", "c"])
    assert report == metrics(whole, ["a", "b", "c"])
    assert [(image.name, image.distance) for image in score.images][:2] == [("0", 0.0), ("1", 1.0)]


def test_the_iou_of_an_image_is_that_of_its_pixels(images):
    prediction, truth = images[0][2], images[1][2]
    known = (truth != 255) & (prediction != 255)
    expected = [
        ((prediction == c) & (truth == c) & known).sum() / (((prediction == c) | (truth == c)) & known).sum()
        for c in range(3)
    ]
    image = filled(images).images[2]
    assert image.ious(3) == pytest.approx(expected)
    assert image.mean_iou(3) == pytest.approx(np.mean(expected))
    assert image.ious(5)[3:] == [None, None]


def test_tolerant_and_published_figures_are_added_on_request(images):
    score = filled(images, tolerance=1)
    report = score.report(["a", "b", "c"], 2)
    assert list(report)[5:] == ["tolerant", "paper"]
    assert report["paper"] == paper_metrics([image.of_classes(3) for image in score.images], 2)


def test_an_image_of_which_nothing_is_known_has_no_figures(images):
    empty = ImageCounts("none", np.zeros((0, 0), np.int64))
    assert (empty.ious(2), empty.mean_iou(2)) == ([None, None], None)
    score = Score()
    score.add("none", images[0][0], np.full_like(images[1][0], 255))
    with pytest.raises(DataError, match="no labelled sample in common"):
        score.report(["a", "b", "c"])


def test_an_image_in_parts_counts_as_the_whole(images):
    whole, parts = filled(images), Score()
    for number, (prediction, truth) in enumerate(zip(*images, strict=True)):
        cuts = (slice(0, 5), slice(5, 6), slice(6, 12))
        parts.add_in_parts(str(number), ((prediction[cut], truth[cut]) for cut in cuts))
    np.testing.assert_array_equal(parts.matrix.counts, whole.matrix.counts)
    for one, other in zip(parts.images, whole.images, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.counts, other.counts)
