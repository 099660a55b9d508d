"""Predicted labels against true ones: the report that ``geointerp evaluate`` prints."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.evaluation.alignment import align
from geointerp.evaluation.confusion import IGNORED, ConfusionMatrix
from geointerp.evaluation.metrics import metrics
from geointerp.evaluation.tolerant import TolerantScore
from geointerp.sources.open import open_label_file

LabelSource = xr.Dataset | xr.DataArray | str | Path
"""Labels: an array, a Dataset with ``labels``, or a file (label store, SEG-Y of labels, .npy, image)."""

_BLOCK_SAMPLES = 1 << 24


def evaluate(
    prediction: LabelSource, truth: LabelSource, *, tolerance: float | None = None
) -> dict[str, Any]:
    """Compare predicted with true labels on the coordinates they share.

    Both are read block by block, so they may be larger than memory.

    Args:
        prediction: the predicted labels; 255 or NaN where nothing was predicted.
        truth: the true labels; 255 or NaN where nothing is known.
        tolerance: adds precision, recall and F1 of thin labels that forgive this distance, in
            samples (see ``geointerp.evaluation.tolerant``).

    Returns:
        ``mIoU, mPA, accuracy, classes, confusion`` (see ``geointerp.evaluation.metrics``), and
        with a tolerance ``tolerant`` with ``precision, recall, f1``.

    Raises:
        DataError: the two share no coordinates or no samples, or do not hold labels.
        UsageError: the tolerance is negative.
    """
    if tolerance is not None and not 0 <= tolerance < np.inf:
        raise UsageError(f"the tolerance is {tolerance}, it must be a distance of 0 samples or more")
    predicted, true = align(open_labels(prediction), open_labels(truth))
    matrix = ConfusionMatrix()
    score = None if tolerance is None else TolerantScore(tolerance)
    _warn_of_mask(predicted, "prediction")
    _warn_of_mask(true, "truth")
    for predicted_block, true_block in _blocks(predicted, true):
        matrix.add(predicted_block, true_block)
        if score is not None:
            for predicted_slice, true_slice in zip(predicted_block, true_block, strict=True):
                score.add_slice(predicted_slice, true_slice)
    names = _class_names(predicted, true, matrix.largest_label)
    report = metrics(matrix.of_classes(len(names)), names)
    if score is not None:
        report["tolerant"] = score.report()
    return report


def open_labels(source: LabelSource) -> xr.DataArray:
    """Return the label array of any source, lazily.

    Raises:
        DataError: a Dataset has no variable ``labels``.
    """
    if isinstance(source, xr.DataArray):
        return source
    if isinstance(source, xr.Dataset):
        if "labels" not in source:
            raise DataError(f"the data set has no 'labels', only {', '.join(map(str, source.data_vars))}")
        return source["labels"]
    return open_label_file(source)


def as_labels(values: NDArray[Any], what: str) -> NDArray[np.uint8]:
    """Turn stored label values into uint8, NaN into 255.

    Args:
        values: any shape and number type.
        what: the array's name in the error message.

    Raises:
        DataError: a value is not a whole number from 0 to 255.
    """
    if values.dtype == np.uint8:
        return values
    filled = np.nan_to_num(values, nan=IGNORED) if values.dtype.kind == "f" else values
    wrong = (filled < 0) | (filled > IGNORED) | (filled != np.floor(filled))
    if wrong.any():
        raise DataError(
            f"the {what} is no label volume: it holds {filled[wrong].flat[0]:g}, "
            "where labels are whole numbers from 0 to 255",
            hint="give the labels, not the amplitudes",
        )
    return filled.astype(np.uint8)


def _warn_of_mask(labels: xr.DataArray, what: str) -> None:
    """Warn of a black and white picture, whose white is no class but ignored."""
    if {*labels.dims} != {"row", "column"} or "flag_meanings" in labels.attrs:
        return
    if np.unique(labels.values).tolist() == [0, IGNORED]:
        warnings.warn(
            f"the {what} holds only 0 and 255: 255 is ignored and not scored as a class; "
            "if it is a black and white mask, write the class as 1",
            stacklevel=3,
        )


def _blocks(
    prediction: xr.DataArray, truth: xr.DataArray
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield both arrays as stacks of 2D slices along the first dimension, a bounded number at a time."""
    if prediction.ndim == 2:
        prediction, truth = prediction.expand_dims("slice"), truth.expand_dims("slice")
    thickness = max(1, _BLOCK_SAMPLES // max(1, prediction[0].size))
    for first in range(0, prediction.shape[0], thickness):
        block = slice(first, first + thickness)
        yield as_labels(prediction[block].values, "prediction"), as_labels(truth[block].values, "truth")


def _class_names(prediction: xr.DataArray, truth: xr.DataArray, largest: int) -> list[str]:
    """Return the names of the classes: those an array carries, or else the label values.

    Raises:
        DataError: nothing could be compared, or a label lies beyond the named classes.
    """
    if largest < 0:
        raise DataError(
            "prediction and truth have no labelled sample in common",
            hint="wherever one has a label, the other is 255 (nothing predicted, or nothing known)",
        )
    for labels in (prediction, truth):
        names = str(labels.attrs.get("flag_meanings", "")).split()
        if names and largest >= len(names):
            raise DataError(
                f"there is a label {largest}, but the classes are 0 to {len(names) - 1}: {', '.join(names)}",
                hint="give the truth the class numbers of the model",
            )
        if names:
            return names
    return [str(label) for label in range(largest + 1)]
