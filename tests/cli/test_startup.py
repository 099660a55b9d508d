"""The door opens at once: nothing heavy is imported before a command needs it."""

import subprocess
import sys

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
