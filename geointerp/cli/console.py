"""What the program says, and where: stdout is for data, stderr for people."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from geointerp.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.console import RenderableType


class Console:
    """Both streams of one run of the program, and how talkative it is.

    Attributes:
        json: results go to stdout as JSON objects instead of paths.
        quiet: nothing but errors goes to stderr.
        debug: errors come with their traceback.
        resumable: whether there is something that ``--resume`` would go on with after an interrupt.
        words: the command line, after the program's name.
    """

    def __init__(self) -> None:
        """Start with what holds before any option is read."""
        self.json = self.quiet = self.debug = False
        self.resumable: Callable[[], bool] = lambda: False
        self.words: Sequence[str] = ()
        self._people: RichConsole | None = None

    @property
    def people(self) -> "RichConsole":
        """Rich's console on stderr; lines are left whole where stderr is no terminal."""
        if self._people is None:
            from rich.console import Console as RichConsole

            self._people = RichConsole(stderr=True, markup=False, highlight=False, emoji=False)
        return self._people

    @property
    def shows_bars(self) -> bool:
        """Whether progress bars may be drawn; rich takes FORCE_COLOR, which CI sets, for a terminal."""
        return not self.quiet and sys.stderr.isatty()

    def result(self, path: Path | None, facts: Mapping[str, Any]) -> None:
        """Write one result to stdout: its JSON object with ``--json``, else its path if it has one."""
        if self.json:
            self._data(json.dumps(facts, ensure_ascii=False, allow_nan=False))
        elif path is not None:
            self._data(str(path))

    def _data(self, line: str) -> None:
        try:
            # Flushed at once: the next program in the pipe works while this one goes on.
            print(line, flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"stdout cannot be written: {error.strerror or error}", hint="what went into files is there"
            ) from error

    def note(self, message: str) -> None:
        """Tell people something in passing."""
        if not self.quiet:
            self.people.print(message, soft_wrap=True, style="dim")

    def show(self, renderable: "RenderableType") -> None:
        """Show people a table or other piece of rich output."""
        if not self.quiet:
            self.people.print(renderable)

    def warning(self, message: str) -> None:
        """Warn of what may be wrong."""
        if not self.quiet:
            self._labelled("warning", "bold yellow", message)

    def error(self, message: str, hint: str | None = None) -> None:
        """Say what is wrong and what to do; printed however quiet the program is."""
        self._labelled("error", "bold red", message)
        if hint:
            self._labelled("hint", "bold cyan", hint)

    def _labelled(self, label: str, style: str, message: str) -> None:
        from rich.text import Text

        self.people.print(Text.assemble((f"{label}:", style), f" {message}"), soft_wrap=True)

    def traceback(self, error: BaseException) -> None:
        """Print the traceback of an error, for ``--debug``."""
        import traceback

        traceback.print_exception(error, file=sys.stderr)

    def python_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        """Take the place of ``warnings.showwarning``.

        Warnings for users are shown as such; those that libraries have for programmers
        (deprecations and the like) only with ``--debug``.
        """
        for_programmers = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning)
        if self.debug:
            self.warning(f"{message} ({category.__name__}, {filename}:{lineno})")
        elif not issubclass(category, for_programmers):
            self.warning(str(message))
