"""The vertical axis: sample interval, delay recording time, and whether it is time or depth."""

import re
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import SegyError
from geointerp.sources.segy.binary import BINARY_WORDS, TRACE_WORDS, word
from geointerp.sources.segy.files import SegyFile
from geointerp.sources.segy.headers import TraceHeaders, live_or_all
from geointerp.sources.segy.sniff import binary_word, revision

_NOT_OF_TIME = r"(?!(?:(?!  )[^\n,;.)])*\b(?:time|twt)\b)"  # as in: depth domain, time migrated
_NOT_TO_TIME = r"(?![^\n]*\b(?:in|to) +(?:two[- ]way )?(?:time|twt)\b)"  # migration (PSDM), scaled to time
_UNITS_OF_AXIS = r"\b(?:sample units?|vertical (?:axis|units?)|z (?:axis|domain|units?))\s*[:=]?\s*"
_AXIS = rf"(?:{_UNITS_OF_AXIS}|\bdomain\s*[:=]?\s*)"
_DEPTH = re.compile(
    rf"{_AXIS}(?:depth|metres|meters|feet|ft)\b{_NOT_OF_TIME}|\bdata type\s*[:=]?\s*depth\b{_NOT_OF_TIME}"
    rf"{_NOT_TO_TIME}|(?<!from )\bdepth domain\b{_NOT_OF_TIME}",
    re.IGNORECASE,
)
# Of a domain with a colon alone: steps of the processing work in a "tau-p domain, time variant".
_TIME = re.compile(
    rf"(?:{_UNITS_OF_AXIS}|\bdomain\s*[:=]\s*)(?:time|twt|two[- ]way time|ms|msec|milliseconds?)\b",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    rf"(?:{_AXIS}|(?:{_AXIS}depth|\bdata type\s*[:=]?\s*depth|\bdepth domain)\W{{1,3}}(?:in )?)"
    r"(?:(feet|foot|ft)|metres?|meters?|m)\b",
    re.IGNORECASE,
)
FOOT = 0.3048
_LONGEST_INTERVAL = 1e7  # µs
_BUT = "; the first trace header says "
_TIME_SCALARS = (1, 10, 100, 1000, 10000)


@dataclass(frozen=True)
class SampleAxis:
    """``time`` in ms or ``depth`` in m: first sample, interval and count.

    ``unit`` is what the file's own numbers of depth are in, in m; ``scalar`` the time scalar (byte 215) of
    the first live trace, None where something else stands there.
    """

    dim: str
    first: float
    interval: float
    count: int
    unit: float = 1.0
    scalar: int | None = 0

    @property
    def units(self) -> str:
        """The unit of the values."""
        return "ms" if self.dim == "time" else "m"

    @property
    def values(self) -> NDArray[np.float64]:
        """All values, ascending, (count,) float64."""
        return self.first + self.interval * np.arange(self.count, dtype=np.float64)


def find_interval(
    path: SegyFile, head: bytes, first_header: bytes, endianness: str, given: float | None
) -> tuple[float, str]:
    """Return the sample interval in ms (for depth: what is given in m, else the file's unit), and why.

    Args:
        path: for messages.
        head: the file's first 3840 bytes.
        first_header: the first trace header.
        endianness: ``>`` or ``<``.
        given: what the user says; it wins.

    Raises:
        SegyError: the binary header's interval is zero or negative.
    """
    if given is not None:
        return given, "given by option"
    interval = extended_interval(head, endianness) or binary_word(head, "sample_interval", endianness)
    byte, kind = TRACE_WORDS["sample_interval"]
    in_trace = word(first_header, byte, kind, endianness)
    if interval <= 0:
        raise SegyError(
            f"{path}: the sample interval is {interval} µs in the binary header (bytes 3217-3218) and "
            f"{in_trace} µs in the first trace header (bytes 117-118)",
            hint=f"give it in ms, for instance --sample-interval {in_trace / 1000 if in_trace > 0 else 4:g}",
        )
    note = "" if in_trace == 0 or abs(in_trace - interval) < 1 else f"{_BUT}{in_trace} µs"
    return interval / 1000, f"the binary header says {interval:.10g} µs{note}"


def extended_interval(head: bytes, endianness: str) -> float:
    """Return the interval in µs that rev 2 stores as float64 beside the whole number; 0 where it does not."""
    byte, kind = BINARY_WORDS["extended_interval"]
    stored = float(np.frombuffer(head, endianness + kind, count=1, offset=byte - 1)[0])
    return stored if revision(head) >= 2 and 1 <= stored < _LONGEST_INTERVAL else 0.0


def warn_of_two_intervals(path: SegyFile, why: str) -> None:
    """Warn where the reason for the sample interval is that one of two was taken."""
    if _BUT in why:
        warnings.warn(
            f"{path}: the sample interval: {why}; the former is taken, --sample-interval decides otherwise",
            stacklevel=2,
        )


def find_axis(
    path: SegyFile,
    headers: TraceHeaders,
    samples: int,
    interval: float,
    text: str,
    *,
    feet: bool,
    metric_interval: bool,
    ignored: bool,
) -> SampleAxis:
    """Return the vertical axis.

    Args:
        path: for messages.
        headers: of all traces.
        samples: in each trace.
        interval: in ms, or in the file's unit of length, or in m.
        text: the text header; a line such as ``Domain: depth`` makes the axis depth, and ``Sample units:
            feet`` or ``Domain: depth (metres)`` says in what.
        feet: whether the binary header says lengths are in feet, where the text does not say.
        metric_interval: whether the interval is in m whatever the binary header says.
        ignored: whether the time scalar (byte 215) is part of a line number, not a scalar.

    Raises:
        SegyError: the delay recording time differs between live traces.
    """
    scalar = None if ignored else _time_scalar(headers)
    first = _delay(path, headers, scalar is None)
    if _depth_in(text) is None:
        return SampleAxis("time", first, interval, samples, scalar=scalar)
    length = _LENGTH.search(text)
    unit = FOOT if (feet if length is None else length[1]) else 1.0
    interval = interval if metric_interval else interval * unit
    return SampleAxis("depth", first * unit, interval, samples, unit, scalar)


def why_domain(text: str) -> str:
    """Say why the vertical axis is depth, or time."""
    told = _depth_in(text) or _TIME.search(text)
    return "time: the text header does not say depth" if told is None else f"the text header says '{told[0]}'"


def _depth_in(text: str) -> re.Match[str] | None:
    """Return where the text header says that the vertical axis is depth; None where it is time."""
    return None if _TIME.search(text) else _DEPTH.search(text)


def _time_scalar(headers: TraceHeaders) -> int | None:
    """Return the time scalar of the first live trace; None where that of one is no scalar."""
    scalars = headers.named["time_scalar"][live_or_all(headers)]
    return int(scalars[0]) if np.isin(np.abs(scalars), (0, *_TIME_SCALARS)).all() else None


def _delay(path: SegyFile, headers: TraceHeaders, ignore_scalar: bool) -> float:
    """Return the delay recording time of all live traces in ms, their scalars applied."""
    delays = headers.named["delay"].astype(np.float64)
    if not ignore_scalar:
        delays = apply_scalar(delays, headers.named["time_scalar"])
    judged = live_or_all(headers)
    first = int(np.argmax(judged))
    if (differing := np.flatnonzero(judged & (delays != delays[first]))).size:
        other = int(differing[0])
        raise SegyError(
            f"{path}: the delay recording time (bytes 109-110) is {delays[first]:g} ms in trace {first + 1} "
            f"and {delays[other]:g} ms in trace {other + 1}; {differing.size} of {delays.size} traces differ "
            "from the first",
            hint="shift the traces to one start time, or split the file by delay",
        )
    return float(delays[first])


def apply_scalar(values: NDArray[np.float64], scalars: NDArray[np.int32]) -> NDArray[np.float64]:
    """Apply a SEG-Y scalar: positive multiplies, negative divides, 0 means 1."""
    factors = np.where(scalars == 0, 1, np.abs(scalars)).astype(np.float64)
    return np.where(scalars < 0, values / factors, values * factors)
