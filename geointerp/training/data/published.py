"""The headerless files of the published sets (Zenodo 12798750): float32 images, int8 labels, C order."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError

SUFFIX = ".dat"
_IMAGE_BYTES = 4
SHAPES = {
    "facies": (1006, 782),
    "salt": (224, 224),
    "craters": (1022, 1022),
    "events": (512, 512),
    "faults": (896, 896),
}
"""Rows and columns of the sections of each task."""


def guessed_task(folder: Path) -> str | None:
    """Return the task of a published set: that whose sections have the size of its first file."""
    for first in (folder / "train" / kind / f"0{SUFFIX}" for kind in ("input", "image")):
        if first.is_file():
            return next(
                (task for task, shape in SHAPES.items() if _bytes(shape) == first.stat().st_size), None
            )
    return None


def published_image(path: Path, shape: Sequence[int] | None) -> NDArray[np.float32]:
    """Read an image, float32 (rows, columns).

    Args:
        path: of the file.
        shape: rows and columns; None to know them by the file's size.

    Raises:
        DataError: the file is not of that size, or of no known one.
    """
    return _read(path, "<f4", _shape(path, shape)).astype(np.float32, copy=False)


def published_labels(path: Path, shape: Sequence[int]) -> NDArray[np.uint8]:
    """Read labels, uint8 (rows, columns); the byte -1 is 255, ignored.

    Raises:
        DataError: the file is not of that size.
    """
    return _read(path, "i1", shape).view(np.uint8)


def _shape(path: Path, shape: Sequence[int] | None) -> Sequence[int]:
    if shape is not None:
        return shape
    known = {_bytes(shape): shape for shape in SHAPES.values()}
    if path.stat().st_size not in known:
        raise DataError(
            f"{path} has {path.stat().st_size} bytes, the size of none of the published sections",
            hint='say its rows and columns in dataset.json: {"shape": [rows, columns]}',
        )
    return known[path.stat().st_size]


def _bytes(shape: Sequence[int]) -> int:
    """Return the size of an image's file."""
    return _IMAGE_BYTES * shape[0] * shape[1]


def _read(path: Path, kind: str, shape: Sequence[int]) -> NDArray[np.generic]:
    wanted = int(np.prod(shape)) * np.dtype(kind).itemsize
    if path.stat().st_size != wanted:
        size = " x ".join(map(str, shape))
        raise DataError(
            f"{path} has {path.stat().st_size} bytes, a section of {size} has {wanted}",
            hint="is it complete, and the shape in dataset.json right?",
        )
    return np.fromfile(path, kind).reshape(tuple(shape))
