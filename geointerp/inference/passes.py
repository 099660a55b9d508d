"""One pass over a volume: every block of one view, from the slabs of the reader to finished blocks."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geointerp.inference.accumulator import Blender, SlabSum, no_numbers
from geointerp.inference.batches import Run, batches, shared_out, stacked
from geointerp.inference.carrier import DATA, DATA_HINT, Carrier
from geointerp.inference.device import room_for
from geointerp.inference.reader import Slab, read_in_turn
from geointerp.inference.runner import Runner
from geointerp.tiling.blocks import Block
from geointerp.tiling.plan import ViewPlan

Finish = Callable[[SlabSum, Sequence[Tensor]], dict[str, Tensor]]

# A GPU is quicker than one thread reads: 112 million samples a second of SEG-Y, made grey (Zen 4).
READERS = {"cpu": 1, "cuda": 6, "mps": 1}
# Of which a batch takes tiles. Two mostly suffice; where there is little data more would be held for long.
MOST_SLABS = 4


@dataclass(frozen=True)
class BlockResult:
    """What came of a block; on a GPU it may still have to be computed.

    Attributes:
        block: which slices, or which band of one.
        tiles: how many of its tiles hold data; of a band, those that start in it.
        valid: where something was predicted, bool (slices, rows, columns).
        fetch: waits for the arrays.
    """

    block: Block
    tiles: int
    valid: npt.NDArray[np.bool_]
    fetch: Callable[[], dict[str, npt.NDArray[Any]]]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Wait for the arrays: ``labels`` (slices, rows, columns), ``probability`` (classes, slices, …).

        Raises:
            MachineError: some probability is not a number: labels by it would be the first class.
        """
        arrays = self.fetch()
        if not np.isfinite(arrays.pop("sum")).all():
            raise no_numbers()
        return arrays


class _Brought(NamedTuple):
    """A slab, what of it is needed on the device brought there, or ready to be."""

    block: Block
    valid: npt.NDArray[np.bool_]
    images: Tensor
    earlier: tuple[Tensor, ...]


class _UnderWay(NamedTuple):
    """A block some of whose tiles are still to be computed, and the earlier views' probabilities of it."""

    block: Block
    sum: SlabSum
    earlier: tuple[Tensor, ...]


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
            finish: makes the result of a slab from its sum and the earlier views' probabilities of it.
            sink: takes each finished block.
        """
        self.runner, self.batch_size, self.finish, self.sink = runner, batch_size, finish, sink
        self.plan = plan
        self.blender = Blender(plan.lattice, classes, runner.machine.device)
        self.carrier = Carrier(runner.machine.device)
        self._under_way: deque[_UnderWay] = deque()
        self._rest: Tensor | None = None
        self._computing: tuple[list[Run], Callable[[], Tensor]] | None = None
        self._advance: Callable[[int], None] = lambda tiles: None

    @torch.inference_mode()
    def run(
        self,
        blocks: Iterable[Block],
        read: Callable[[Block], Slab],
        advance: Callable[[int], None] = lambda tiles: None,
    ) -> None:
        """Compute ``blocks``, reading ahead; ``advance`` is told the tiles done, skipped ones included.

        While a batch is computed the one before is added to its slabs.

        Raises:
            MachineError: the device has too little memory beside the network.
        """
        self._advance = advance
        threads = 1 if self.plan.band else READERS[self.runner.machine.device.type]  # bands follow each other

        def bring(block: Block) -> _Brought:
            return self._brought(read(block))

        with (
            room_for(DATA, self.blender.device, DATA_HINT),
            self.runner,
            closing(read_in_turn(bring, blocks, threads)) as brought,
        ):
            for batch in batches(self._opened(brought), self.batch_size, MOST_SLABS):
                begun = self.runner.start(stacked(batch))
                self._add_computed()
                self._computing = batch, begun
            self._add_computed()

    def _brought(self, slab: Slab) -> _Brought:
        """Bring to the device what is needed there of a slab; called by the threads that read."""
        earlier = tuple(self.carrier.bring(one) for one in slab.earlier)
        return _Brought(slab.block, slab.valid, self.carrier.bring(slab.images), earlier)

    def _add_computed(self) -> None:
        """Add the batch under way, if there is one, to its slabs, and finish those that are complete."""
        if self._computing is None:
            return
        batch, probabilities = self._computing
        self._computing = None
        computed = probabilities()
        for run, some in shared_out(batch, computed):
            run.slab.add(run.slices, run.place, some)
            self._close_finished()
        self._advance(len(computed))

    def _opened(self, slabs: Iterable[_Brought]) -> Iterator[SlabSum]:
        """Open the slabs; those without any data are finished when their turn comes."""
        device = self.blender.device
        for block, valid, images, earlier in slabs:
            one = SlabSum(self.blender, images.to(device), valid, self.plan.part(block))
            skipped = self.plan.tiles_in(block) - one.open
            self._under_way.append(_UnderWay(block, one, tuple(view.to(device) for view in earlier)))
            if not one.tiles:
                # What has no data must not pile up behind a batch that is done.
                self._add_computed()
            if len(self._under_way) == 1:
                self._take_over()
                self._close_finished()
            yield one
            self._advance(skipped)

    def _close_finished(self) -> None:
        """Turn slabs that are complete into results, in order: a band needs the rest of the one before."""
        while self._under_way and not self._under_way[0].sum.open:
            block, done, earlier = self._under_way.popleft()
            self._rest = done.rest() if block.band else None
            self._take_over()
            fetch = self.carrier.fetching(self.finish(done, earlier))
            self.sink(BlockResult(block, done.own, done.valid, fetch))

    def _take_over(self) -> None:
        """Hand the rest of the last band to the one that follows it, once that is open."""
        if not self._under_way or self._rest is None:
            return
        band = self._under_way[0].block.band
        if band and band.follows:
            self._under_way[0].sum.begin_with(self._rest)
        self._rest = None
