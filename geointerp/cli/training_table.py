"""Progress of a training for people: a live table of its epochs, or a line an epoch."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from geointerp.cli.console import Console

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.table import Table

    from geointerp.training.progress import Epoch

_SHOWN = 12


class TrainingTable:
    """Follows a training: ``start`` it, ``step`` by step, ``epoch`` by epoch, ``note`` in passing.

    The table is drawn only where stderr is a terminal; elsewhere each epoch is a line.

    Attributes:
        epochs: those done.
    """

    def __init__(self, console: Console) -> None:
        """Prepare, drawing nothing before the first ``start``."""
        self._console = console
        self._live: Live | None = None
        self._finished = False
        self.epochs: list[Epoch] = []
        self._best = 0
        self._steps = self._total = self._step = 0
        self._loss = 0.0
        self._began = 0.0

    @property
    def begun(self) -> bool:
        """Whether a training has begun, so that its run folder is there."""
        return self._total > 0

    def __enter__(self) -> Self:
        """Return itself; the table stays as it was on leaving."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop drawing."""
        if self._live is not None:
            self._finished = True
            self._live.stop()

    def start(self, epochs: int, steps: int, done: "list[Epoch]", what: str) -> None:
        """Begin a training of ``epochs`` epochs of ``steps`` steps, after those ``done``."""
        self.epochs, self._total, self._steps = done, epochs, steps
        self._best = max(done, key=lambda one: (one.miou, -one.number)).number if done else 0
        self._began = time.monotonic()
        self._console.note(f"{what}: {_count(epochs, 'epoch')} of {_count(steps, 'step')}")
        if self._console.shows_bars:
            from rich.live import Live

            self._live = Live(get_renderable=self._drawn, console=self._console.people, refresh_per_second=2)
            self._live.start()

    def step(self, loss: float) -> None:
        """Count a step."""
        self._step += 1
        within = (self._step - 1) % self._steps
        self._loss += (loss - self._loss) / (within + 1)  # the mean of the epoch so far

    def epoch(self, epoch: "Epoch", best: bool) -> None:
        """Add an epoch."""
        self.epochs.append(epoch)
        self._best = epoch.number if best else self._best
        if self._live is None:
            self._console.note(self._line(epoch, best))

    def note(self, message: str) -> None:
        """Tell people something in passing."""
        self._console.note(message)

    def _line(self, epoch: "Epoch", best: bool) -> str:
        """Return an epoch as a line of text."""
        losses = f"loss {epoch.train_loss:.4f}  val loss {epoch.val_loss:.4f}"
        found = f"val mIoU {epoch.miou:.4f}{' (best)' if best else ''}"
        return f"epoch {epoch.number}/{self._total}  {losses}  {found}  {self._rate()}  {self._left()} left"

    def _drawn(self) -> "Group":
        """Return the table of the last epochs, and below it where the training is."""
        from rich.console import Group
        from rich.text import Text

        number = min(len(self.epochs) + 1, self._total)
        step = self._step % self._steps
        state = f"epoch {number}/{self._total}  step {step}/{self._steps}  loss {self._loss:.4f}  "
        state += f"{self._rate()}  {self._left()} left"
        if self._step and step == 0:
            state = f"validating  {self._left()} left"
        return Group(self._table(), *(() if self._finished else (Text(state, style="cyan"),)))

    def _table(self) -> "Table":
        from rich.table import Table

        table = Table("epoch", box=None, header_style="bold", pad_edge=False)
        for heading in ("rate", "loss", "val loss", "val mIoU", "val mPA"):
            table.add_column(heading, justify="right")
        for one in self.epochs[-_SHOWN:]:
            figures = (one.train_loss, one.val_loss, one.miou, one.mpa)
            style = "bold green" if one.number == self._best else None
            cells = (str(one.number), f"{one.rate:.1e}", *(f"{figure:.4f}" for figure in figures))
            table.add_row(*cells, style=style)
        return table

    def _rate(self) -> str:
        spent = time.monotonic() - self._began
        return f"{self._step / spent:.2f} steps/s" if spent > 0 else ""

    def _left(self) -> str:
        """Return the time left, at the pace of what this process has done so far."""
        spent = time.monotonic() - self._began
        remaining = self._total * self._steps - len(self.epochs) * self._steps - self._step % self._steps
        minutes, seconds = divmod(round(spent / max(1, self._step) * remaining), 60)
        return f"{minutes}:{seconds:02}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
