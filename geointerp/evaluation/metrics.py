"""Figures that follow from a confusion matrix.

With ``n[t, p]`` samples of class ``t`` predicted as ``p``, the true positives of a class are
``TP = n[c, c]``, its support ``S = sum_p n[c, p]`` and the samples predicted so
``P = sum_t n[t, c]``:

    IoU = TP / (S + P - TP)    precision = TP / P    recall = TP / S    F1 = 2 TP / (S + P)

A figure whose denominator is zero is ``None`` (``null`` in JSON), never 0 or 1, and takes no
part in the means: ``mIoU`` is the mean of the IoUs that exist, so a class that is neither
there nor predicted does not count, one that is predicted but not there counts as 0; ``mPA``
(mean pixel accuracy) is the mean recall of the classes that the truth has.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def ratio(numerator: float, denominator: float) -> float | None:
    """Return ``numerator / denominator``, or None where the denominator is zero."""
    return float(numerator) / float(denominator) if denominator else None


def mean_of_known(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are not None, or None when there are none."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def f1_of(precision: float | None, recall: float | None) -> float | None:
    """Return the harmonic mean of precision and recall.

    None only when neither exists, and 0 when one of them does not, or both are 0.
    """
    if precision is None and recall is None:
        return None
    p, r = precision or 0.0, recall or 0.0
    return 2 * p * r / (p + r) if p + r else 0.0


def class_metrics(confusion: NDArray[np.int64], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return name, IoU, precision, recall, F1 and support of each class.

    Args:
        confusion: shape (classes, classes), rows are the truth, columns the prediction.
        names: of the classes, in the order of their labels.
    """
    support = confusion.sum(axis=1)
    predicted = confusion.sum(axis=0)
    hits = np.diagonal(confusion)
    return [
        {
            "name": name,
            "iou": ratio(tp, s + p - tp),
            "precision": ratio(tp, p),
            "recall": ratio(tp, s),
            "f1": ratio(2 * tp, s + p),
            "support": int(s),
        }
        for name, tp, s, p in zip(names, hits, support, predicted, strict=True)
    ]


def metrics(confusion: NDArray[np.int64], names: Sequence[str]) -> dict[str, Any]:
    """Return the report of one confusion matrix, ready for JSON.

    Args:
        confusion: shape (classes, classes), rows are the truth, columns the prediction.
        names: of the classes, in the order of their labels.

    Returns:
        ``mIoU``, ``mPA``, ``accuracy`` (each a fraction of one, or None), ``classes`` (one
        dict a class: name, iou, precision, recall, f1, support) and ``confusion`` (lists).
    """
    classes = class_metrics(confusion, names)
    return {
        "mIoU": mean_of_known(one["iou"] for one in classes),
        "mPA": mean_of_known(one["recall"] for one in classes),
        "accuracy": ratio(np.trace(confusion), confusion.sum()),
        "classes": classes,
        "confusion": confusion.tolist(),
    }
