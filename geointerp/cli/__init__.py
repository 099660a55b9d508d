"""The door: one thin file per command, which parses, calls one function of the package and prints."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave with its exit status; an interrupt while it is loaded is one like any other.

    Args:
        arguments: the words of the command line after the program's name; ``sys.argv`` by default.
    """
    _open_what_is_closed()
    try:
        from geointerp.cli.app import main as loaded
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    loaded(arguments)


def _open_what_is_closed() -> None:
    """Let what nobody hears go nowhere, where the program is started without stdin, stdout or stderr.

    A file that was opened later would have their number, and libraries in C write to that.
    """
    # The lowest number that is free is given each time.
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")
