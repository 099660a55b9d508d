"""The door opens at once: nothing heavy is imported before a command needs it."""

import subprocess
import sys
from pathlib import Path

import pytest

import geointerp

HEAVY = ("torch", "torchvision", "timm", "peft", "dask", "xarray", "numpy", "scipy", "zarr", "matplotlib")


def python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from geointerp.cli import main\n"
        "try: main(['--help'])\n"
        f"finally: print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = python("-c", script)
    assert (done.returncode, done.stderr) == (0, "[]\n")


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", ">&-", "<&- >&- 2>&-"])
def test_who_closes_a_stream_gets_the_rest(closed):
    program = f"{sys.executable} -m geointerp models --json --quiet {closed}"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert ('"name": "faults"' in done.stdout) == (closed == "2>&-")
    wrong = subprocess.run(
        ["sh", "-c", f"{program} --debug --no"], capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stdout) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_where_stdout_is_full_it_is_named():
    program = f"{sys.executable} -m geointerp models --json >/dev/full"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: stdout cannot be written: No space left on device\nhint: what went")


def test_version():
    done = python("-m", "geointerp", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"geointerp {geointerp.__version__}\n", "")


@pytest.mark.parametrize("command", ["predict", "evaluate", "info", "models", "synth", "synth survey"])
def test_every_command_has_help(command):
    done = python("-m", "geointerp", *command.split(), "--help")
    assert done.returncode == 0
    assert f"geointerp {command}" in done.stdout
    assert done.stderr == ""


def test_without_a_command_the_help_is_shown():
    done = python("-m", "geointerp")
    assert done.returncode == 2
    assert "Commands" in done.stdout + done.stderr
    assert "error" not in done.stderr


def test_an_unknown_command_is_named():
    done = python("-m", "geointerp", "predikt")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: No such command 'predikt'")
