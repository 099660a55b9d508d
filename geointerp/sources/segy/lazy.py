"""The traces of a SEG-Y file as a dask array that is read as it is sliced.

A plain dask array keeps the chunks that it was opened with: a slab across them is read in pieces, and copied
to be put together, which takes as long as the reading. Here a slice has chunks of its own, and what lies in
one chunk is read in one go and handed over as it is.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dask.array
import numpy as np
from dask.array.core import finalize
from dask.base import tokenize
from numpy.typing import NDArray

from geointerp.sources.segy.slabs import SegyTraces

_CHUNK_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a survey or line, array-like as ``SegyTraces``.

    Attributes:
        traces: the whole.
        wanted: the positions along each axis of the whole, or the one position of an axis that is dropped.
    """

    traces: SegyTraces
    wanted: tuple[range | int, ...]
    dtype = np.dtype(np.float32)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Positions along each axis that is not dropped."""
        return tuple(len(one) for one in self.wanted if isinstance(one, range))

    @property
    def ndim(self) -> int:
        """Axes that are not dropped."""
        return len(self.shape)

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[np.float32]:
        """Read a slab.

        Args:
            key: for each axis a slice, an integer or a list of integers.

        Raises:
            DataError, MachineError: as of ``SegyTraces``.
        """
        keys = iter(key)
        return self.traces[
            tuple(one if isinstance(one, int) else _in(one, next(keys)) for one in self.wanted)
        ]

    def narrowed(self, key: tuple[Any, ...]) -> "Part | None":
        """Return a part of this part; None where ``key`` is not of slices and integers, or leaves nothing."""
        if len(key) > self.ndim or not all(_is_simple(one) for one in key):
            return None
        keys = iter(key)
        wanted = (one if isinstance(one, int) else one[next(keys, slice(None))] for one in self.wanted)
        part = Part(self.traces, tuple(wanted))
        return part if part.ndim and all(part.shape) else None

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of chunks: of whole traces, as long as wide where there are that many lines.

        Slabs are read along either line direction.
        """
        *lines, samples = self.wanted
        sides = list(self.shape)
        trace = 1 if isinstance(samples, int) else sides[-1]
        axes = sorted(range(sum(isinstance(one, range) for one in lines)), key=lambda axis: sides[axis])
        traces = _CHUNK_BYTES / 4 / trace
        for done, axis in enumerate(axes):
            sides[axis] = max(1, min(sides[axis], int(traces ** (1 / (len(axes) - done)))))
            traces /= sides[axis]
        return tuple(sides)


class LazyTraces(dask.array.Array):
    """A part of a survey or line that is read when it is computed; its slices are such parts."""

    _part: Part
    _identity: str
    _graph: str
    __slots__ = ("_graph", "_identity", "_part")

    @classmethod
    def of(cls, part: Part, identity: str) -> "LazyTraces":
        """Wrap what is to be read.

        Args:
            part: of the file.
            identity: tells one file, and the way it is read, from another.
        """
        lazy = dask.array.from_array(  # type: ignore[no-untyped-call]
            part,
            chunks=part.chunks(),
            name=f"segy-{tokenize(identity, part.wanted)}",
            lock=False,
            inline_array=True,  # so that dask carries any further slice down to the read
            meta=np.empty((0,) * part.ndim, np.float32),
        )
        self: LazyTraces = cls(lazy.dask, lazy.name, lazy.chunks, meta=lazy._meta)
        self._part, self._identity, self._graph = part, identity, lazy.name
        return self

    def __getitem__(self, index: Any) -> dask.array.Array:
        """Return a part, or what dask makes of it where it is none."""
        key = index if isinstance(index, tuple) else (index,)
        part = self._part.narrowed(key) if self._is_as_made else None
        if part is not None:
            return LazyTraces.of(part, self._identity)
        return super().__getitem__(index)  # type: ignore[no-untyped-call,no-any-return]

    def __array__(self, dtype: Any = None, copy: Any = None, **kwargs: Any) -> NDArray[Any]:
        """Return the amplitudes: what is one chunk is read here and now, without a graph."""
        if self.npartitions == 1 and self._is_as_made:
            return np.asarray(self._part[(slice(None),) * self.ndim], dtype)
        return super().__array__(dtype, copy, **kwargs)  # type: ignore[no-untyped-call,no-any-return]

    @property
    def _is_as_made(self) -> bool:
        """False once something was assigned: dask gives it another graph then, unknown to the part."""
        return bool(self.name == self._graph)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """Travel as what is to be read, not as a graph."""
        if self._is_as_made:
            return LazyTraces.of, (self._part, self._identity)
        return super().__reduce__()  # type: ignore[no-untyped-call,no-any-return]

    def __dask_postcompute__(self) -> tuple[Any, tuple[()]]:
        """Return what puts chunks together."""
        return _joined, ()


def _joined(chunks: Any) -> Any:
    """Put chunks together; one alone, which was read for this, is not copied as dask would."""
    only = chunks
    while isinstance(only, list | tuple) and len(only) == 1:
        only = only[0]
    return only if isinstance(only, np.ndarray) else finalize(chunks)  # type: ignore[no-untyped-call]


def _is_simple(key: Any) -> bool:
    return isinstance(key, slice | int | np.integer) and not isinstance(key, bool)


def _in(positions: range, key: Any) -> Any:
    """Return which of ``positions`` a key takes: an integer, or an index for their axis."""
    if not isinstance(key, slice):
        return positions.start + positions.step * np.arange(len(positions))[key]
    taken = positions[key]
    # Downwards, the position before the first has no number in a slice.
    return slice(taken.start, taken.stop, taken.step) if taken.step > 0 else np.array(taken, np.intp)
