"""Tiles are cut from a slice and their probabilities blended into it, on the device, in float32.

A slice's tiles are added in the order of the lattice, one after the other, so the sum has the same bits
whatever the batches and blocks were.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geointerp.tiling.lattice import Lattice
from geointerp.tiling.tapers import tapers

NOTHING = 255


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
        """Reflect an image (channels, rows, columns) up to the size of a tile where it is smaller."""
        if image.shape[1] < len(self.row_index):
            image = image[:, self.row_index]
        return image[:, :, self.column_index] if image.shape[2] < len(self.column_index) else image


class SliceSum:
    """A slice under way: its image, and the sum of weighted class probabilities so far.

    Attributes:
        tiles: those that hold anything to predict, in the order of the lattice.
        open: how many of them have not been added yet.
    """

    def __init__(
        self, blender: Blender, image: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]
    ) -> None:
        """Bring the image to the device and find the tiles that hold data.

        Args:
            blender: of the view.
            image: grey, float32 (channels, rows, columns).
            valid: where there is something to predict, bool (rows, columns).
        """
        self.blender = blender
        self.valid = valid
        self.tiles = [tile for tile in blender.lattice if valid[blender.lattice.window(tile)].any()]
        self.open = len(self.tiles)
        self.image = blender.pad(torch.from_numpy(np.ascontiguousarray(image)).to(blender.device))
        size = (blender.lattice.rows.padded, blender.lattice.columns.padded)
        self.total = torch.zeros((blender.classes, *size), device=blender.device)

    def cut(self, tile: tuple[int, int]) -> Tensor:
        """Return the image of a tile, float32 (channels, height, width)."""
        rows, columns = self.blender.lattice.window(tile)
        return self.image[:, rows, columns]

    def add(self, tile: tuple[int, int], probabilities: Tensor) -> None:
        """Add the class probabilities of a tile, float32 (classes, height, width)."""
        rows, columns = self.blender.lattice.window(tile)
        self.total[:, rows, columns] += probabilities * self.blender.weight(tile)
        self.open -= 1

    def probabilities(self) -> Tensor:
        """Return the blended class probabilities, float32 (classes, rows, columns)."""
        rows, columns = self.valid.shape
        return self.total[:, :rows, :columns]


def scratch_result(done: SliceSum) -> dict[str, npt.NDArray[np.generic]]:
    """Return what an earlier view keeps of a slice: its class probabilities, float32."""
    return {"probability": done.probabilities().cpu().numpy()}


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
    """
    total = torch.zeros_like(done.probabilities())
    for view in (*(torch.from_numpy(view).to(total.device) for view in earlier), done.probabilities()):
        total += view
    valid = torch.from_numpy(done.valid).to(total.device)
    labels = total.argmax(0).to(torch.uint8).masked_fill_(~valid, NOTHING)
    result: dict[str, npt.NDArray[np.generic]] = {"labels": labels.cpu().numpy()}
    if keep_probability:
        packed = (total / (len(earlier) + 1) * 254).round().clamp(0, 254).to(torch.uint8)
        result["probability"] = packed.masked_fill_(~valid, NOTHING).cpu().numpy()
    return result
