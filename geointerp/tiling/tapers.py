"""The weights with which overlapping tiles are blended.

A tile's weight is the product of a taper along its rows and one along its columns. Towards a neighbour the
raw taper falls linearly over their common pixels; at the border of the slice it stays at one, since nothing
else covers the border. The raw tapers of an axis are divided by their sum at each pixel, so blending is a
plain sum:

    w_i(x) = r_i(x) / sum_j r_j(x),      sum_i w_i(x) = 1

The sum over the lattice is then one too, as it is the product of two such sums.
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
    """Return the taper of one tile before normalisation: positive everywhere, 1 at the slice's borders."""
    centres = np.arange(axis.tile) + 0.5
    taper = np.ones(axis.tile)
    if number > 0:
        shared = axis.starts[number - 1] + axis.tile - axis.starts[number]
        taper *= np.minimum(1, centres / max(shared, 1))
    if number < len(axis.starts) - 1:
        shared = axis.starts[number] + axis.tile - axis.starts[number + 1]
        taper *= np.minimum(1, centres[::-1] / max(shared, 1))
    return taper


def _sums(axis: AxisTiles, weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the sum of all tiles' weights at each padded pixel."""
    total = np.zeros(axis.padded)
    for start, weight in zip(axis.starts, weights, strict=True):
        total[start : start + axis.tile] += weight
    return total


def _gather(axis: AxisTiles, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each tile's part of ``values``, shape (tiles, tile)."""
    return np.stack([values[start : start + axis.tile] for start in axis.starts])
