"""Labelled data become a training folder: ``DIR/{train,val,test}/{images,labels}/<stem>.npy``."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.tasks import NOTHING, Task

DESCRIPTION = "dataset.json"
_HELD_BACK = 0.1


def split_of(count: int) -> list[str]:
    """Return the split of each of ``count`` pairs: a tenth for ``val``, a tenth for ``test``.

    Both get at least one pair as soon as there are three.
    """
    held_back = max(int(count * _HELD_BACK), min(1, count // 3))
    return ["train"] * (count - 2 * held_back) + ["val"] * held_back + ["test"] * held_back


def write_pairs(
    folder: Path, task: Task, pairs: Iterable[tuple[NDArray[Any], NDArray[np.uint8]]], count: int
) -> dict[str, int]:
    """Write images with their labels, and what they are as ``dataset.json``.

    Args:
        folder: made; the splits go below it.
        task: whose classes the labels are.
        pairs: image, any number type, and labels, uint8, of the same 2D shape.
        count: how many pairs come.

    Returns:
        The number of pairs in each split.
    """
    splits = split_of(count)
    for split in dict.fromkeys(splits):  # an empty folder would be refused by what reads them
        for kind in ("images", "labels"):
            (folder / split / kind).mkdir(parents=True)
    digits = len(str(count - 1))
    for number, (split, (image, label)) in enumerate(zip(splits, pairs, strict=True)):
        np.save(folder / split / "images" / f"{number:0{digits}}.npy", image)
        np.save(folder / split / "labels" / f"{number:0{digits}}.npy", label)
    _describe(folder, task.name, [one.name for one in task.classes])
    return {split: splits.count(split) for split in ("train", "val", "test")}


def _describe(folder: Path, task: str, classes: Sequence[str]) -> None:
    content = {"task": task, "classes": list(classes), "ignore_index": NOTHING}
    (folder / DESCRIPTION).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
