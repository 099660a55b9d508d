"""Connected components of one class, found block by block.

A first pass labels each block of slices by itself and notes which components touch across the borders; the
graph of these touches says which are one. A block's components are labelled anew when they are asked for:
that is as quick as reading them from a scratch file, and always gives the same.
"""

from functools import lru_cache
from itertools import product

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import find_objects, generate_binary_structure, label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geointerp.errors import DataError
from geointerp.sinks.classes import BACKGROUND
from geointerp.sinks.steps import as_stored, steps
from geointerp.tasks import NOTHING

_STEP_SAMPLES = 1 << 24


class Components:
    """The connected components of one class, diagonal neighbours included.

    Attributes:
        bounds: first and last-plus-one slice of each block.
        sizes: samples of each component, (components,) int64, largest first: component 1 is ``sizes[0]``.
        boxes: first and last-plus-one position along each dimension, (components, dimensions, 2) int64.
        gaps: whether nothing is known of some sample, of whatever component or none.
    """

    def __init__(
        self, labels: xr.DataArray, value: int, min_size: int = 1, step_samples: int = _STEP_SAMPLES
    ) -> None:
        """Find the components.

        Args:
            labels: of two or three dimensions, label values or NaN.
            value: of the class.
            min_size: samples of the smallest component that is kept.
            step_samples: about how many samples are held at a time.
        """
        self._labels, self._value, self.gaps = labels, value, False
        self.bounds = steps(labels, step_samples)
        counts, sizes, boxes, touches = self._first_pass()
        self._offsets = np.concatenate([[0], np.cumsum(counts)])
        total = int(self._offsets[-1])
        ones = np.ones(len(touches), bool)
        graph = coo_array((ones, (touches[:, 0], touches[:, 1])), shape=(total, total))
        groups, group = connected_components(graph, directed=False)
        merged = np.bincount(group, weights=sizes, minlength=groups).astype(np.int64)
        first, last = (
            np.full((groups, labels.ndim), np.iinfo(np.int64).max),
            np.zeros((groups, labels.ndim), int),
        )
        np.minimum.at(first, group, boxes[:, :, 0])
        np.maximum.at(last, group, boxes[:, :, 1])
        kept = [one for one in np.argsort(-merged, kind="stable") if merged[one] >= min_size]
        self.sizes, self.boxes = merged[kept], np.stack([first[kept], last[kept]], axis=-1)
        number = np.zeros(groups, np.int32)
        number[kept] = np.arange(1, len(kept) + 1)
        self._numbers = number[group]
        self.block = lru_cache(maxsize=2)(self._block)
        self._unknown_of = lru_cache(maxsize=2)(self._unknown)

    def __len__(self) -> int:
        """Return how many components there are."""
        return len(self.sizes)

    def _first_pass(self) -> tuple[list[int], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return each block's count, sizes and boxes of all, and the pairs that touch across borders."""
        counts: list[int] = []
        sizes, boxes, touches = [np.empty(0, np.int64)], [np.empty((0, self._labels.ndim, 2), np.int64)], []
        former: NDArray[np.int64] = np.zeros(self._labels.shape[1:], np.int64)
        for start, stop in self.bounds:
            values = as_stored(self._labels[start:stop])
            self.gaps |= bool((values == NOTHING).any())
            found, count = self._label(values)
            sizes.append(np.bincount(found.ravel(), minlength=count + 1)[1:])
            ends = [[(one.start, one.stop) for one in box] for box in find_objects(found)]
            shift = [(start, start), *[(0, 0)] * (self._labels.ndim - 1)]
            boxes.append(np.array(ends, np.int64).reshape(-1, self._labels.ndim, 2) + shift)
            numbered = np.where(found[[0, -1]] > 0, found[[0, -1]] + np.int64(sum(counts)), 0)
            touches.append(_touching(former, numbered[0]))
            former = numbered[1]
            counts.append(count)
        return counts, np.concatenate(sizes), np.concatenate(boxes), np.concatenate(touches) - 1

    def _label(self, values: NDArray[np.uint8]) -> tuple[NDArray[np.int32], int]:
        mask = values == self._value
        found, count = label(mask, generate_binary_structure(mask.ndim, mask.ndim))
        return found.astype(np.int32, copy=False), int(count)

    def _block(self, number: int) -> NDArray[np.int32]:
        """Return the component of each sample of a block, 0 where there is none."""
        found, count = self._label(as_stored(self._labels[slice(*self.bounds[number])]))
        first = int(self._offsets[number])
        lookup = np.concatenate([[np.int32(0)], self._numbers[first : first + count]])
        numbered: NDArray[np.int32] = lookup[found]
        return numbered

    def _unknown(self, number: int) -> NDArray[np.bool_]:
        unknown: NDArray[np.bool_] = as_stored(self._labels[slice(*self.bounds[number])]) == NOTHING
        return unknown

    def unknown(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return where nothing is known at some rows and columns of 2D labels, in ascending order."""
        parts = [
            self._unknown_of(number)[np.ix_(rows[(rows >= start) & (rows < stop)] - start, columns)]
            for number, (start, stop) in enumerate(self.bounds)
            if start <= rows[-1] and stop > rows[0]
        ]
        return np.concatenate(parts)

    def in_order(self) -> list[int]:
        """Return all components by where they begin, so that blocks are labelled again seldom."""
        order: list[int] = (np.argsort(self.boxes[:, 0, 0], kind="stable") + 1).tolist()
        return order

    def mask(self, component: int) -> NDArray[np.bool_]:
        """Return where in its box a component lies (counted from 1)."""
        (first, last), *rest = self.boxes[component - 1]
        inner = tuple(slice(*ends) for ends in rest)
        parts = [
            self.block(number)[(slice(max(first - start, 0), max(last - start, 0)), *inner)] == component
            for number, (start, stop) in enumerate(self.bounds)
            if start < last and stop > first
        ]
        return np.concatenate(parts)


def _touching(before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs of components that touch between two neighbouring slices, (pairs, 2)."""
    pairs = [np.empty((0, 2), np.int64)]
    beyond = np.pad(after, 1)
    for shift in product((0, 1, 2), repeat=before.ndim):
        there = beyond[tuple(slice(one, one + size) for one, size in zip(shift, before.shape, strict=True))]
        both = (before > 0) & (there > 0)
        pairs.append(np.unique(np.stack([before[both], there[both]], axis=1), axis=0))
    return np.concatenate(pairs)


def classes_shown(labels: xr.DataArray) -> list[tuple[int, str]]:
    """Return value and name of each class but the background, and of each value found that has no name.

    All labels are read once.

    Raises:
        DataError: there is none.
    """
    names = _names(labels)
    named = [(value, name) for value, name in enumerate(names) if name != BACKGROUND]
    shown = named + [(value, class_name(labels, value)) for value in _values_from(len(names), labels)]
    if not shown:
        raise DataError(
            f"there is nothing to find: the only class of the labels is {', '.join(names)}",
            hint="name the classes in flag_meanings, such as 'background salt'",
        )
    return shown


def class_name(labels: xr.DataArray, value: int) -> str:
    """Return the name of a label value: the value itself, where it has no other."""
    names = _names(labels)
    return names[value] if value < len(names) else str(value)


def background_value(labels: xr.DataArray) -> int:
    """Return the label value of the background, 0 where none is called that."""
    names = _names(labels)
    return names.index(BACKGROUND) if BACKGROUND in names else 0


def _names(labels: xr.DataArray) -> list[str]:
    return str(labels.attrs.get("flag_meanings", "")).split() or [BACKGROUND, "found"]


def _values_from(least: int, labels: xr.DataArray) -> list[int]:
    """Return the label values that occur, from ``least`` on, in order."""
    found: set[int] = set()
    for start, stop in steps(labels, _STEP_SAMPLES):
        values = as_stored(labels[start:stop])
        found |= set(np.unique(values[(values >= least) & (values != NOTHING)]).tolist())
    return sorted(found)
