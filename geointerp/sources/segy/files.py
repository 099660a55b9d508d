"""The file under a SEG-Y volume, on this machine or behind a URL: both are read by position."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from geointerp.errors import DataError, MachineError
from geointerp.sources.remote import RemoteFile

SegyFile = Path | RemoteFile
Piece = tuple[int, int, int]
"""Where in a buffer something begins and ends, and where in the file it lies, in bytes."""

# Bytes, on a disk; what is read at once stays in the processor's cache until it is decoded.
_WORTH_SKIPPING, _AT_ONCE = 1 << 14, 1 << 20
# Bytes, over a network: requests cost more than what they bring.
_WORTH_A_REQUEST, _IN_A_REQUEST = 1 << 16, 1 << 23


@dataclass(frozen=True)
class Positioned:
    """An open file.

    Attributes:
        fill: reads pieces of the file into a buffer, and raises a DataError where the file ends before one.
        worth_skipping: bytes; a smaller gap between two wanted parts is read through, a larger one skipped.
        at_once: bytes; how much is best read before it is looked at.
    """

    fill: Callable[[memoryview, Iterable[Piece]], None]
    worth_skipping: int
    at_once: int


@contextmanager
def positioned(path: SegyFile) -> Iterator[Positioned]:
    """Open a file for reads by position.

    Raises:
        MachineError: the system has no positioned reads.
    """
    if isinstance(path, RemoteFile):
        yield Positioned(partial(_request, path), _WORTH_A_REQUEST, _IN_A_REQUEST)
        return
    if not hasattr(os, "preadv"):
        raise MachineError(
            f"{path} cannot be read: Python on {sys.platform} has no os.preadv",
            hint="use Linux or macOS; on Windows, the Windows Subsystem for Linux",
        )
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield Positioned(partial(_fill, path, descriptor), _WORTH_SKIPPING, _AT_ONCE)
    finally:
        os.close(descriptor)


def _request(path: RemoteFile, buffer: memoryview, pieces: Iterable[Piece]) -> None:
    """Read each piece in a request of its own."""
    for begin, end, offset in pieces:
        if (read := path.fill(buffer[begin:end], offset)) != end - begin:
            raise _shorter(path, end - begin, offset, read)


def _fill(path: Path, descriptor: int, buffer: memoryview, pieces: Iterable[Piece]) -> None:
    """Read each piece with a call of its own.

    A slab across the lines has hundreds of pieces, and two threads may read two of them: what this loop does
    between the calls it does alone, so it does as little as it can.
    """
    preadv = os.preadv
    for begin, end, offset in pieces:
        if preadv(descriptor, [buffer[begin:end]], offset) != end - begin:
            _read_on(path, descriptor, buffer[begin:end], offset)


def _read_on(path: Path, descriptor: int, buffer: memoryview, offset: int) -> None:
    """Ask again for the rest of what the system gave less of than it should, as a network drive may."""
    done = 0
    while done < len(buffer):
        read = os.preadv(descriptor, [buffer[done:]], offset + done)
        if not read:
            raise _shorter(path, len(buffer), offset, done)
        done += read


def _shorter(path: SegyFile, wanted: int, offset: int, read: int) -> DataError:
    return DataError(
        f"{path} has become shorter: {wanted} bytes wanted at {offset}, {read} read",
        hint="the file was changed while it was open: once it is whole, start again or --resume",
    )
