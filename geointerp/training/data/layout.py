"""Where the sections of a training folder and their labels lie, and which split they belong to.

    DIR/{train,val|valid|validation,test}/{images,labels}/<stem>.<suffix>       or
    DIR/{images,labels}/<stem>.<suffix>                                         divided by the seed

Images and labels may also be called ``image`` and ``label``, or ``input`` and ``target``.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geointerp.errors import DataError
from geointerp.sinks.pairs import split_of
from geointerp.training.data.problems import Problems

SPLITS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
_KINDS = (("images", "labels"), ("image", "label"), ("input", "target"))
_LABEL_SUFFIXES = frozenset({".png", ".tif", ".tiff", ".npy", ".pgm", ".dat"})
_LOSSY = frozenset({".jpg", ".jpeg"})  # cannot hold labels
_IMAGE_SUFFIXES = _LABEL_SUFFIXES | _LOSSY
_OTHER_SUFFIXES = _LOSSY | {".gif", ".bmp", ".webp", ".jp2", ".npz", ".mat", ".sgy", ".segy"}
_ONE_IN = 10  # of training sections, held back where there are none to validate
_PARTNER_HINT = "an image and its labels have the same name but for the suffix, one file each"

_EXPECTED = (
    "lay them out as DIR/{train,val,test}/{images,labels}/<stem>.{png,tif,npy}, as DIR/{images,labels}/, "
    "or name volumes in DIR/dataset.json"
)


@dataclass(frozen=True)
class Pair:
    """A section and its labels.

    Attributes:
        name: the image's place below the data folder.
        image: its file.
        labels: the file of its labels.
    """

    name: str
    image: Path
    labels: Path


def find_pairs(folder: Path, seed: int, problems: Problems) -> tuple[dict[str, list[Pair]], dict[str, str]]:
    """Find all pairs of a folder and their splits.

    Args:
        folder: the data set.
        seed: decides what is held back where the folder does not.
        problems: is told of images without labels and labels without images.

    Returns:
        The pairs of each split, in numeric order of their names; and of each split why it holds what it does.

    Raises:
        DataError: the folder is laid out in none of the known ways, or a part of it is empty.
    """
    there = {split: [name for name in names if (folder / name).is_dir()] for split, names in SPLITS.items()}
    if twice := next((names for names in there.values() if len(names) > 1), None):
        raise DataError(f"{folder} has both '{twice[0]}' and '{twice[1]}'", hint="keep one of them")
    places = {split: folder / names[0] for split, names in there.items() if names}
    flat = _holds_sections(folder)
    if flat == bool(places):
        what = "holds both sections and folders of splits" if flat else "is no folder of training data"
        raise DataError(f"{folder} {what}", hint=_EXPECTED)
    if flat:
        return _divided(_pairs_in(folder, folder, problems), seed)
    pairs = {split: _pairs_in(place, folder, problems) for split, place in places.items()}
    reasons = {split: f"folder '{place.name}'" for split, place in places.items()}
    if "train" in pairs and "val" not in pairs:
        _hold_back(pairs, reasons, seed)
    return pairs, reasons


def _holds_sections(place: Path) -> bool:
    return any((place / kind).is_dir() for kinds in _KINDS for kind in kinds)


def passed_over(folder: Path) -> list[Path]:
    """Return the folders that hold sections, beside those of splits, and are called like none."""
    known = {name for names in SPLITS.values() for name in names}
    return [
        place
        for place in sorted(folder.iterdir())
        if place.name not in known and os.access(place, os.X_OK) and _holds_sections(place)
    ]


def _pairs_in(place: Path, folder: Path, problems: Problems) -> list[Pair]:
    """Return the pairs of one split."""
    for kinds in _KINDS:
        images, labels = (place / kind for kind in kinds)
        if images.is_dir() and labels.is_dir():
            return _matched(images, labels, folder, problems)
        if images.is_dir() or labels.is_dir():
            missing = labels if images.is_dir() else images
            raise DataError(
                f"{missing.relative_to(folder.parent)} is missing beside its partner", hint=_EXPECTED
            )
    raise DataError(f"{place} holds neither images nor labels", hint=_EXPECTED)


def _matched(images: Path, labels: Path, folder: Path, problems: Problems) -> list[Pair]:
    """Match the files of two folders by their stems."""
    read = ((images, _IMAGE_SUFFIXES), (labels, _LABEL_SUFFIXES))
    with_stem = [_by_stem(place, suffixes, folder, problems) for place, suffixes in read]
    unread = [_unread(place, suffixes) for place, suffixes in read]
    for one, other, missing in ((0, 1, labels.name), (1, 0, images.name)):
        mine, theirs = with_stem[one], with_stem[other]
        for stem in sorted(mine.keys() - theirs.keys(), key=_numeric):
            if stem in unread[other]:
                _add_unread(unread[other][stem], read[other][1], folder, problems)
            else:
                where = str(mine[stem].relative_to(folder))
                problems.add(where, f"has no partner in '{missing}'", _PARTNER_HINT)
    for stem in sorted(unread[0].keys() & unread[1].keys() - with_stem[0].keys(), key=_numeric):
        _add_unread(unread[0][stem], _IMAGE_SUFFIXES, folder, problems)
    common = sorted(with_stem[0].keys() & with_stem[1].keys(), key=_numeric)
    return [
        Pair(with_stem[0][stem].relative_to(folder).as_posix(), with_stem[0][stem], with_stem[1][stem])
        for stem in common
    ]


def _unread(place: Path, suffixes: frozenset[str]) -> dict[str, Path]:
    """Return the sections in a folder whose format is not read there, by their stems.

    What other programs lay beside pictures (.xml, .tfw, Thumbs.db) is none.
    """
    return {
        file.stem: file
        for file in sorted(place.iterdir())
        if not file.name.startswith(".") and file.suffix.lower() in _OTHER_SUFFIXES - suffixes
    }


def _add_unread(file: Path, suffixes: frozenset[str], folder: Path, problems: Problems) -> None:
    """Note a section that would be left out because of its format."""
    lossy = file.suffix.lower() in _LOSSY
    why = " (a lossy file does not keep the numbers of classes)" if lossy else ""
    problems.add(
        str(file.relative_to(folder)),
        f"is not read there, only {', '.join(sorted(suffixes))}{why}",
        f"{'draw or export the labels anew' if lossy else 'save it'} as .png, .tif or .npy",
    )


def _by_stem(place: Path, suffixes: frozenset[str], folder: Path, problems: Problems) -> dict[str, Path]:
    """Return the sections in a folder by their stems.

    Raises:
        DataError: there is none.
    """
    found: dict[str, Path] = {}
    for file in sorted(place.iterdir()):
        if file.name.startswith(".") or file.suffix.lower() not in suffixes:
            continue
        if file.stem in found:
            problems.add(
                str(file.relative_to(folder)),
                f"there is also {found[file.stem].name}: which one?",
                _PARTNER_HINT,
            )
        found[file.stem] = file
    if not found:
        others = sorted({file.suffix or "folders" for file in place.iterdir()})
        raise DataError(
            f"{place} is empty" if not others else f"{place} holds no section, only {', '.join(others)}",
            hint=f"{', '.join(sorted(suffixes))} are read there",
        )
    return found


def _numeric(stem: str) -> tuple[list[str | int], str]:
    """Sort ``2`` before ``10``: text and numbers alternate, so like is compared with like."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", stem)], stem


def _divided(pairs: list[Pair], seed: int) -> tuple[dict[str, list[Pair]], dict[str, str]]:
    """Divide pairs by the seed: a tenth for val, a tenth for test."""
    names = np.random.default_rng(seed).permutation(split_of(len(pairs)))
    divided = {
        split: [pair for pair, name in zip(pairs, names, strict=True) if name == split] for split in SPLITS
    }
    kept = {split: part for split, part in divided.items() if part}
    reasons = dict.fromkeys(kept, f"drawn by seed {seed}: the folder has no splits")
    if "train" in kept and "val" not in kept:
        _hold_back(kept, reasons, seed)
    return kept, reasons


def _hold_back(pairs: dict[str, list[Pair]], reasons: dict[str, str], seed: int) -> None:
    """Take a tenth of the training pairs, one at least, for validation."""
    train = pairs["train"]
    drawn = np.random.default_rng(seed).permutation(len(train))[: max(1, len(train) // _ONE_IN)]
    held_back = set(drawn.tolist()) if len(train) > 1 else set()
    if not held_back:
        return
    pairs["val"] = [pair for number, pair in enumerate(train) if number in held_back]
    pairs["train"] = [pair for number, pair in enumerate(train) if number not in held_back]
    reasons["val"] = f"held back from the training sections by seed {seed}: the folder has no 'val'"
