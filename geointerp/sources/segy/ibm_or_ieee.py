"""Format codes that lie: is a file that says IBM float IEEE, or the other way round?

IBM numbers are normalised: the first hexadecimal digit of the fraction (bits 20 to 23) is not zero. In IEEE
numbers those bits are the last of the exponent and the first three of the fraction, and all are zero
for magnitudes from 2 to 2.25, 8 to 9, 32 to 36 and so on. Amplitudes that spread over more than a factor of
four cannot avoid these, so what never has such a zero digit is IBM, and what often has it is not.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.binary import SAMPLE_FORMATS, Layout

_IBM, _IEEE = 1, 5
_TRACES, _SAMPLES = 128, 2048
_ENOUGH = 256  # distinct words; with fewer the declared format stands
_SPREAD = 8.0  # ratio of large to small magnitudes below which nothing follows from the missing zeros
_OFTEN = 0.01


def settle_float_format(path: Path, layout: Layout) -> tuple[Layout, str]:
    """Return the layout with the float format the samples show, and why.

    The declared format stands unless the samples clearly say otherwise.
    """
    name = SAMPLE_FORMATS[layout.sample_format].name
    if layout.sample_format not in (_IBM, _IEEE):
        return layout, f"{name}: the binary header says so"
    words = _some_words(path, layout)
    if layout.sample_format == _IEEE and _is_ibm(words):
        return replace(
            layout, sample_format=_IBM
        ), "ibm: the header says IEEE, but the samples are IBM floats"
    if layout.sample_format == _IBM and _is_ieee(words):
        return replace(
            layout, sample_format=_IEEE
        ), "ieee: the header says IBM, but the samples are IEEE floats"
    return layout, f"{name}: the binary header says so and the samples do not contradict it"


def _some_words(path: Path, layout: Layout) -> NDArray[np.uint32]:
    """Return the distinct non-zero words (sign removed) of traces spread over the file."""
    spread = np.unique(np.linspace(0, layout.traces - 1, _TRACES).astype(np.int64))
    count = min(layout.samples, _SAMPLES)
    start = (layout.samples - count) // 2
    descriptor = os.open(path, os.O_RDONLY)
    try:
        raw = b"".join(
            os.pread(
                descriptor,
                4 * count,
                layout.first_trace + int(trace) * layout.trace_bytes + layout.header_bytes + 4 * start,
            )
            for trace in spread
        )
    finally:
        os.close(descriptor)
    magnitudes = np.frombuffer(raw, dtype=layout.endianness + "u4").astype(np.uint32)
    magnitudes &= 0x7FFFFFFF
    return np.unique(magnitudes[magnitudes != 0])


def _zero_digits(words: NDArray[np.uint32]) -> float:
    """Return the share of words whose bits 20 to 23 are all zero."""
    return float(np.mean((words & 0x00F00000) == 0))


def _spread(words: NDArray[np.uint32]) -> float:
    """Return the ratio of the 99th to the 1st percentile of the magnitudes, read as IEEE."""
    low, high = np.percentile(words.view(np.float32).astype(np.float64), (1, 99))
    return float(high / low) if low > 0 else float("inf")


def _is_ibm(words: NDArray[np.uint32]) -> bool:
    return (
        words.size >= _ENOUGH
        and bool(np.isfinite(words.view(np.float32)).all())
        and _zero_digits(words) == 0.0
        and _spread(words) > _SPREAD
    )


def _is_ieee(words: NDArray[np.uint32]) -> bool:
    finite = words[np.isfinite(words.view(np.float32))]  # IEEE files may hold NaN
    return (
        finite.size >= max(_ENOUGH, 0.99 * words.size)
        and bool(finite.view(np.float32).max() < 1e30)
        and _zero_digits(finite) > _OFTEN
        and _spread(finite) > _SPREAD
    )
