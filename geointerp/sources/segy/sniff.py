"""Is it SEG-Y at all, in which byte order and text encoding? Judged by content; headers are known to lie."""

import string

from geointerp.errors import SegyError
from geointerp.sources.segy.binary import (
    BINARY_WORDS,
    BYTE_ORDER_MARK,
    HEADER_BYTES,
    SAMPLE_FORMATS,
    TEXT_BYTES,
    TRACE_HEADER_BYTES,
    TRACE_WORDS,
    word,
)
from geointerp.sources.segy.files import SegyFile

HEAD_BYTES = HEADER_BYTES + TRACE_HEADER_BYTES
_END_OF_TEXT = tuple("((SEG: EndText))".encode(code) for code in ("cp037", "ascii"))
_MOST_TEXT_HEADERS = 1000


def read_head(path: SegyFile) -> bytes:
    """Return the file's first 3840 bytes, or fewer: text, binary and first trace header."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def binary_word(head: bytes, name: str, endianness: str) -> int:
    """Return the word of the binary header called ``name`` in `BINARY_WORDS`."""
    byte, kind = BINARY_WORDS[name]
    return word(head, byte, kind, endianness)


def refuse_what_is_not_segy(path: SegyFile, head: bytes) -> None:
    """Say plainly what the file is when it cannot be SEG-Y.

    Args:
        path: for the message.
        head: what `read_head` returned.

    Raises:
        SegyError: the file is empty, text, Seismic Unix, too short or holds only zeros.
    """
    size = path.stat().st_size
    if size == 0:
        raise SegyError(f"{path} is empty (0 bytes)", hint="copy it again from where it came")
    if _is_text(head):
        raise SegyError(f"{path} is a text file, not SEG-Y", hint="give the seismic file itself")
    if found := _seismic_unix(path, head):
        raise SegyError(
            f"{path} looks like Seismic Unix, not SEG-Y: no {HEADER_BYTES}-byte header, {found}",
            hint="convert it with Seismic Unix: segyhdrs < file.su | segywrite tape=file.sgy",
        )
    if size < HEAD_BYTES + 1:
        raise SegyError(
            f"{path} has {size} bytes; the smallest SEG-Y file has more than {HEAD_BYTES}",
            hint="the file is truncated, or not SEG-Y",
        )
    if not any(head[TEXT_BYTES:HEADER_BYTES]):
        what = (
            "holds only zeros" if _only_zeros(path) else "has a binary header of zeros (bytes 3201 to 3600)"
        )
        raise SegyError(f"{path} {what}", hint="the file is damaged, or not SEG-Y: copy it again")


def looks_like_segy(head: bytes) -> bool:
    """Whether the binary header holds a sample format of the standard, in either byte order."""
    if len(head) < HEADER_BYTES:
        return False
    return any(binary_word(head, "format", endianness) in (*SAMPLE_FORMATS, 4) for endianness in "><")


def revision(head: bytes) -> int:
    """Return the major revision, 0, 1 or 2 (little-endian writers swap the two bytes of 0x0100)."""
    major, minor = head[3500], head[3501]
    return major if major in (1, 2) else (minor if major == 0 and minor in (1, 2) else 0)


def first_traces(path: SegyFile, head: bytes, endianness: str) -> tuple[int, ...]:
    """Return the offsets where the first trace header may stand, the likeliest first.

    It follows the extended text headers; but the count of these may lie, and then it follows the binary
    header.
    """
    count = binary_word(head, "extended_text_headers", endianness) if revision(head) else 0
    if count == -1:
        count = _count_text_headers(path)
    first = HEADER_BYTES + TEXT_BYTES * count
    inside = 0 < count <= _MOST_TEXT_HEADERS and first + TRACE_HEADER_BYTES < path.stat().st_size
    return (first, HEADER_BYTES) if inside else (HEADER_BYTES,)


def read_trace_header(path: SegyFile, offset: int) -> bytes:
    """Return the 240 bytes at ``offset``."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(TRACE_HEADER_BYTES)


def samples_in_trace(path: SegyFile, offset: int, endianness: str) -> int:
    """Return the sample count of the trace header at ``offset``."""
    return word(read_trace_header(path, offset), *TRACE_WORDS["samples"], endianness)


def _count_text_headers(path: SegyFile) -> int:
    """Count extended text headers up to the one that says it is the last."""
    with path.open("rb") as file:
        file.seek(HEADER_BYTES)
        for count in range(1, _MOST_TEXT_HEADERS + 1):
            record = file.read(TEXT_BYTES)
            if any(mark in record for mark in _END_OF_TEXT):
                return count
    return 0


def find_endianness(path: SegyFile, head: bytes) -> tuple[str, str]:
    """Return the byte order, ``>`` or ``<``, and why.

    Whatever the revision claims, a number read in the wrong order makes no sense: 1 becomes 256.
    """
    scores = {endianness: _sense(path, head, endianness) for endianness in "><"}
    best = ">" if scores[">"] >= scores["<"] else "<"
    code, samples = (binary_word(head, name, best) for name in ("format", "samples"))
    name = "big" if best == ">" else "little"
    return best, f"read {name}-endian, the binary header says format {code} and {samples} samples"


def _sense(path: SegyFile, head: bytes, endianness: str) -> int:
    """Count what makes sense in the headers when read in one byte order."""
    code, samples = (binary_word(head, name, endianness) for name in ("format", "samples"))
    firsts, size = first_traces(path, head, endianness), path.stat().st_size
    width = SAMPLE_FORMATS[code].width if code in SAMPLE_FORMATS else 4
    trace_bytes = TRACE_HEADER_BYTES + samples * width
    return (
        8 * (binary_word(head, "byte_order", endianness) == BYTE_ORDER_MARK)
        + 4 * (code in SAMPLE_FORMATS)
        + 3 * (samples > 0 and any((size - first) % trace_bytes == 0 for first in firsts))
        + 1 * (0 < binary_word(head, "sample_interval", endianness) <= 20000)
        + 1 * (0 < samples == samples_in_trace(path, firsts[0], endianness))
    )


def read_text(head: bytes) -> tuple[str, str]:
    """Return the text header as 40 lines of 80 characters, and its encoding, ``EBCDIC`` or ``ASCII``."""
    raw = head[:TEXT_BYTES]
    readings = {"EBCDIC": raw.decode("cp037"), "ASCII": raw.decode("latin-1")}
    plain = frozenset(string.ascii_letters + string.digits + " ")
    counts = {name: sum(letter in plain for letter in text) for name, text in readings.items()}
    encoding = "ASCII" if counts["ASCII"] > counts["EBCDIC"] else "EBCDIC"
    text = readings[encoding]
    return "\n".join(text[start : start + 80] for start in range(0, TEXT_BYTES, 80)), encoding


def _is_text(head: bytes) -> bool:
    """Whether every byte is a printable character or white space (a SEG-Y binary header never is)."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not merely a letter cut in two at the end
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(letter.isprintable() or letter in "\t\n\r\f" for letter in text)


def _seismic_unix(path: SegyFile, head: bytes) -> str:
    """Describe the file as Seismic Unix traces, or return '' if it does not divide into them."""
    size = path.stat().st_size
    for endianness, name in (("<", "little"), (">", "big")):
        if len(head) < TRACE_HEADER_BYTES:
            break
        samples = word(head, 115, "u2", endianness)
        trace_bytes = TRACE_HEADER_BYTES + 4 * samples
        whole = samples > 0 and size % trace_bytes == 0
        several = size > trace_bytes or not looks_like_segy(head)
        if whole and several and _repeats(path, trace_bytes, head[114:118]):
            return f"{size // trace_bytes} traces of {samples} samples, {name}-endian"
    return ""


def _repeats(path: SegyFile, trace_bytes: int, samples_and_interval: bytes) -> bool:
    """Whether bytes 115 to 118 are the same in the last trace as in the first."""
    with path.open("rb") as file:
        file.seek(path.stat().st_size - trace_bytes + 114)
        return file.read(4) == samples_and_interval


def _only_zeros(path: SegyFile) -> bool:
    """Whether the whole file is zero bytes."""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if any(block):
                return False
    return True
