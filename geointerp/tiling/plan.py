"""The whole plan of a prediction: for each view, its tiles and its blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geointerp.tiling.blocks import (
    GPU_SLAB_BYTES,
    SLAB_BYTES,
    Block,
    band_length,
    bands,
    blocks,
    slab_thickness,
)
from geointerp.tiling.lattice import Lattice, Part, lattice
from geointerp.tiling.views import View, sized


@dataclass(frozen=True)
class ViewPlan:
    """How one view is worked through.

    Attributes:
        number: of the view, counted from 0 in the order given.
        view: which dimension is what.
        lattice: the tiles of every slice.
        slices: how many slices there are.
        thickness: slices of a block.
        band: rows or columns of a block, where a slice is cut into bands; None where it is not.
    """

    number: int
    view: View
    lattice: Lattice
    slices: int
    thickness: int
    band: int | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, in the order of the slices, and the bands in their order in each."""
        if self.band:
            return bands(self.slices, self.lattice.band_axis.size, self.band)
        return blocks(self.slices, self.thickness)

    def part(self, block: Block) -> Part | None:
        """Return what a band is computed from; None for a block of whole slices."""
        band = block.band
        return self.lattice.part(band.start, band.stop, band.follows) if band else None

    def tiles_in(self, block: Block) -> int:
        """Return how many tiles a block is computed from, those without data included."""
        part = self.part(block)
        if part:
            return len(part.tiles) * len(self.lattice.cross_axis.starts)
        return len(block) * len(self.lattice)

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
    device: str = "cpu",
    budget: int | None = None,
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
        device: kind of device that computes.
        budget: bytes that a slab may take in memory; by default what suits the device.
    """
    budget = budget or (GPU_SLAB_BYTES if device == "cuda" else SLAB_BYTES)
    # Of each pixel: amplitude and grey channels (float32), two masks, each class once as the sum of a view
    # and once for every view before it (float32).
    pixel_bytes = 4 * (1 + channels) + 2 + 4 * classes * len(views)
    plans = []
    for number, chosen in enumerate(views):
        view = sized(chosen, sizes)
        shape = (sizes[view.rows], sizes[view.columns])
        slices = 1 if view.slices is None else sizes[view.slices]
        tiles = lattice(shape, tile, overlap, patch, view.along)
        thickness = slab_thickness(slices, shape[0] * shape[1] * pixel_bytes, budget)
        long, cross = tiles.band_axis, tiles.cross_axis
        band = band_length(long.size, cross.size * pixel_bytes, long.tile, budget)
        plans.append(ViewPlan(number, view, tiles, slices, thickness, band))
    return tuple(plans)
