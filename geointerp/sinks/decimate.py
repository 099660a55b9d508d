"""Fewer samples than were recorded, for pictures of what is larger than a screen.

An array is divided into cells of ``factor`` samples along each dimension, and one value stands for each cell:

- labels: the highest class in it, so a fault one sample wide survives; 255 only where all of it is 255;
- amplitudes: the middle one of its traces, and of that trace the sample of the largest magnitude (averages
  of neighbours would cancel what oscillates); in images and rasters the mean.

Arrays are read block by block, so they may be larger than memory.
"""

from collections.abc import Hashable, Iterator, Mapping
from itertools import product
from math import ceil, prod
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.tasks import NOTHING

_TRACES = ("inline", "crossline", "cdp", "distance")
_SAMPLES = ("time", "depth")
_BLOCK_SAMPLES = 1 << 24

Factors = Mapping[Hashable, int]


def choose_factors(sizes: Mapping[Hashable, int], most: int) -> dict[Hashable, int]:
    """Return the length of the cells along each dimension that leaves at most ``most`` cells.

    The dimension with the most cells is always thinned out first, so their numbers come out about equal.
    """
    factors = dict.fromkeys(sizes, 1)
    while prod(counts := [ceil(size / factors[dim]) for dim, size in sizes.items()]) > most:
        factors[list(sizes)[int(np.argmax(counts))]] += 1
    return factors


def middles(size: int, factor: int) -> slice:
    """Return the middle of each cell, as places among ``size``; the last cell may be cut short."""
    cells = ceil(size / factor)
    return slice(min(factor // 2, size - 1 - (cells - 1) * factor), None, factor)


def as_indices(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return labels of any number type as class indices; NaN becomes 255."""
    return labels if labels.dtype == np.uint8 else np.nan_to_num(labels, nan=NOTHING).astype(np.uint8)


def decimate_labels(
    labels: xr.DataArray, factors: Factors, counts: NDArray[np.int64] | None = None
) -> NDArray[np.uint8]:
    """Return the highest class of each cell, uint8, in the order of the array's dimensions.

    Args:
        labels: class indices; 255 or NaN where nothing is known, which loses to every class.
        factors: the length of the cells along each dimension.
        counts: of 256 values; the samples of each label are added to it, on the way.
    """
    cells = np.full(_shape(labels, factors), NOTHING, np.uint8)
    for block, place in _blocks(labels, factors):
        values = as_indices(labels.isel(block).values)
        if counts is not None:
            counts += np.bincount(values.ravel(), minlength=NOTHING + 1)
        # Plus one, 255 becomes 0, the least.
        cells[place] = _reduce(np.maximum, values + np.uint8(1), labels.dims, factors) - np.uint8(1)
    return cells


def decimate_amplitudes(volume: xr.DataArray, factors: Factors) -> NDArray[np.float32]:
    """Return what stands for each cell of an input, float32, in the order of its dimensions.

    It is NaN where all samples are.
    """
    traces = {dim: middles(volume.sizes[dim], factors[dim]) for dim in volume.dims if dim in _TRACES}
    picked = volume.isel(traces)
    rest = {dim: 1 if dim in traces else factors[dim] for dim in volume.dims}
    cells = np.full(_shape(picked, rest), np.nan, np.float32)
    stand_in = _peak if {*_SAMPLES} & {*volume.dims} else _mean
    for block, place in _blocks(picked, rest):
        values = picked.isel(block).values.astype(np.float32, copy=False)
        cells[place] = stand_in(values, volume.dims, rest)
    return cells


def _peak(values: NDArray[np.float32], dims: tuple[Hashable, ...], factors: Factors) -> NDArray[np.float32]:
    """Return the value of the largest magnitude of each cell."""
    highest, lowest = (_reduce(extreme, values, dims, factors) for extreme in (np.fmax, np.fmin))
    return np.where(highest > -lowest, highest, lowest)


def _mean(values: NDArray[np.float32], dims: tuple[Hashable, ...], factors: Factors) -> NDArray[np.float32]:
    known = np.isfinite(values)
    total = _reduce(np.add, np.where(known, values, 0), dims, factors)
    count = _reduce(np.add, known.astype(np.float32), dims, factors)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _reduce(
    combine: np.ufunc, values: NDArray[Any], dims: tuple[Hashable, ...], factors: Factors
) -> NDArray[Any]:
    """Combine the values of each cell, one axis after the other."""
    for axis, dim in enumerate(dims):
        if factors[dim] > 1:
            starts = np.arange(0, values.shape[axis], factors[dim])
            values = combine.reduceat(values, starts, axis=axis)
    return values


def _shape(array: xr.DataArray, factors: Factors) -> tuple[int, ...]:
    return tuple(ceil(size / factors[dim]) for dim, size in array.sizes.items())


def blocks(array: xr.DataArray) -> Iterator[dict[Hashable, slice]]:
    """Yield blocks that an array is gone through in, about 16 million samples each, as its slices."""
    return (block for block, _ in _blocks(array, dict.fromkeys(array.dims, 1)))


def _blocks(
    array: xr.DataArray, factors: Factors
) -> Iterator[tuple[dict[Hashable, slice], tuple[slice, ...]]]:
    """Yield blocks of whole cells, as slices of the array, and where their cells belong.

    A block is a chunk, several where chunks are small, or a part of a large one: about 16 million samples.
    """
    lengths = {
        dim: max(1, ceil(max(array.variable.chunksizes.get(dim, (1,))) / factors[dim])) * factors[dim]
        for dim in array.dims
    }
    for dim in array.dims:  # what NetCDF stores in one piece is one chunk, and read in parts
        cells = lengths[dim] // factors[dim]
        room = _BLOCK_SAMPLES * lengths[dim] // prod(lengths.values()) // factors[dim]
        lengths[dim] = max(1, min(cells, room)) * factors[dim]
    for dim in reversed(array.dims):
        room = max(1, _BLOCK_SAMPLES // prod(lengths.values()))
        lengths[dim] *= min(room, max(1, ceil(array.sizes[dim] / lengths[dim])))
    for starts in product(*(range(0, array.sizes[dim], lengths[dim]) for dim in array.dims)):
        ends = {dim: (start, start + lengths[dim]) for dim, start in zip(array.dims, starts, strict=True)}
        block = {dim: slice(*end) for dim, end in ends.items()}
        yield block, tuple(slice(*(place // factors[dim] for place in end)) for dim, end in ends.items())
