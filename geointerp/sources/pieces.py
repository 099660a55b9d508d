"""The files of a label store, counted: to zarr a file that is missing holds nothing, and is no error."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zarr

_ARRAYS = ("labels", "probability")


def counted(store: Path, root: zarr.Group) -> dict[str, Any]:
    """Return of each array of a finished store how many files hold it, and how it is divided."""
    return {
        name: {**_division(root[name]), "files": _files(store / name)} for name in _ARRAYS if name in root
    }


def lacking(store: Path, told: Mapping[str, Any], *, whole: bool) -> list[str]:
    """Say how many files of which arrays are missing, in words: ``2 of the 5 files of its labels``.

    Args:
        store: its folder.
        told: its provenance. An array that was cut or divided anew since is another.
        whole: whether an array that is not there at all is missing too; who writes another store with a part
            of the data, and with its attributes, may have left it out.
    """
    written = told.get("pieces")
    root: Any = zarr.open_group(store, mode="r")
    words = []
    for name in _ARRAYS:
        recorded = written.get(name) if isinstance(written, dict) else None
        if not isinstance(recorded, dict) or not (whole or name in root):
            continue
        same = name not in root or _division(root[name]).items() <= recorded.items()
        lost = recorded["files"] - _files(store / name)
        if same and lost > 0:
            words.append(f"{lost} of the {recorded['files']} files of its {name}")
    return words


def warn_of_missing(store: object, told: Mapping[str, Any]) -> None:
    """Warn where a label store, a folder on this machine, has fewer files than it was written with."""
    if isinstance(store, Path) and store.is_dir() and (words := lacking(store, told, whole=False)):
        warnings.warn(
            f"{store} lacks {' and '.join(words)}: they read as not predicted. Was it copied whole? "
            "(Or were they emptied since?)",
            stacklevel=2,
        )


def _division(array: Any) -> dict[str, Any]:
    return {"shape": [*array.shape], "shards": [*(array.shards or array.chunks)]}


def _files(folder: Path) -> int:
    """Count the files of an array's chunks or shards, whose names are numbers, that are not empty."""
    there = (Path(place, name) for place, _, names in os.walk(folder, followlinks=True) for name in names)
    return sum(file.name.isdigit() and file.stat().st_size > 0 for file in there)
