"""The real program, started as users start it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment the program runs in: a cache of its own, one thread, wide lines."""
    cache = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, "XDG_CACHE_HOME": cache, "OMP_NUM_THREADS": "1", "COLUMNS": "160"}


@pytest.fixture(scope="session")
def start(environment: dict[str, str]) -> Program:
    """Runs ``geointerp`` in a folder until it ends."""

    def run(folder: Path, *words: str | Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "geointerp", *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            check=False,
            timeout=240,
        )

    return run


@pytest.fixture
def program(start: Program, tmp_path: Path) -> Program:
    """Runs ``geointerp`` in an empty folder."""

    def run(*words: str | Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return start(tmp_path, *words, stdin=stdin)

    return run


@pytest.fixture(scope="session")
def survey(start: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic survey in SEG-Y, its true faults beside it."""
    folder = tmp_path_factory.mktemp("survey")
    done = start(folder, "synth", "survey", "-o", "survey.sgy", "--shape", "12,60,80", "--seed", "5")
    assert (done.returncode, done.stdout, done.stderr) == (0, "survey.sgy\nsurvey_faults.sgy\n", "")
    return folder / "survey.sgy"
