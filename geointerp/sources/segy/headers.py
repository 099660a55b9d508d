"""All header words of all traces, through one strided memory map, or block by block from a server."""

import hashlib
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.remote import RemoteFile
from geointerp.sources.segy.binary import (
    CDP_BYTE,
    COORDINATE_BYTES,
    DEAD_TRACE,
    ENSEMBLE_TRACE_BYTE,
    HEADER_BYTES,
    LINE_BYTES,
    OFFSET_BYTE,
    TRACE_HEADER_BYTES,
    TRACE_WORDS,
    Layout,
    column,
)
from geointerp.sources.segy.files import SegyFile

_BLOCK_BYTES = 64 << 20  # of the file: pages are let go of block by block, so that memory stays small

FOUR_BYTE_WORDS = tuple(
    sorted(
        {1, CDP_BYTE, OFFSET_BYTE, ENSEMBLE_TRACE_BYTE}
        | {byte for pair in (*LINE_BYTES, *COORDINATE_BYTES) for byte in pair}
    )
)
"""First bytes of the words that may tell where a trace lies."""

_NAMED = ("trace_id", "coordinate_scalar", "coordinate_units", "delay", "time_scalar")


@dataclass(frozen=True)
class TraceHeaders:
    """The trace headers of a file, in file order.

    Attributes:
        words: by first byte, (traces,) int32: every word of `FOUR_BYTE_WORDS` and those asked for.
        named: by name, (traces,) int32: the words of `TRACE_WORDS` that may differ from trace to trace.
        sha256: hexadecimal, over the text and binary headers and all trace headers (240 bytes each).
    """

    words: dict[int, NDArray[np.int32]]
    named: dict[str, NDArray[np.int32]]
    sha256: str


def live_or_all(headers: TraceHeaders) -> NDArray[np.bool_]:
    """Return whose headers are to be believed, (traces,): the live traces'; all, where none is live."""
    live: NDArray[np.bool_] = headers.named["trace_id"] != DEAD_TRACE
    return live if live.any() else ~live


def read_headers(path: SegyFile, layout: Layout, extra_bytes: tuple[int, ...] = ()) -> TraceHeaders:
    """Read the headers of every trace.

    Args:
        path: the SEG-Y file.
        layout: how it is divided.
        extra_bytes: first bytes of further four-byte words.
    """
    words = {
        byte: np.empty(layout.traces, np.int32) for byte in dict.fromkeys((*FOUR_BYTE_WORDS, *extra_bytes))
    }
    named = {name: np.empty(layout.traces, np.int32) for name in _NAMED}
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(HEADER_BYTES))
    for start, block in _header_blocks(path, layout):
        digest.update(block.data)
        stop = start + len(block)
        for byte, values in words.items():
            values[start:stop] = column(block, byte, "i4", layout.endianness)
        for name, values in named.items():
            values[start:stop] = column(block, *TRACE_WORDS[name], layout.endianness)
    return TraceHeaders(words, named, digest.hexdigest())


def _header_blocks(path: SegyFile, layout: Layout) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first trace of each block and its headers, (traces, 240) uint8."""
    step = max(1, _BLOCK_BYTES // layout.trace_bytes)
    blocks = [(start, min(step, layout.traces - start)) for start in range(0, layout.traces, step)]
    yield from (
        _fetched(path, layout, blocks) if isinstance(path, RemoteFile) else _mapped(path, layout, blocks)
    )


def _mapped(
    path: Path, layout: Layout, blocks: list[tuple[int, int]]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages:
        for start, count in blocks:
            view = _headers_in(pages, layout, layout.first_trace + start * layout.trace_bytes, count)
            block = view.copy()
            del view  # a map cannot be closed while an array looks into it
            if hasattr(mmap, "MADV_DONTNEED"):
                pages.madvise(mmap.MADV_DONTNEED)
            yield start, block


def _fetched(
    path: RemoteFile, layout: Layout, blocks: list[tuple[int, int]]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Fetch whole traces for the sake of their headers: a request for each would take longer."""
    for start, count in blocks:
        begin = layout.first_trace + start * layout.trace_bytes
        fetched = path.read(begin, begin + count * layout.trace_bytes)
        yield start, _headers_in(fetched, layout, 0, count).copy()


def _headers_in(buffer: bytes | mmap.mmap, layout: Layout, offset: int, count: int) -> NDArray[np.uint8]:
    """Look at the headers of ``count`` traces, the first of which begins at ``offset``."""
    return np.ndarray(
        (count, TRACE_HEADER_BYTES), np.uint8, buffer=buffer, offset=offset, strides=(layout.trace_bytes, 1)
    )
