"""A volume becomes SEG-Y rev 1, with every header word that Petrel and OpendTect look for.

One structured numpy write for each inline: headers written one at a time take ten times as long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geointerp.errors import OutputError

_STORED = {1: ">u4", 5: ">f4", 8: ">i1"}
_BINARY_WORDS = {
    "line": (5, ">i4"),
    "traces": (13, ">i2"),
    "interval": (17, ">i2"),
    "samples": (21, ">u2"),
    "format": (25, ">i2"),
    "fold": (27, ">i2"),
    "sorting": (29, ">i2"),
    "metres": (55, ">i2"),
    "revision": (301, ">i2"),
    "fixed_length": (303, ">i2"),
}
"""The words of the binary header that are filled in: their byte in it, counted from 1, and type."""
_HEADER = {
    "sequence_in_line": (1, ">i4"),
    "sequence_in_file": (5, ">i4"),
    "field_record": (9, ">i4"),
    "cdp": (21, ">i4"),
    "trace_in_ensemble": (25, ">i4"),
    "trace_id": (29, ">i2"),
    "coordinate_scalar": (71, ">i2"),
    "source_x": (73, ">i4"),
    "source_y": (77, ">i4"),
    "coordinate_units": (89, ">i2"),
    "delay": (109, ">i2"),
    "samples": (115, ">u2"),
    "interval": (117, ">i2"),
    "cdp_x": (181, ">i4"),
    "cdp_y": (185, ">i4"),
    "inline": (189, ">i4"),
    "crossline": (193, ">i4"),
}
_BIN_METRES = 25.0


@dataclass(frozen=True)
class _Geometry:
    """Line numbers (int32), coordinates (inline, crossline) as stored, and their scalar."""

    inlines: NDArray[np.int32]
    crosslines: NDArray[np.int32]
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    scalar: int


def write_survey(
    path: str | Path,
    amplitude: Any,
    *,
    inlines: ArrayLike,
    crosslines: ArrayLike,
    sample_interval_ms: float,
    delay_ms: float = 0,
    cdp_x: ArrayLike | None = None,
    cdp_y: ArrayLike | None = None,
    sample_format: int = 5,
    text_lines: Sequence[str] = (),
) -> None:
    """Write a 3D survey; the file appears whole or not at all.

    Args:
        path: of the file.
        amplitude: (inline, crossline, sample) array-like, read one inline at a time. A trace that is all NaN
            is left out.
        inlines: line numbers, (inline,) integers.
        crosslines: line numbers, (crossline,) integers.
        sample_interval_ms: whole microseconds.
        delay_ms: of the first sample, whole milliseconds.
        cdp_x: easting in metres, (inline, crossline); bins of 25 m if it or ``cdp_y`` is not given.
        cdp_y: northing in metres, (inline, crossline).
        sample_format: 1 (IBM float), 5 (IEEE float) or 8 (int8).
        text_lines: of the text header, at most 36 of at most 76 characters.

    Raises:
        OutputError: SEG-Y has no room for a number, or the file cannot be written.
    """
    path = Path(path)
    samples = int(amplitude.shape[2])
    geometry = _geometry(path, amplitude.shape, inlines, crosslines, cdp_x, cdp_y)
    interval = _whole(path, "sample interval in µs", sample_interval_ms * 1000, 1, 32767)
    delay = _whole(path, "delay in ms", delay_ms, -32768, 32767)
    _whole(path, "number of samples", samples, 1, 65535)
    if sample_format not in _STORED:
        raise OutputError(f"{path}: sample format {sample_format} is none of 1 (IBM), 5 (IEEE) and 8 (int8)")
    template = _template(samples, interval, delay, sample_format, geometry.scalar)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(_text_header(text_lines))
            file.write(_binary_header(samples, interval, sample_format, len(geometry.crosslines)))
            _write_traces(path, file, amplitude, geometry, template, sample_format)
        partial.replace(path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def _write_traces(
    path: Path,
    file: BinaryIO,
    amplitude: Any,
    geometry: _Geometry,
    template: NDArray[np.void],
    sample_format: int,
) -> None:
    """Write the traces of one inline after the other."""
    written, crosslines = 0, np.arange(len(geometry.crosslines))
    for row, inline in enumerate(geometry.inlines):
        section = np.asarray(amplitude[row], dtype=np.float32)
        present = ~np.isnan(section).all(axis=1)
        if not np.isfinite(section[present]).all():
            raise OutputError(f"{path}: inline {inline} has traces that are NaN or infinite in part")
        traces = np.repeat(template, int(present.sum()))
        traces["sequence_in_line"] = np.arange(1, traces.size + 1)
        traces["sequence_in_file"] = written + traces["sequence_in_line"]
        traces["field_record"] = traces["inline"] = inline
        traces["crossline"] = geometry.crosslines[present]
        traces["cdp"] = row * crosslines.size + crosslines[present] + 1
        traces["cdp_x"] = traces["source_x"] = geometry.x[row, present]
        traces["cdp_y"] = traces["source_y"] = geometry.y[row, present]
        traces["data"] = _stored(path, section[present], sample_format)
        file.write(traces.data)
        written += traces.size


def _template(samples: int, interval: int, delay: int, sample_format: int, scalar: int) -> NDArray[np.void]:
    """Return one trace with the header words that all traces share."""
    names = [*_HEADER, "data"]
    stored = np.dtype(_STORED[sample_format])
    layout: Any = {
        "names": names,
        "formats": [*(kind for _, kind in _HEADER.values()), (stored, (samples,))],
        "offsets": [*(byte - 1 for byte, _ in _HEADER.values()), 240],
        "itemsize": 240 + samples * stored.itemsize,
    }
    trace: NDArray[np.void] = np.zeros(1, np.dtype(layout))
    trace["trace_in_ensemble"] = trace["trace_id"] = trace["coordinate_units"] = 1
    trace["coordinate_scalar"] = scalar
    trace["samples"], trace["interval"], trace["delay"] = samples, interval, delay
    return trace


def _geometry(
    path: Path,
    shape: tuple[int, ...],
    inlines: ArrayLike,
    crosslines: ArrayLike,
    cdp_x: ArrayLike | None,
    cdp_y: ArrayLike | None,
) -> _Geometry:
    """Check line numbers and coordinates against the amplitudes, and scale the coordinates to integers."""
    lines, across = np.asarray(inlines), np.asarray(crosslines)
    if (lines.size, across.size) != tuple(shape[:2]):
        raise OutputError(
            f"{path}: {lines.size} inlines and {across.size} crosslines for amplitudes of shape {shape}"
        )
    if cdp_x is None or cdp_y is None:
        north, east = np.meshgrid(lines - lines[0], across - across[0], indexing="ij")
        cdp_x, cdp_y = east * _BIN_METRES, north * _BIN_METRES
    x, y = (np.asarray(values, dtype=np.float64) for values in (cdp_x, cdp_y))
    if x.shape != tuple(shape[:2]) or y.shape != x.shape:
        raise OutputError(
            f"{path}: coordinates of shape {x.shape} and {y.shape} for {tuple(shape[:2])} traces"
        )
    largest = float(np.nanmax(np.abs([x, y]), initial=0.0))
    fits = [factor for factor in (100, 10, 1) if largest * factor < 2**31 - 1]
    if not fits:
        raise OutputError(f"{path}: the coordinate {largest:g} is too large for SEG-Y")
    stored_x, stored_y = (np.rint(np.nan_to_num(values) * fits[0]).astype(np.int32) for values in (x, y))
    scalar = 1 if fits[0] == 1 else -fits[0]
    return _Geometry(lines.astype(np.int32), across.astype(np.int32), stored_x, stored_y, scalar)


def _whole(path: Path, what: str, value: float, least: int, most: int) -> int:
    """Return ``value`` as the integer that SEG-Y stores.

    Raises:
        OutputError: it is none, or there is no room for it.
    """
    whole = round(value)
    if abs(whole - value) > 1e-6 or not least <= whole <= most:
        raise OutputError(
            f"{path}: SEG-Y stores whole numbers from {least} to {most}; the {what} is {value:g}"
        )
    return whole


def _text_header(text_lines: Sequence[str]) -> bytes:
    """Return 40 lines of 80 characters in EBCDIC; the last ones say how the file is laid out."""
    fixed = {
        37: "INLINE BYTES 189-192  CROSSLINE 193-196  CDP X 181-184  CDP Y 185-188",
        39: "SEG Y REV1",
        40: "END TEXTUAL HEADER",
    }
    texts = dict(enumerate(text_lines[:36], start=1)) | fixed
    lines = (f"C{number:2d} {texts.get(number, '')}"[:80].ljust(80) for number in range(1, 41))
    return "".join(lines).encode("cp037", errors="replace")


def _binary_header(samples: int, interval: int, sample_format: int, crosslines: int) -> bytes:
    """Return the 400 bytes: one line of horizontally stacked traces, in metres, rev 1, all of one length."""
    values = {
        "line": 1,
        "traces": min(crosslines, 32767),
        "interval": interval,
        "samples": samples,
        "format": sample_format,
        "fold": 1,
        "sorting": 4,
        "metres": 1,
        "revision": 0x0100,
        "fixed_length": 1,
    }
    header = np.zeros(400, np.uint8)
    for name, (byte, kind) in _BINARY_WORDS.items():
        stored = np.array([values[name]], kind).view(np.uint8)
        header[byte - 1 : byte - 1 + stored.size] = stored
    return header.tobytes()


def _stored(path: Path, section: NDArray[np.float32], sample_format: int) -> NDArray[Any]:
    """Return samples as they are stored: IBM words, IEEE floats or int8."""
    if sample_format == 1:
        return ibm_words(section)
    if sample_format == 8:
        rounded = np.rint(section)
        if section.size and (rounded.min() < -128 or rounded.max() > 127):
            raise OutputError(
                f"{path}: int8 (format 8) holds -128 to 127; the samples run from {rounded.min():g} to "
                f"{rounded.max():g}"
            )
        return rounded.astype(np.int8)
    return section


def ibm_words(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Encode normalised IBM floats: fraction in [1/16, 1) of 24 bits times a power of 16; exact to 2^-21."""
    fraction, exponent = np.frexp(np.abs(values).astype(np.float64))
    power = -(-exponent // 4)
    digits = np.rint(np.ldexp(fraction, exponent - 4 * power + 24)).astype(np.uint32)
    carried = digits == 1 << 24
    digits = np.where(carried, 1 << 20, digits).astype(np.uint32)
    power = power + carried
    words = (np.signbit(values).astype(np.uint32) << 31) | ((power + 64).astype(np.uint32) << 24) | digits
    return np.where(digits == 0, 0, words).astype(np.uint32)
