"""The whole plan of a prediction: for each view, its tiles and its blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geointerp.tiling.blocks import SLAB_BYTES, Block, blocks, slab_thickness
from geointerp.tiling.lattice import Lattice, lattice
from geointerp.tiling.views import View


@dataclass(frozen=True)
class ViewPlan:
    """How one view is worked through.

    Attributes:
        number: of the view, counted from 0 in the order given.
        view: which dimension is what.
        lattice: the tiles of every slice.
        slices: how many slices there are.
        thickness: slices of a block.
    """

    number: int
    view: View
    lattice: Lattice
    slices: int
    thickness: int

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, in the order of the slices."""
        return blocks(self.slices, self.thickness)

    @property
    def tiles(self) -> int:
        """Tiles of the whole view, those without data included."""
        return self.slices * len(self.lattice)


def plan_views(
    views: Sequence[View],
    sizes: Mapping[str, int],
    *,
    tile: tuple[int, int],
    overlap: float,
    patch: int,
    channels: int,
    classes: int,
    budget: int = SLAB_BYTES,
) -> tuple[ViewPlan, ...]:
    """Plan a prediction.

    Args:
        views: in the order in which they are computed.
        sizes: samples along each dimension of the data.
        tile: height and width in pixels.
        overlap: least overlap of neighbouring tiles, as a fraction of a tile.
        patch: pixels of the network's patch.
        channels: of the network's input.
        classes: of its output.
        budget: bytes that a slab may take in memory.
    """
    # Of each pixel: amplitude and grey channels (float32), two masks, each class once as the sum of a view
    # and once for every view before it (float32).
    pixel_bytes = 4 * (1 + channels) + 2 + 4 * classes * len(views)
    plans = []
    for number, view in enumerate(views):
        shape = (sizes[view.rows], sizes[view.columns])
        slices = 1 if view.slices is None else sizes[view.slices]
        thickness = slab_thickness(slices, shape[0] * shape[1] * pixel_bytes, budget)
        plans.append(ViewPlan(number, view, lattice(shape, tile, overlap, patch), slices, thickness))
    return tuple(plans)
