"""The program in this process: quicker than starting it, the same from the arguments to the exit status."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from geointerp.cli import main
from geointerp.sinks.segy_write import write_survey


class Done(NamedTuple):
    """How a run ended and what it said."""

    status: object
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def leave_signals_alone() -> Iterator[None]:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the program in an empty folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / f"{tmp_path.name}-cache"))
    monkeypatch.setenv("COLUMNS", "160")

    def run_it(*words: str | Path) -> Done:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        return Done(left.value.code, *capsys.readouterr())

    return run_it


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """A SEG-Y survey of 4 inlines, 30 crosslines and 60 samples from 100 ms, in the folder of ``run``."""
    amplitude = np.random.default_rng(8).normal(size=(4, 30, 60)).astype(np.float32)
    path = tmp_path / "survey.sgy"
    write_survey(
        path,
        amplitude,
        inlines=range(101, 105),
        crosslines=range(300, 360, 2),
        sample_interval_ms=4,
        delay_ms=100,
    )
    return path
