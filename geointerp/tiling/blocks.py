"""Blocks: the parts in which a view is worked through, and storage that suits them.

A block is a slab of whole slices, as many as the budget holds; all tiles of a slice lie in one block, so none
is computed twice. A slice larger than the budget is cut into bands, each a block of its own: what its tiles
give to the next band is handed on, so again none is computed twice. Memory grows neither with the number of
slices nor with the length of one. A block is one shard of the output: it has one writer, and is written once
and whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from geointerp.tiling.views import View

SLAB_BYTES = 64 * 2**20
# What Python does for a slab takes as long for a thick one, one thread at a time, and a GPU must not wait.
GPU_SLAB_BYTES = 128 * 2**20
MOST_SLICES = 64
LEAST_BLOCKS = 4
CHUNK = 256


@dataclass(frozen=True)
class Band:
    """Consecutive rows or columns of a slice.

    Attributes:
        start: the first.
        stop: the one after the last.
        follows: whether the band before it has just been worked through, and hands on its sums.
    """

    start: int
    stop: int
    follows: bool = False


@dataclass(frozen=True)
class Block:
    """Consecutive slices of a view: ``start`` up to but not including ``stop``; or a band of one slice."""

    number: int
    start: int
    stop: int
    band: Band | None = None

    def __len__(self) -> int:
        return self.stop - self.start


def slab_thickness(slices: int, slice_bytes: int, budget: int = SLAB_BYTES) -> int:
    """Return how many slices make a block: as many as the budget holds, at least 1, at most 64.

    Few slices, if more than three, still make three or four blocks: while one is computed the next is read,
    and the last written.
    """
    return max(1, min(ceil(slices / LEAST_BLOCKS), MOST_SLICES, budget // slice_bytes))


def band_length(size: int, row_bytes: int, tile: int, budget: int = SLAB_BYTES) -> int | None:
    """Return the rows of a band, a multiple of 256, or None where a slice is worked through whole.

    Args:
        size: rows of a slice.
        row_bytes: what one of them takes in memory.
        tile: rows of a tile; that many are held besides the band's own.
        budget: bytes that a slice, or else a band, may take; one of 256 rows may take more.
    """
    if size * row_bytes <= budget:
        return None
    length = CHUNK * max(1, (budget // row_bytes - tile) // CHUNK)
    return length if max(length, tile) < size else None


def blocks(slices: int, thickness: int) -> tuple[Block, ...]:
    """Cut ``slices`` slices into blocks of ``thickness``; the last may be thinner."""
    starts = range(0, slices, thickness)
    return tuple(Block(number, start, min(start + thickness, slices)) for number, start in enumerate(starts))


def bands(slices: int, size: int, length: int) -> tuple[Block, ...]:
    """Cut each of ``slices`` slices of ``size`` rows into bands of ``length``; the last may be shorter."""
    places = [(number, start) for number in range(slices) for start in range(0, size, length)]
    return tuple(
        Block(count, number, number + 1, Band(start, min(start + length, size)))
        for count, (number, start) in enumerate(places)
    )


def linked(waiting: Iterable[Block]) -> Iterator[Block]:
    """Mark the bands that come right after the one before them, and no others, however they were marked."""
    before: Block | None = None
    for block in waiting:
        if block.band:
            after = bool(before and before.number + 1 == block.number and before.start == block.start)
            yield replace(block, band=replace(block.band, follows=after))
        else:
            yield block
        before = block


def storage(
    view: View, sizes: Mapping[str, int], thickness: int, band: int | None = None
) -> tuple[dict[str, int], dict[str, int]]:
    """Return (chunks, shards) per dimension of an array that is written block by block of ``view``.

    A shard holds one block; its chunks are equal parts of at most 256 x 256 pixels of a slice, and a shard
    is a whole number of chunks, which may reach past the end of the array.
    """
    chunks, shards = {}, {}
    for dim, size in sizes.items():
        extent = band if band and dim == view.band_dim else size
        parts = 1 if dim == view.slices else ceil(extent / CHUNK)
        chunks[dim] = thickness if dim == view.slices else ceil(extent / parts)
        shards[dim] = chunks[dim] * parts
    return chunks, shards


def scratch_chunks(
    view: View,
    last: View,
    sizes: Mapping[str, int],
    thickness: int,
    last_thickness: int,
    band: int | None = None,
) -> dict[str, int]:
    """Return the chunks of an array that is written by blocks of ``view`` and read by blocks of ``last``.

    Bands of ``view`` are whole numbers of chunks, so that a chunk has one writer.
    """
    chunks = {dim: min(size, CHUNK) for dim, size in sizes.items()}
    for one, thick in ((last, last_thickness), (view, thickness)):
        if one.slices is not None:
            chunks[one.slices] = thick
    if band:
        wanted = chunks[view.band_dim]
        chunks[view.band_dim] = next(part for part in range(wanted, 0, -1) if band % part == 0)
    return chunks
