"""Slabs become batches of tiles, across their borders, so that every batch is full."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from geointerp.inference.accumulator import SlabSum, Tile


class Run(NamedTuple):
    """Neighbouring slices of a slab, each with its tile in the same place."""

    slab: SlabSum
    slices: slice
    place: tuple[int, int]


def batches(slabs: Iterable[SlabSum], size: int, most_slabs: int | None = None) -> Iterator[list[Run]]:
    """Yield the tiles of the slabs in order, ``size`` at a time; the last batch may be smaller.

    So may others where there is little data: slabs are finished in order and held until then, so they must
    not pile up behind a batch that they hardly fill. Neither may a long stretch without any data.

    Args:
        slabs: opened as they are needed.
        size: tiles of a batch.
        most_slabs: that a batch takes tiles of; None for any number.
    """
    batch: list[Run] = []
    room, touched = size, 0
    for slab in slabs:
        if batch and (not slab.tiles or touched == most_slabs):
            yield batch
            batch, room, touched = [], size, 0
        done = 0
        while done < len(slab.tiles):
            some = slab.tiles[done : done + room]
            batch += runs(slab, some)
            done, room = done + len(some), room - len(some)
            if not room:
                yield batch
                batch, room, touched = [], size, 0
        touched += bool(batch)
    if batch:
        yield batch


def runs(slab: SlabSum, tiles: Sequence[Tile]) -> Iterator[Run]:
    """Put tiles of a slab together that neighbouring slices have in the same place.

    The runs of a slice come in the order of its tiles, in which they have to be added.
    """
    rank = slab.blender.lattice.rank
    ordered = sorted(tiles, key=lambda tile: (rank(tile.place), tile.number))
    neighbours = groupby(
        enumerate(ordered), lambda counted: (counted[1].place, counted[1].number - counted[0])
    )
    for (place, _), found in neighbours:
        numbers = [tile.number for _, tile in found]
        yield Run(slab, slice(numbers[0], numbers[-1] + 1), place)


def stacked(batch: Sequence[Run]) -> Tensor:
    """Return the images of a batch, float32 (batch, channels, height, width), on the device."""
    return torch.cat([run.slab.cut(run.slices, run.place) for run in batch])


def shared_out(batch: Sequence[Run], of_tiles: Tensor) -> Iterator[tuple[Run, Tensor]]:
    """Yield each run with its own of what was computed of the tiles of a batch."""
    return zip(
        batch, torch.split(of_tiles, [run.slices.stop - run.slices.start for run in batch]), strict=True
    )
