"""One pass over a volume: every block of one view, from the slabs of the reader to finished blocks."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geointerp.inference.accumulator import Blender, SliceSum
from geointerp.inference.batches import Tile, batches, stacked
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
        block: which slices, or which band of one.
        arrays: by name, ``labels`` (slices, rows, columns), ``probability`` (classes, slices, rows, columns).
        tiles: how many of its tiles hold data; of a band, those that start in it.
    """

    block: Block
    arrays: dict[str, npt.NDArray[Any]]
    tiles: int


@dataclass
class _OpenBlock:
    """A block some of whose slices are still under way."""

    slab: Slab
    tiles: int = 0
    slices: list[SliceResult] = field(default_factory=list)

    def result(self) -> BlockResult:
        """Put the slices together; the axis of slices stands before rows and columns."""
        arrays = {name: np.stack([one[name] for one in self.slices], axis=-3) for name in self.slices[0]}
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
        self.plan = plan
        self.blender = Blender(plan.lattice, classes, runner.machine.device)
        self._under_way: deque[tuple[SliceSum, _OpenBlock]] = deque()
        self._rest: Tensor | None = None
        self._computing: tuple[list[Tile], Callable[[], Tensor]] | None = None
        self._advance: Callable[[int], None] = lambda tiles: None

    @torch.inference_mode()
    def run(
        self,
        blocks: Iterable[Block],
        read: Callable[[Block], Slab],
        advance: Callable[[int], None] = lambda tiles: None,
    ) -> None:
        """Compute ``blocks``, reading ahead; ``advance`` is told the tiles done, skipped ones included.

        While a batch is computed the one before is added to its slices.
        """
        self._advance = advance
        with self.runner, closing(read_ahead(map(read, blocks))) as slabs:
            for batch in batches(self._slices(slabs), self.batch_size):
                begun = self.runner.start(stacked(batch))
                self._add_computed()
                self._computing = batch, begun
            self._add_computed()

    def _add_computed(self) -> None:
        """Add the batch under way, if there is one, to its slices, and finish those that are complete."""
        if self._computing is None:
            return
        batch, probabilities = self._computing
        self._computing = None
        for tile, one in zip(batch, probabilities(), strict=True):
            tile.slice.add(tile.place, one)
            self._close_finished()
        self._advance(len(batch))

    def _slices(self, slabs: Iterable[Slab]) -> Iterator[SliceSum]:
        """Open the slices of the slabs; those without any data are finished when their turn comes."""
        for slab in slabs:
            home, part = _OpenBlock(slab), self.plan.part(slab.block)
            skipped = self.plan.tiles_in(slab.block)
            for image, valid in zip(slab.images, slab.valid, strict=True):
                one = SliceSum(self.blender, image, valid, part)
                home.tiles += one.own
                skipped -= one.open
                self._under_way.append((one, home))
                if not one.tiles:
                    # What has no data must not pile up behind a batch that is done.
                    self._add_computed()
                if len(self._under_way) == 1:
                    self._take_over()
                    self._close_finished()
                yield one
            self._advance(skipped)

    def _close_finished(self) -> None:
        """Turn slices that are complete into results, in order: a band needs the rest of the one before."""
        while self._under_way and not self._under_way[0][0].open:
            done, home = self._under_way.popleft()
            self._rest = done.rest() if home.slab.block.band else None
            self._take_over()
            number = len(home.slices)
            home.slices.append(self.finish(done, [view[:, number] for view in home.slab.earlier]))
            if len(home.slices) == len(home.slab.block):
                self.sink(home.result())

    def _take_over(self) -> None:
        """Hand the rest of the last band to the one that follows it, once that is open."""
        if not self._under_way or self._rest is None:
            return
        one, home = self._under_way[0]
        if home.slab.block.band and home.slab.block.band.follows:
            one.begin_with(self._rest)
        self._rest = None
