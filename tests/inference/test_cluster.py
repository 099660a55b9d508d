"""Workers in processes of their own compute what one process does, whatever dies meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import dask
import dask.array
import numpy as np
import pytest
import torch
import xarray as xr
from distributed import Client, LocalCluster
from distributed.comm.core import CommClosedError
from stub_models import Convolution, chunk_bytes, model_of, volume_of

from geointerp.errors import MachineError, OutputError, UsageError
from geointerp.inference import crew, station
from geointerp.inference import predict as predict_module
from geointerp.inference.cluster import crew as gather_crew
from geointerp.inference.crew import Crew, _runs
from geointerp.inference.manifest import FILE_NAME, Manifest, begin, key
from geointerp.inference.predict import predict
from geointerp.inference.progress import Silent
from geointerp.inference.runner import can_compile
from geointerp.inference.station import Order, _still_wanted, opened, packed
from geointerp.sinks.segy_write import write_survey
from geointerp.tiling.blocks import Block
from geointerp.tiling.plan import plan_views

PROGRAM = """
from functools import partial
from geointerp.inference import predict as predict_module
from geointerp.tiling.plan import plan_views
predict_module.plan_views = partial(plan_views, budget=300_000)
from geointerp.cli import main
main()
"""
OPTIONS = {"views": "crossline,inline", "precision": "fp32", "device": "cpu"}


@dataclass
class Bare:
    """Of a job what is sent in another form."""

    model: object
    volume: xr.DataArray


@pytest.fixture(autouse=True)
def thin_blocks(monkeypatch):
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=300_000))


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    path = tmp_path_factory.mktemp("survey") / "survey.sgy"
    amplitude = np.random.default_rng(8).normal(size=(40, 60, 90)).astype(np.float32)
    write_survey(path, amplitude, inlines=range(40), crosslines=range(60), sample_interval_ms=4)
    return path


@pytest.fixture(scope="module")
def expected(survey, untrained_model, tmp_path_factory):
    """What one process makes of it, by the file names of its arrays."""
    output = tmp_path_factory.mktemp("expected") / "a.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predict_module, "plan_views", partial(plan_views, budget=300_000))
        predict(survey, model=untrained_model, output=output, **OPTIONS)
    return chunk_bytes(output)


def worker_of(scheduler_file, *words):
    """The command that starts a worker."""
    program = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(scheduler_file)]
    return [*program, "--no-nanny", "--no-dashboard", "--local-directory", str(scheduler_file.parent), *words]


@pytest.fixture
def cluster(tmp_path):
    """The address of a real scheduler, and its two real workers."""
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    program = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    where = tmp_path / "scheduler.json"
    common = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen(
        [*program, "--port", "0", "--no-dashboard", "--scheduler-file", str(where)], **common
    )
    workers = [subprocess.Popen(worker_of(where, "--nthreads", str(threads)), **common) for threads in (1, 2)]
    while not where.is_file() or not where.read_bytes():
        assert scheduler.poll() is None
        time.sleep(0.05)
    yield json.loads(where.read_text())["address"], scheduler, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def kill_when(manifest: Path, records: int, process: subprocess.Popen) -> threading.Thread:
    """Kill a process as soon as so many blocks are recorded."""

    def wait_and_kill():
        while not manifest.is_file() or manifest.read_bytes().count(b"\n") <= records:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)

    thread = threading.Thread(target=wait_and_kill, daemon=True)
    thread.start()
    return thread


def test_workers_of_this_machine_make_the_same_bytes(survey, untrained_model, expected, tmp_path):
    output = tmp_path / "a.zarr"
    result = predict(survey, model=untrained_model, output=output, workers=2, **OPTIONS)
    assert chunk_bytes(output) == expected
    assert result.attrs["geointerp"]["tiles"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_a_slice_in_bands_is_the_same_shared_out(untrained_model, tmp_path):
    """Each band is a task, and its worker need not have computed the band before."""
    raster = tmp_path / "raster.npy"
    np.save(raster, np.random.default_rng(9).normal(size=(1500, 60)).astype(np.float32))
    work = partial(predict, raster, model=untrained_model, precision="fp32", device="cpu", probability=True)
    alone, shared = tmp_path / "alone.zarr", tmp_path / "shared.zarr"
    work(output=alone)
    bands = [path for path in (alone / "labels" / "c").rglob("*") if path.is_file()]
    assert len(bands) > 3
    work(output=shared, workers=2)
    assert chunk_bytes(shared) == chunk_bytes(alone)


def test_workers_of_this_machine_are_not_profiled():
    watched = dask.config.get("distributed.worker.profile.enabled")
    with gather_crew(1, None) as started:
        (callbacks,) = started.client.run(lambda dask_worker: list(dask_worker.periodic_callbacks)).values()
    assert callbacks
    assert "profile" not in callbacks
    assert dask.config.get("distributed.worker.profile.enabled") == watched


def test_a_killed_worker_and_a_killed_scheduler_lose_nothing(
    survey, untrained_model, expected, tmp_path, cluster
):
    address, scheduler, workers = cluster
    output = tmp_path / "out" / "a.zarr"
    manifest = tmp_path / "out" / ".a.zarr.partial" / FILE_NAME
    work = partial(predict, survey, model=untrained_model, output=output, **OPTIONS)
    killed = kill_when(manifest, 3, workers[0])
    work(scheduler=address)
    killed.join()
    assert chunk_bytes(output) == expected
    killed = kill_when(manifest, 3, scheduler)
    output.rename(tmp_path / "former.zarr")
    program = [sys.executable, "-c", PROGRAM, "predict", survey, "--model", untrained_model, "-o", output]
    words = [word for name, value in OPTIONS.items() for word in (f"--{name}", value)]
    ended = subprocess.run(
        [*map(str, program), *words, "--scheduler", address], capture_output=True, text=True, check=False
    )
    killed.join()
    told = f"error: the scheduler at {address} is gone\nhint: what is done is kept: go on with --resume\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", told)
    done = manifest.read_bytes().count(b"\n") - 1
    assert done >= 3
    work(resume=True)
    assert chunk_bytes(output) == expected


def test_what_a_task_has_written_before_an_error_is_recorded(
    survey, untrained_model, expected, tmp_path, monkeypatch
):
    manifest = tmp_path / ".a.zarr.partial" / FILE_NAME
    work = partial(predict, survey, model=untrained_model, output=tmp_path / "a.zarr", **OPTIONS)
    monkeypatch.setattr(crew, "TASKS_A_VIEW", 1)
    monkeypatch.setattr(crew, "BLOCKS_A_TASK", 1000)
    asked = []

    def refused_the_fifth_time(order):
        asked.append(order)
        if len(asked) == 5:
            raise OutputError("the disk is full", hint="make room")

    monkeypatch.setattr(station, "_still_wanted", refused_the_fifth_time)
    options = {"threads_per_worker": 1, "processes": False, "protocol": "tcp", "dashboard_address": None}
    with LocalCluster(1, **options) as cluster:
        with pytest.raises(OutputError, match="the disk is full") as raised:
            work(scheduler=cluster.scheduler_address)
        assert raised.value.hint == "make room"
        # Asked once when the store is opened, and before each block.
        assert manifest.read_bytes().count(b"\n") - 1 == 3
        work(scheduler=cluster.scheduler_address, resume=True)
    assert chunk_bytes(tmp_path / "a.zarr") == expected


def test_where_some_workers_have_a_gpu_these_alone_compute(
    survey, untrained_model, expected, tmp_path, cluster
):
    address = cluster[0]
    worker = subprocess.Popen(
        worker_of(tmp_path / "scheduler.json", "--name", "with", "--nthreads", "1", "--resources", "GPU=1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with Client(address) as client:
            client.wait_for_workers(3, timeout=60)
            predict(survey, model=untrained_model, output=tmp_path / "a.zarr", scheduler=address, **OPTIONS)
            used = client.run(lambda: len(station._stations))
            names = {at: told["name"] for at, told in client.scheduler_info()["workers"].items()}
    finally:
        worker.kill()
        worker.wait()
    assert {names[at]: number for at, number in used.items() if number} == {"with": 1}
    assert chunk_bytes(tmp_path / "a.zarr") == expected


def test_a_worker_that_is_busy_is_not_waited_for(cluster, monkeypatch):
    monkeypatch.setattr(crew, "SECONDS_TO_FETCH", 0.5)
    with Client(cluster[0]) as client:
        client.wait_for_workers(2, timeout=60)
        workers = client.scheduler_info()["workers"]
        single = next(address for address, told in workers.items() if told["nthreads"] == 1)
        busy = client.submit(time.sleep, 600, workers=[single])
        Crew(client, None)._hand_out(client.submit(int, 5))
        assert busy.status == "pending"


def test_nothing_is_tried_where_no_scheduler_answers(survey, untrained_model, tmp_path, monkeypatch):
    monkeypatch.setattr("geointerp.inference.cluster.SECONDS_TO_ANSWER", 0.5)
    work = partial(predict, survey, model=untrained_model)
    with pytest.raises(MachineError, match=r"no scheduler answers at tcp://127.0.0.1:9"):
        work(output=tmp_path / "a.zarr", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(UsageError, match="not both"):
        work(output=tmp_path / "a.zarr", scheduler="tcp://127.0.0.1:9", workers=2)
    with pytest.raises(UsageError, match="no output is named"):
        work(workers=2)
    with pytest.raises(UsageError, match="0 workers"):
        work(output=tmp_path / "a.zarr", workers=0)
    assert not list(tmp_path.iterdir())


def test_a_worker_does_not_write_for_a_run_that_another_has_replaced(tmp_path):
    begin(tmp_path / FILE_NAME, {"overlap": 0.25})
    order = Order(None, None, tmp_path / FILE_NAME, key({"overlap": 0.25}), None)
    _still_wanted(order)
    (tmp_path / FILE_NAME).unlink()
    begin(tmp_path / FILE_NAME, {"overlap": 0.5})
    with pytest.raises(OutputError, match="as it was begun"):
        _still_wanted(order)
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(OutputError, match="as it was begun"):
        _still_wanted(order)


class Unwell:
    """A client of which nothing comes but an error."""

    scheduler = None

    def __init__(self, error):
        self.error = error

    def scheduler_info(self, n_workers):
        assert n_workers == -1, "some versions tell of five workers unless asked for all"
        return {"workers": {}}

    def submit(self, *_, **__):
        raise self.error


@pytest.mark.parametrize(("error", "said"), [
    (CommClosedError("in <TCP (closed)>"), "the scheduler at its address is gone"),
    (ConnectionResetError(104, "Connection reset by peer"), "the scheduler at its address is gone"),
    (TimeoutError(), "the scheduler at its address is gone"),
    (PermissionError(13, "Permission denied", "a.sgy"), "could not go on: .*Permission denied: 'a.sgy'"),
    (OSError(), "could not go on: OSError"),
])  # fmt: skip
def test_only_a_lost_connection_is_a_scheduler_that_is_gone(error, said, tmp_path, monkeypatch):
    monkeypatch.setattr(station, "packed", lambda order: b"")
    job, manifest = SimpleNamespace(settings=dict, plans=()), Manifest(tmp_path / FILE_NAME)
    with pytest.raises(MachineError, match=said) as raised:
        Crew(Unwell(error), None).compute(job, [], live=None, manifest=manifest, progress=Silent())
    assert "--resume" in raised.value.hint


@pytest.mark.parametrize(("able", "all_are"), [((True, True), True), ((True, False), False)])
def test_workers_compile_where_each_of_them_can(able, all_are):
    class Told(Unwell):
        def run(self, work, workers):
            assert work is can_compile
            return dict(zip(workers, able, strict=True))

    one = Crew(Told(None), None)
    one.workers = ["a", "b"]
    assert one.can_compile() is all_are


@pytest.mark.parametrize(("asked", "here", "in_worker"), [(None, 8, 4), (6, 6, 6)])
def test_a_worker_computes_as_many_tiles_at_once_as_suit_its_own_threads(asked, here, in_worker, monkeypatch):
    jobs, model = [], model_of(Convolution(), tile=(224, 224))
    monkeypatch.setattr(predict_module, "run", lambda job, *_, **__: jobs.append(job))
    monkeypatch.setattr(station, "_model", lambda wanted: wanted)
    monkeypatch.setattr(station, "_runners", {})
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        predict(volume_of((4, 60, 60)), model=model, batch_size=asked, device="cpu", precision="bf16")
        (job,) = jobs
        assert job.batch_size == here
        torch.set_num_threads(1)
        assert job.batch_size == station._runner(job).size == in_worker
    finally:
        torch.set_num_threads(threads)


def test_a_volume_in_memory_is_sent_only_while_it_is_small(tmp_path, untrained_model, monkeypatch):
    monkeypatch.setattr("geointerp.inference.station.MOST_SENT_BYTES", 1000)
    with pytest.raises(UsageError, match="held in memory"):
        predict(
            volume_of((4, 60, 60)), model=untrained_model, workers=1, output=tmp_path / "a.zarr", **OPTIONS
        )


def test_what_lies_beside_the_axes_is_not_sent():
    """Coordinates of a million traces would be 9 MB."""
    dims, beside = ("inline", "crossline", "time"), np.random.default_rng(0).random((1000, 1000))
    coords = {"inline": np.arange(1000), "cdp_x": (dims[:2], beside)}
    volume = xr.DataArray(dask.array.zeros((1000, 1000, 2), np.float32), coords, dims)
    sent = packed(Order(Bare(model_of(Convolution()), volume), None, Path("m"), "key", None))
    assert len(sent) < 100_000
    assert set(opened(sent).job.volume.coords) == {"inline"}


@pytest.mark.parametrize(("blocks", "length"), [(1, 1), (31, 1), (64, 2), (1000, 8)])
def test_tasks_are_runs_of_blocks_in_their_order(blocks, length):
    wanted = [Block(number, number, number + 1) for number in range(blocks)]
    runs = list(_runs(wanted))
    assert [block for run in runs for block in run] == wanted
    assert max(map(len, runs)) == length
