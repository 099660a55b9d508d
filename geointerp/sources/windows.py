"""Array-likes over files that can read a rectangle: what dask asks of them becomes one read."""

from collections.abc import Callable
from typing import Any

import dask.array
import numpy as np
from numpy.typing import NDArray

Read = Callable[..., NDArray[np.float32]]


def as_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return values as float32; what that cannot hold becomes infinite, and so no datum."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def read_indexed(key: Any, shape: tuple[int, ...], read: Read) -> NDArray[np.float32]:
    """Index a file like an array: read the rectangle around what is asked for, and pick it out.

    Args:
        key: integers, slices of any step, or integer lists, each axis by itself.
        shape: of the whole.
        read: takes a slice (start, stop) for each axis and returns that rectangle.

    Returns:
        What numpy returns for slices; axes indexed by an integer are gone.
    """
    index = key if isinstance(key, tuple) else (key,)
    index = (*index, *(slice(None),) * (len(shape) - len(index)))
    wanted = [_places(one, size) for one, size in zip(index, shape, strict=True)]
    dropped = tuple(axis for axis, one in enumerate(index) if isinstance(one, int | np.integer))
    if any(len(places) == 0 for places in wanted):
        empty = np.empty([len(places) for places in wanted], np.float32)
        return empty.squeeze(axis=dropped)
    first = [int(min(places)) for places in wanted]
    window = read(*(slice(low, int(max(places)) + 1) for low, places in zip(first, wanted, strict=True)))
    for axis, (low, places) in enumerate(zip(first, wanted, strict=True)):
        whole = range(low, low + window.shape[axis])
        if places != whole if isinstance(places, range) else not np.array_equal(places, whole):
            window = window.take(np.asarray(places) - low, axis=axis)
    return window.squeeze(axis=dropped)


def _places(one: Any, size: int) -> range | NDArray[np.intp]:
    """Return the positions that an index means; a range costs nothing on an axis of millions."""
    if isinstance(one, slice):
        return range(*one.indices(size))
    if isinstance(one, int | np.integer):
        return range(size)[int(one) : int(one) + 1 or None]
    return np.asarray(np.arange(size)[one], np.intp)


def lazily(array: Any, chunks: tuple[Any, ...], name: str) -> dask.array.Array:
    """Wrap an array-like in dask; ``inline_array`` lets a slice be carried down to the read.

    Args:
        array: has ``shape``, ``dtype`` (float32) and ``__getitem__``, which threads may call at once.
        chunks: sizes along each axis, as dask takes them.
        name: of the array in dask's graph, the same for the same content.
    """
    lazy: dask.array.Array = dask.array.from_array(  # type: ignore[no-untyped-call]
        array,
        chunks=chunks,
        name=name,
        lock=False,
        inline_array=True,
        meta=np.empty((0,) * len(chunks), np.float32),
    )
    return lazy
