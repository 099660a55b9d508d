"""Amplitudes as they are stored become float32.

The decoder is numpy's and not segyio's: `segyio.tools.native` takes every IBM number for normalised, so it
reads the word 0x40000000, which is 0, as 0.03125; and it does 0.9 GB/s where this does 2.5 (one core).
"""

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.binary import SAMPLE_FORMATS

_BLOCK = 65536  # samples decoded at a time: the passes over a block stay in the processor's cache

_EXPONENTS = np.arange(256)
_IBM_SCALE = (
    np.minimum(np.ldexp(1.0, 4 * (_EXPONENTS & 127) - 280), np.finfo(np.float32).max)
    * np.where(_EXPONENTS > 127, -1.0, 1.0)
).astype(np.float32)
"""Sign and 16^(exponent - 64) / 2^24 for each leading byte. What float32 cannot hold becomes ±inf, or 0."""


def decode(raw: NDArray[np.uint8], sample_format: int, endianness: str) -> NDArray[np.float32]:
    """Turn stored samples into amplitudes.

    Args:
        raw: (traces, samples * width) uint8, C order.
        sample_format: a code of `SAMPLE_FORMATS`.
        endianness: ``>`` or ``<``.

    Returns:
        (traces, samples) float32.
    """
    form = SAMPLE_FORMATS[sample_format]
    shape = (raw.shape[0], raw.shape[1] // form.width)
    if form.width == 3:
        return _decode_three_bytes(raw.reshape(*shape, 3), form.kind, endianness)
    stored = raw.view(endianness + form.kind)
    if form.name == "ibm":
        return _decode_ibm(stored.reshape(-1)).reshape(shape)
    with np.errstate(over="ignore", invalid="ignore"):  # a float64 beyond float32 becomes inf
        return stored.astype(np.float32)


def _decode_ibm(stored: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Decode IBM floats: sign, exponent of 16 less 64 in 7 bits, fraction in 24."""
    out = np.empty(stored.size, dtype=np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, stored.size, _BLOCK):
            words = stored[start : start + _BLOCK].astype(np.uint32)
            scale = np.take(_IBM_SCALE, words >> 24)
            words &= 0x00FFFFFF
            target = out[start : start + _BLOCK]
            np.multiply(words.view(np.int32), scale, out=target, dtype=np.float32, casting="unsafe")
    return out


def _decode_three_bytes(raw: NDArray[np.uint8], kind: str, endianness: str) -> NDArray[np.float32]:
    """Decode 24-bit integers, signed for ``i3``: (traces, samples, 3) uint8 in."""
    parts = raw if endianness == ">" else raw[..., ::-1]
    value = (parts[..., 0].astype(np.int32) << 16) | (parts[..., 1].astype(np.int32) << 8) | parts[..., 2]
    if kind == "i3":
        value = np.where(value >= 1 << 23, value - (1 << 24), value)
    return value.astype(np.float32)
