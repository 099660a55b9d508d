"""Blocks of a view are computed, written and recorded: in this process, or in a worker's."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr
from torch import Tensor

from geointerp.errors import OutputError
from geointerp.inference.accumulator import SlabSum, label_result, scratch_result
from geointerp.inference.live import live_traces
from geointerp.inference.manifest import Record
from geointerp.inference.passes import BlockResult, Finish, ViewPass
from geointerp.inference.reader import SlabReader
from geointerp.inference.runner import Runner
from geointerp.inference.writer import Writer
from geointerp.network.description import CHANNELS
from geointerp.sinks.zarr_store import SCRATCH, LabelStore
from geointerp.tasks import NOTHING
from geointerp.tiling.blocks import Block, linked
from geointerp.tiling.plan import ViewPlan
from geointerp.tiling.views import sample_dim

if TYPE_CHECKING:
    from geointerp.inference.job import Job


def work_through(
    job: "Job",
    plan: ViewPlan,
    blocks: Sequence[Block],
    *,
    live: xr.DataArray | None,
    store: LabelStore,
    runner: Runner,
    record: Callable[[Record], None],
    advance: Callable[[int], None] = lambda tiles: None,
    before_writing: Callable[[], None] = lambda: None,
) -> None:
    """Compute some blocks of a view.

    Args:
        job: whose they are.
        plan: of the view.
        blocks: in their order.
        live: of the whole job, from ``live_where_needed``.
        store: they are written into.
        runner: of the job's network.
        record: is told of each block when it is written.
        advance: is told the tiles done, skipped ones included.
        before_writing: may refuse, by an exception, that a block is written.
    """
    reader = SlabReader(
        job.volume,
        plan.view,
        job.scale,
        CHANNELS[job.model.description.channels],
        live,
        _earlier(job, store, plan),
        plan.part,
    )

    def write(result: BlockResult) -> None:
        before_writing()
        record(_written(job, store, plan, result))

    with Writer(write) as writer:
        passing = ViewPass(plan, runner, job.classes, job.batch_size, _finish(job, plan), writer.put)
        passing.run(linked(blocks), reader, advance)


def live_where_needed(job: "Job") -> xr.DataArray | None:
    """Return which traces carry data, where a view has slices of single samples, or bands of samples."""
    samples = sample_dim([str(dim) for dim in job.volume.dims])
    steps = {plan.view.slices for plan in job.plans}
    steps |= {plan.view.band_dim for plan in job.plans if plan.band}
    return live_traces(job.volume) if samples in steps - {None} else None


def _finish(job: "Job", plan: ViewPlan) -> Finish:
    """Return what makes the result of a slab: probabilities of an earlier view, labels of the last."""
    last = plan.number == job.plans[-1].number
    make = partial(label_result, keep_probability=job.probability) if last else scratch_result
    order, stored = (("slice", *dims)[-3:] for dims in (plan.view.order, job.sizes))
    axes = [order.index(dim) for dim in stored]

    def finish(done: SlabSum, earlier: Sequence[Tensor]) -> dict[str, Tensor]:
        return {name: laid_out(tensor, axes) for name, tensor in make(done, earlier).items()}

    return finish


def laid_out(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    """Return the same tensor, its last three axes lying in memory in the order of ``axes``, the last densest.

    Arrays are stored in an order of their own; zarr would take three times as long to turn bytes round.
    """
    if tensor.ndim < len(axes):
        return tensor
    lead = tensor.ndim - len(axes)
    moved = tensor.permute(*range(lead), *(lead + axis for axis in axes)).contiguous()
    return moved.permute(*range(lead), *(lead + axes.index(axis) for axis in range(len(axes))))


def _earlier(
    job: "Job", store: LabelStore, plan: ViewPlan
) -> Callable[[Block], tuple[npt.NDArray[np.float32], ...]]:
    """Return what reads the earlier views' probabilities of a block; only the last view has any."""
    before = job.plans[:-1] if plan.number == job.plans[-1].number else ()
    names = [f"{SCRATCH}/{one.view.name}" for one in before]
    return lambda block: tuple(store.read(name, plan.view, block) for name in names)


def _written(job: "Job", store: LabelStore, plan: ViewPlan, result: BlockResult) -> Record:
    """Write a block and return its record: killed before that is kept, it is computed and written again."""
    last = plan.number == job.plans[-1].number
    arrays = result.arrays()
    for name, data in arrays.items():
        place = name if last else f"{SCRATCH}/{plan.view.name}"
        if last:
            np.copyto(data, NOTHING, where=~result.valid)
        try:
            store.discard_unfinished(place, plan.view, result.block)
            store.write(place, plan.view, result.block, data)
        except OSError as error:
            where = str(store.store).removeprefix("file://")
            raise OutputError(
                f"{where}/{place} cannot be written: {error.strerror or error}",
                hint="what is done is kept: go on with --resume",
            ) from error
    counts = class_counts(arrays["labels"], job.classes) if last else []
    return Record(plan.number, result.block.number, result.tiles, counts)


def class_counts(labels: npt.NDArray[np.uint8], classes: int) -> list[int]:
    """Return how many labels are of each class; a histogram of bytes takes 19 times as long for two."""
    return [int(np.count_nonzero(labels == number)) for number in range(classes)]
