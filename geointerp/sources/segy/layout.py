"""How many samples a trace has and where the traces begin: what the headers say, held against the size."""

import numpy as np

from geointerp.errors import SegyError
from geointerp.sources.segy.binary import SAMPLE_FORMATS, TEXT_BYTES, TRACE_HEADER_BYTES, Layout
from geointerp.sources.segy.files import SegyFile
from geointerp.sources.segy.sniff import binary_word, first_traces, revision, samples_in_trace

_MOST_TRAILERS = 1000
_WIDTHS = (1, 3, 6, 7, 8)  # a sample format of each width


def find_layout(path: SegyFile, head: bytes, endianness: str, sample_format: int | None) -> Layout:
    """Divide the file into traces.

    Args:
        path: the file.
        head: its first 3840 bytes.
        endianness: ``>`` or ``<``.
        sample_format: a code to use instead of the binary header's.

    Raises:
        SegyError: the sample format is not read, or sample count and file size contradict each other.
    """
    code = sample_format or binary_word(head, "format", endianness)
    _check_format(path, code)
    header_bytes = _trace_header_bytes(head, endianness)
    likely = [
        Layout(endianness, code, samples, first, header_bytes, 0, trailer)
        for first in first_traces(path, head, endianness)
        for trailer in _trailer_bytes(head, endianness)
        if (samples := _declared_samples(path, head, first, endianness))
    ]
    if not likely:
        raise SegyError(
            f"{path}: no sample count: 0 in the binary header (bytes 3221-3222) and 0 in the first trace "
            "header (bytes 115-116)",
            hint="the file is damaged; rewrite it with the sample count filled in",
        )
    for layout in likely:
        if (divided := _divide(path, layout)).traces:
            _check_against_trace_headers(path, divided)
            return divided
    raise _contradiction(path, likely[0])


def _check_format(path: SegyFile, code: int) -> None:
    if code not in SAMPLE_FORMATS:
        known = ", ".join(f"{form.code} {form.name}" for form in SAMPLE_FORMATS.values())
        raise SegyError(
            f"{path}: sample format code {code} (bytes 3225-3226) is none that is read ({known})",
            hint="if it is SEG-Y, give --sample-format, for instance --sample-format ibm",
        )


def _declared_samples(path: SegyFile, head: bytes, first: int, endianness: str) -> int:
    """Return the sample count of the binary header, or of the trace header at ``first`` where that is 0."""
    extended = binary_word(head, "extended_samples", endianness) if revision(head) >= 2 else 0
    declared = extended or binary_word(head, "samples", endianness)
    return declared or samples_in_trace(path, first, endianness)


def _trace_header_bytes(head: bytes, endianness: str) -> int:
    """Return the bytes of headers before each trace: rev 2 may add further ones."""
    extra = binary_word(head, "extra_trace_headers", endianness) if revision(head) >= 2 else 0
    return TRACE_HEADER_BYTES * (1 + max(extra, 0))


def _trailer_bytes(head: bytes, endianness: str) -> tuple[int, ...]:
    """Return the bytes that may follow the last trace, the likeliest first: rev 2 may put text there."""
    declared = binary_word(head, "trailers", endianness) if revision(head) >= 2 else 0
    return (TEXT_BYTES * declared, 0) if 0 < declared <= _MOST_TRAILERS else (0,)


def _divide(path: SegyFile, layout: Layout) -> Layout:
    """Return the layout with its trace count, 0 if the file's size does not divide into whole traces."""
    traces, rest = divmod(path.stat().st_size - layout.first_trace - layout.trailer_bytes, layout.trace_bytes)
    return _replace(layout, traces=traces if traces > 0 and rest == 0 else 0)


def _replace(
    layout: Layout, *, traces: int = 0, samples: int | None = None, code: int | None = None
) -> Layout:
    return Layout(
        layout.endianness,
        code or layout.sample_format,
        samples or layout.samples,
        layout.first_trace,
        layout.header_bytes,
        traces,
        layout.trailer_bytes,
    )


def _check_against_trace_headers(path: SegyFile, layout: Layout) -> None:
    """Refuse a layout that fits the size by accident while another one meets the trace headers as well.

    Trace headers often keep the sample count of the survey a file was cut from, so what counts is not the
    number but that it repeats from trace to trace.

    Raises:
        SegyError: bytes 115-118 repeat at the spacing of another sample count or width, and not at this one.
    """
    if _headers_repeat(path, layout):
        return
    in_trace = samples_in_trace(path, layout.first_trace, layout.endianness)
    for samples in {layout.samples, in_trace} - {0}:
        for code in _WIDTHS:
            other = _divide(path, _replace(layout, samples=samples, code=code))
            if other.traces and _headers_repeat(path, other):
                raise _contradiction(path, layout)


def _headers_repeat(path: SegyFile, layout: Layout) -> bool:
    """Whether sample count and interval (bytes 115-118) are the first trace's in most traces of a spread."""
    spread = np.unique(np.linspace(0, layout.traces - 1, 16).astype(np.int64))
    found = []
    with path.open("rb") as file:
        for trace in spread:
            file.seek(layout.first_trace + int(trace) * layout.trace_bytes + 114)
            found.append(file.read(4))
    return found[1:].count(found[0]) * 2 >= len(found) - 1


def _contradiction(path: SegyFile, layout: Layout) -> SegyError:
    """Say which numbers contradict each other."""
    size = path.stat().st_size
    width = SAMPLE_FORMATS[layout.sample_format].width
    in_trace = samples_in_trace(path, layout.first_trace, layout.endianness)
    if (
        in_trace not in (0, layout.samples)
        and (other := _divide(path, _replace(layout, samples=in_trace))).traces
    ):
        return SegyError(
            f"{path}: the binary header says {layout.samples} samples a trace, but the trace headers say "
            f"{in_trace} and the size of {size} bytes agrees with them ({other.traces} traces)",
            hint="correct the sample count in bytes 3221-3222 of the binary header",
        )
    if (traces := _divide(path, layout).traces) and not _headers_repeat(path, layout):
        return SegyError(
            f"{path}: {layout.samples} samples of {width} bytes make {traces} traces of {layout.trace_bytes} "
            "bytes, but there are no trace headers at that spacing",
            hint=_size_hint(path, layout),
        )
    whole, rest = divmod(max(size - layout.first_trace, 0), layout.trace_bytes)
    return SegyError(
        f"{path}: {layout.samples} samples of {width} bytes make traces of {layout.trace_bytes} bytes, but "
        f"the {size} bytes of the file hold {whole} such traces and {rest} bytes more",
        hint=_size_hint(path, layout),
    )


def _size_hint(path: SegyFile, layout: Layout) -> str:
    """Name the sample formats of another width with which the size would be right, if any."""
    width = SAMPLE_FORMATS[layout.sample_format].width
    fitting = [
        form.name
        for form in SAMPLE_FORMATS.values()
        if form.code in _WIDTHS and form.width != width and _fits_and_repeats(path, layout, form.code)
    ]
    if fitting:
        return f"the size would be right with --sample-format {' or '.join(fitting)}"
    return "the file is truncated or its header's sample count is wrong: copy it again"


def _fits_and_repeats(path: SegyFile, layout: Layout, code: int) -> bool:
    other = _divide(path, _replace(layout, code=code))
    return other.traces > 0 and _headers_repeat(path, other)
