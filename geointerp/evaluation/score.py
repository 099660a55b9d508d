"""All that is measured of predicted labels, gathered image by image.

An "image" is a picture, a section, or one slice of a volume.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.evaluation.confusion import ConfusionMatrix
from geointerp.evaluation.metrics import class_metrics, mean_of_known, metrics
from geointerp.evaluation.paper import paper_metrics
from geointerp.evaluation.tolerant import TolerantScore


@dataclass(frozen=True)
class ImageCounts:
    """What was counted in one image.

    Attributes:
        name: of the image, such as ``12`` or ``inline 120``.
        counts: confusion matrix, int64, of the labels met in the image.
        distance: to the nearest slice the model was trained on, in line numbers or the coordinate's unit;
            None where that is not known.
    """

    name: str
    counts: NDArray[np.int64]
    distance: float | None = None

    def of_classes(self, number: int) -> NDArray[np.int64]:
        """Return the confusion matrix of ``number`` classes, (number, number), int64."""
        whole = np.zeros((number, number), np.int64)
        met = len(self.counts)
        whole[:met, :met] = self.counts
        return whole

    def ious(self, number: int) -> list[float | None]:
        """Return the IoU of each class, None for one that is neither in the image nor predicted."""
        return [one["iou"] for one in class_metrics(self.of_classes(number), [""] * number)]

    def mean_iou(self, number: int) -> float | None:
        """Return the mean IoU of the classes that are in the image or predicted."""
        return mean_of_known(self.ious(number))


class Score:
    """Counts of all images together, and of each.

    Attributes:
        matrix: of all images.
        images: one entry an image, in the order they came.
    """

    def __init__(self, tolerance: float | None = None) -> None:
        """Start with nothing counted.

        Args:
            tolerance: in samples, to score thin labels too (see ``geointerp.evaluation.tolerant``).

        Raises:
            UsageError: the tolerance is no distance.
        """
        if tolerance is not None and not 0 <= tolerance < np.inf:
            raise UsageError(
                f"the tolerance is {tolerance:g}, it must be a distance of 0 samples or more",
                hint="2 is usual for faults",
            )
        self.matrix = ConfusionMatrix()
        self.images: list[ImageCounts] = []
        self._tolerant = None if tolerance is None else TolerantScore(tolerance)

    def add(
        self,
        name: str,
        prediction: NDArray[np.uint8],
        truth: NDArray[np.uint8],
        distance: float | None = None,
    ) -> None:
        """Count one image.

        Args:
            name: of the image.
            prediction: uint8 (rows, columns), 255 where nothing was predicted.
            truth: uint8 of the same shape, 255 where nothing is known.
            distance: to the nearest slice of the training, where that is known.
        """
        self.images.append(ImageCounts(name, self.matrix.add(prediction, truth), distance))
        if self._tolerant is not None:
            self._tolerant.add_slice(prediction, truth)

    def add_in_parts(self, name: str, parts: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> None:
        """Count one image part by part; a tolerance, which looks beyond a part's ends, asks for ``add``.

        Args:
            name: of the image.
            parts: prediction and truth, as of ``add``.
        """
        image = ConfusionMatrix()
        for prediction, truth in parts:
            image.add(prediction, truth)
        self.matrix.counts += image.counts
        self.images.append(ImageCounts(name, image.of_classes(image.largest_label + 1)))

    def report(self, names: Sequence[str], paper_batch: int | None = None) -> dict[str, Any]:
        """Return all figures, ready for JSON.

        Args:
            names: of the classes, in the order of their labels.
            paper_batch: adds ``paper``, the published code's averages over batches of so many images.

        Returns:
            ``mIoU, mPA, accuracy, classes, confusion`` (see ``geointerp.evaluation.metrics``), with a
            tolerance ``tolerant``, with a batch ``paper``.

        Raises:
            DataError: nothing was counted.
        """
        if self.matrix.largest_label < 0:
            raise DataError(
                "prediction and truth have no labelled sample in common",
                hint="wherever one has a label, the other is 255 (nothing predicted, or nothing known)",
            )
        report = metrics(self.matrix.of_classes(len(names)), names)
        if self._tolerant is not None:
            report["tolerant"] = self._tolerant.report()
        if paper_batch is not None:
            confusions = [image.of_classes(len(names)) for image in self.images]
            report["paper"] = paper_metrics(confusions, paper_batch)
        return report
