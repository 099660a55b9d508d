"""Amplitudes as they are stored become float32.

The decoder is numpy's and not segyio's: `segyio.tools.native` takes every IBM number for normalised, so it
reads the word 0x40000000, which is 0, as 0.03125; and it does 0.9 GB/s where this does 2.5 (one core).
"""

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.binary import SAMPLE_FORMATS

_DIGITS = 0x00FFFFFF
_SIGN_AND_EXPONENT = -1 << 24
_ROOT = 13 << 23
_MOST = np.float32(2.0**114)
"""The root of the largest scale, see `_decode_ibm`."""
_AT_ONCE = 1 << 17
"""IBM words; with what they become on the way they stay in a core's cache."""


def decode(
    raw: NDArray[np.uint8],
    sample_format: int,
    endianness: str,
    out: NDArray[np.float32] | None = None,
    between: NDArray[np.int32] | None = None,
) -> NDArray[np.float32]:
    """Turn stored samples into amplitudes.

    Args:
        raw: (traces, samples * width) uint8, the bytes of a trace side by side.
        sample_format: a code of `SAMPLE_FORMATS`.
        endianness: ``>`` or ``<``.
        out: takes the amplitudes, of the shape that is returned.
        between: `memory_between`, from call to call the same.

    Returns:
        (traces, samples) float32.
    """
    form = SAMPLE_FORMATS[sample_format]
    shape = (raw.shape[0], raw.shape[1] // form.width)
    if out is None:
        out = np.empty(shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond float32 becomes inf
        if form.width == 3:
            np.copyto(out, _three_bytes(raw.reshape(*shape, 3), form.kind, endianness))
        elif form.name == "ibm":
            stored = raw.view(endianness + "i4")
            words, digits = memory_between(shape[1]) if between is None else between
            for first in range(0, len(stored), len(words)):
                some = stored[first : first + len(words)]
                part = slice(len(some))
                _decode_ibm(some, out[first : first + len(some)], words[part], digits[part])
        else:
            np.copyto(out, raw.view(endianness + form.kind), casting="unsafe")
    return out


def memory_between(samples: int) -> NDArray[np.int32]:
    """Return memory for what IBM floats become on the way: int32 (2, some traces, ``samples``).

    Whoever decodes much takes it once: the system may give it anew, page by page, for each call, and that
    takes several times as long as the decoding.
    """
    return np.empty((2, max(1, _AT_ONCE // max(1, samples)), samples), np.int32)


def _decode_ibm(
    stored: NDArray[np.int32],
    out: NDArray[np.float32],
    words: NDArray[np.int32],
    digits: NDArray[np.int32],
) -> None:
    """Decode IBM floats: a sign, an exponent of 16 less 64 in 7 bits, six hexadecimal digits after the point.

    The value is digits * 16^(exponent - 70). That scale may lie beyond float32, where the value does not; its
    root 2^(2 exponent - 140) never does, and has the exponent's bits in its own exponent: it is the word's
    upper byte less 13 << 23. So the digits are multiplied by the root, with the sign, and by the root.
    ``words`` and ``digits`` are memory.
    """
    np.copyto(words, stored)
    np.bitwise_and(words, _DIGITS, out=digits)
    np.copyto(out, digits, casting="unsafe")
    words &= _SIGN_AND_EXPONENT
    words -= _ROOT
    root = words.view(np.float32)
    out *= root
    np.abs(root, out=root)
    out *= root
    # Of exponents below 7, with values below 1e-69 or zeros, the bits wrap around to something large.
    if root.max() > _MOST:
        out[root > _MOST] = 0


def _three_bytes(raw: NDArray[np.uint8], kind: str, endianness: str) -> NDArray[np.int32]:
    """Decode 24-bit integers, signed for ``i3``: (traces, samples, 3) uint8 in."""
    parts = raw if endianness == ">" else raw[..., ::-1]
    value = (parts[..., 0].astype(np.int32) << 16) | (parts[..., 1].astype(np.int32) << 8) | parts[..., 2]
    if kind == "i3":
        value = np.where(value >= 1 << 23, value - (1 << 24), value)
    return value
