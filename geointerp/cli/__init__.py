"""The door: one thin file per command, which parses, calls one function of the package and prints."""

from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave with its exit status; an interrupt while it is loaded is one like any other.

    Args:
        arguments: the words of the command line after the program's name; ``sys.argv`` by default.
    """
    try:
        from geointerp.cli.app import main as loaded
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    loaded(arguments)
