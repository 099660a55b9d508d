"""Format codes that lie: is a file that says IBM float IEEE, or the other way round?

IBM numbers are normalised: the first hexadecimal digit of the fraction (bits 20 to 23) is not zero. In IEEE
numbers those bits are the last of the exponent and the first three of the fraction, and all are zero
for magnitudes from 2 to 2.25, 8 to 9, 32 to 36 and so on: of magnitudes spread evenly over the octaves

    1/2 · log2(9/8) = 8.5 %

Amplitudes that spread over more than a factor of four cannot avoid these, so what never has such a zero digit
is IBM. The reverse does not follow: some writers do not normalise every number. A file that says IBM is taken
for IEEE only where at least 5 % of the digits are zero and two further signs agree:

- The other digits fall off as in IEEE numbers: digit d of 1 to 7 and d + 8 each with 1/2 · log2((9+d)/(8+d)),
  in IBM numbers with 1/4 · log2((d+1)/d).
- Neighbouring samples of smooth traces do not rank further apart read as IEEE. Whichever reading is wrong
  puts the numbers with a zero digit out of order, and only those.
"""

import sys
import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.binary import SAMPLE_FORMATS, Layout
from geointerp.sources.segy.files import SegyFile
from geointerp.sources.segy.samples import decode

_IBM, _IEEE = 1, 5
_TRACES, _SAMPLES = 128, 2048
_ENOUGH = 256  # distinct words; with fewer the declared format stands
_SPREAD = 8.0  # ratio of large to small magnitudes below which nothing follows from the missing zeros
_OFTEN = 0.05  # share of zero digits; of IEEE amplitudes 0.06 to 0.11 in samples of a thousand
_SMOOTH = 0.2  # rank correlation of neighbours below which the traces are noise, and show nothing
_ROUGHER = 0.002  # loss of that correlation that shows a wrong reading; 5 % zero digits cost 0.006

_NATIVE = "<" if sys.byteorder == "little" else ">"
_DIGITS = np.arange(1, 16)
_IBM_LAW = np.log2((_DIGITS + 1) / _DIGITS) / 4
_IEEE_LAW = np.log2((9 + _DIGITS % 8) / (8 + _DIGITS % 8)) / 2
_IEEE_OVER_IBM = np.log(_IEEE_LAW / _IEEE_LAW.sum() / _IBM_LAW)
"""What each first digit from 1 to 15 adds to the logarithm of the likelihood of IEEE over IBM."""


def settle_float_format(path: SegyFile, layout: Layout) -> tuple[Layout, str]:
    """Return the layout with the float format the samples show, and why.

    The declared format stands unless the samples clearly say otherwise.
    """
    name = SAMPLE_FORMATS[layout.sample_format].name
    if layout.sample_format not in (_IBM, _IEEE):
        return layout, f"{name}: the binary header says so"
    traces = _some_traces(path, layout)
    words = _magnitudes(traces)
    if layout.sample_format == _IEEE and _is_ibm(words):
        return replace(
            layout, sample_format=_IBM
        ), "ibm: the header says IEEE, but the samples are IBM floats"
    if layout.sample_format == _IBM and _is_ieee(words) and not _rougher_as_ieee(traces):
        return replace(
            layout, sample_format=_IEEE
        ), "ieee: the header says IBM, but the samples are IEEE floats"
    return layout, f"{name}: the binary header says so and the samples do not contradict it"


def warn_of_overruled_format(path: SegyFile, declared: int, taken: int) -> None:
    """Warn where the samples have overruled the sample format of the binary header."""
    if taken != declared:
        said, read = SAMPLE_FORMATS[declared].name, SAMPLE_FORMATS[taken].name
        warnings.warn(
            f"{path}: the binary header says sample format {declared} ({said}), but the samples are "
            f"{read} floats and are read as such; give --sample-format {said} to read what it says",
            stacklevel=2,
        )


def _some_traces(path: SegyFile, layout: Layout) -> NDArray[np.uint32]:
    """Return the stored words of traces spread over the file, the middle of each: (traces, samples)."""
    spread = np.unique(np.linspace(0, layout.traces - 1, _TRACES).astype(np.int64))
    count = min(layout.samples, _SAMPLES)
    start = layout.first_trace + layout.header_bytes + 4 * ((layout.samples - count) // 2)
    raw = []
    with path.open("rb") as file:
        for trace in spread:
            file.seek(start + int(trace) * layout.trace_bytes)
            raw.append(file.read(4 * count))
    words = np.frombuffer(b"".join(raw), dtype=layout.endianness + "u4")
    return words.astype(np.uint32).reshape(len(raw), count)


def _magnitudes(traces: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the distinct non-zero words, sign removed."""
    magnitudes = traces & np.uint32(0x7FFFFFFF)
    return np.unique(magnitudes[magnitudes != 0])


def _zero_digits(words: NDArray[np.uint32]) -> float:
    """Return the share of words whose bits 20 to 23 are all zero."""
    return float(np.mean((words & 0x00F00000) == 0))


def _digits_are_ieee(words: NDArray[np.uint32]) -> bool:
    """Whether the first digits other than zero are more likely IEEE's than IBM's."""
    counts = np.bincount((words >> 20) & 15, minlength=16)[1:]
    return bool(counts @ _IEEE_OVER_IBM > 0)


def _rougher_as_ieee(traces: NDArray[np.uint32]) -> bool:
    """Whether smooth traces are less smooth read as IEEE than read as IBM."""
    with np.errstate(all="ignore"):
        as_ieee = _smoothness(traces.view(np.float32))
        as_ibm = _smoothness(decode(traces.view(np.uint8), _IBM, _NATIVE))
    return max(as_ieee, as_ibm) > _SMOOTH and as_ieee < as_ibm - _ROUGHER


def _smoothness(amplitudes: NDArray[np.float32]) -> float:
    """Return the rank correlation of neighbouring samples, (traces, samples): the same for any gain."""
    _, which, counts = np.unique(np.nan_to_num(amplitudes), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2)[which].reshape(amplitudes.shape)
    ranks -= ranks.mean()
    return float(np.mean(ranks[:, 1:] * ranks[:, :-1]) / ranks.var()) if amplitudes.shape[1] > 1 else 0.0


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
        and _digits_are_ieee(finite)
        and _spread(finite) > _SPREAD
    )
