"""A SEG-Y file as a lazy `xarray.DataArray`."""

from dataclasses import asdict
from math import ceil

import dask.array
import xarray as xr
from dask.base import tokenize

from geointerp.sources.segy.binary import SAMPLE_FORMATS
from geointerp.sources.segy.files import SegyFile
from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.slabs import SegyTraces
from geointerp.sources.segy.survey import Survey, understand
from geointerp.sources.windows import lazily

_CHUNK_BYTES = 64 << 20


def open_segy(path: SegyFile, options: SegyOptions) -> xr.DataArray:
    """Open a SEG-Y file; amplitudes are read when they are computed.

    Args:
        path: of the file.
        options: what the user says about it.

    Returns:
        float32, dims (inline, crossline, time|depth) or (cdp, time|depth), with the non-index coordinates
        ``trace_mask`` (bool), ``cdp_x`` and ``cdp_y`` (float64) on the trace dims. Missing traces are NaN.

    Raises:
        SegyError: the file cannot be read, or not without guessing.
    """
    survey = understand(path, options)
    lines = ("inline", "crossline") if len(survey.lines) == 2 else ("cdp",)
    units = survey.facts["coordinate_units"] or survey.facts["length_units"]
    lengths = {"units": units} if units else {}
    coords = dict(zip(lines, survey.lines, strict=True)) | {
        survey.axis.dim: (survey.axis.dim, survey.axis.values, {"units": survey.axis.units}),
        "trace_mask": (lines, survey.map.traces >= 0),
        "cdp_x": (lines, survey.cdp_x, lengths),
        "cdp_y": (lines, survey.cdp_y, lengths),
    }
    samples = _lazy(
        SegyTraces(path, survey.layout, survey.map), (path, options, survey.facts["headers_sha256"])
    )
    return xr.DataArray(
        samples, coords, (*lines, survey.axis.dim), "amplitude", _attributes(path, survey, options)
    )


def _lazy(traces: SegyTraces, identity: object) -> dask.array.Array:
    """Wrap the file in dask: chunks as long as wide, since slabs are read along either line direction."""
    side = int((_CHUNK_BYTES / 4 / traces.layout.samples) ** (1 / (traces.ndim - 1)))
    chunks = (*(_even(size, side) for size in traces.shape[:-1]), traces.layout.samples)
    return lazily(traces, chunks, f"segy-{tokenize(identity)}")


def _even(size: int, most: int) -> int:
    """Return the length of as few chunks as ``size`` needs of at most ``most``, all but equal."""
    return ceil(size / ceil(size / max(1, most)))


def _attributes(path: SegyFile, survey: Survey, options: SegyOptions) -> dict[str, object]:
    facts = dict(survey.facts)
    given = {name: value for name, value in asdict(options).items() if value is not None}
    return {
        "source_headers_sha256": facts.pop("headers_sha256"),
        "format": "SEG-Y",
        "segy": facts | {"sample_format": SAMPLE_FORMATS[survey.layout.sample_format].name, "options": given},
    }
