"""A prediction with everything decided, carried out view by view and block by block, resumably."""

from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

import xarray as xr
from dask.base import tokenize
from zarr.abc.store import Store
from zarr.storage import MemoryStore

import geointerp
from geointerp.errors import DataError, OutputError
from geointerp.inference.device import Machine
from geointerp.inference.manifest import Manifest, at_work, begun_with, held, key
from geointerp.inference.progress import Progress
from geointerp.inference.result import provenance
from geointerp.inference.runner import Runner, default_batch_size, whole_batches, worth_compiling
from geointerp.inference.staging import Staging, prepare
from geointerp.inference.work import live_where_needed, work_through
from geointerp.network.loading import LoadedModel
from geointerp.sinks.zarr_store import LabelStore, create_store, open_store
from geointerp.sources.scaling import AmplitudeScale
from geointerp.tiling.blocks import Block, linked, scratch_chunks, storage
from geointerp.tiling.plan import ViewPlan
from geointerp.tiling.views import sample_dim

if TYPE_CHECKING:
    from geointerp.inference.crew import Crew


@dataclass(frozen=True)
class Job:
    """A prediction with everything decided.

    Attributes:
        volume: the data, cut to the region.
        model: loaded for tiles of ``tile``.
        scale: from amplitudes to grey, measured over the whole volume.
        plans: of the views, in their order.
        tile: height and width.
        overlap: least overlap of neighbouring tiles, as a fraction of a tile.
        region: first and last-plus-one position along the dimensions that are cut.
        machine: device and precision.
        asked_batch_size: tiles handed to the device at once, where the user says so.
        compile: ``auto``, ``on`` or ``off``.
        probability: whether class probabilities are kept.
        task: what is interpreted; None for classes of one's own.
        as_in_file: whether the samples are just those of the file it was opened from.
    """

    volume: xr.DataArray
    model: LoadedModel
    scale: AmplitudeScale
    plans: tuple[ViewPlan, ...]
    tile: tuple[int, int]
    overlap: float
    region: dict[str, tuple[int, int]]
    machine: Machine
    asked_batch_size: int | None
    compile: str
    probability: bool
    task: str | None
    as_in_file: bool

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.model.description.classes)

    @property
    def sizes(self) -> dict[str, int]:
        """Samples along each dimension."""
        return {str(dim): size for dim, size in self.volume.sizes.items()}

    @property
    def batch_size(self) -> int:
        """Tiles handed to the device at once: as asked, or as many as suit the threads of this process."""
        suited = default_batch_size(self.machine, self.tile)
        return whole_batches(self.machine, self.asked_batch_size or suited)

    @property
    def compiled(self) -> bool:
        """Whether the network is compiled: by the tiles of the whole job, a resumed run doing the same."""
        return worth_compiling(self.compile, self.machine, sum(plan.tiles for plan in self.plans))

    def settings(self) -> dict[str, Any]:
        """Return all that decides the labels; the batch size does not."""
        attrs = self.volume.attrs
        return {
            "version": geointerp.__version__,
            "model": self.model.sha256,
            "input": attrs.get("source"),
            "size": attrs.get("source_size"),
            "headers": attrs.get("source_headers_sha256"),
            # What is not as a file has it is told by its samples; what dask computes, by its graph. A file is
            # told by its headers, and by the samples that its scale was measured on.
            "content": None if self.as_in_file else tokenize(self.volume),
            "reading": attrs.get("reading"),
            "shape": self.sizes,
            "region": self.region,
            "amplitude": asdict(self.scale),
            "views": [plan.view.name for plan in self.plans],
            "tile": self.tile,
            "overlap": self.overlap,
            "precision": self.machine.precision,
            "device": self.machine.device.type,
            "compiled": self.compiled,
            "probability": self.probability,
            "slices a block": [plan.thickness for plan in self.plans],
            "rows a band": [plan.band for plan in self.plans],
        }


def run(
    job: Job,
    output: Path | None,
    *,
    overwrite: bool,
    resume: bool,
    progress: Progress,
    crew: "Crew | None" = None,
) -> xr.Dataset:
    """Carry a prediction out.

    Args:
        job: what to do.
        output: the store's place; None keeps it in memory.
        overwrite: whether a result or the remains of an interrupted run may be replaced.
        resume: whether to go on with such remains.
        progress: is told of it.
        crew: workers that compute it, into an output on the disk; without them it is done here.

    Returns:
        The finished store, opened lazily.

    Raises:
        OutputError: the output cannot be written there; nothing has been changed then.
        MachineError: not even one tile fits into the device's memory.
    """
    started = perf_counter()
    settings = job.settings()
    source = job.volume.attrs.get("source")
    staging = None
    if output is not None:
        staging = prepare(output, settings, source=source, overwrite=overwrite, resume_=resume)
    if staging and staging.note:
        progress.note(staging.note)
    if staging and staging.complete:
        staging.tidy()
        return _opened(staging.output)
    store, manifest = _begin(job, staging, settings)
    with held(manifest.path):
        _check_ours(manifest, settings)
        _compute(job, store, manifest, progress, crew)
        if not manifest.tiles:
            _discard_empty(job, staging)
        _finish(store, provenance(job, manifest, perf_counter() - started), output)
        if staging:
            staging.publish()
    return _opened(staging.output if staging else store.store)


def _check_ours(manifest: Manifest, settings: dict[str, Any]) -> None:
    """Refuse to go on where a run that began in the same moment has put its own store in this one's place.

    Raises:
        OutputError: the manifest is gone, or another's.
    """
    if manifest.path and not begun_with(manifest.path, key(settings)):
        raise at_work(manifest.path)


def _finish(store: LabelStore, told: dict[str, Any], output: Path | None) -> None:
    """Complete the store.

    Raises:
        OutputError: the disk is full, say.
    """
    try:
        store.finish(told)
    except OSError as error:
        raise OutputError(
            f"{output} cannot be completed, though all labels are computed: {error.strerror or error}",
            hint="what is done is kept: go on with --resume",
        ) from error


def _discard_empty(job: Job, staging: Staging | None) -> NoReturn:
    """Refuse a result in which nothing was predicted, and leave nothing of it.

    Raises:
        DataError: always.
    """
    if staging:
        staging.discard()
    traces = sample_dim(list(job.sizes)) is not None
    where = "in the region " if job.region else ""
    raise DataError(
        f"{job.volume.attrs.get('source', 'the data')}: nothing to predict: none of the {job.volume.size} "
        f"samples {where}{'lies on a trace that carries data' if traces else 'holds a value'}",
        hint="a trace whose samples are all the same counts as dead, here all of them"
        if traces
        else "all of them are marked as missing",
    )


def _opened(target: Store | Path) -> xr.Dataset:
    """Open a finished store lazily."""
    # Times are in ms or s, which some versions of xarray would decode.
    labels: xr.Dataset = xr.open_zarr(target, consolidated=False, decode_timedelta=False)
    return labels


def _begin(job: Job, staging: Staging | None, settings: dict[str, Any]) -> tuple[LabelStore, Manifest]:
    """Return the store and the manifest: those of an interrupted run, or new ones."""
    if staging and staging.manifest:
        return open_store(staging.partial, job.volume), staging.manifest
    if staging is None:
        return _create(job, MemoryStore()), Manifest()
    try:
        staging.clear()
        return _create(job, staging.partial), staging.start(settings)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{staging.output} cannot be written: {error.strerror or error}",
            hint="give -o a place that exists, has room, and that you may write to",
        ) from error


def _create(job: Job, target: Path | Store) -> LabelStore:
    """Create the store, and in it a scratch array for each view but the last."""
    last = job.plans[-1]
    chunks, shards = storage(last.view, job.sizes, last.thickness, last.band)
    classes = job.model.description.classes
    store = create_store(
        target, job.volume, classes, chunks=chunks, shards=shards, probability=job.probability
    )
    for plan in job.plans[:-1]:
        inner = scratch_chunks(plan.view, last.view, job.sizes, plan.thickness, last.thickness, plan.band)
        store.add_scratch(plan.view.name, job.classes, job.sizes, inner)
    return store


def _compute(
    job: Job, store: LabelStore, manifest: Manifest, progress: Progress, crew: "Crew | None"
) -> None:
    """Work through the blocks that are not recorded yet, of one view after the other."""
    waiting = [_waiting(plan, manifest) for plan in job.plans]
    if not any(waiting):
        return
    live = live_where_needed(job)
    tiles = sum(plan.tiles_in(block) for plan, some in zip(job.plans, waiting, strict=True) for block in some)
    progress.start(tiles, f"{job.task or job.model.description.name} on {job.machine}")
    if crew:
        crew.compute(job, waiting, live=live, manifest=manifest, progress=progress)
        return
    runner = Runner(
        job.model.network, job.machine, job.batch_size, job.compiled, progress.note, job.model.prepared
    )
    for plan, some in zip(job.plans, waiting, strict=True):
        work_through(
            job,
            plan,
            some,
            live=live,
            store=store,
            runner=runner,
            record=manifest.add,
            advance=progress.advance,
        )


def _waiting(plan: ViewPlan, manifest: Manifest) -> list[Block]:
    """Return the blocks of a view that are not recorded as written."""
    blocks = (block for block in plan.blocks if (plan.number, block.number) not in manifest)
    return list(linked(blocks))
