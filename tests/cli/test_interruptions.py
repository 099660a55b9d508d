"""Whatever ends a prediction, ``--resume`` makes of it what an uninterrupted run would have made."""

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from geointerp.inference import predict as predict_module
from geointerp.inference.manifest import FILE_NAME
from geointerp.sinks.segy_write import write_survey
from geointerp.tiling.plan import plan_views

BUDGET = 300_000
PROGRAM = f"""
from functools import partial
from geointerp.inference import predict as predict_module
from geointerp.tiling.plan import plan_views
predict_module.plan_views = partial(plan_views, budget={BUDGET})
from geointerp.cli import main
main()
"""
OPTIONS = ("--precision", "fp32", "--views", "crossline,inline", "--device", "cpu")
ENDS = {
    signal.SIGKILL: (-signal.SIGKILL, ""),
    signal.SIGINT: (130, "error: interrupted\nhint: go on with --resume\n"),
    signal.SIGTERM: (143, "error: terminated\nhint: go on with --resume\n"),
    signal.SIGHUP: (129, "error: the terminal was closed\nhint: go on with --resume\n"),
}


def contents(store):
    """Every file of the arrays; the root's attributes hold the time of the run."""
    files = (path for path in store.rglob("*") if path.is_file() and path != store / "zarr.json")
    return {str(path.relative_to(store)): path.read_bytes() for path in files}


@pytest.fixture
def thin_blocks(monkeypatch):
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=BUDGET))


@pytest.fixture
def survey(tmp_path):
    """A survey of blocks enough to be interrupted in."""
    path = tmp_path / "survey.sgy"
    amplitude = np.random.default_rng(8).normal(size=(40, 60, 90)).astype(np.float32)
    write_survey(path, amplitude, inlines=range(40), crosslines=range(60), sample_interval_ms=4)
    return path


@pytest.fixture
def predict(run, survey, untrained_model, thin_blocks):
    return lambda *words: run("predict", survey, "--model", untrained_model, *OPTIONS, *words)


@pytest.fixture
def start(run, survey, untrained_model):
    """Starts the program as a process of its own, in the folder of ``run``."""
    started = []

    def start_it(*words, together=False):
        command = [sys.executable, "-c", PROGRAM, "predict", survey, "--model", untrained_model, *OPTIONS]
        started.append(
            subprocess.Popen(
                [*map(str, command), *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=together,
                # Whoever runs the tests in the background may have them ignore it.
                preexec_fn=lambda: [
                    signal.signal(one, signal.SIG_DFL) for one in (signal.SIGINT, signal.SIGHUP)
                ],
            )
        )
        return started[-1]

    yield start_it
    for process in started:
        process.kill()
        process.communicate()  # closes its pipes


def recorded(output):
    """How many blocks an interrupted run has recorded."""
    manifest = Path(f".{output}.partial") / FILE_NAME
    return max(0, manifest.read_bytes().count(b"\n") - 1) if manifest.is_file() else 0


def wait_for(process, done):
    while not done():
        assert process.poll() is None, f"it ended too soon: {process.communicate()}"
        time.sleep(0.005)


def test_ended_by_every_signal_at_random_it_is_resumed_to_the_same_bytes(predict, start):
    seed = random.randrange(2**32)
    print("seed", seed)  # shown where the test fails
    chance = random.Random(seed)
    ends = list(ENDS)
    chance.shuffle(ends)
    for end in ends:
        process = start("-o", "labels.zarr", "--resume", "--quiet")
        wanted = recorded("labels.zarr") + chance.randint(1, 6)
        wait_for(process, lambda wanted=wanted: recorded("labels.zarr") >= wanted)
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(end)
        assert (*process.communicate(timeout=60), process.returncode) == ("", ENDS[end][1], ENDS[end][0])
        assert not Path("labels.zarr").exists()
    done = predict("-o", "labels.zarr", "--resume")
    assert done.status == 0, done.err
    assert "going on after" in done.err
    assert predict("-o", "whole.zarr").status == 0
    assert contents(Path("labels.zarr")) == contents(Path("whole.zarr"))
    stores = (xr.open_zarr(name, consolidated=False) for name in ("labels.zarr", "whole.zarr"))
    told, expected = (store.attrs["geointerp"] for store in stores)
    assert set(told) == set(expected)
    different = {name for name in told if told[name] != expected[name]}
    assert different <= {"created", "seconds"}


def test_what_ends_before_anything_is_begun_has_nothing_to_go_on_with(
    run, survey, untrained_model, monkeypatch
):
    def interrupted(path, tile=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(predict_module, "load_model", interrupted)
    done = run("predict", survey, "--model", untrained_model, *OPTIONS, "-o", "labels.zarr", "--quiet")
    assert (done.status, done.out, done.err) == (130, "", "error: interrupted\n")
    assert not list(Path().glob("*labels*")) + list(Path().glob(".*labels*"))


def test_killed_while_it_starts_up_it_starts_again(predict, start):
    process = start("-o", "labels.zarr")
    wait_for(process, Path(".labels.zarr.partial").exists)
    process.kill()
    process.wait()
    assert predict("-o", "labels.zarr").status == 0
    assert predict("-o", "labels.zarr", "--resume").status == 0
    assert predict("-o", "whole.zarr").status == 0
    assert contents(Path("labels.zarr")) == contents(Path("whole.zarr"))


def test_what_cannot_be_gone_on_with_is_not_left_when_the_terminal_closes(start):
    process = start("-o", "labels.npy", "--quiet")
    inner = Path(".labels.npy.partial") / ".labels.zarr.partial" / FILE_NAME
    wait_for(process, lambda: inner.is_file() and inner.read_bytes().count(b"\n") > 2)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 129
    assert not list(Path().glob("*labels*")) + list(Path().glob(".*labels*"))


def test_two_runs_on_one_file_are_kept_apart(predict, start):
    process = start("-o", "labels.npy", "--quiet")
    wait_for(process, (Path(".labels.npy.partial") / "lock").exists)
    time.sleep(0.5)
    done = predict("-o", "labels.npy")
    assert done.status == 1
    assert "another run is at work" in done.err
    assert "wait for it" in done.err
    assert process.wait(timeout=120) == 0
    assert predict("-o", "whole.npy").status == 0
    assert Path("labels.npy").read_bytes() == Path("whole.npy").read_bytes()


@pytest.mark.parametrize("to_all", [signal.SIGINT, signal.SIGTERM])
def test_workers_are_ended_quietly_by_what_a_terminal_or_a_batch_system_sends_to_all(predict, start, to_all):
    process = start("-o", "labels.zarr", "--workers", "1", "--quiet", together=True)
    wait_for(process, lambda: recorded("labels.zarr") >= 2)
    os.killpg(process.pid, to_all)
    assert (*process.communicate(timeout=60), process.returncode) == ("", ENDS[to_all][1], ENDS[to_all][0])
    assert predict("-o", "labels.zarr", "--resume").status == 0
    assert predict("-o", "whole.zarr").status == 0
    assert contents(Path("labels.zarr")) == contents(Path("whole.zarr"))


def starts_workers(process):
    """Whether a process has a worker among its children."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    children = [Path("/proc") / number for task in tasks for number in task.read_text().split()]
    return any(b"spawn_main" in (child / "cmdline").read_bytes() for child in children if child.exists())


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc tells when a worker is started")
def test_interrupted_while_workers_are_started_nothing_is_lost_or_left(start):
    process = start("-o", "labels.zarr", "--workers", "1", together=True)
    wait_for(process, lambda: starts_workers(process))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", 130)
    assert err in ("error: interrupted\n", ENDS[signal.SIGINT][1])
    assert not list(Path().glob("*.zarr*"))
    assert not list(Path().glob(".*.partial"))
