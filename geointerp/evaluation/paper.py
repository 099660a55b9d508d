"""The figures of the published code (Guo et al., arXiv 2408.12396), for comparison with its tables.

It evaluates batch by batch and averages over the batches. With ``n[t, p]`` the confusion matrix of one batch
and ``k`` classes,

    mIoU  the mean IoU of the classes that the batch has, or that are predicted in it
    mPA   the sum over the classes of recall, 0 for a class that the batch lacks, divided by ``k``
    F1    of "any class but the first" against the first

Every batch counts the same, the last and smaller one too. So the figures depend on the batch size and on the
order of the images, and ``mPA`` is low wherever a batch lacks a class: they are for comparison alone. The
published loader adds to each image its mirror image, which is not repeated here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import UsageError
from geointerp.evaluation.metrics import mean_of_known, ratio

PUBLISHED_BATCH = {"facies": 3, "salt": 32, "craters": 3, "events": 6, "faults": 6}
"""Images in a batch of the published evaluation, by task."""


def paper_metrics(confusions: Sequence[NDArray[np.int64]], batch_size: int) -> dict[str, Any]:
    """Return the averages over batches of successive images.

    Args:
        confusions: one confusion matrix an image, in the order of evaluation, each (classes, classes) with
            the truth along the rows.
        batch_size: images in a batch.

    Returns:
        ``mIoU``, ``mPA``, ``F1`` (fractions of one), and what they depend on: ``batch_size``, ``batches``.
        Batches in which nothing is known are left out.
    """
    starts = range(0, len(confusions), batch_size)
    summed = [np.sum(confusions[start : start + batch_size], axis=0) for start in starts]
    batches = [batch for batch in summed if batch.any()]
    return {
        "mIoU": mean_of_known(_mean_iou(batch) for batch in batches),
        "mPA": mean_of_known(_mean_pixel_accuracy(batch) for batch in batches),
        "F1": mean_of_known(_foreground_f1(batch) for batch in batches),
        "batch_size": batch_size,
        "batches": len(batches),
    }


def paper_batch(asked: bool, batch_size: int | None, task: str | None = None) -> int | None:
    """Return the images in a batch: as given, or as published for the task, or 1; None when not asked for.

    Raises:
        UsageError: a batch size is given and the metrics are not asked for, or it is below 1.
    """
    if batch_size is not None and not asked:
        raise UsageError(
            f"a batch of {batch_size} images means nothing by itself: one confusion matrix holds them all",
            hint="the batch size belongs to --paper-metrics",
        )
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"a batch of {batch_size} images is impossible", hint="give 1 or more")
    return (batch_size or PUBLISHED_BATCH.get(task or "", 1)) if asked else None


def _mean_iou(batch: NDArray[np.int64]) -> float | None:
    hits = np.diagonal(batch)
    union = batch.sum(axis=0) + batch.sum(axis=1) - hits
    return mean_of_known(map(ratio, hits, union))


def _mean_pixel_accuracy(batch: NDArray[np.int64]) -> float:
    support = batch.sum(axis=1)
    return float(np.mean(np.diagonal(batch) / np.maximum(support, 1)))


def _foreground_f1(batch: NDArray[np.int64]) -> float:
    hits, predicted, true = batch[1:, 1:].sum(), batch[:, 1:].sum(), batch[1:].sum()
    return ratio(2 * hits, predicted + true) or 0.0
