"""Progress of tiles for people: a bar with tiles a second and the time left."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from geointerp.cli.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, Task, TaskID
    from rich.text import Text


class TileProgress:
    """Follows an engine's work: ``start`` a pass, ``advance`` by tiles, ``note`` in passing.

    The bar is drawn only where stderr is a terminal; notes are printed in either case.
    """

    def __init__(self, console: Console, counted: str = "tiles") -> None:
        """Prepare, drawing nothing before the first ``start``.

        Args:
            console: whose stderr the bar is drawn on.
            counted: what is counted, for the rate.
        """
        self._console = console
        self._counted = counted
        self._bar: Progress | None = None
        self._pass: TaskID | None = None

    def __enter__(self) -> Self:
        """Return itself; the bar is taken down on leaving."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take the bar down."""
        if self._bar is not None:
            self._bar.stop()

    def start(self, total_tiles: int, what: str) -> None:
        """Begin a pass of ``total_tiles`` tiles, called ``what``."""
        if not self._console.shows_bars:
            return
        if self._bar is None:
            self._bar = _new_bar(self._console, self._counted)
            self._bar.start()
        self._pass = self._bar.add_task(what, total=total_tiles)

    def advance(self, tiles: int) -> None:
        """Count ``tiles`` more as done."""
        if self._bar is not None and self._pass is not None:
            self._bar.advance(self._pass, tiles)

    def note(self, message: str) -> None:
        """Tell people something in passing."""
        self._console.note(message)


def _new_bar(console: Console, counted: str) -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _rate_column(counted),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console.people,
    )


def _rate_column(counted: str) -> "ProgressColumn":
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Tiles, or whatever is counted, a second, over the last samples of the bar's clock."""

        def render(self, task: "Task") -> "Text":
            speed = task.finished_speed or task.speed
            if speed is None:
                return Text("")
            return Text(
                f"{speed:,.0f} {counted}/s" if speed >= 10 else f"{speed:.1f} {counted}/s", style="cyan"
            )

    return Rate()
