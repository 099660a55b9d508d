"""Headers of a SEG-Y file, changed in the words that describe its samples and in one line of text."""

import re

import numpy as np

import geointerp
from geointerp.errors import DataError
from geointerp.sources.segy.binary import BINARY_WORDS, TEXT_BYTES, TRACE_WORDS
from geointerp.sources.segy.sample_axis import extended_interval
from geointerp.sources.segy.sniff import binary_word
from geointerp.sources.segy.survey import Survey

_COLUMNS, _LINES = 80, 40
_BEFORE_LAST = 38  # the standard keeps lines 39 and 40 for the revision and the end
_MOST_SAMPLES = 65535
Words = dict[int, tuple[int, str]]


def file_header(
    head: bytes,
    survey: Survey,
    text: str,
    sample_format: int,
    traces: int,
    samples: int,
    interval: float | None,
) -> bytes:
    """Return the bytes before the first trace: text, binary and extended text headers.

    Args:
        head: these bytes of the template.
        survey: the template.
        text: what the file is, put into the last blank line of the text header.
        sample_format: the code to write.
        traces: how many are written, without what rev 2 may put after them.
        samples: in each trace; the count is written only if it is not the template's.
        interval: in ms or m, where the user gave it, since the template's is wrong then.
    """
    endian = survey.layout.endianness
    changed = bytearray(with_text(head[:TEXT_BYTES], text, survey.facts["text_encoding"]) + head[TEXT_BYTES:])
    words: dict[str, float] = {"format": sample_format}
    if samples != survey.layout.samples:
        words["samples"] = samples if samples <= _MOST_SAMPLES else 0
        if binary_word(head, "extended_samples", endian) and survey.facts["revision"] >= 2:
            words["extended_samples"] = samples
    if interval is not None:
        words["sample_interval"] = stored_interval(interval / survey.axis.unit)
    if survey.facts["revision"] >= 2:
        words["trailers"] = 0
        if binary_word(head, "extended_traces", endian):
            words["extended_traces"] = traces
        if interval is not None and extended_interval(head, endian):
            words["extended_interval"] = 1000 * interval / survey.axis.unit
    for name, value in words.items():
        byte, kind = BINARY_WORDS[name]
        stored = np.array(value, endian + kind).tobytes()
        changed[byte - 1 : byte - 1 + len(stored)] = stored
    return bytes(changed)


def with_text(raw: bytes, text: str, encoding: str) -> bytes:
    """Put a line of text in place of the last blank one, of line 38 where none is blank.

    Args:
        raw: the text header, 3200 bytes.
        text: what to say; what does not fit is cut off.
        encoding: ``EBCDIC`` or ``ASCII``, in which it is written too.
    """
    codec = "cp037" if encoding == "EBCDIC" else "latin-1"
    lines = [raw[start : start + _COLUMNS].decode(codec) for start in range(0, TEXT_BYTES, _COLUMNS)]
    blank = [number for number, line in enumerate(lines) if re.fullmatch(r"(C\s?\d+)?[\s\x00]*", line)]
    chosen = blank[-1] if blank else _BEFORE_LAST - 1
    prefix = re.match(r"(C\s?\d+)?", lines[chosen])
    start = (prefix.group() if prefix else "") or f"C{chosen + 1:2d}"
    end = lines[chosen][len(lines[chosen].rstrip("\r\n")) :]
    said = f"{start} GEOINTERP {geointerp.__version__} {text}".upper()
    said = said.encode("ascii", "replace").decode()[: _COLUMNS - len(end)].ljust(_COLUMNS - len(end)) + end
    place = chosen * _COLUMNS
    return raw[:place] + said.encode(codec) + raw[place + _COLUMNS :]


def trace_words(survey: Survey, first: int, samples: int, interval: float | None) -> Words:
    """Return the words to change in every trace header: value and type by first byte.

    Args:
        survey: the template.
        first: position of the first sample that is kept.
        samples: how many are kept.
        interval: in ms or m, where the user gave it.

    Raises:
        DataError: the time of the first sample cannot be written as a delay recording time.
    """
    words: Words = {}
    byte, kind = TRACE_WORDS["samples"]
    if samples != survey.layout.samples and samples <= _MOST_SAMPLES:
        words[byte] = (samples, kind)
    if interval is not None:
        byte, kind = TRACE_WORDS["sample_interval"]
        words[byte] = (stored_interval(interval / survey.axis.unit), kind)
    return words | (_delay(survey, first) if first else {})


def stored_interval(interval: float) -> int:
    """Return an interval in ms, or in the file's unit of depth, as SEG-Y stores it.

    Raises:
        DataError: there is no room for it.
    """
    stored = round(interval * 1000)
    if not 1 <= stored < 1 << 15:
        raise DataError(f"SEG-Y has no room for a sample interval of {interval:g}: it stores 0.001 to 32.767")
    return stored


def _delay(survey: Survey, first: int) -> Words:
    """Return the delay recording time of a cut, with the time scalar that makes it a whole number.

    Both go into every trace: the traces' own scalars need not be alike.
    """
    wanted = (survey.axis.first + first * survey.axis.interval) / survey.axis.unit
    scalar = survey.axis.scalar
    byte, kind = TRACE_WORDS["delay"]
    for tried in (scalar, *((1, -10, -100, -1000) if scalar is not None else ())):
        stored = wanted if tried is None else wanted * -tried if tried < 0 else wanted / max(tried, 1)
        if abs(stored - round(stored)) < 1e-6 and abs(stored) < 1 << 15:
            words: Words = {byte: (round(stored), kind)}
            if tried is not None:
                words[TRACE_WORDS["time_scalar"][0]] = (tried, TRACE_WORDS["time_scalar"][1])
            return words
    raise DataError(
        f"SEG-Y has no room for a delay recording time of {wanted:g}: it stores whole numbers up to 32767",
        hint="cut the region at another sample, or write .zarr",
    )
