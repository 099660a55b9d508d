"""Where the tiles of a slice lie, along one axis and over both.

Along an axis of ``n`` pixels, tiles of ``t`` start every ``s`` pixels, where ``s`` is the largest multiple
of the network's patch with ``s <= t (1 - overlap)`` (one patch at least); the last tile is pulled back so
that it ends on real data:

    starts = 0, s, 2 s, ..., n - t          (ceil((n - t) / s) + 1 tiles)

Only an axis shorter than a tile is padded, by reflection after its end, and has one tile.

A slice may be worked through in bands along one axis. A tile belongs to the band in which it starts, so when
the tiles of a band have been added every pixel of the band is complete: no later tile reaches back into it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

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
class Part:
    """A band of a slice and what it is computed from, in pixels along the axis of the bands.

    Attributes:
        start: first pixel of the band.
        stop: the pixel after its last.
        top: first pixel that its tiles cover; less than ``start`` where they begin before the band.
        bottom: the pixel after the last that its tiles, or those of the bands before, cover.
        tiles: numbers of its tiles along the axis; those that start before the band are computed only where
            the band before was not.
    """

    start: int
    stop: int
    top: int
    bottom: int
    tiles: range


@dataclass(frozen=True)
class Lattice:
    """The tiles of every slice of a view: the product of its rows' and its columns' tiles.

    Attributes:
        rows: the tiles down a slice.
        columns: the tiles across.
        along: the axis along which bands follow one another, and tiles are added.
    """

    rows: AxisTiles
    columns: AxisTiles
    along: Literal["rows", "columns"] = "rows"

    def __len__(self) -> int:
        return len(self.rows.starts) * len(self.columns.starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield (row number, column number) of each tile, in the order in which they are blended."""
        return self.places(range(len(self.band_axis.starts)))

    @property
    def band_axis(self) -> AxisTiles:
        """The tiles along the axis of the bands."""
        return self.rows if self.along == "rows" else self.columns

    @property
    def cross_axis(self) -> AxisTiles:
        """The tiles along the other axis, which every band covers whole."""
        return self.columns if self.along == "rows" else self.rows

    def places(self, numbers: range) -> Iterator[tuple[int, int]]:
        """Yield the tiles of these numbers along the axis of the bands, in the order of blending."""
        places = product(numbers, range(len(self.cross_axis.starts)))
        return places if self.along == "rows" else ((row, column) for column, row in places)

    def rank(self, place: tuple[int, int]) -> tuple[int, int]:
        """Return what puts tiles into the order of blending."""
        return place if self.along == "rows" else (place[1], place[0])

    def part(self, start: int, stop: int, follows: bool = False) -> Part:
        """Return what the band from ``start`` to ``stop`` is computed from.

        Args:
            start: first pixel of the band.
            stop: the pixel after its last.
            follows: whether the sum of the band before is at hand; else the tiles that reach into this band
                from there are computed again.
        """
        axis = self.band_axis
        after = bisect_left(axis.starts, stop)
        first = bisect_left(axis.starts, start) if follows else bisect_right(axis.starts, start - axis.tile)
        top = min(start, axis.starts[first]) if first < after else start
        bottom = max(stop, axis.starts[after - 1] + axis.tile)
        return Part(start, stop, top, bottom, range(first, after))

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


def lattice(
    shape: tuple[int, int],
    tile: tuple[int, int],
    overlap: float,
    patch: int,
    along: Literal["rows", "columns"] = "rows",
) -> Lattice:
    """Lay tiles of (height, width) pixels over slices of (rows, columns) pixels."""
    rows, columns = (axis_tiles(shape[axis], tile[axis], overlap, patch) for axis in (0, 1))
    return Lattice(rows, columns, along)
