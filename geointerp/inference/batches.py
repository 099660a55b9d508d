"""Slices become batches of tiles, across the borders of slices and blocks, so that every batch is full."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from geointerp.inference.accumulator import SliceSum


class Tile(NamedTuple):
    """A tile and the slice it belongs to."""

    slice: SliceSum
    place: tuple[int, int]


def batches(slices: Iterable[SliceSum], size: int) -> Iterator[list[Tile]]:
    """Yield the tiles of the slices in order, ``size`` at a time; the last batch may be smaller.

    So may one before a slice without tiles: slices are finished in order, and a long stretch without data
    must not pile up behind a batch that it never fills.
    """
    batch: list[Tile] = []
    for one in slices:
        if not one.tiles and batch:
            yield batch
            batch = []
        for place in one.tiles:
            batch.append(Tile(one, place))
            if len(batch) == size:
                yield batch
                batch = []
    if batch:
        yield batch


def stacked(batch: list[Tile]) -> Tensor:
    """Return the images of a batch, float32 (batch, channels, height, width), on the device."""
    return torch.stack([tile.slice.cut(tile.place) for tile in batch])
