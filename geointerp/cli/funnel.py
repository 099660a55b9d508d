"""The one way out: every error becomes a line for people and an exit status.

0    done
1    the data, the model or the machine is at fault
2    the command line is at fault
130  interrupted (Ctrl-C); 143 when ended by SIGTERM, 129 when the terminal is gone (SIGHUP)
"""

import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol

import typer

from geointerp.cli.console import Console
from geointerp.errors import GeointerpError

INTERRUPTED = 130
TERMINATED = 143
HUNG_UP = 129
_DECODERS = ("zarr", "numcodecs")  # their errors do not say in which store the chunk lies
_ENDED = {INTERRUPTED: "interrupted", TERMINATED: "terminated", HUNG_UP: "the terminal was closed"}


class _UsageError(Protocol):
    """What typer raises for a wrong command line; typer keeps the class itself to itself."""

    exit_code: int

    def format_message(self) -> str: ...


def run(app: typer.Typer, console: Console, arguments: Sequence[str] | None = None) -> int:
    """Run a Typer application and return the exit status.

    Args:
        app: the application; its commands find ``console`` in ``ctx.obj``.
        console: where everything is said.
        arguments: the command line after the program's name; ``sys.argv`` by default.
    """
    console.words = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, TextIOWrapper):
        # Results are named after inputs, and a file's name need not be text; stderr escapes what is not.
        sys.stdout.reconfigure(errors="surrogateescape")
    signal.signal(signal.SIGTERM, _terminate)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, _hang_up)
    with warnings.catch_warnings():
        warnings.showwarning = console.python_warning
        try:
            status = app(args=arguments, prog_name="geointerp", obj=console, standalone_mode=False)
        except KeyboardInterrupt:
            status = INTERRUPTED
        except typer.Abort as error:
            # Older typer turns both an interrupt and an EOFError into Abort.
            status = report(error.__cause__, console) if error.__cause__ else INTERRUPTED
        except SystemExit as leaving:
            status = leaving.code
        except Exception as error:
            status = report(error, console)
    if status in _ENDED:
        console.error(_ENDED[status], "go on with --resume" if console.resumable() else None)
    return status if isinstance(status, int) else 0


def report(error: BaseException, console: Console) -> int:
    """Print one error for people and return the exit status it stands for."""
    if console.debug:
        console.traceback(error)
    if isinstance(error, GeointerpError):
        console.error(error.message, error.hint)
        return error.exit_status
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        return _report_usage(error, console)
    if isinstance(error, MemoryError):
        console.error(f"too little memory: {error}".removesuffix(": "), "ask for less at once")
        return 1
    damage = not isinstance(error, OSError) and _raised_by(error) in _DECODERS
    if damage and (stores := [word for word in console.words if _is_store(word)]):
        words = f"what is stored cannot be decoded: {in_words(error)}"
        console.error(words, f"is {' or '.join(stores)} damaged?")
    else:
        console.error(in_words(error), None if console.debug else "see where it happened with --debug")
    return 1


def _is_store(word: str) -> bool:
    """Whether a word of the command line is the folder of a Zarr store."""
    try:
        return any((Path(word) / marker).exists() for marker in ("zarr.json", ".zgroup", ".zarray"))
    except OSError:  # too long to be the name of anything
        return False


def _raised_by(error: BaseException) -> str:
    """Return the package in whose code an error was raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals["__name__"]).partition(".")[0] if frames else ""


def in_words(error: BaseException) -> str:
    """Return what an error that is not ours says, with the file it is about."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _report_usage(error: "_UsageError", console: Console) -> int:
    """Print what is wrong with the command line, and where its help is.

    The message is empty where the help itself was printed, for want of any argument.
    """
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "geointerp"
    if error.format_message():
        console.error(error.format_message(), f"see {command} --help")
    return error.exit_code


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    """Leave by an exception, so that what is open gets closed."""
    raise SystemExit(TERMINATED)


def _hang_up(number: int, frame: FrameType | None) -> NoReturn:
    """Leave likewise, and once: a terminal that closes may send the signal again."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(HUNG_UP)
