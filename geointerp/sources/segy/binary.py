"""Where things stand in a SEG-Y file (rev 0, 1 and 2), as byte positions counted from 1 as in the standard.

A file is a text header of 3200 bytes, a binary header of 400, perhaps further text headers, and then the
traces: a header of 240 bytes and ``samples`` amplitudes each.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEXT_BYTES = 3200
HEADER_BYTES = 3600
TRACE_HEADER_BYTES = 240

BINARY_WORDS = {
    "sample_interval": (3217, "i2"),
    "samples": (3221, "u2"),
    "format": (3225, "i2"),
    "sorting": (3229, "i2"),
    "measurement_system": (3255, "i2"),
    "extended_samples": (3269, "u4"),
    "extended_interval": (3273, "f8"),
    "byte_order": (3297, "u4"),
    "extended_text_headers": (3505, "i2"),
    "extra_trace_headers": (3507, "i4"),
    "extended_traces": (3513, "u8"),
    "trailers": (3529, "i4"),
}
"""The words of the binary header that are read: first byte and type."""

BYTE_ORDER_MARK = 0x01020304
"""What rev 2 writes at 3297, in the byte order of the file."""

TRACE_WORDS = {
    "coordinate_scalar": (71, "i2"),
    "coordinate_units": (89, "i2"),
    "trace_id": (29, "i2"),
    "delay": (109, "i2"),
    "samples": (115, "u2"),
    "sample_interval": (117, "i2"),
    "time_scalar": (215, "i2"),
}
"""Two-byte words of the trace header; line numbers and coordinates are four bytes wherever they stand."""

DEAD_TRACE = 2
"""Trace identification code (byte 29) of a dead trace."""

OFFSET_BYTE = 37
ENSEMBLE_TRACE_BYTE = 25
CDP_BYTE = 21
LINE_BYTES = ((189, 193), (5, 21), (9, 21), (9, 13), (17, 13), (213, 217), (221, 225), (233, 237))
"""Where inline and crossline numbers are found in practice; the first is the standard's."""
CROSSED_BYTES = (181, 185)
"""Where some programs, segysak's tutorials among them, write the lines, and the coordinates at 189/193."""
COORDINATE_BYTES = (CROSSED_BYTES, (73, 77), (81, 85))
"""Where CDP X and Y are found: the standard's place, then source and group coordinates."""


@dataclass(frozen=True)
class SampleFormat:
    """A sample format code of the standard: its name, numpy type (without byte order) and width in bytes."""

    code: int
    name: str
    kind: str
    width: int


SAMPLE_FORMATS = {
    code: SampleFormat(code, name, kind, width)
    for code, name, kind, width in (
        (1, "ibm", "u4", 4),
        (2, "int32", "i4", 4),
        (3, "int16", "i2", 2),
        (5, "ieee", "f4", 4),
        (6, "float64", "f8", 8),
        (7, "int24", "i3", 3),
        (8, "int8", "i1", 1),
        (9, "int64", "i8", 8),
        (10, "uint32", "u4", 4),
        (11, "uint16", "u2", 2),
        (12, "uint64", "u8", 8),
        (15, "uint24", "u3", 3),
        (16, "uint8", "u1", 1),
    )
}


@dataclass(frozen=True)
class Layout:
    """How the bytes of one file are divided.

    Attributes:
        endianness: ``>`` (big) or ``<`` (little).
        sample_format: one of `SAMPLE_FORMATS`.
        samples: amplitudes in each trace.
        first_trace: offset in bytes of the first trace header.
        header_bytes: bytes of headers before each trace's amplitudes (240, more with rev 2 extensions).
        traces: how many traces the file holds.
        trailer_bytes: bytes after the last trace (rev 2).
    """

    endianness: str
    sample_format: int
    samples: int
    first_trace: int
    header_bytes: int
    traces: int
    trailer_bytes: int = 0

    @property
    def trace_bytes(self) -> int:
        """Bytes of one trace with its header."""
        return self.header_bytes + self.samples * SAMPLE_FORMATS[self.sample_format].width


def word(buffer: bytes, byte: int, kind: str, endianness: str) -> int:
    """Return the integer of numpy type ``kind`` (such as ``"i2"``) at ``byte``, counted from 1."""
    return int(np.frombuffer(buffer, dtype=endianness + kind, count=1, offset=byte - 1)[0])


def column(headers: NDArray[np.uint8], byte: int, kind: str, endianness: str) -> NDArray[np.int32]:
    """Return one word of every trace header: (traces, ≥240) uint8 in, (traces,) int32 out."""
    width = int(kind[1])
    raw = np.ascontiguousarray(headers[:, byte - 1 : byte - 1 + width])
    return raw.view(endianness + kind)[:, 0].astype(np.int32)
