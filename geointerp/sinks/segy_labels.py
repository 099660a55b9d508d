"""Labels become SEG-Y with the headers of the survey they were predicted in.

Every byte of the template's headers is kept, but for one line of the text header and the words that
describe the samples: the format code, and the sample count, interval and delay where a region or an option
changed them. The byte order is the template's, since headers hold words that only their writer knows how to
swap. Traces keep the order of the file; those that are missing stay missing.

Samples are the label values. Where nothing was predicted, on dead traces, they are 255 in the float formats
and -1 in int8 (the same bits as 255).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.sinks.segy_header import Words, file_header, trace_words
from geointerp.sinks.segy_write import ibm_words
from geointerp.sinks.steps import as_stored, steps
from geointerp.sources.segy import SegyOptions
from geointerp.sources.segy.survey import Survey, understand
from geointerp.tasks import NOTHING

_ALIKE = 1e-3  # of a line number, or of a sample's time or depth where these lie ten times as far apart
_STEP_SAMPLES = 1 << 23


@dataclass(frozen=True)
class _Part:
    """The traces and samples of a template that labels cover.

    Attributes:
        traces: numbers in the template, -1 where there is none, shaped as the labels' trace dimensions.
        places: numbers in the file to be, likewise.
        first: position of the first sample.
        samples: how many.
    """

    traces: NDArray[np.int64]
    places: NDArray[np.int64]
    first: int
    samples: int


def write_segy_labels(
    dataset: xr.Dataset,
    path: Path,
    *,
    template: Path,
    sample_format: int = 5,
    title: str = "LABELS",
    **segy_options: Any,
) -> None:
    """Write labels with the headers of their survey.

    Args:
        dataset: whose ``labels`` are written, (inline, crossline, time|depth) or (cdp, time|depth), of the
            whole survey or a region of it; with ``trace_mask``, the traces that exist are compared.
        path: the file to write.
        template: the SEG-Y file the labels were predicted from, or another with its headers.
        sample_format: 1 (IBM float), 5 (IEEE float) or 8 (int8).
        title: what the text header calls the labels, in a few words.
        **segy_options: as the template was opened with, see ``geointerp.sources.segy.SegyOptions``.

    Raises:
        DataError: the template is another survey, with the counts of both.
        SegyError: the template cannot be read.
    """
    options = SegyOptions(**segy_options)
    survey = understand(template.absolute(), options)
    labels = dataset["labels"]
    part = _part(labels, survey, template)
    if "trace_mask" in dataset:
        _check_traces(dataset["trace_mask"], labels.dims[:-1], part.traces, template)
    changed = trace_words(survey, part.first, part.samples, options.sample_interval)
    with template.open("rb") as source, path.open("wb") as file:
        head = source.read(survey.layout.first_trace)
        nothing = -1 if sample_format == 8 else NOTHING
        text = f"{title}: {nothing} NO DATA; {_meanings(labels)}"  # in this order, as the end may be cut off
        traces = int(np.count_nonzero(part.traces >= 0))
        file.write(
            file_header(head, survey, text, sample_format, traces, part.samples, options.sample_interval)
        )
        for start, stop in steps(labels, _STEP_SAMPLES):
            block = slice(start, stop)
            present = part.traces[block] >= 0
            values = as_stored(labels[block])[present]
            places, numbers = part.places[block][present], part.traces[block][present]
            stored = _encoded(values, survey, sample_format)
            _write_traces(file, template, survey, numbers, places, changed, stored)


def _meanings(labels: xr.DataArray) -> str:
    names = str(labels.attrs.get("flag_meanings", "")).split()
    return " ".join(f"{value} {name}" for value, name in enumerate(names))


def _part(labels: xr.DataArray, survey: Survey, template: Path) -> _Part:
    """Find the labels' place in the survey.

    Raises:
        DataError: they are of another survey.
    """
    dims = ("cdp",) if len(survey.lines) == 1 else ("inline", "crossline")
    if labels.dims != (*dims, survey.axis.dim):
        expected = ", ".join((*dims, survey.axis.dim))
        raise DataError(
            f"{template} has dimensions ({expected}), the labels ({', '.join(map(str, labels.dims))})",
            hint="give the SEG-Y file that the labels were predicted from",
        )
    axes = [_positions(labels, dim, axis, template) for dim, axis in zip(dims, survey.lines, strict=True)]
    samples = _positions(labels, survey.axis.dim, survey.axis.values, template)
    if (np.diff(samples) != 1).any():
        raise DataError(
            f"the labels have {samples.size} {survey.axis.dim} samples, not all that lie between their first "
            f"and last in {template}: a SEG-Y trace has no gaps",
            hint="give labels at every sample, or write .zarr",
        )
    traces = survey.map.traces[np.ix_(*axes)]
    places = np.where(traces >= 0, np.searchsorted(np.sort(traces[traces >= 0]), traces), -1)
    return _Part(traces, places, int(samples[0]), samples.size)


def _positions(labels: xr.DataArray, dim: str, axis: NDArray[Any], template: Path) -> NDArray[np.intp]:
    """Return where each coordinate of the labels stands on an axis of the template, ascending."""
    mine = labels[dim].values
    if not np.issubdtype(mine.dtype, np.number):
        raise DataError(f"the labels have {dim} as {mine.dtype}, {template} as numbers")
    alike = min(_ALIKE, 0.1 * float(np.diff(axis.astype(np.float64)).min(initial=np.inf)))
    found = np.searchsorted(axis, mine - alike).clip(max=axis.size - 1)
    if (np.abs(axis[found] - mine) > alike).any() or (np.diff(found) <= 0).any():
        raise DataError(
            f"{template} is another survey: its {axis.size} {dim} values run from {axis[0]:g} to "
            f"{axis[-1]:g}, "
            f"the labels' {mine.size} from {mine[0]:g} to {mine[-1]:g}",
            hint="give the SEG-Y file that the labels were predicted from",
        )
    return found


def _check_traces(
    mask: xr.DataArray, order: tuple[Hashable, ...], traces: NDArray[np.int64], template: Path
) -> None:
    """Refuse a template that has traces elsewhere than the labels."""
    mine, theirs = mask.transpose(*order).values.astype(bool), traces >= 0
    if (mine != theirs).any():
        raise DataError(
            f"{template} is another survey: {int(theirs.sum())} traces lie where the labels have "
            f"{int(mine.sum())}, and {int((mine != theirs).sum())} of the places differ",
            hint="give the SEG-Y file that the labels were predicted from",
        )


def _encoded(values: NDArray[np.uint8], survey: Survey, sample_format: int) -> NDArray[Any]:
    """Return label values as they are stored: (traces, samples) in the byte order of the template."""
    endian = survey.layout.endianness
    if sample_format == 8:
        return values.view(np.int8)
    if sample_format == 1:
        words: NDArray[np.uint32] = ibm_words(np.arange(256, dtype=np.float32))[values]
        return words.astype(f"{endian}u4")
    return values.astype(f"{endian}f4")


def _write_traces(
    file: BinaryIO,
    template: Path,
    survey: Survey,
    traces: NDArray[np.int64],
    places: NDArray[np.int64],
    changed: Words,
    stored: NDArray[Any],
) -> None:
    """Write traces to their places, each run of neighbours in one write."""
    if not traces.size:
        return
    layout = survey.layout
    order = np.argsort(places)
    record = np.dtype([("header", np.uint8, layout.header_bytes), ("data", stored.dtype, stored.shape[1])])
    written = np.empty(traces.size, record)
    written["header"] = _headers(template, survey, traces[order])
    written["data"] = stored[order]
    for byte, (value, kind) in changed.items():
        word = np.array([value], layout.endianness + kind).view(np.uint8)
        written["header"][:, byte - 1 : byte - 1 + word.size] = word
    ranked = places[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=-2) != 1)
    for start, stop in zip(starts, [*starts[1:], ranked.size], strict=True):
        file.seek(layout.first_trace + int(ranked[start]) * record.itemsize)
        file.write(written[start:stop].data)


def _headers(template: Path, survey: Survey, traces: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Read the headers of some traces: (traces, header bytes).

    Raises:
        DataError: the template has changed since it was understood.
    """
    layout = survey.layout
    wanted = layout.traces * layout.trace_bytes
    if (found := template.stat().st_size - layout.first_trace) < wanted:
        raise DataError(f"{template} has become shorter: {wanted} bytes of traces wanted, {found} there")
    mapped = np.memmap(template, np.uint8, mode="r", offset=layout.first_trace)
    rows = mapped[:wanted].reshape(layout.traces, layout.trace_bytes)
    return rows[traces, : layout.header_bytes]
