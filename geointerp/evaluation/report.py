"""Predicted labels against true ones: the report that ``geointerp evaluate`` prints."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.evaluation.alignment import align
from geointerp.evaluation.class_names import compare_classes
from geointerp.evaluation.folder import check_folder, write_folder
from geointerp.evaluation.nearness import only_block
from geointerp.evaluation.paper import paper_batch
from geointerp.evaluation.score import Score
from geointerp.sinks.decimate import blocks
from geointerp.sources.open import open_label_file
from geointerp.sources.stores import provenance_of
from geointerp.tasks import NOTHING, classes_named

LabelSource = xr.Dataset | xr.DataArray | str | Path
"""Labels: an array, a Dataset with ``labels``, or a file (label store, SEG-Y of labels, .npy, image)."""

_BLOCK_SAMPLES = 1 << 24
_IMAGE = "image"  # what is 2D by nature


def evaluate(
    prediction: LabelSource,
    truth: LabelSource,
    *,
    tolerance: float | None = None,
    paper_metrics: bool = False,
    batch_size: int | None = None,
    model: str | Path | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Compare predicted with true labels on the coordinates they share.

    Both are read block by block, so they may be larger than memory; with a tolerance slice by slice, and so
    what is 2D by nature whole.

    Args:
        prediction: the predicted labels; 255 or NaN where nothing was predicted.
        truth: the true labels; 255 or NaN where nothing is known.
        tolerance: adds precision, recall and F1 of thin labels that forgive this distance, in
            samples (see ``geointerp.evaluation.tolerant``).
        paper_metrics: adds the averages of the published code (see ``geointerp.evaluation.paper``).
        batch_size: slices in a batch of those; 1 by default.
        model: the run folder the prediction comes from, trained on a part of the same volume. The volume is
            then cut along the dimension that it was divided along, and each slice's distance to the nearest
            slice of the training is known.
        output: a folder for the report and its pictures (see ``geointerp.evaluation.folder``).
        overwrite: whether it may be replaced.

    Returns:
        ``mIoU, mPA, accuracy, classes, confusion`` (see ``geointerp.evaluation.metrics``), with a
        tolerance ``tolerant`` with ``precision, recall, f1``, and with ``paper_metrics`` ``paper``.

    Raises:
        DataError: the two share no coordinates or no samples, or do not hold labels.
        UsageError: the tolerance is negative, or a batch size is given without ``paper_metrics``.
        OutputError: the output exists.
    """
    files = [one for one in (prediction, truth, model) if isinstance(one, str | Path)]
    check_folder(output, *files, overwrite=overwrite)
    batch, score = paper_batch(paper_metrics, batch_size), Score(tolerance)
    predicted, true = align(open_labels(prediction), open_labels(truth))
    _warn_of_mask(predicted, "prediction")
    _warn_of_mask(true, "truth")
    trained = None if model is None else only_block(Path(model))
    if trained is not None:
        predicted, true = trained.facing(predicted), trained.facing(true)
    if predicted.ndim == 2 and tolerance is None:
        score.add_in_parts(_IMAGE, _parts(predicted, true))
    else:
        for name, coordinate, predicted_slice, true_slice in _slices(predicted, true):
            distance = None if trained is None or coordinate is None else trained.distance(coordinate)
            score.add(name, predicted_slice, true_slice, distance)
    names = _class_names(predicted, true, score.matrix.largest_label)
    report = score.report(names, batch)
    if output is not None:
        write_folder(Path(output), report, score.images, classes_named(names), overwrite=overwrite)
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
        told = provenance_of(source)
        labels = source["labels"]
        known = told and any(dim in labels.coords for dim in labels.dims)
        return labels.assign_attrs({"prediction": told, "format": "Zarr"} if known else {})
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
    filled = np.nan_to_num(values, nan=NOTHING) if values.dtype.kind == "f" else values
    wrong = (filled < 0) | (filled > NOTHING) | (filled != np.floor(filled))
    if wrong.any():
        found = filled[wrong].flat[0]
        raise DataError(
            f"the {what} is no label volume: it holds {found:g}, "
            "where labels are whole numbers from 0 to 255",
            hint="write 255 where nothing is known"
            if (filled[wrong] == -1).all()
            else "give the labels, not the amplitudes",
        )
    return filled.astype(np.uint8)


def _warn_of_mask(labels: xr.DataArray, what: str) -> None:
    """Warn of a black and white picture, whose white is no class but ignored."""
    if {*labels.dims} != {"row", "column"} or "flag_meanings" in labels.attrs:
        return
    met: set[float] = set()
    for block in blocks(labels):
        met |= {*np.unique(labels[block].values).tolist()}
        if not met <= {0, NOTHING}:
            return
    if met == {0, NOTHING}:
        warnings.warn(
            f"the {what} holds only 0 and 255: 255 is ignored and not scored as a class; "
            "if it is a black and white mask, write the class as 1",
            stacklevel=3,
        )


def _slices(
    prediction: xr.DataArray, truth: xr.DataArray
) -> Iterator[tuple[str, float | None, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield name, coordinate, prediction and truth of the 2D slices along the first dimension.

    What is 2D by nature is one slice, which has no coordinate.
    """
    if prediction.ndim == 2:
        prediction, truth = prediction.expand_dims(_IMAGE), truth.expand_dims(_IMAGE)
    dim = str(prediction.dims[0])
    coordinates = prediction[dim].values if dim in prediction.coords else None
    thickness = max(1, _BLOCK_SAMPLES // max(1, prediction[0].size))
    for first in range(0, prediction.shape[0], thickness):
        block = slice(first, first + thickness)
        predicted = as_labels(prediction[block].values, "prediction")
        true = as_labels(truth[block].values, "truth")
        for number, (one, other) in enumerate(zip(predicted, true, strict=True), first):
            at = number if coordinates is None else coordinates[number].item()
            name = f"{dim} {at}" if prediction.shape[0] > 1 or coordinates is not None else dim
            yield name, None if coordinates is None else at, one, other


def _parts(
    prediction: xr.DataArray, truth: xr.DataArray
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield prediction and truth part by part, so that neither is held whole."""
    for block in blocks(prediction):
        yield (
            as_labels(prediction[block].values, "prediction"),
            as_labels(truth[block].values, "truth"),
        )


def _class_names(prediction: xr.DataArray, truth: xr.DataArray, largest: int) -> list[str]:
    """Return the names of the classes: those an array carries, or else the label values.

    Raises:
        DataError: a label lies beyond the named classes, or both name them, and one is another's number.
    """
    mine, theirs = (str(labels.attrs.get("flag_meanings", "")).split() for labels in (prediction, truth))
    compare_classes(
        mine,
        theirs,
        f"the prediction's classes are {', '.join(mine)}, those of the truth {', '.join(theirs)}",
        hint="number the classes of both alike",
    )
    for names in (mine, theirs):
        if names and largest >= len(names):
            raise DataError(
                f"there is a label {largest}, but the classes are 0 to {len(names) - 1}: {', '.join(names)}",
                hint="give the truth the class numbers of the model",
            )
        if names:
            return names
    return [str(label) for label in range(largest + 1)]
