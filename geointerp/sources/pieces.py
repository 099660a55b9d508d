"""The files of a label store, counted: to zarr a file that is missing holds nothing, and is no error."""

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import zarr

ARRAYS = ("labels", "probability")


def counted(store: Path, root: zarr.Group) -> dict[str, Any]:
    """Return of each array of a finished store how many files hold it, and how it is divided."""
    return {name: {**_division(root[name]), "files": _files(store / name)} for name in _arrays(root)}


def lacking(store: Path, told: Mapping[str, Any]) -> list[str]:
    """Say how many files of which arrays are missing, in words: ``2 of the 5 files of its labels``.

    Args:
        store: its folder.
        told: its provenance. An array that was cut or divided anew since is another.
    """
    written = told.get("pieces")
    if not isinstance(written, dict):
        return []
    root: Any = zarr.open_group(store, mode="r")
    words = []
    for name in _arrays(root):
        recorded = written.get(name, {})
        same = _division(root[name]).items() <= recorded.items()
        lost = recorded["files"] - _files(store / name) if same else 0
        if lost > 0:
            words.append(f"{lost} of the {recorded['files']} files of its {name}")
    return words


def warn_of_missing(store: object, told: Mapping[str, Any]) -> None:
    """Warn where a label store, a folder on this machine, has fewer files than it was written with."""
    if isinstance(store, Path) and store.is_dir() and (words := lacking(store, told)):
        warnings.warn(
            f"{store} lacks {' and '.join(words)}: they read as not predicted. Was it copied whole? "
            "(Or were they emptied since?)",
            stacklevel=2,
        )


def _arrays(root: zarr.Group) -> Iterable[str]:
    return [name for name in ARRAYS if name in root]


def _division(array: Any) -> dict[str, Any]:
    return {"shape": [*array.shape], "shards": [*(array.shards or array.chunks)]}


def _files(folder: Path) -> int:
    return sum(name != "zarr.json" for *_, files in os.walk(folder, followlinks=True) for name in files)
