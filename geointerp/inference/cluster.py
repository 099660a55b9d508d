"""Workers are gathered: processes of this machine, or those of a running dask.distributed scheduler."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker

import dask
from distributed import Client, LocalCluster
from distributed.utils import silence_logging_cmgr

from geointerp.errors import MachineError, UsageError
from geointerp.inference.crew import Crew

SECONDS_TO_ANSWER = 10
# What dask does beside the work for pages that nobody opens here: it looks at the stacks of each worker 100
# times a second, at its loops 50 times, at the machine twice. Without, a worker's loop takes 0.8 % of a core
# instead of 3.5, and that of the scheduler half.
UNWATCHED = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}


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
        # That a scheduler went away is told once, by the error; not by tracebacks of the client besides.
        with silence_logging_cmgr(logging.CRITICAL), _connected(scheduler) as client:
            yield Crew(client, None)
        return
    if not workers or workers < 1:
        raise UsageError(f"{workers} workers compute nothing", hint="give 1 or more")
    with (
        _local_cluster(workers) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        yield Crew(client, max(1, _cores() // workers))


def _cores() -> int:
    """Return how many cores this process may use, of which a batch system may give it a few."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _local_cluster(workers: int) -> Iterator[LocalCluster]:
    """Start workers on this machine, deaf to Ctrl-C and SIGTERM: this process ends them in good order.

    They inherit their deafness from the thread that starts them, also those that take the place of others
    later. This process itself can be interrupted at any time, and then waits until there is something to end.
    """
    if sys.platform != "win32":
        resource_tracker.ensure_running()  # else started on the way, which would make the thread hear again
    with ThreadPoolExecutor(1, "geointerp-cluster", _hear_no_signal) as starter:
        starting = starter.submit(_start, workers)
        try:
            yield starting.result()
        finally:
            starting.result().close()


def _start(workers: int) -> LocalCluster:
    """Start workers of one thread each; those that take the place of others are configured alike."""
    with dask.config.set(UNWATCHED):
        return LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers,
            threads_per_worker=1,
            # Memory is bounded by the blocks, of which dask knows nothing: its own limit only kills workers.
            memory_limit=0,
            # No pages of its own, and the port of its server is whichever is free.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            # What went wrong in a worker reaches this process; that it was ended in its work is no error.
            silence_logs=logging.CRITICAL,
        )


def _hear_no_signal() -> None:
    """Block what a terminal or a batch system sends to all, in this thread and what it starts."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


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
