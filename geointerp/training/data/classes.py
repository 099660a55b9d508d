"""Which classes a data set's labels are, and whether the labels keep to them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.evaluation.report import as_labels
from geointerp.tasks import NOTHING, TASKS, LabelClass, classes_named, task_named

LabelCounts = NDArray[np.int64]
"""Samples of each of the 256 label values."""
OUTSIDE_HINT = "finetune --classes names more of them; 255 marks what is unknown"


def known_classes(
    asked: Sequence[str] | None, described: Sequence[str] | None, task: str | None
) -> tuple[LabelClass, ...] | None:
    """Return the classes that are known before the labels are read, None where nothing says them.

    Args:
        asked: names given by the user, which win.
        described: names in ``dataset.json``.
        task: whose classes they are otherwise.

    Raises:
        UsageError: the names given by the user are no list of classes.
        DataError: those of ``dataset.json`` are not.
    """
    for names, source, kind in ((asked, "--classes", UsageError), (described, "dataset.json", DataError)):
        if names:
            _check_names(names, source, kind)
            return classes_named(names)
    return task_named(task).classes if task else None


def classes_of_values(where: str, counts: LabelCounts) -> tuple[LabelClass, ...]:
    """Return classes called ``0``, ``1``, … up to the largest label.

    Raises:
        DataError: most of them would never occur: the values are grey levels rather than classes.
    """
    met = np.flatnonzero(counts[:NOTHING])
    count = int(met[-1]) + 1 if met.size else 0
    if 2 * met.size < count:
        raise DataError(
            f"{where}: the labels take {met.size} values up to {met[-1]}, and are no numbers of classes",
            hint="number the classes 0, 1, 2, …, or, where most really are absent, name all with --classes",
        )
    return classes_named([str(value) for value in range(count)])


def labels_of(values: NDArray[np.generic], name: str, ignore_index: int) -> NDArray[np.uint8]:
    """Turn stored label values into uint8: NaN and ``ignore_index`` become 255.

    Raises:
        DataError: a value is no whole number from 0 to 255.
    """
    if ignore_index != NOTHING:
        values = values.astype(np.int16) if values.dtype == np.int8 else values
        values = np.where(values == ignore_index, np.asarray(NOTHING, values.dtype), values)
    return as_labels(values, f"label file {name}")


def count_labels(labels: NDArray[np.uint8]) -> LabelCounts:
    """Count the samples of each label value: int64 (256,)."""
    counts: LabelCounts = np.bincount(labels.ravel(), minlength=NOTHING + 1)
    return counts


def outside(counts: LabelCounts, classes: Sequence[LabelClass] | None) -> str | None:
    """Say which label lies outside the classes, and how often; None if none does."""
    if classes is None:
        return None
    wrong = np.flatnonzero(counts[len(classes) : NOTHING]) + len(classes)
    if not wrong.size:
        return None
    samples = int(counts[wrong].sum())
    return f"label {wrong[-1]} of {len(classes)} classes ({samples} samples outside 0 to {len(classes) - 1})"


def check_presence(where: str, split: str, counts: LabelCounts) -> None:
    """Refuse a split without labels.

    Raises:
        DataError: nothing can be learnt, or measured, with it.
    """
    if not counts[:NOTHING].any():
        raise DataError(
            f"{where}: none of the labels of '{split}' says anything: all are {NOTHING} (ignored)",
            hint="leave out what is not labelled at all, or mend ignore_index in dataset.json",
        )


def check_training(where: str, counts: LabelCounts, classes: Sequence[LabelClass]) -> None:
    """Refuse to learn from a single class.

    Raises:
        DataError: there is no other.
    """
    met = np.flatnonzero(counts[:NOTHING])
    if met.size == 1:
        raise DataError(
            f"{where}: the training labels hold a single class: {met[0]} ('{classes[met[0]].name}') "
            f"in all {counts[met[0]]} labelled samples",
            hint=f"there is nothing to tell apart; {NOTHING} is ignored: in a black and white mask, "
            "write the class as 1",
        )


def uneven(counts: Mapping[str, LabelCounts], classes: Sequence[LabelClass]) -> list[str]:
    """Say which classes are only in training or only in validation; nothing where there is no such pair.

    Args:
        counts: samples of each label value in each split.
        classes: in the order of the label values.
    """
    if not {"train", "val"} <= counts.keys():
        return []
    train, val = (counts[split][: len(classes)] > 0 for split in ("train", "val"))
    told = []
    if unseen := _names_where(train & ~val, classes):
        told.append(f"'val' has no labels of {unseen}: the epoch is chosen without regard to them")
    if unlearnt := _names_where(val & ~train, classes):
        told.append(f"'val' alone has labels of {unlearnt}: they are not learnt, and lower its figures")
    return told


def _names_where(chosen: NDArray[np.bool_], classes: Sequence[LabelClass]) -> str:
    return ", ".join(one.name for one, is_chosen in zip(classes, chosen, strict=True) if is_chosen)


def _check_names(names: Sequence[str], source: str, kind: type[UsageError | DataError]) -> None:
    if isinstance(names, str) or not 2 <= len(names) < NOTHING or not all(name.strip() for name in names):
        raise kind(
            f"{source} gives {len(names)} classes", hint=f"2 to {NOTHING - 1} names are needed, none empty"
        )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise kind(f"{source} names a class twice: {', '.join(twice)}")


def views_of_task(task: str | None) -> tuple[str, ...]:
    """Return the slices a volume is drawn as by default: the task's, or inlines."""
    return TASKS[task].views if task else ("inline",)
