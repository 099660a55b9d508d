"""Where the tiles of a slice lie, along one axis and over both.

Along an axis of ``n`` pixels, tiles of ``t`` start every ``s`` pixels, where ``s`` is the largest multiple
of the network's patch with ``s <= t (1 - overlap)`` (one patch at least); the last tile is pulled back so
that it ends on real data:

    starts = 0, s, 2 s, ..., n - t          (ceil((n - t) / s) + 1 tiles)

Only an axis shorter than a tile is padded, by reflection after its end, and has one tile.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geointerp.errors import UsageError


@dataclass(frozen=True)
class AxisTiles:
    """The tiles along one axis of a slice.

    Attributes:
        size: pixels of real data.
        tile: pixels of a tile.
        starts: first pixel of each tile, ascending.
    """

    size: int
    tile: int
    starts: tuple[int, ...]

    @property
    def padded(self) -> int:
        """Pixels after padding: ``size``, or ``tile`` where the slice is smaller."""
        return max(self.size, self.tile)

    def reflection(self) -> npt.NDArray[np.intp]:
        """Return, for each padded pixel, the real pixel it shows: ``0..n-1, n-2, ..., 0, 1, ...``."""
        return np.pad(np.arange(self.size), (0, self.padded - self.size), mode="reflect")


@dataclass(frozen=True)
class Lattice:
    """The tiles of every slice of a view: the product of its rows' and its columns' tiles."""

    rows: AxisTiles
    columns: AxisTiles

    def __len__(self) -> int:
        return len(self.rows.starts) * len(self.columns.starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield (row number, column number) of each tile, in the order in which they are blended."""
        return ((i, j) for i in range(len(self.rows.starts)) for j in range(len(self.columns.starts)))

    def window(self, tile: tuple[int, int]) -> tuple[slice, slice]:
        """Return the rows and columns that a tile covers in the padded slice."""
        top, left = self.rows.starts[tile[0]], self.columns.starts[tile[1]]
        return slice(top, top + self.rows.tile), slice(left, left + self.columns.tile)


def axis_tiles(size: int, tile: int, overlap: float, patch: int) -> AxisTiles:
    """Lay tiles along an axis of ``size`` pixels.

    Args:
        size: pixels of data, at least 1.
        tile: pixels of a tile, a multiple of ``patch``.
        overlap: least overlap of neighbouring tiles, as a fraction of a tile, in [0, 1).
        patch: pixels of the network's patch; the stride is a multiple of it.

    Raises:
        UsageError: the tile is not a multiple of the patch, or the overlap is not in [0, 1).
    """
    step = stride(tile, overlap, patch)
    if size <= tile:
        return AxisTiles(size, tile, (0,))
    return AxisTiles(size, tile, (*range(0, size - tile, step), size - tile))


def stride(tile: int, overlap: float, patch: int) -> int:
    """Return the distance between tiles: a multiple of ``patch`` that keeps at least ``overlap``."""
    if tile < 1 or tile % patch:
        nearest = max(patch, round(tile / patch) * patch)
        raise UsageError(
            f"a tile of {tile} pixels is not a multiple of the model's patch of {patch}",
            hint=f"try {nearest}",
        )
    if not 0 <= overlap < 1:
        raise UsageError(
            f"an overlap of {overlap:g} is impossible",
            hint="it is a fraction of a tile, from 0 to less than 1",
        )
    # The small addend keeps 224 x (1 - 0.25) at 168 where floating point would say 167.99999.
    return max(patch, int(tile * (1 - overlap) / patch + 1e-9) * patch)


def lattice(shape: tuple[int, int], tile: tuple[int, int], overlap: float, patch: int) -> Lattice:
    """Lay tiles of (height, width) pixels over slices of (rows, columns) pixels."""
    return Lattice(
        axis_tiles(shape[0], tile[0], overlap, patch), axis_tiles(shape[1], tile[1], overlap, patch)
    )
