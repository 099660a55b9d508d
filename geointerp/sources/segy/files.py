"""The file under a SEG-Y volume, on this machine or behind a URL: both are read by position."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from geointerp.errors import MachineError
from geointerp.sources.remote import RemoteFile

SegyFile = Path | RemoteFile

# Bytes, on a disk; what is read at once stays in the processor's cache until it is decoded.
_WORTH_SKIPPING, _AT_ONCE = 1 << 14, 1 << 20
# Bytes, over a network: requests cost more than what they bring.
_WORTH_A_REQUEST, _IN_A_REQUEST = 1 << 16, 1 << 23


@dataclass(frozen=True)
class Positioned:
    """An open file.

    Attributes:
        fill: reads into a buffer from a position in bytes; returns how many bytes were read, fewer only at
            the file's end.
        worth_skipping: bytes; a smaller gap between two wanted parts is read through, a larger one skipped.
        at_once: bytes; how much is best read before it is looked at.
    """

    fill: Callable[[memoryview, int], int]
    worth_skipping: int
    at_once: int


@contextmanager
def positioned(path: SegyFile) -> Iterator[Positioned]:
    """Open a file for reads by position.

    Raises:
        MachineError: the system has no positioned reads.
    """
    if isinstance(path, RemoteFile):
        yield Positioned(path.fill, _WORTH_A_REQUEST, _IN_A_REQUEST)
        return
    if not hasattr(os, "preadv"):
        raise MachineError(
            f"{path} cannot be read: Python on {sys.platform} has no os.preadv",
            hint="use Linux or macOS; on Windows, the Windows Subsystem for Linux",
        )
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield Positioned(partial(_fill, descriptor), _WORTH_SKIPPING, _AT_ONCE)
    finally:
        os.close(descriptor)


def _fill(descriptor: int, buffer: memoryview, offset: int) -> int:
    """Read into the buffer; returns the bytes read, fewer only at the file's end.

    The system may read less than asked for, on a network drive above all: then the rest is asked for.
    """
    done = 0
    while done < len(buffer) and (read := os.preadv(descriptor, [buffer[done:]], offset + done)):
        done += read
    return done
