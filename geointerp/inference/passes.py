"""One pass over a volume: every block of one view, from the slabs of the reader to finished blocks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from geointerp.inference.accumulator import Blender, SliceSum
from geointerp.inference.batches import batches, stacked
from geointerp.inference.reader import Slab, read_ahead
from geointerp.inference.runner import Runner
from geointerp.tiling.blocks import Block
from geointerp.tiling.plan import ViewPlan

SliceResult = dict[str, npt.NDArray[Any]]
Finish = Callable[[SliceSum, Sequence[npt.NDArray[np.float32]]], SliceResult]


@dataclass(frozen=True)
class BlockResult:
    """What came of a block.

    Attributes:
        block: which slices.
        arrays: by name, ``labels`` (slices, rows, columns), ``probability`` (classes, slices, rows, columns).
        tiles: how many tiles went through the network.
    """

    block: Block
    arrays: dict[str, npt.NDArray[Any]]
    tiles: int


@dataclass
class _OpenBlock:
    """A block some of whose slices are still under way."""

    slab: Slab
    tiles: int = 0
    slices: dict[int, SliceResult] = field(default_factory=dict)

    def result(self) -> BlockResult:
        """Put the slices together; the axis of slices stands before rows and columns."""
        ordered = [self.slices[number] for number in range(len(self.slab.block))]
        arrays = {name: np.stack([one[name] for one in ordered], axis=-3) for name in ordered[0]}
        return BlockResult(self.slab.block, arrays, self.tiles)


class ViewPass:
    """Works through blocks of one view."""

    def __init__(
        self,
        plan: ViewPlan,
        runner: Runner,
        classes: int,
        batch_size: int,
        finish: Finish,
        sink: Callable[[BlockResult], None],
    ) -> None:
        """Prepare the tiles of the view on the runner's device.

        Args:
            plan: of the view.
            runner: of the network.
            classes: the network's.
            batch_size: tiles handed to the runner at once.
            finish: makes the result of a slice from its sum and the earlier views' probabilities.
            sink: takes each finished block.
        """
        self.runner, self.batch_size, self.finish, self.sink = runner, batch_size, finish, sink
        self.blender = Blender(plan.lattice, classes, runner.machine.device)
        self._homes: dict[SliceSum, tuple[_OpenBlock, int]] = {}
        self._advance: Callable[[int], None] = lambda tiles: None

    @torch.inference_mode()
    def run(
        self,
        blocks: Iterable[Block],
        read: Callable[[Block], Slab],
        advance: Callable[[int], None] = lambda tiles: None,
    ) -> None:
        """Compute ``blocks``, reading ahead; ``advance`` is told the tiles done, skipped ones included."""
        self._advance = advance
        with closing(read_ahead(map(read, blocks))) as slabs:
            for batch in batches(self._slices(slabs), self.batch_size):
                probabilities = self.runner(stacked(batch))
                for tile, one in zip(batch, probabilities, strict=True):
                    tile.slice.add(tile.place, one)
                    if not tile.slice.open:
                        self._close(tile.slice)
                advance(len(batch))

    def _slices(self, slabs: Iterable[Slab]) -> Iterator[SliceSum]:
        """Open the slices of the slabs; those without any data are finished at once."""
        for slab in slabs:
            home = _OpenBlock(slab)
            for number, (image, valid) in enumerate(zip(slab.images, slab.valid, strict=True)):
                one = SliceSum(self.blender, image, valid)
                home.tiles += one.open
                self._homes[one] = (home, number)
                self._advance(len(self.blender.lattice) - one.open)
                if not one.open:
                    self._close(one)
                yield one

    def _close(self, done: SliceSum) -> None:
        """Turn a finished slice into its result, and a block that is complete into the sink's."""
        home, number = self._homes.pop(done)
        earlier = [view[:, number] for view in home.slab.earlier]
        home.slices[number] = self.finish(done, earlier)
        if len(home.slices) == len(home.slab.block):
            self.sink(home.result())
