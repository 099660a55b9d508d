"""How a prediction tells of itself while it runs."""

from typing import Protocol


class Progress(Protocol):
    """What the command line draws; a notebook or a service may give its own."""

    def start(self, total_tiles: int, what: str) -> None:
        """``total_tiles`` tiles of ``what`` begin."""

    def advance(self, tiles: int) -> None:
        """So many tiles are done."""

    def note(self, message: str) -> None:
        """Something the user should know."""


class Silent:
    """Says nothing."""

    def start(self, total_tiles: int, what: str) -> None:
        """Ignore it."""

    def advance(self, tiles: int) -> None:
        """Ignore it."""

    def note(self, message: str) -> None:
        """Ignore it."""
