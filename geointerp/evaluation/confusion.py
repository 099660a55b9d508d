"""One confusion matrix of a whole set of labels, filled block by block."""

import numpy as np
from numpy.typing import NDArray

from geointerp.tasks import NOTHING

_LABELS = 256


class ConfusionMatrix:
    """Counts of samples by true class (row) and predicted class (column).

    Samples that are 255 in the truth or in the prediction are left out. The matrix is kept
    for all 256 values of uint8, so the classes need not be known before the last block.

    Attributes:
        counts: int64, shape (256, 256), ``counts[truth, prediction]``.
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.counts = np.zeros((_LABELS, _LABELS), np.int64)

    def add(self, prediction: NDArray[np.uint8], truth: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Count one block.

        Args:
            prediction: uint8 labels of any shape.
            truth: uint8 labels of the same shape.

        Returns:
            The counts of this block alone, int64, cut to the labels met in it: (largest + 1, largest + 1).
        """
        known = (prediction != NOTHING) & (truth != NOTHING)
        pairs = truth[known].astype(np.intp) * _LABELS + prediction[known]
        counts = np.bincount(pairs, minlength=_LABELS**2).reshape(_LABELS, _LABELS)
        self.counts += counts
        met = _largest(counts) + 1
        return counts[:met, :met].copy()

    @property
    def largest_label(self) -> int:
        """The largest label met on either side; -1 when nothing was counted."""
        return _largest(self.counts)

    def of_classes(self, number: int) -> NDArray[np.int64]:
        """Return the counts of the first ``number`` classes, shape (number, number), int64."""
        return self.counts[:number, :number].copy()


def _largest(counts: NDArray[np.int64]) -> int:
    met = np.flatnonzero(counts.any(axis=0) | counts.any(axis=1))
    return int(met[-1]) if met.size else -1
