"""A SEG-Y file understood: layout, trace map, axes and the reasons for each. Kept in the cache."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy import cache
from geointerp.sources.segy.binary import DEAD_TRACE, Layout
from geointerp.sources.segy.coordinates import DEGREES, are_angles, coordinates_on, find_coordinate_bytes
from geointerp.sources.segy.files import SegyFile
from geointerp.sources.segy.geometry import find_grid, warn_of_a_sparse_grid
from geointerp.sources.segy.grid import Grid
from geointerp.sources.segy.headers import TraceHeaders, read_headers
from geointerp.sources.segy.ibm_or_ieee import settle_float_format, warn_of_overruled_format
from geointerp.sources.segy.layout import find_layout
from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.sample_axis import (
    SampleAxis,
    find_axis,
    find_interval,
    warn_of_two_intervals,
    why_domain,
)
from geointerp.sources.segy.sniff import (
    binary_word,
    find_endianness,
    read_head,
    read_text,
    read_trace_header,
    refuse_what_is_not_segy,
    revision,
)
from geointerp.sources.segy.tracemap import TraceMap, map_traces

FEET = 2


@dataclass(frozen=True)
class Survey:
    """Everything about a SEG-Y file but its amplitudes.

    Attributes:
        layout: how the bytes are divided.
        map: which trace lies where.
        lines: the line numbers of each trace dim, ascending int32.
        axis: time or depth.
        cdp_x: easting and ``cdp_y`` northing on the trace dims, float64, NaN where unknown.
        facts: provenance, plain values only: bytes used, reasons, header hash, …
    """

    layout: Layout
    map: TraceMap
    lines: tuple[NDArray[np.int32], ...]
    axis: SampleAxis
    cdp_x: NDArray[np.float64]
    cdp_y: NDArray[np.float64]
    facts: dict[str, Any]


def understand(path: SegyFile, options: SegyOptions) -> Survey:
    """Find out all there is to know of a SEG-Y file, from the cache where it is there.

    Args:
        path: absolute.
        options: what the user says about the file.

    Raises:
        SegyError: the file cannot be read, or not without guessing.
    """
    head = read_head(path)
    refuse_what_is_not_segy(path, head)
    kept_in = cache.cache_file(path, head, options)
    kept = cache.load(kept_in)
    survey = None if kept is None else _restore(*kept)
    if survey is None:
        survey = _examine(path, head, options)
        cache.store(kept_in, _arrays(survey), _plain(survey))
    if options.format_code is None:
        layout = survey.layout
        declared = binary_word(head, "format", layout.endianness)
        warn_of_overruled_format(path, declared, layout.sample_format)
    warn_of_two_intervals(path, survey.facts["why"]["sample_interval"])
    warn_of_a_sparse_grid(path, survey.map.traces, options)
    return survey


def _examine(path: SegyFile, head: bytes, options: SegyOptions) -> Survey:
    """Read all headers and draw the conclusions, one after the other."""
    endianness, why_endian = find_endianness(path, head)
    if options.endianness is not None:
        endianness, why_endian = options.endianness, "given by option"
    layout = find_layout(path, head, endianness, options.format_code)
    why_format = "given by option"
    if options.format_code is None:
        layout, why_format = settle_float_format(path, layout)
    first_header = read_trace_header(path, layout.first_trace)
    interval, why_interval = find_interval(path, head, first_header, endianness, options.sample_interval)
    headers = read_headers(path, layout, _extra_bytes(options))
    grid, why_lines = find_grid(path, headers, binary_word(head, "sorting", endianness), options)
    text, encoding = read_text(head)
    axis = find_axis(
        path,
        headers,
        layout.samples,
        interval,
        text,
        feet=binary_word(head, "measurement_system", endianness) == FEET,
        metric_interval=options.sample_interval is not None,
        ignored=any(abs(axis.byte - 213) < 4 for axis in grid.axes),
    )
    traces = map_traces(path, headers, grid, options.duplicates)
    chosen, why_coordinates = find_coordinate_bytes(headers, grid, options)
    facts = _facts(layout, head, headers, grid, axis, chosen) | {
        "text_encoding": encoding,
        "text_header": text,
        "coordinate_units": DEGREES if are_angles(headers, chosen) else None,
        "length_units": {1: "m", FEET: "ft"}.get(binary_word(head, "measurement_system", endianness)),
        "why": {
            "endianness": why_endian,
            "sample_format": why_format,
            "sample_interval": why_interval,
            "lines": why_lines,
            "coordinates": why_coordinates,
            "domain": why_domain(text),
        },
    }
    lines = tuple(axis.numbers for axis in grid.axes)
    return Survey(layout, traces, lines, axis, *coordinates_on(traces.traces, headers, chosen), facts)


def _extra_bytes(options: SegyOptions) -> tuple[int, ...]:
    named = (options.inline_byte, options.crossline_byte, options.cdp_byte, options.x_byte, options.y_byte)
    return tuple(byte for byte in named if byte is not None)


def _facts(
    layout: Layout,
    head: bytes,
    headers: TraceHeaders,
    grid: Grid,
    axis: SampleAxis,
    coordinates: tuple[int, int] | None,
) -> dict[str, Any]:
    """Collect provenance in plain values."""
    lines = [axis.byte for axis in grid.axes]
    scalars = np.unique(headers.named["coordinate_scalar"])
    return {
        "revision": revision(head),
        "endianness": "big" if layout.endianness == ">" else "little",
        "traces": layout.traces,
        "dead_traces": int(np.count_nonzero(headers.named["trace_id"] == DEAD_TRACE)),
        "inline_byte": lines[0] if len(lines) == 2 else None,
        "crossline_byte": lines[1] if len(lines) == 2 else None,
        "cdp_byte": lines[0] if len(lines) == 1 else None,
        "x_byte": coordinates[0] if coordinates else None,
        "y_byte": coordinates[1] if coordinates else None,
        "coordinate_scalar": [int(scalar) for scalar in scalars[:8]],
        "sample_interval_ms": axis.interval,
        "delay_ms": axis.first,
        "headers_sha256": headers.sha256,
    }


def _arrays(survey: Survey) -> dict[str, NDArray[Any]]:
    """Return what the cache keeps as arrays."""
    lines = {f"lines{number}": line for number, line in enumerate(survey.lines)}
    return lines | {
        "traces": survey.map.traces,
        "more_cells": survey.map.more_cells,
        "more_traces": survey.map.more_traces,
        "cdp_x": survey.cdp_x,
        "cdp_y": survey.cdp_y,
    }


def _plain(survey: Survey) -> dict[str, Any]:
    """Return what the cache keeps as JSON."""
    return {"layout": asdict(survey.layout), "axis": asdict(survey.axis), "facts": survey.facts}


def _restore(arrays: dict[str, NDArray[Any]], plain: dict[str, Any]) -> Survey | None:
    """Rebuild a survey from the cache; None if something is missing there."""
    try:
        lines = tuple(arrays[f"lines{number}"] for number in range(arrays["traces"].ndim))
        return Survey(
            Layout(**plain["layout"]),
            TraceMap(arrays["traces"], arrays["more_cells"], arrays["more_traces"]),
            lines,
            SampleAxis(**plain["axis"]),
            arrays["cdp_x"],
            arrays["cdp_y"],
            plain["facts"],
        )
    except (KeyError, TypeError):
        return None
