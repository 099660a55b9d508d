"""The door opens at once: nothing heavy is imported before a command needs it."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text
from typer.main import get_command

import geointerp
from geointerp.cli.app import app

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


def test_a_file_that_is_opened_later_has_no_number_of_a_closed_stream(tmp_path):
    script = (
        "import os; from geointerp.cli import _open_what_is_closed as opening\n"
        "opening()\n"
        f"with open({str(tmp_path / 'data')!r}, 'wb'): [os.write(number, b'x') for number in (1, 2)]\n"
        f"with open({str(tmp_path / 'child')!r}, 'w') as child: child.write(str(os.system('echo y >&2')))"
    )
    (tmp_path / "script.py").write_text(script)
    program = f"{sys.executable} {tmp_path / 'script.py'} <&- >&- 2>&-"
    subprocess.run(["sh", "-c", program], check=True)
    assert (tmp_path / "data").read_bytes() == b""
    assert (tmp_path / "child").read_text() == "0"


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


def test_nothing_of_a_help_text_is_taken_for_markup():
    """Typer has rich read it, which leaves out what stands in square brackets and looks like a style."""
    groups, texts = [get_command(app)], []
    for group in groups:
        groups += getattr(group, "commands", {}).values()
        texts += [one.help for one in (group, *group.params) if getattr(one, "help", None)]
    assert len(texts) > 100
    for text in texts:
        assert Text.from_markup(text).plain == text


def test_without_a_command_the_help_is_shown():
    done = python("-m", "geointerp")
    assert done.returncode == 2
    assert "Commands" in done.stdout + done.stderr
    assert "error" not in done.stderr


def test_an_unknown_command_is_named():
    done = python("-m", "geointerp", "predikt")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: No such command 'predikt'")
