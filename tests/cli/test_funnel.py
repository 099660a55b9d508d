import signal

import pytest
import typer

from geointerp.cli import options
from geointerp.cli.console import Console
from geointerp.cli.funnel import run
from geointerp.errors import DataError, UsageError


@pytest.fixture
def leave_signals_alone():
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture
def run_raising(leave_signals_alone):
    """Run a program of one command that raises what it is given."""

    def run_it(error, *arguments):
        app = typer.Typer()

        @app.command()
        def command(
            ctx: typer.Context, number: int = 0, quiet: options.Quiet = False, debug: options.Debug = False
        ) -> None:
            if error is not None:
                raise error

        return run(app, Console(), arguments)

    return run_it


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (None, 0, ""),
        (typer.Exit(3), 3, ""),
        (DataError("a.sgy: 3 traces, not 4"), 1, "error: a.sgy: 3 traces, not 4\n"),
        (DataError("bad", hint="mend it"), 1, "error: bad\nhint: mend it\n"),
        (UsageError("no such view", hint="inline"), 2, "error: no such view\nhint: inline\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (SystemExit(143), 143, "error: terminated\n"),
        (MemoryError("no 3 EiB"), 1, "error: too little memory: no 3 EiB\nhint: ask for less at once\n"),
        (MemoryError(), 1, "error: too little memory\nhint: ask for less at once\n"),
        (
            PermissionError(13, "Permission denied", "out.zarr"),
            1,
            "error: Permission denied: out.zarr\nhint: see where it happened with --debug\n",
        ),
        (
            ZeroDivisionError("division by zero"),
            1,
            "error: ZeroDivisionError: division by zero\nhint: see where it happened with --debug\n",
        ),
    ],
)
def test_each_error_has_its_line_and_status(run_raising, capsys, error, status, said):
    assert run_raising(error) == status
    assert capsys.readouterr() == ("", said)


def test_an_unexpected_end_of_file_is_no_interrupt(run_raising, capsys):
    assert run_raising(EOFError("no data left")) == 1
    assert "error: EOFError: no data left\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "said"), [("--nonsense", "No such option: --nonsense"), ("--number=x", "'--number'")]
)
def test_a_wrong_command_line_is_status_2(run_raising, capsys, word, said):
    assert run_raising(None, word) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert said in err
    assert "hint: see geointerp --help" in err


def test_debug_shows_the_traceback(run_raising, capsys):
    assert run_raising(DataError("bad"), "--debug") == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("error: bad\n")


def test_errors_are_not_silenced(run_raising, capsys):
    assert run_raising(DataError("bad"), "--quiet") == 1
    assert capsys.readouterr().err == "error: bad\n"
