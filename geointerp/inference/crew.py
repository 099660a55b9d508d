"""A prediction shared out among the workers of a dask.distributed scheduler.

A task is a run of blocks, which are whole shards of the output, so no two workers write to one. This process
alone writes the manifest, and only when the data are written. So whatever ends, a worker, the scheduler or
this process, ``--resume`` goes on with what is recorded.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from distributed import CancelledError, Client, as_completed, wait
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from geointerp.errors import GeointerpError, MachineError
from geointerp.inference import station
from geointerp.inference.device import Machine, choose_machine
from geointerp.inference.manifest import Manifest, key
from geointerp.inference.progress import Progress
from geointerp.inference.runner import can_compile
from geointerp.tiling.blocks import Block
from geointerp.tiling.plan import ViewPlan

if TYPE_CHECKING:
    import xarray as xr

    from geointerp.inference.job import Job

BLOCKS_A_TASK = 8
TASKS_A_VIEW = 32
SECONDS_TO_FETCH = 5.0


class Crew:
    """The workers that compute a prediction."""

    def __init__(self, client: Client, threads: int | None) -> None:
        """Take the workers of a client: those that declare a GPU, of which a task takes one; else all.

        Args:
            client: connected to their scheduler.
            threads: that torch may use in a worker; None leaves it as the worker has it.
        """
        self.client = client
        self.threads = threads
        # Some versions of dask tell of five workers unless all are asked for.
        known = client.scheduler_info(n_workers=-1)["workers"]
        resources = {address: worker.get("resources", {}) for address, worker in known.items()}
        with_gpu = [address for address, some in resources.items() if some.get("GPU")]
        self.workers = with_gpu or list(resources)
        self.resources = {"GPU": 1} if with_gpu else None

    def machine(self, device: str, precision: str) -> Machine:
        """Return what the workers compute on.

        Raises:
            MachineError: they lack the device, or differ.
            UsageError: a word that is none.
        """
        found = set(self.client.run(choose_machine, device, precision, workers=self.workers).values())
        if len(found) > 1:
            raise MachineError(
                f"the workers differ: {', '.join(sorted(map(str, found)))}",
                hint="say which --device and --precision all of them have",
            )
        machine: Machine = found.pop()
        return machine

    def can_compile(self) -> bool:
        """Whether torch can compile for a GPU on all of their machines."""
        return all(self.client.run(can_compile, workers=self.workers).values())

    def compute(
        self,
        job: "Job",
        waiting: Sequence[Sequence[Block]],
        *,
        live: "xr.DataArray | None",
        manifest: Manifest,
        progress: Progress,
    ) -> None:
        """Compute the waiting blocks of each view, one view after the other.

        Raises:
            UsageError: the volume is held in memory and too large to be sent.
            MachineError: the scheduler is gone, a task ended the worker several times, or the system refused.
            GeointerpError: whatever a worker met with.
        """
        assert manifest.path is not None, "workers write into a store on the disk"
        order = station.Order(job, live, manifest.path.absolute(), key(job.settings()), self.threads)
        try:
            sent = self.client.submit(station.opened, station.packed(order), pure=False)
            for plan, blocks in zip(job.plans, waiting, strict=True):
                self._one_view(plan, blocks, sent, manifest, progress)
        except GeointerpError:
            raise
        except KilledWorker as error:
            raise MachineError(
                f"a task ended its worker {error.allowed_failures + 1} times",
                hint="has it too little memory? What is done is kept: go on with --resume",
            ) from error
        except (CommClosedError, ConnectionError, TimeoutError) as error:
            raise _gone(self.client) from error
        except OSError as error:
            raise MachineError(
                f"the workers could not go on: {str(error) or type(error).__name__}",
                hint="what is done is kept: go on with --resume",
            ) from error

    def _hand_out(self, sent: Any) -> None:
        """Let each worker fetch the order before there is work.

        A task goes to a worker that has what it needs. While one alone has the order, that is where dask
        puts all of a few tasks, and the others wait until it lets them steal. Dask may drop what has been
        fetched when nothing waits for it, so each view begins so. A worker that is busy with something else
        is not waited for.
        """
        fetched = [
            self.client.submit(station.received, sent, workers=[address], pure=False)
            for address in self.workers
        ]
        try:
            wait(fetched, timeout=SECONDS_TO_FETCH)  # type: ignore[no-untyped-call]
        except TimeoutError:
            self.client.cancel([task for task in fetched if task.status == "pending"])  # type: ignore[no-untyped-call]
        except CancelledError as error:
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
        self._hand_out(sent)
        tasks = {
            self.client.submit(
                station.work, sent, plan.number, part, pure=False, resources=self.resources
            ): part
            for part in _runs(blocks)
        }
        try:
            for task in as_completed(tasks):  # type: ignore[no-untyped-call]
                if task.cancelled():
                    raise _gone(self.client)
                done: station.Done = task.result()
                for record in done.records:
                    manifest.add(record)
                if done.failure is not None:
                    raise done.failure
                progress.advance(sum(plan.tiles_in(block) for block in tasks[task]))
        finally:
            self.client.cancel([task for task in tasks if task.status == "pending"])  # type: ignore[no-untyped-call]


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
