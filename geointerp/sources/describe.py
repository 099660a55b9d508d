"""What a file is and how it is read, as plain values for people and ``--json``."""

import os
from typing import Any

import numpy as np
import xarray as xr

from geointerp.sources.elevation import elevation_or_not
from geointerp.sources.liveness import live_along
from geointerp.sources.open import open_volume
from geointerp.sources.scaling import spread_sample

_PERCENTILES = (0, 1, 5, 25, 50, 75, 95, 99, 100)
_TOLD = ("units", "reading", "segy", "raster", "das")
_MOST_CHECKED = 1 << 27  # samples read to count dead traces; beyond, the count of the headers stands


def describe(path: str | os.PathLike[str], **options: Any) -> dict[str, Any]:
    """Tell what a file is and how it is read.

    Args:
        path: anything `open_volume` reads.
        options: as for `open_volume`.

    Returns:
        JSON-friendly: ``file, bytes, format, dims, shape, axes{dim: {first, last, step, count, units}},
        amplitude{percentiles, sampled}``, and ``units`` and ``reading`` (the options) where there are any;
        for a raster ``raster`` (driver, bands, nodata, scale, offset, crs, …; unless shaded
        ``elevation``, whether it is an elevation model, and ``elevation_why``), for DAS ``das`` (file_format,
        files, sampling_hz, gaps, …); for SEG-Y also ``extent{cdp_x, cdp_y}``,
        ``traces{present, missing, dead}`` and ``dead_by`` (as in predict: all samples the same; counted by
        ``samples``, or in a large volume by ``headers``: trace identification code 2; large stores have no
        ``dead``) and ``segy`` (revision, sample_format, endianness, text_encoding, options, bytes used and
        why); for labels that ``predict`` wrote ``prediction{task, model, source, views, created,
        class_fractions}``, the fractions of what was predicted.

    Raises:
        DataError: as `open_volume`.
    """
    volume = open_volume(path, **options)
    about = {
        "file": volume.attrs["source"],
        "bytes": volume.attrs["source_size"],
        "format": volume.attrs["format"],
        "dims": [str(dim) for dim in volume.dims],
        "shape": list(volume.shape),
        "axes": {str(dim): _axis(volume[dim]) for dim in volume.dims if dim in volume.coords},
        "amplitude": _amplitude(volume),
    }
    if "trace_mask" in volume.coords:
        about |= _traces(volume)
    extent = {name: _extent(volume[name]) for name in ("cdp_x", "cdp_y") if name in volume.coords}
    if extent:
        about["extent"] = extent
    about |= {name: volume.attrs[name] for name in _TOLD if volume.attrs.get(name)}
    if "raster" in about and "hillshade" not in volume.attrs["reading"]:
        elevation, why = elevation_or_not(volume)
        about["raster"] = {**about["raster"], "elevation": elevation, "elevation_why": why}
    if told := volume.attrs.get("prediction"):
        about["prediction"] = _prediction(told)
    return about


def _prediction(told: dict[str, Any]) -> dict[str, Any]:
    """Choose from the provenance of labels what says where they come from, and what was found."""
    named = {"model": told.get("model", {}).get("name"), "source": told.get("source", {}).get("path")}
    return named | {name: told.get(name) for name in ("task", "views", "created", "class_fractions")}


def _axis(coordinate: xr.DataArray) -> dict[str, Any]:
    """Describe one axis: ends, step (None where it varies), count and units."""
    values = coordinate.values
    if values.dtype.kind == "M":
        steps = np.unique(np.diff(values))
        even = steps.size > 0 and steps[-1] - steps[0] <= np.timedelta64(1, "ns")  # rounded to that
        return {
            "first": str(values[0]),
            "last": str(values[-1]),
            "step": float(steps[0] / np.timedelta64(1, "s")) if even else None,
            "count": values.size,
            "units": "s",
        }
    if values.dtype.kind not in "iuf":
        return {"first": str(values[0]), "last": str(values[-1]), "count": values.size}
    steps = np.diff(values)
    regular = steps.size > 0 and np.allclose(steps, steps[0])
    described = {
        "first": values[0].item(),
        "last": values[-1].item(),
        "step": steps[0].item() if regular else None,
        "count": values.size,
    }
    units = coordinate.attrs.get("units")
    return described | ({"units": str(units)} if units else {})


def _extent(coordinate: xr.DataArray) -> list[float] | None:
    """Return the least and greatest value; None where there is none."""
    values = coordinate.values[np.isfinite(coordinate.values)]
    return [float(values.min()), float(values.max())] if values.size else None


def _traces(volume: xr.DataArray) -> dict[str, Any]:
    """Count traces that exist, are missing, and are dead (all samples the same, usually zero).

    Dead ones are counted by the samples, in a large volume by the headers, and not where these do not tell.
    """
    mask = volume["trace_mask"].values
    counts = {"present": int(mask.sum()), "missing": int(mask.size - mask.sum())}
    if volume.size <= _MOST_CHECKED:
        return {"traces": counts | {"dead": _dead(volume)}, "dead_by": "samples"}
    if "segy" not in volume.attrs:
        return {"traces": counts}
    return {"traces": counts | {"dead": int(volume.attrs["segy"]["dead_traces"])}, "dead_by": "headers"}


def _dead(volume: xr.DataArray) -> int:
    """Count existing traces that carry no data, line by line."""
    dead = 0
    exists = volume["trace_mask"].values
    dim = str(volume.dims[0])
    thickness = max(1, (1 << 23) // max(1, volume.size // volume.sizes[dim]))
    for start in range(0, volume.sizes[dim], thickness):
        part = slice(start, start + thickness)
        live = live_along(volume.isel({dim: part}).values, axis=-1)[..., 0]
        dead += int(np.count_nonzero(exists[part] & ~live))
    return dead


def _amplitude(volume: xr.DataArray) -> dict[str, Any]:
    """Return percentiles of a spread sample of finite, non-zero amplitudes."""
    sample = spread_sample(volume)
    if sample.size == 0:
        return {"sampled": 0, "percentiles": {}}
    values = np.percentile(sample, _PERCENTILES)
    return {
        "sampled": int(sample.size),
        "percentiles": {str(p): float(value) for p, value in zip(_PERCENTILES, values, strict=True)},
    }
