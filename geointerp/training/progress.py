"""How a training tells of itself while it runs."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Epoch:
    """What came of an epoch: a row of ``metrics.csv``.

    Attributes:
        number: counted from 1.
        rate: learning rate of its last step.
        train_loss: mean over its steps.
        val_loss: over the whole validation slices, each weighted by its labelled samples.
        miou: of one confusion matrix of the whole validation set.
        mpa: likewise, mean pixel accuracy.
        accuracy: likewise, of all samples.
        ious: of each class; None for one that is neither there nor predicted.
    """

    number: int
    rate: float
    train_loss: float
    val_loss: float
    miou: float
    mpa: float
    accuracy: float
    ious: tuple[float | None, ...]


class Progress(Protocol):
    """What the command line draws; a notebook or a service may give its own."""

    def start(self, epochs: int, steps: int, done: list[Epoch], what: str) -> None:
        """A training of ``epochs`` epochs of ``steps`` steps begins, or goes on after those ``done``."""

    def step(self, loss: float) -> None:
        """A step is done."""

    def epoch(self, epoch: Epoch, best: bool) -> None:
        """An epoch is done and validated; ``best`` of all so far."""

    def note(self, message: str) -> None:
        """Something the user should know."""


class Silent:
    """Says nothing."""

    def start(self, epochs: int, steps: int, done: list[Epoch], what: str) -> None:
        """Ignore it."""

    def step(self, loss: float) -> None:
        """Ignore it."""

    def epoch(self, epoch: Epoch, best: bool) -> None:
        """Ignore it."""

    def note(self, message: str) -> None:
        """Ignore it."""
