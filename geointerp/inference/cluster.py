"""A prediction shared out among dask.distributed workers: of this machine, or of a running cluster.

A task is a run of blocks, which are whole shards of the output, so no two workers write to one. It sends back
only what the manifest records; this process alone writes the manifest, and only when the data are written.
So whatever ends, a worker, the scheduler or this process, ``--resume`` goes on with what is recorded. Each
worker process opens the input and loads the model once.
"""

import logging
import pickle
import signal
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import xarray as xr
from distributed import Client, LocalCluster, as_completed
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from torch import nn

from geointerp.errors import GeointerpError, MachineError, OutputError, UsageError
from geointerp.inference.device import Machine, choose_machine
from geointerp.inference.manifest import Manifest, Record, begun_with, key
from geointerp.inference.progress import Progress
from geointerp.inference.runner import Runner
from geointerp.inference.work import work_through
from geointerp.network.bundle import LoadedModel, load_model
from geointerp.sinks.zarr_store import LabelStore, open_store
from geointerp.tiling.blocks import Block
from geointerp.tiling.plan import ViewPlan

if TYPE_CHECKING:
    from geointerp.inference.job import Job

MOST_SENT_BYTES = 8 * 2**20
BLOCKS_A_TASK = 8
TASKS_A_VIEW = 32
SECONDS_TO_ANSWER = 10


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


class Crew:
    """The workers that compute a prediction."""

    def __init__(self, client: Client, threads: int | None) -> None:
        """Take the workers of a client; a task takes one GPU where they declare such.

        Args:
            client: connected to their scheduler.
            threads: that torch may use in a worker; None leaves it as the worker has it.
        """
        self.client = client
        self.threads = threads
        some = client.scheduler_info()["workers"].values()
        gpus = any("GPU" in worker.get("resources", {}) for worker in some)
        self.resources = {"GPU": 1} if gpus else None

    def machine(self, device: str, precision: str) -> Machine:
        """Return what the workers compute on.

        Raises:
            MachineError: they lack the device, or differ.
            UsageError: a word that is none.
        """
        found = set(self.client.run(choose_machine, device, precision).values())
        if len(found) > 1:
            raise MachineError(
                f"the workers differ: {', '.join(sorted(map(str, found)))}",
                hint="say which --device and --precision all of them have",
            )
        machine: Machine = found.pop()
        return machine

    def compute(
        self,
        job: "Job",
        waiting: Sequence[Sequence[Block]],
        *,
        live: xr.DataArray | None,
        manifest: Manifest,
        progress: Progress,
    ) -> None:
        """Compute the waiting blocks of each view, one view after the other.

        Raises:
            UsageError: the volume is held in memory and too large to be sent.
            MachineError: the scheduler is gone, or a task ended the worker several times.
            GeointerpError: whatever a worker met with.
        """
        assert manifest.path is not None, "workers write into a store on the disk"
        order = Order(job, live, manifest.path.absolute(), key(job.settings()), self.threads)
        try:
            sent = self.client.submit(_opened, _packed(order), pure=False)
            for plan, blocks in zip(job.plans, waiting, strict=True):
                self._one_view(plan, blocks, sent, manifest, progress)
        except GeointerpError:
            raise
        except KilledWorker as error:
            raise MachineError(
                f"a task ended its worker {error.allowed_failures + 1} times",
                hint="has it too little memory? What is done is kept: go on with --resume",
            ) from error
        except (CommClosedError, OSError) as error:
            raise _gone(self.client) from error

    def _one_view(
        self,
        plan: ViewPlan,
        blocks: Sequence[Block],
        sent: Any,
        manifest: Manifest,
        progress: Progress,
    ) -> None:
        """Compute the blocks of a view; what is not begun when an exception ends it is cancelled."""
        tasks = {
            self.client.submit(_work, sent, plan.number, part, pure=False, resources=self.resources): part
            for part in _runs(blocks)
        }
        try:
            for task in as_completed(tasks):  # type: ignore[no-untyped-call]
                if task.cancelled():
                    raise _gone(self.client)
                for record in task.result():
                    manifest.add(record)
                progress.advance(sum(plan.tiles_in(block) for block in tasks[task]))
        finally:
            self.client.cancel([task for task in tasks if task.status == "pending"])  # type: ignore[no-untyped-call]


@contextmanager
def crew(workers: int | None, scheduler: str | None) -> Iterator[Crew]:
    """Gather workers, and let them go at the end.

    Args:
        workers: so many processes are started on this machine; None with a scheduler.
        scheduler: the address of a running one.

    Raises:
        UsageError: both are given, there would be no worker, or the address is none.
        MachineError: the scheduler does not answer or has no workers.
    """
    if workers and scheduler:
        raise UsageError(
            "workers are started here or belong to a scheduler, not both",
            hint="give --workers or --scheduler",
        )
    if scheduler:
        with _connected(scheduler) as client:
            yield Crew(client, None)
        return
    if not workers or workers < 1:
        raise UsageError(f"{workers} workers compute nothing", hint="give 1 or more")
    with (
        _local_cluster(workers) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        yield Crew(client, max(1, (cpu_count() or 1) // workers))


def _local_cluster(workers: int) -> LocalCluster:
    """Start workers on this machine, deaf to the terminal's Ctrl-C: this process ends them in good order."""
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_main else None
    try:
        # Memory is bounded by the blocks, of which dask knows nothing: its own limit would only kill workers.
        return LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,
            # That a worker took its time to end, or was interrupted, is nobody's concern.
            silence_logs=logging.ERROR,
        )
    finally:
        if in_main:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    """Connect to a scheduler that has workers."""
    try:
        client = Client(scheduler, timeout=SECONDS_TO_ANSWER)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise UsageError(f"'{scheduler}' is no address: {error}", hint="such as tcp://host:8786") from error
    except (OSError, TimeoutError) as error:
        raise MachineError(
            f"no scheduler answers at {scheduler} within {SECONDS_TO_ANSWER} s",
            hint="start one with `dask scheduler`, and `dask worker` for each worker",
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
        except TimeoutError as error:
            raise MachineError(
                f"the scheduler at {scheduler} has no workers", hint=f"dask worker {scheduler}"
            ) from error
        yield client


def _gone(client: Client) -> MachineError:
    return MachineError(
        f"the scheduler at {client.scheduler.address if client.scheduler else 'its address'} is gone",
        hint="what is done is kept: go on with --resume",
    )


def _runs(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Cut the blocks into tasks of up to eight, but so many that all workers are busy to the end."""
    length = max(1, min(BLOCKS_A_TASK, len(blocks) // TASKS_A_VIEW))
    for start in range(0, len(blocks), length):
        yield list(blocks[start : start + length])


def _packed(order: Order) -> bytes:
    """Return an order as bytes.

    Raises:
        UsageError: the volume is held in memory and too large to be sent.
    """
    model = order.job.model
    model = replace(model, network=nn.Identity(), path=model.path.absolute())
    packed = zlib.compress(pickle.dumps(replace(order, job=replace(order.job, model=model))), 1)
    if len(packed) > MOST_SENT_BYTES:
        raise UsageError(
            f"the volume is held in memory: {len(packed) / 2**20:.0f} MiB would go to each worker, "
            f"at most {MOST_SENT_BYTES / 2**20:.0f} may",
            hint="predict from a file, which each worker opens itself",
        )
    return packed


def _opened(packed: bytes) -> Order:
    """Unpack an order; a task of its own, so that dask can repeat it when the worker that holds it dies."""
    order: Order = pickle.loads(zlib.decompress(packed))
    return order


_stations: dict[str, tuple[Runner, LabelStore]] = {}
_only_one = threading.Lock()


def _work(order: Order, view: int, blocks: Sequence[Block]) -> list[Record]:
    """Compute blocks in a worker; returns what the manifest shall record."""
    records: list[Record] = []
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
    return records


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
    with _only_one:
        if name not in _stations:
            _stations.clear()
            if order.threads:
                torch.set_num_threads(order.threads)
            _still_wanted(order)
            job = order.job
            model = _model(job.model)
            runner = Runner(model.network, job.machine, job.batch_size, job.compiled)
            _stations[name] = (runner, open_store(order.manifest.parent, job.volume))
        return _stations[name]


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
