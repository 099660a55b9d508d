"""Tiles are cut from slices and their probabilities blended into these, on the device, in float32.

A slice's tiles are added in the order of the lattice, one after the other, so the sum has the same bits
whatever the batches and blocks were. Neighbouring slices have their tiles in the same places, and what is
done for one is done for a run of them at once. A band begins with the sum that the band before left beyond
its end, so a slice has the same bits in bands and whole.
"""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geointerp.errors import MachineError
from geointerp.sinks.zarr_store import PROBABILITY_STEPS
from geointerp.tiling.lattice import Lattice, Part
from geointerp.tiling.tapers import tapers

_WEIGHTS_KEPT = 32  # of 224 x 224: 6 MiB; most slices have fewer tiles


class Blender:
    """The tiles and weights of a view, on the device."""

    def __init__(self, lattice: Lattice, classes: int, device: torch.device) -> None:
        """Compute the tapers and, where slices are smaller than a tile, the reflections."""
        self.lattice = lattice
        self.classes = classes
        self.device = device
        self.row_tapers = torch.from_numpy(tapers(lattice.rows)).to(device)
        self.column_tapers = torch.from_numpy(tapers(lattice.columns)).to(device)
        self.row_index = torch.from_numpy(lattice.rows.reflection()).to(device)
        self.column_index = torch.from_numpy(lattice.columns.reflection()).to(device)
        self._weights: dict[tuple[int, int], Tensor] = {}

    def weight(self, tile: tuple[int, int]) -> Tensor:
        """Return the weight of each pixel of a tile, float32 (height, width)."""
        if tile not in self._weights:
            if len(self._weights) == _WEIGHTS_KEPT:
                self._weights.clear()
            self._weights[tile] = self.row_tapers[tile[0]][:, None] * self.column_tapers[tile[1]][None, :]
        return self._weights[tile]

    def pad(self, images: Tensor) -> Tensor:
        """Reflect images (…, rows, columns) up to the size of a tile where slices are smaller."""
        if self.lattice.rows.size < self.lattice.rows.padded:
            images = images[..., self.row_index, :]
        if self.lattice.columns.size < self.lattice.columns.padded:
            images = images[..., self.column_index]
        return images


class Tile(NamedTuple):
    """A tile: which slice of a slab, and its row and column in the lattice."""

    number: int
    place: tuple[int, int]


class SlabSum:
    """Slices of a slab, or a band of one, under way: their images, and the sums of weighted probabilities.

    Attributes:
        valid: where there is something to predict, bool (slices, rows, columns).
        tiles: those that hold anything to predict, slice by slice in the order of the lattice.
        own: how many of them start in it: all but those that a band computes for want of the band before.
        open: how many have not been added yet.
    """

    def __init__(
        self,
        blender: Blender,
        images: Tensor,
        valid: npt.NDArray[np.bool_],
        part: Part | None = None,
    ) -> None:
        """Find the tiles that hold data.

        Args:
            blender: of the view.
            images: grey, float32 (slices, channels, rows, columns) on the device, from ``part.top`` to
                ``part.bottom`` of a band.
            valid: where there is something to predict, bool (slices, rows, columns), of the same extent.
            part: which band; None for whole slices.
        """
        self.blender, lattice = blender, blender.lattice
        self.part = part or lattice.part(0, lattice.band_axis.size)
        self.valid = valid[:, *self._along(slice(self.part.start, self.part.stop))]
        places = list(lattice.places(self.part.tiles))
        self.tiles = [
            Tile(number, place) for number, one in enumerate(valid) for place in self._seen(one, places)
        ]
        self.open = len(self.tiles)
        self.own = sum(self._starts_here(tile.place) for tile in self.tiles)
        self.images = blender.pad(images)
        extent = self.images.shape[2:]
        self.total = torch.zeros((len(images), blender.classes, *extent), device=blender.device)

    def cut(self, slices: slice, place: tuple[int, int]) -> Tensor:
        """Return the images of a tile in some slices, float32 (slices, channels, height, width)."""
        return self.images[slices, :, *self._window(place)]

    def add(self, slices: slice, place: tuple[int, int], probabilities: Tensor) -> None:
        """Add the class probabilities of a tile in some slices, float32 (slices, classes, height, width)."""
        # Not `self.total[…] +=`, which would also write the sum back onto itself.
        covered = self.total[slices, :, *self._window(place)]
        covered += probabilities * self.blender.weight(place)
        self.open -= len(covered)

    def probabilities(self) -> Tensor:
        """Return the blended class probabilities, float32 (classes, slices, rows, columns)."""
        whole = self.total[:, :, *self._along(slice(self.part.start, self.part.stop))]
        rows, columns = self.valid.shape[1:]
        return whole[..., :rows, :columns].transpose(0, 1)

    def rest(self) -> Tensor:
        """Return the sum beyond the end of a band, which its tiles gave to the next."""
        return self.total[:, :, *self._along(slice(self.part.stop, self.part.bottom))]

    def begin_with(self, rest: Tensor) -> None:
        """Take over the ``rest`` of the band before; none of one's own tiles has been added yet."""
        start = self.part.start
        extent = rest.shape[2 if self.blender.lattice.along == "rows" else 3]
        self.total[:, :, *self._along(slice(start, start + extent))] = rest

    def _seen(self, valid: npt.NDArray[np.bool_], places: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the tiles that hold anything to predict of a slice; mostly all, which is soon seen."""
        return places if valid.all() else [place for place in places if valid[self._window(place)].any()]

    def _starts_here(self, tile: tuple[int, int]) -> bool:
        number = tile[0 if self.blender.lattice.along == "rows" else 1]
        return self.blender.lattice.band_axis.starts[number] >= self.part.start

    def _window(self, tile: tuple[int, int]) -> tuple[slice, slice]:
        """Return the rows and columns of a tile, counted from where the image begins."""
        rows, columns = self.blender.lattice.window(tile)
        if self.blender.lattice.along == "rows":
            return slice(rows.start - self.part.top, rows.stop - self.part.top), columns
        return rows, slice(columns.start - self.part.top, columns.stop - self.part.top)

    def _along(self, pixels: slice) -> tuple[slice, slice]:
        """Return the rows and columns of a stretch along the axis of the bands, counted likewise."""
        stretch = slice(pixels.start - self.part.top, pixels.stop - self.part.top)
        return (stretch, slice(None)) if self.blender.lattice.along == "rows" else (slice(None), stretch)


def no_numbers() -> MachineError:
    """Return the error of probabilities that are none: labels by them would be the first class."""
    return MachineError(
        "the network gave no numbers for some samples",
        hint="try --precision fp32; if that does not help, the model's training has failed",
    )


def scratch_result(done: SlabSum, earlier: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return what an earlier view keeps of a slab.

    Returns:
        ``probability`` float32 (classes, slices, rows, columns), and its ``sum``, a number if all of it are.
    """
    probabilities = done.probabilities()
    return {"probability": probabilities, "sum": probabilities.sum()}


def label_result(done: SlabSum, earlier: Sequence[Tensor], keep_probability: bool) -> dict[str, Tensor]:
    """Return what the last view keeps of a slab; where it is not valid that means nothing.

    Args:
        done: the finished slab.
        earlier: class probabilities of the earlier views, float32 (classes, slices, rows, columns) on the
            device, in their order.
        keep_probability: whether the mean class probabilities are wanted.

    Returns:
        ``labels`` uint8 (slices, rows, columns); where wanted ``probability`` uint8 (classes, slices, rows,
        columns) in steps of 1/254; and ``sum``, of the probabilities, some slices in each, a number if all
        of them are.
    """
    views = (*earlier, done.probabilities())
    # A processor has a slice in its cache from one step to the next; a GPU would mostly launch them.
    at_once = 1 if done.blender.device.type == "cpu" else len(done.valid)
    parts = []
    for first in range(0, len(done.valid), at_once):
        total = reduce(torch.add, (view[:, first : first + at_once] for view in views))
        part = {"labels": largest(total), "sum": total.sum()}
        if keep_probability:
            packed = (total / len(views) * PROBABILITY_STEPS).round().clamp(0, PROBABILITY_STEPS)
            part["probability"] = packed.to(torch.uint8)
        parts.append(part)
    result = {name: torch.cat([part[name] for part in parts], dim=-3) for name in parts[0] if name != "sum"}
    return {**result, "sum": torch.stack([part["sum"] for part in parts])}


def largest(values: Tensor) -> Tensor:
    """Return which of the planes (classes, …, rows, columns) is the first largest at each pixel, uint8.

    As ``argmax(0)``, which across planes takes a processor 14 times as long for two classes, 4 for eight.
    """
    most = values[0].clone()
    which = torch.zeros(most.shape, dtype=torch.uint8, device=most.device)
    for number, plane in enumerate(values[1:], 1):
        which.masked_fill_(plane > most, number)
        torch.maximum(most, plane, out=most)
    return which
