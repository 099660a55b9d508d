"""Precision and recall of thin labels, forgiving small misplacements.

A fault is labelled one to three samples wide; a prediction beside it by one sample is right
to an interpreter and wrong to a confusion matrix. Here, in each 2D slice,

- a predicted line sample is right when a true line sample lies within ``tolerance``,
- a true line sample is found when a predicted line sample lies within ``tolerance``,

where the distance is Euclidean, in samples of the slice plane (one trace counts as much as
one sample in time), and "line" is every class but the background, class 0. Then

    precision = right / predicted    recall = found / true    F1 = 2 p r / (p + r)

over all slices together. A volume is taken slice by slice along its first dimension (at one
inline, the plane is crossline by time). Samples that are 255 on either side neither count nor
serve as a neighbour.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geointerp.evaluation.metrics import f1_of, ratio
from geointerp.tasks import NOTHING


class TolerantScore:
    """Counts of right predictions and found truths, added up slice by slice.

    Attributes:
        tolerance: the largest distance that is forgiven, in samples; ends included.
    """

    def __init__(self, tolerance: float) -> None:
        """Start with nothing counted.

        Args:
            tolerance: in samples, at least 0 (0 asks for the very same sample).
        """
        self.tolerance = tolerance
        self._predicted = self._right = self._true = self._found = 0

    def add_slice(self, prediction: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
        """Count one 2D slice of uint8 labels, both of the same shape."""
        known = (prediction != NOTHING) & (truth != NOTHING)
        predicted_line = known & (prediction > 0)
        true_line = known & (truth > 0)
        self._predicted += int(predicted_line.sum())
        self._true += int(true_line.sum())
        self._right += self._near(predicted_line, true_line)
        self._found += self._near(true_line, predicted_line)

    def _near(self, line: NDArray[np.bool_], other: NDArray[np.bool_]) -> int:
        """Count the samples of ``line`` that have one of ``other`` within the tolerance."""
        if not line.any() or not other.any():
            return 0
        # The transform gives each sample's distance to the nearest zero.
        distance = distance_transform_edt(~other)
        return int((distance[line] <= self.tolerance).sum())

    def report(self) -> dict[str, Any]:
        """Return precision, recall and F1, None where nothing was predicted or nothing is true.

        F1 is None only when there is no line on either side, and 0 when there is one on one side.
        """
        precision = ratio(self._right, self._predicted)
        recall = ratio(self._found, self._true)
        return {"precision": precision, "recall": recall, "f1": f1_of(precision, recall)}
