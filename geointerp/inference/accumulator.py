"""Tiles are cut from a slice and their probabilities blended into it, on the device, in float32.

A slice's tiles are added in the order of the lattice, one after the other, so the sum has the same bits
whatever the batches and blocks were. A band begins with the sum that the band before left beyond its end, so
a slice has the same bits in bands and whole.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geointerp.errors import MachineError
from geointerp.tasks import NOTHING
from geointerp.tiling.lattice import Lattice, Part
from geointerp.tiling.tapers import tapers


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

    def weight(self, tile: tuple[int, int]) -> Tensor:
        """Return the weight of each pixel of a tile, float32 (height, width)."""
        return self.row_tapers[tile[0]][:, None] * self.column_tapers[tile[1]][None, :]

    def pad(self, image: Tensor) -> Tensor:
        """Reflect an image (channels, rows, columns) up to the size of a tile where slices are smaller."""
        if self.lattice.rows.size < self.lattice.rows.padded:
            image = image[:, self.row_index]
        return image[:, :, self.column_index] if self.lattice.columns.size < len(self.column_index) else image


class SliceSum:
    """A slice, or a band of one, under way: its image, and the sum of weighted class probabilities so far.

    Attributes:
        valid: where there is something to predict, bool (rows, columns).
        tiles: those that hold anything to predict, in the order of the lattice.
        own: how many of them start in it: all but those that a band computes for want of the band before.
        open: how many have not been added yet.
    """

    def __init__(
        self,
        blender: Blender,
        image: npt.NDArray[np.float32],
        valid: npt.NDArray[np.bool_],
        part: Part | None = None,
    ) -> None:
        """Bring the image to the device and find the tiles that hold data.

        Args:
            blender: of the view.
            image: grey, float32 (channels, rows, columns), from ``part.top`` to ``part.bottom`` of a band.
            valid: where there is something to predict, bool (rows, columns), of the same extent.
            part: which band; None for a whole slice.
        """
        self.blender, lattice = blender, blender.lattice
        self.part = part or lattice.part(0, lattice.band_axis.size)
        self.valid = valid[self._along(slice(self.part.start, self.part.stop))]
        self.tiles = [tile for tile in lattice.places(self.part.tiles) if valid[self._window(tile)].any()]
        self.open = len(self.tiles)
        self.own = sum(self._starts_here(tile) for tile in self.tiles)
        self.image = blender.pad(torch.from_numpy(np.ascontiguousarray(image)).to(blender.device))
        self.total = torch.zeros((blender.classes, *self.image.shape[1:]), device=blender.device)

    def cut(self, tile: tuple[int, int]) -> Tensor:
        """Return the image of a tile, float32 (channels, height, width)."""
        return self.image[:, *self._window(tile)]

    def add(self, tile: tuple[int, int], probabilities: Tensor) -> None:
        """Add the class probabilities of a tile, float32 (classes, height, width)."""
        self.total[:, *self._window(tile)] += probabilities * self.blender.weight(tile)
        self.open -= 1

    def probabilities(self) -> Tensor:
        """Return the blended class probabilities, float32 (classes, rows, columns)."""
        whole = self.total[:, *self._along(slice(self.part.start, self.part.stop))]
        rows, columns = self.valid.shape
        return whole[:, :rows, :columns]

    def rest(self) -> Tensor:
        """Return the sum beyond the end of a band, which its tiles gave to the next."""
        return self.total[:, *self._along(slice(self.part.stop, self.part.bottom))]

    def begin_with(self, rest: Tensor) -> None:
        """Take over the ``rest`` of the band before; none of one's own tiles has been added yet."""
        start = self.part.start
        extent = rest.shape[1 if self.blender.lattice.along == "rows" else 2]
        self.total[:, *self._along(slice(start, start + extent))] = rest

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


def scratch_result(done: SliceSum) -> dict[str, npt.NDArray[np.generic]]:
    """Return what an earlier view keeps of a slice: its class probabilities, float32."""
    return {"probability": done.probabilities().cpu().numpy()}


def largest(values: Tensor) -> Tensor:
    """Return which of the planes (classes, rows, columns) is the first largest at each pixel, uint8.

    As ``argmax(0)``, which across planes takes a processor 14 times as long for two classes, 4 for eight.
    """
    most = values[0].clone()
    which = torch.zeros(most.shape, dtype=torch.uint8, device=most.device)
    for number, plane in enumerate(values[1:], 1):
        which.masked_fill_(plane > most, number)
        torch.maximum(most, plane, out=most)
    return which


def label_result(
    done: SliceSum, earlier: Sequence[npt.NDArray[np.float32]], keep_probability: bool
) -> dict[str, npt.NDArray[np.generic]]:
    """Return what the last view keeps of a slice.

    Args:
        done: the finished slice.
        earlier: class probabilities of the earlier views, float32 (classes, rows, columns), in their order.
        keep_probability: whether the mean class probabilities are wanted.

    Returns:
        ``labels`` uint8 (rows, columns), 255 where nothing was predicted, and where wanted ``probability``
        uint8 (classes, rows, columns) in steps of 1/254.

    Raises:
        MachineError: some probability is not a number: labels by it would be the first class.
    """
    total = torch.zeros_like(done.probabilities())
    for view in (*(torch.from_numpy(view).to(total.device) for view in earlier), done.probabilities()):
        total += view
    if not torch.isfinite(total).all():
        raise MachineError(
            "the network gave no numbers for some samples",
            hint="try --precision fp32; if that does not help, the model's training has failed",
        )
    valid = torch.from_numpy(done.valid).to(total.device)
    labels = largest(total).masked_fill_(~valid, NOTHING)
    result: dict[str, npt.NDArray[np.generic]] = {"labels": labels.cpu().numpy()}
    if keep_probability:
        packed = (total / (len(earlier) + 1) * 254).round().clamp(0, 254).to(torch.uint8)
        result["probability"] = packed.masked_fill_(~valid, NOTHING).cpu().numpy()
    return result
