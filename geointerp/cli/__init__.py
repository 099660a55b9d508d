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
    """Let what nobody hears go nowhere, where the program is started without stdout or stderr.

    A file that was opened later would have their number, and libraries in C write to that.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - until the program ends
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
