"""The weights with which overlapping tiles are blended.

A tile's weight is the product of a taper along its rows and one along its columns. Towards a neighbour the
raw taper falls linearly over the middle half of their common pixels and is zero over the outermost quarter,
where the network saw the least around a pixel; at the border of the slice it stays at one, since nothing else
covers the border. The raw tapers of an axis are divided by their sum at each pixel, so blending is a plain
sum:

    w_i(x) = r_i(x) / sum_j r_j(x),      sum_i w_i(x) = 1

The sum over the lattice is then one too, as it is the product of two such sums. A network whose receptive
field reaches no further than the outermost quarter gives tile by tile what it would give on a whole slice.
"""

import numpy as np
import numpy.typing as npt

from geointerp.tiling.lattice import AxisTiles


def tapers(axis: AxisTiles) -> npt.NDArray[np.float32]:
    """Return the weight of each pixel of each tile, float32, shape (tiles, tile)."""
    raw = np.stack([_raw_taper(axis, number) for number in range(len(axis.starts))])
    weights = (raw / _gather(axis, _sums(axis, raw))).astype(np.float32)
    error = np.abs(_sums(axis, weights) - 1).max()
    assert error < 1e-6, f"weights differ from one by {error}"
    return weights


def _raw_taper(axis: AxisTiles, number: int) -> npt.NDArray[np.float64]:
    """Return the taper of one tile before normalisation: 1 at the slice's borders and in the middle."""
    taper = np.ones(axis.tile)
    if number > 0:
        taper *= _rise(axis.tile, axis.starts[number - 1] + axis.tile - axis.starts[number])
    if number < len(axis.starts) - 1:
        taper *= _rise(axis.tile, axis.starts[number] + axis.tile - axis.starts[number + 1])[::-1]
    return taper


def _rise(tile: int, shared: int) -> npt.NDArray[np.float64]:
    """Return the rise from 0 to 1 over the middle of the ``shared`` first pixels of a tile."""
    margin = shared // 4
    return np.clip((np.arange(tile) + 0.5 - margin) / max(shared - 2 * margin, 1), 0, 1)


def _sums(axis: AxisTiles, weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the sum of all tiles' weights at each padded pixel."""
    total = np.zeros(axis.padded)
    for start, weight in zip(axis.starts, weights, strict=True):
        total[start : start + axis.tile] += weight
    return total


def _gather(axis: AxisTiles, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each tile's part of ``values``, shape (tiles, tile)."""
    return np.stack([values[start : start + axis.tile] for start in axis.starts])
