"""The place where a worker of dask.distributed computes: its network, its store, and what it was told.

Each worker process opens the input and loads the model once, by the order that a job sends to it, and keeps
the network for the next job. What it computes it writes itself, whole shards of the output, and sends back
only what the manifest records.
"""

import pickle
import threading
import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
import xarray as xr
from torch import nn

from geointerp.errors import MachineError, OutputError, UsageError
from geointerp.inference.allocation import keep_memory, suit_allocator
from geointerp.inference.manifest import Record, begun_with
from geointerp.inference.runner import Runner
from geointerp.inference.work import work_through
from geointerp.network.loading import LoadedModel, load_model
from geointerp.sinks.zarr_store import LabelStore, open_store
from geointerp.tiling.blocks import Block

if TYPE_CHECKING:
    from geointerp.inference.job import Job

MOST_SENT_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Order:
    """What a worker must know of a job, sent to each once.

    Attributes:
        job: with its volume still to be read and its network still to be loaded.
        live: which traces carry data.
        manifest: beside the data, in a folder that all workers see.
        settings: the hash of the settings it was begun with.
        threads: that torch may use in a worker; None leaves it as the worker has it.
    """

    job: "Job"
    live: xr.DataArray | None
    manifest: Path
    settings: str
    threads: int | None


def packed(order: Order) -> bytes:
    """Return an order as bytes.

    Raises:
        UsageError: the volume is held in memory and too large to be sent.
    """
    model = order.job.model
    model = replace(model, network=nn.Identity(), path=model.path.absolute())
    volume = order.job.volume
    # What lies beside the axes, positions and masks of a million traces, stays where the store is completed.
    bare = volume.drop_vars([name for name in volume.coords if name not in volume.dims])
    sent = zlib.compress(pickle.dumps(replace(order, job=replace(order.job, model=model, volume=bare))), 1)
    if len(sent) > MOST_SENT_BYTES and volume.chunks is None:
        raise UsageError(
            f"the volume is held in memory: {len(sent) / 2**20:.0f} MiB would go to each worker, "
            f"at most {MOST_SENT_BYTES / 2**20:.0f} may",
            hint="predict from a file, which each worker opens itself",
        )
    return sent


def opened(sent: bytes) -> Order:
    """Unpack an order; a task of its own, so that dask can repeat it when the worker that holds it dies."""
    order: Order = pickle.loads(zlib.decompress(sent))
    return order


def received(order: Order) -> None:
    """Do nothing with an order: a worker that is to do so has it then."""


_stations: dict[str, tuple[Runner, LabelStore]] = {}
_runners: dict[Hashable, Runner] = {}
_only_one = threading.Lock()


class Done(NamedTuple):
    """What a worker has done of a task.

    Attributes:
        records: of the blocks that are written, for the manifest.
        failure: what kept it from the others.
    """

    records: list[Record]
    failure: Exception | None


def work(order: Order, view: int, blocks: Sequence[Block]) -> Done:
    """Compute blocks in a worker.

    Tasks of a worker of several threads take turns: the network uses all of them, and in fp32 says itself
    which. An error is returned, not raised: what was written before it would not be recorded.
    """
    records: list[Record] = []
    failure = None
    with _only_one:
        try:
            runner, store = _station(order)
            work_through(
                order.job,
                order.job.plans[view],
                blocks,
                live=order.live,
                store=store,
                runner=runner,
                record=records.append,
                before_writing=partial(_still_wanted, order),
            )
        except Exception as error:
            failure = error
    return Done(records, failure)


def _still_wanted(order: Order) -> None:
    """Refuse to write for a run that is over, where another has been begun in its place.

    Raises:
        OutputError: the manifest is not there, or another's.
    """
    if not begun_with(order.manifest, order.settings):
        raise OutputError(
            f"a worker does not find {order.manifest} as it was begun",
            hint="the output must lie where all workers see it under the same path",
        )


def _station(order: Order) -> tuple[Runner, LabelStore]:
    """Return the network and the store of a job, loaded and opened once a process; of one job at a time."""
    name = f"{order.manifest} {order.settings}"
    if name not in _stations:
        _stations.clear()
        keep_memory()
        if order.threads:
            torch.set_num_threads(order.threads)
        suit_allocator(order.job.machine.device.type, torch.get_num_threads())
        _still_wanted(order)
        _stations[name] = (_runner(order.job), open_store(order.manifest.parent, order.job.volume))
    return _stations[name]


def _runner(job: "Job") -> Runner:
    """Return the network of a job: that of the job before, where it is the same."""
    about = job.model.description
    threads = torch.get_num_threads()
    wanted = (job.model.sha256, about.tile, job.machine, job.batch_size, job.compiled, threads)
    if wanted not in _runners:
        _runners.clear()
        _runners[wanted] = Runner(_model(job.model).network, job.machine, job.batch_size, job.compiled)
    return _runners[wanted]


def _model(wanted: LoadedModel) -> LoadedModel:
    """Load the model of a job, by its path or, of another installation, by the name of a bundled one.

    Raises:
        MachineError: the worker has another model there.
    """
    about = wanted.description
    found = load_model(wanted.path if wanted.path.is_dir() else about.name, about.tile)
    if found.sha256 != wanted.sha256:
        raise MachineError(
            f"the model '{about.name}' of a worker is {found.sha256[:12]}…, not {wanted.sha256[:12]}…",
            hint="install the same version everywhere",
        )
    return found
