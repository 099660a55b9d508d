"""SEG-Y files of every kind, written and read by numpy alone, independently of geointerp."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

WIDTHS = {1: 4, 2: 4, 3: 2, 5: 4, 6: 8, 7: 3, 8: 1, 9: 8, 10: 4, 11: 2, 12: 8, 15: 3, 16: 1}
NUMPY = {2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 9: "i8", 10: "u4", 11: "u2", 12: "u8", 16: "u1"}


@dataclass
class Written:
    """How a test file is written; line numbers are in file order."""

    inlines: np.ndarray
    crosslines: np.ndarray
    samples: int = 30
    endian: str = ">"
    sample_format: int = 5
    declared_format: int | None = None
    line_bytes: tuple[int, int] = (189, 193)
    revision: bytes = b"\x01\x00"
    interval: int = 4000
    declared_samples: int | None = None
    trace_samples: int | None = None
    extended_text: int = 0
    declared_extended_text: int | None = None
    extra_headers: int = 0
    sorting: int = 4
    ascii_text: bool = False
    text: str = "C 1 TEST"
    seed: int = 0
    binary_words: dict[int, tuple[int, str]] = field(default_factory=dict)
    words: dict[int, tuple[object, str]] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        rng = np.random.default_rng(self.seed)
        traces = len(self.inlines)
        body = raw_samples(rng, traces, self.samples, self.sample_format, self.endian)
        headers = np.zeros((traces, 240 * (1 + self.extra_headers)), np.uint8)
        words = {
            29: (1, "i2"),
            115: (self.samples if self.trace_samples is None else self.trace_samples, "u2"),
            117: (self.interval, "i2"),
            self.line_bytes[0]: (self.inlines, "i4"),
            self.line_bytes[1]: (self.crosslines, "i4"),
        } | self.words
        for byte, (value, kind) in words.items():
            stored = np.broadcast_to(np.asarray(value), (traces,)).astype(self.endian + kind)
            headers[:, byte - 1 : byte - 1 + stored.itemsize] = stored[:, None].view(np.uint8)
        path.write_bytes(self.file_header() + np.hstack([headers, body]).tobytes())
        return path

    def file_header(self) -> bytes:
        text = self.text.ljust(3200)[:3200].encode("ascii" if self.ascii_text else "cp037")
        binary = bytearray(400)
        words = {
            3217: (self.interval, "i2"),
            3221: (self.samples if self.declared_samples is None else self.declared_samples, "u2"),
            3225: (self.declared_format or self.sample_format, "i2"),
            3229: (self.sorting, "i2"),
        }
        if self.revision[0]:
            count = self.extended_text if self.declared_extended_text is None else self.declared_extended_text
            words[3505] = (count, "i2")
        if self.extra_headers:
            words[3507] = (self.extra_headers, "i4")
        for byte, (value, kind) in (words | self.binary_words).items():
            stored = np.array(value, self.endian + kind).tobytes()
            binary[byte - 3201 : byte - 3201 + len(stored)] = stored
        binary[300:302] = self.revision
        stanza = "((SEG: EndText))".ljust(3200).encode("cp037")
        further = [b"\x40" * 3200] * max(0, self.extended_text - 1) + [stanza] * min(1, self.extended_text)
        return text + bytes(binary) + b"".join(further)


def grid(inlines: np.ndarray, crosslines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Line numbers of a full survey, trace by trace, inline after inline."""
    lines, across = np.meshgrid(inlines, crosslines, indexing="ij")
    return lines.ravel(), across.ravel()


def raw_samples(rng: np.random.Generator, traces: int, samples: int, code: int, endian: str) -> np.ndarray:
    """Random stored samples: (traces, samples * width) uint8."""
    shape = (traces, samples)
    if code == 1:
        mantissa = rng.integers(1 << 20, 1 << 24, shape)
        words = (rng.integers(0, 2, shape) << 31) | (rng.integers(0x3D, 0x46, shape) << 24) | mantissa
        return words.astype(endian + "u4").view(np.uint8)
    if code in (5, 6):
        return (1000 * rng.normal(size=shape)).astype(endian + NUMPY[code]).view(np.uint8)
    if code in (7, 15):
        return rng.integers(0, 256, (traces, samples * 3), dtype=np.uint8)
    info = np.iinfo(NUMPY[code])
    values = rng.integers(info.min, info.max, shape, dtype=NUMPY[code], endpoint=True)
    return values.astype(endian + NUMPY[code]).view(np.uint8)


def stored_value(raw: bytes, code: int, endian: str) -> np.ndarray:
    """Decode the samples of one trace, float32: the formulas of the standard in float64."""
    order = "big" if endian == ">" else "little"
    if code == 1:
        words = np.frombuffer(raw, endian + "u4").astype(np.int64)
        sign, exponent, fraction = words >> 31, (words >> 24) & 0x7F, (words & 0xFFFFFF) / 2.0**24
        return ((-1.0) ** sign * fraction * 16.0 ** (exponent - 64)).astype(np.float32)
    if code in (7, 15):
        parts = (raw[i : i + 3] for i in range(0, len(raw), 3))
        return np.array([int.from_bytes(p, order, signed=code == 7) for p in parts], np.float32)
    return np.frombuffer(raw, endian + NUMPY[code]).astype(np.float32)


def read_every_trace(
    path: Path, *, samples: int, code: int, endian: str = ">", first: int = 3600, header: int = 240
) -> list[tuple[bytes, np.ndarray]]:
    """The header and the amplitudes of each trace, one after the other."""
    content = path.read_bytes()
    size = header + samples * WIDTHS[code]
    assert (len(content) - first) % size == 0
    return [
        (content[start : start + 240], stored_value(content[start + header : start + size], code, endian))
        for start in range(first, len(content), size)
    ]


def header_word(header: bytes, byte: int, endian: str = ">", width: int = 4) -> int:
    """A signed word of a trace header."""
    return int.from_bytes(
        header[byte - 1 : byte - 1 + width], "big" if endian == ">" else "little", signed=True
    )


def assert_every_trace(
    volume: xr.DataArray,
    traces: list[tuple[bytes, np.ndarray]],
    line_bytes: tuple[int, ...],
    endian: str = ">",
) -> None:
    """Each trace lies where its header says, all others are NaN, and the mask says the same."""
    values = volume.values
    assert values.dtype == np.float32
    dims = volume.dims[:-1]
    axes = [volume[dim].values.tolist() for dim in dims]
    for dim in dims:
        assert volume[dim].dtype == np.int32
        assert (np.diff(volume[dim].values) > 0).all()
    expected = np.zeros(values.shape[:-1], bool)
    for header, amplitudes in traces:
        numbers = [header_word(header, byte, endian) for byte in line_bytes]
        place = tuple(axis.index(number) for axis, number in zip(axes, numbers, strict=True))
        np.testing.assert_array_equal(values[place], amplitudes)
        expected[place] = True
    np.testing.assert_array_equal(volume["trace_mask"].values, expected)
    assert np.isnan(values[~expected]).all()
