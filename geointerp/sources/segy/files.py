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

_WORTH_SKIPPING = 1 << 14  # bytes, on a disk
_WORTH_A_REQUEST = 1 << 16  # bytes, over a network


@dataclass(frozen=True)
class Positioned:
    """An open file.

    Attributes:
        fill: reads into buffers, one after the other, from a position in bytes; returns how many bytes were
            read, fewer only at the file's end.
        worth_skipping: bytes; a smaller gap between two wanted parts is read through, a larger one skipped.
    """

    fill: Callable[[list[memoryview], int], int]
    worth_skipping: int


@contextmanager
def positioned(path: SegyFile) -> Iterator[Positioned]:
    """Open a file for reads by position.

    Raises:
        MachineError: the system has no positioned reads.
    """
    if isinstance(path, RemoteFile):
        yield Positioned(path.fill, _WORTH_A_REQUEST)
        return
    if not hasattr(os, "preadv"):
        raise MachineError(
            f"{path} cannot be read: Python on {sys.platform} has no os.preadv",
            hint="use Linux or macOS; on Windows, the Windows Subsystem for Linux",
        )
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield Positioned(partial(_fill, descriptor), _WORTH_SKIPPING)
    finally:
        os.close(descriptor)


def _fill(descriptor: int, buffers: list[memoryview], offset: int) -> int:
    """Read into the buffers one after the other; returns the bytes read, fewer only at the file's end.

    The system may read less than asked for, on a network drive above all: then the rest is asked for.
    """
    done = 0
    while buffers and (read := os.preadv(descriptor, buffers, offset + done)):
        done += read
        while buffers and read >= len(buffers[0]):
            read -= len(buffers[0])
            buffers = buffers[1:]
        if read:
            buffers = [buffers[0][read:], *buffers[1:]]
    return done
