"""Array-likes over files that can read a rectangle: what dask asks of them becomes one read."""

from collections.abc import Callable, Sequence
from typing import Any

import dask.array
import numpy as np
from dask.base import tokenize
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
    return _wrapped(Part(array, (0,) * len(array.shape), array.shape, name), chunks)


def cut_lazily(lazy: dask.array.Array, cut: Sequence[slice]) -> dask.array.Array:
    """Return a part of an array; of one that ``lazily`` has made, one that can be sliced again at no loss.

    Dask carries one slice down to the read. Of a slice of a slice it reads for every slab all that the first
    one leaves of each chunk, eight times too much where a chunk has 171 lines and a slab 20.

    Args:
        lazy: the whole.
        cut: of each axis, within its bounds, of step 1.

    Returns:
        float32 as the whole, with its chunks as far as the part reaches.
    """
    part: dask.array.Array = lazy[tuple(cut)]
    source = source_of(lazy)
    if source is None or part.shape == lazy.shape or 0 in part.shape:
        return part
    starts = [
        first + one.indices(size)[0] for first, one, size in zip(source.starts, cut, lazy.shape, strict=True)
    ]
    name = f"{lazy.name}-{tokenize(starts, part.shape)}"
    return _wrapped(Part(source.whole, starts, part.shape, name), part.chunks)


def _wrapped(part: "Part", chunks: tuple[Any, ...]) -> dask.array.Array:
    lazy: dask.array.Array = dask.array.from_array(  # type: ignore[no-untyped-call]
        part,
        chunks=chunks,
        name=part.name,
        lock=False,
        inline_array=True,
        meta=np.empty((0,) * len(chunks), np.float32),
    )
    return lazy


def source_of(lazy: Any) -> "Part | None":
    """Return what an array reads, if ``lazily`` or ``cut_lazily`` made it and nothing was done to it since.

    Out of its own graph: two arrays of one name need not read the same.
    """
    if not isinstance(lazy, dask.array.Array):
        return None
    layer = lazy.dask.layers.get(lazy.name)
    sources = [one for one, _ in getattr(layer, "indices", ()) if isinstance(one, Part)]
    # Dask may melt a layer into the one that computes with it, which has another name.
    return next((one for one in sources if one.name == lazy.name), None)


class Part:
    """An array-like over a rectangle of another, or all of it: float32, which threads may read at once.

    Attributes:
        whole: the other, which reads the file.
        starts: where the rectangle begins, along each axis of the other.
        shape: of the rectangle.
        name: of the dask array that reads it.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, whole: Any, starts: Sequence[int], shape: tuple[int, ...], name: str) -> None:
        self.whole, self.starts, self.shape, self.ndim = whole, starts, shape, len(shape)
        self.name = name

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Return what integers, slices or integer lists mean, each axis by itself."""
        index = key if isinstance(key, tuple) else (key,)
        index = (*index, *(slice(None),) * (self.ndim - len(index)))
        values: NDArray[np.float32] = self.whole[tuple(map(_moved, index, self.shape, self.starts))]
        return values


def _moved(one: Any, size: int, start: int) -> Any:
    """Return an index into a stretch of ``size`` as one into the axis on which that begins at ``start``."""
    if isinstance(one, int | np.integer):
        return range(size)[int(one)] + start
    places = _places(one, size)
    if isinstance(places, range) and places.step > 0:
        return slice(places.start + start, places.stop + start, places.step)
    return np.asarray(places, np.intp) + start
