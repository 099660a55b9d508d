"""``open_labelled``: a training folder of any kind becomes splits of labelled sections, checked whole."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from geointerp.errors import DataError, UsageError
from geointerp.network.description import CHANNELS, Elevation, Normalisation
from geointerp.sinks.pairs import DESCRIPTION
from geointerp.tasks import LabelClass, classes_named, task_named
from geointerp.training.data.classes import (
    check_presence,
    check_training,
    classes_of_values,
    known_classes,
    uneven,
    views_of_task,
)
from geointerp.training.data.description import DatasetFile, read_dataset_file
from geointerp.training.data.found import Asked, Found
from geointerp.training.data.layout import SPLITS, passed_over
from geointerp.training.data.published import guessed_task
from geointerp.training.data.section_set import open_sections
from geointerp.training.data.split import Shelf, Split
from geointerp.training.data.volume_set import open_volumes


@dataclass(frozen=True)
class LabelledData:
    """A training folder, opened.

    Attributes:
        folder: where it is.
        task: one of the five, or None for classes of one's own.
        classes: in the order of the label values.
        normalisation: how amplitudes become grey.
        views: the slices a volume is read as.
        splits: ``train``, ``val`` and ``test``, as far as there are such.
        fingerprint: sha256 of the names and contents of what was read; of volumes, of their coordinates,
            headers, sizes and labels.
        split_record: what went into which split, and why; JSON-friendly.
        notes: what who trains with it should know.
    """

    folder: Path
    task: str | None
    classes: tuple[LabelClass, ...]
    normalisation: Normalisation
    views: tuple[str, ...]
    splits: dict[str, Split]
    fingerprint: str
    split_record: dict[str, Any]
    notes: tuple[str, ...] = ()

    def split(self, name: str) -> Split:
        """Return a split by its name.

        Raises:
            DataError: there is no such split.
        """
        if name not in self.splits:
            raise DataError(f"{self.folder} has no split '{name}'", hint=f"it has {', '.join(self.splits)}")
        return self.splits[name]


def open_labelled(
    folder: str | Path,
    *,
    task: str | None = None,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    views: Sequence[str] | None = None,
    channels: Literal["repeat", "neighbours"] = "repeat",
    normalisation: Normalisation | None = None,
    elevation: Elevation | None = None,
    patch: int = 14,
    only: str | None = None,
) -> LabelledData:
    """Open a training folder, and check all of it.

    Args:
        folder: pairs of sections and labels, the published sets, or ``dataset.json`` with volumes.
        task: one of the five; ``dataset.json`` may say it, and the published sets are known by their size.
        classes: names, in the order of the label values. By default those of ``dataset.json``, of the task,
            or of the label files; else the label values themselves.
        seed: decides what is held back where the folder does not.
        views: the slices a 3D volume is read as; by default the task's.
        channels: ``repeat``, one channel; ``neighbours``, the slice between its two neighbours.
        normalisation: how amplitudes become grey. By default ``symmetric`` at the 99th percentile where
            there are negative ones, ``range`` where there are none.
        elevation: what elevation models are read as: ``hillshade`` or ``raw``; None for raw.
        patch: pixels of the network's patch: a volume is cut into no slices that are narrower, if it can be.
        only: the one split that is wanted; what training needs of others is not asked for then.

    Raises:
        DataError: something is wrong with the data; the first problems are named, all are counted.
        UsageError: an argument is at fault.
    """
    if channels not in CHANNELS:
        raise UsageError(f"there are no channels '{channels}'", hint="give repeat or neighbours")
    place = Path(folder).expanduser().absolute()
    if not place.is_dir():
        raise DataError(f"{place} is no folder", hint="give the folder that holds the training data")
    dataset = read_dataset_file(place)
    name = _task(place, task, dataset)
    known = known_classes(classes, dataset.classes, name)
    count, shelf = CHANNELS[channels], Shelf()
    some = tuple(views) if views else None
    asked = Asked(seed, name, known, normalisation, some, count, elevation, patch)
    if dataset.volumes:
        found = open_volumes(place, dataset, asked)
    else:
        found = open_sections(place, dataset, asked, shelf)
    told = known or classes_named(found.names) or classes_of_values(str(place), found.all_counts)
    _check(place, found, told, only)
    splits = {
        split: Split(items, channels=count, classes=len(told), shelf=shelf)
        for split in SPLITS
        if (items := found.items.get(split))
    }
    cut = tuple(views or views_of_task(name))
    others = [] if dataset.volumes else passed_over(place)
    ignored = [f"{other} is passed over: no split is called '{other.name}'" for other in others]
    notes = (*ignored, *_held_back(found.record), *uneven(found.counts, told))
    return LabelledData(
        place, name, told, found.normalisation, cut, splits, found.digest, found.record, notes
    )


def _task(folder: Path, asked: str | None, dataset: DatasetFile) -> str | None:
    """Return the task: the user's, that of ``dataset.json``, or that of a published set.

    Raises:
        UsageError: there is no such task.
    """
    if asked:
        name = task_named(asked).name
        if dataset.task not in (None, name):
            warnings.warn(f"{folder / DESCRIPTION} says that its labels are of {dataset.task}", stacklevel=3)
        return name
    if dataset.task:
        return dataset.task
    return None if dataset.volumes or dataset.classes else guessed_task(folder)


def _held_back(record: dict[str, Any]) -> list[str]:
    """Say where there was nothing for validation, and what is taken for it."""
    told = record["volumes"] if record["kind"] == "volumes" else record["splits"].values()
    reasons = [one["why"] for one in told if one["why"].startswith("held back")]
    return [f"what validates was {reasons[0]}"] if reasons else []


def _check(folder: Path, found: Found, classes: Sequence[LabelClass], only: str | None) -> None:
    """Refuse splits that nothing can be learnt from, or measured on.

    Raises:
        DataError: a split holds no labels, or training has a single class or nothing to be checked against.
    """
    for split, counts in found.counts.items():
        if only in (None, split):
            check_presence(str(folder), split, counts)
    if only is not None:
        return
    if "train" in found.counts:
        check_training(str(folder), found.counts["train"], classes)
    if "train" in found.items and "val" not in found.items:
        raise DataError(
            f"{folder}: there is nothing to validate with: one section trains and none is left",
            hint="add sections; a tenth of them is held back for validation",
        )
