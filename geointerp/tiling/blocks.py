"""Blocks: the slabs of whole slices in which a view is worked through, and storage that suits them.

All tiles of a slice lie in one block, so none is computed twice. The thickness of a block follows from
the bytes of a slice, never from the number of slices, so memory does not grow with the survey. A block is
one shard of the output: it has one writer, and is written once and whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from geointerp.tiling.views import View

SLAB_BYTES = 64 * 2**20
MOST_SLICES = 64
CHUNK = 256


@dataclass(frozen=True)
class Block:
    """Consecutive slices of a view: ``start`` up to but not including ``stop``."""

    number: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


def slab_thickness(slices: int, slice_bytes: int, budget: int = SLAB_BYTES) -> int:
    """Return how many slices make a block: as many as the budget holds, at least 1, at most 64."""
    return max(1, min(slices, MOST_SLICES, budget // slice_bytes))


def blocks(slices: int, thickness: int) -> tuple[Block, ...]:
    """Cut ``slices`` slices into blocks of ``thickness``; the last may be thinner."""
    starts = range(0, slices, thickness)
    return tuple(Block(number, start, min(start + thickness, slices)) for number, start in enumerate(starts))


def storage(view: View, sizes: Mapping[str, int], thickness: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return (chunks, shards) per dimension of an array that is written block by block of ``view``.

    A shard holds one block; its chunks are equal parts of at most 256 x 256 pixels of a slice, and a shard
    is a whole number of chunks, which may reach past the end of the array.
    """
    chunks, shards = {}, {}
    for dim, size in sizes.items():
        parts = 1 if dim == view.slices else ceil(size / CHUNK)
        chunks[dim] = thickness if dim == view.slices else ceil(size / parts)
        shards[dim] = chunks[dim] * parts
    return chunks, shards


def scratch_chunks(
    view: View, last: View, sizes: Mapping[str, int], thickness: int, last_thickness: int
) -> dict[str, int]:
    """Return the chunks of an array that is written by blocks of ``view`` and read by blocks of ``last``."""
    chunks = {dim: min(size, CHUNK) for dim, size in sizes.items()}
    for one, thick in ((last, last_thickness), (view, thickness)):
        if one.slices is not None:
            chunks[one.slices] = thick
    return chunks
