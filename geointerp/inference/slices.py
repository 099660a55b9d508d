"""Labels of single slices that need not be of one size: validation and test images.

The slices go through the same tiles, tapers, batches and runner as those of a volume, so what is measured
here is what ``predict`` gives.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from geointerp.inference.accumulator import Blender, SlabSum, no_numbers
from geointerp.inference.batches import Run, batches, shared_out, stacked
from geointerp.inference.device import Machine
from geointerp.inference.runner import Runner, default_batch_size, whole_batches
from geointerp.tiling.lattice import lattice

_SHAPES = 8  # of which tapers and weights are kept; mostly all slices are of one


def label_slices(
    network: nn.Module,
    greys: Iterable[npt.NDArray[np.float32]],
    *,
    classes: int,
    tile: tuple[int, int],
    overlap: float,
    patch: int,
    machine: Machine,
    batch_size: int | None = None,
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the labels of each slice, in the order of the slices.

    Args:
        network: grey tiles (batch, channels, height, width) to logits (batch, classes, height, width); it, or
            a copy of it, runs on the device in evaluation mode.
        greys: grey in [0, 1], float32 (channels, rows, columns), of any sizes; read as they are needed.
        classes: the network's.
        tile: height and width in pixels, multiples of ``patch``.
        overlap: least overlap of neighbouring tiles, as a fraction of a tile.
        patch: pixels of the network's patch.
        machine: device and precision.
        batch_size: tiles computed at once; fit for the device by default.

    Yields:
        uint8 (rows, columns).

    Raises:
        UsageError: the tile is no multiple of the patch, or the overlap is not in [0, 1).
        MachineError: not even one tile fits into memory, or some probability is not a number.
    """
    for probability in slice_probabilities(
        network,
        greys,
        classes=classes,
        tile=tile,
        overlap=overlap,
        patch=patch,
        machine=machine,
        batch_size=batch_size,
    ):
        if not np.isfinite(probability).all():
            raise no_numbers()
        yield probability.argmax(axis=0).astype(np.uint8)


def slice_probabilities(
    network: nn.Module,
    greys: Iterable[npt.NDArray[np.float32]],
    *,
    classes: int,
    tile: tuple[int, int],
    overlap: float,
    patch: int,
    machine: Machine,
    batch_size: int | None = None,
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the blended class probabilities of each slice, float32 (classes, rows, columns).

    Arguments and errors are those of ``label_slices``.
    """
    size = whole_batches(machine, batch_size or default_batch_size(machine, tile))
    runner = Runner(network, machine, size)

    @lru_cache(_SHAPES)
    def blender(shape: tuple[int, int]) -> Blender:
        return Blender(lattice(shape, tile, overlap, patch), classes, machine.device)

    def opened() -> Iterator[SlabSum]:
        for grey in greys:
            shape = (grey.shape[1], grey.shape[2])
            images = torch.from_numpy(np.ascontiguousarray(grey)).to(machine.device)[None]
            yield SlabSum(blender(shape), images, np.ones((1, *shape), np.bool_))

    for batch in batches(opened(), size):
        yield from _added(batch, runner(stacked(batch)))


def _added(batch: list[Run], computed: Tensor) -> Iterator[npt.NDArray[np.float32]]:
    """Add a batch to the slices it is of; those that are complete are given out."""
    for run, some in shared_out(batch, computed):
        run.slab.add(run.slices, run.place, some)
        if not run.slab.open:
            yield run.slab.probabilities()[:, 0].cpu().numpy()
