"""Tiles that suit the slices: the size that covers them at the asked overlap for the least work.

A vision transformer takes tiles of any multiple of its patch, and near the size it was trained on it labels
them as well. So a slice of 400 x 462 pixels, which at an overlap of 25 % needs nine tiles of 224 x 224, is
covered by four of 238 x 266, 1.8 times less work.

The work of a tile of ``n`` patches in an encoder ``d`` wide is, a layer, 24 n d^2 operations for the products
with weights and 4 n^2 d for attention, and the decoder's share grows with n:

    work(n) = n (1 + n / (6 d)),      d = 384 (ViT-S)
"""

from collections.abc import Iterable
from itertools import product

from geointerp.tiling.lattice import lattice

# Of the side the model was trained on. Beyond, its position embeddings are stretched too far.
LEAST, MOST = 0.75, 1.25
# Of the work with the model's own tile, which is kept where no other saves a tenth.
WORTH_IT = 0.9
_EVEN = 6 * 384


def fitted_tile(
    slices: Iterable[tuple[int, tuple[int, int]]], tile: tuple[int, int], overlap: float, patch: int
) -> tuple[int, int]:
    """Return the tile that costs least, of 0.75 to 1.25 times the sides of the model's own; or this itself.

    Args:
        slices: of each view, how many there are and their rows and columns.
        tile: height and width the model was trained on.
        overlap: least overlap of neighbouring tiles, as a fraction of a tile.
        patch: pixels of the network's patch.

    Returns:
        Height and width, multiples of the patch; of several that cost the same the nearest to the model's.
    """
    wanted = list(slices)

    def work(one: tuple[int, int]) -> float:
        patches = one[0] * one[1] / patch**2
        tiles = sum(count * len(lattice(shape, one, overlap, patch)) for count, shape in wanted)
        return tiles * patches * (1 + patches / _EVEN)

    def distance(one: tuple[int, int]) -> int:
        return abs(one[0] - tile[0]) + abs(one[1] - tile[1])

    sizes = product(_sides(tile[0], patch), _sides(tile[1], patch))
    best = min(sizes, key=lambda one: (work(one), distance(one)))
    return best if work(best) <= WORTH_IT * work(tile) else tile


def _sides(side: int, patch: int) -> range:
    """Return the multiples of the patch within the range."""
    first, last = -(-int(side * LEAST) // patch), int(side * MOST) // patch
    return range(max(1, first) * patch, max(1, last) * patch + 1, patch)
