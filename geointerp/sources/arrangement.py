"""Volumes as others wrote them, in this program's order: from the top down, lines ascending, in ms or m."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.sources.units import METRES, seconds_in
from geointerp.tiling.views import CHANNEL_DIM, SAMPLE_DIMS

_LINES = ("inline", "crossline", "cdp")


def arranged(volume: xr.DataArray) -> xr.DataArray:
    """Return a volume whose axes run as a network has learnt them; nothing is read.

    Samples run downwards: times and depths grow, or fall where they are heights (``positive: up``, or none
    above zero). Lines ascend; whole line numbers are int32. Two-way times in other units become ms, depths m.
    Recordings, which have a distance, keep their order; their times become s, their distances m. An axis that
    is in no order, or whose unit is unknown, stays as it is.

    Args:
        volume: dims as of ``open_volume``.
    """
    if CHANNEL_DIM in volume.dims:
        return _in_seconds(_in_metres(volume, CHANNEL_DIM))
    for dim in (str(dim) for dim in volume.dims if str(dim) in (*SAMPLE_DIMS, *_LINES)):
        if runs_backwards(volume[dim]):
            volume = volume.isel({dim: slice(None, None, -1)})
        if dim in _LINES:
            volume = _whole(volume, dim)
        if dim == "time":
            volume = _in_ms(volume)
        if dim == "depth":
            volume = _in_metres(volume, dim)
    return volume


def runs_backwards(axis: xr.DataArray) -> bool:
    """Whether a coordinate falls, or, of samples, runs upwards: heights rise then."""
    values: NDArray[Any] = axis.values
    if values.size < 2 or values.dtype.kind not in "iuf":
        return False
    steps = np.diff(values.astype(np.float64))  # of unsigned numbers they would be unsigned
    falls, rises = bool((steps < 0).all()), bool((steps > 0).all())
    heights = str(axis.name) in SAMPLE_DIMS and (
        str(axis.attrs.get("positive", "")).lower() == "up" or bool((values <= 0).all())
    )
    return rises if heights else falls


def _whole(volume: xr.DataArray, dim: str) -> xr.DataArray:
    """Return it with int32 line numbers, where they are whole."""
    values = volume[dim].values
    if values.dtype.kind not in "iuf" or values.dtype == np.int32:
        return volume
    if not (np.isfinite(values) & (np.abs(values) < 2**31)).all() or (values != np.round(values)).any():
        return volume
    return volume.assign_coords({dim: (dim, values.astype(np.int32), volume[dim].attrs)})


def _in_ms(volume: xr.DataArray) -> xr.DataArray:
    """Return it with two-way times in ms, where their unit is known and another."""
    time = volume["time"]
    # Rounded, for 1e3 * 0.004 * 3 is not 12.
    factor = round(1e3 * seconds_in(time.attrs.get("units"), np.nan), 9)
    if not np.isfinite(factor) or time.dtype.kind not in "iuf":
        return volume
    values = time.values.astype(np.float64) * factor
    return volume.assign_coords(time=("time", values, time.attrs | {"units": "ms"}))


def _in_seconds(volume: xr.DataArray) -> xr.DataArray:
    """Return it with the times of a recording in s, where they are numbers whose unit is known."""
    time = volume["time"]
    factor = seconds_in(time.attrs.get("units"), np.nan)
    if not np.isfinite(factor) or time.dtype.kind not in "iuf":
        return volume
    # What xarray has written of a timedelta, by which it would take seconds for one again.
    attrs = {name: value for name, value in time.attrs.items() if name != "dtype"}
    values = time.values.astype(np.float64) / round(1 / factor)
    return volume.assign_coords(time=("time", values, attrs | {"units": "s"}))


def _in_metres(volume: xr.DataArray, dim: str) -> xr.DataArray:
    """Return it with depths or distances in m, where their unit is known and another."""
    axis = volume[dim]
    metres = METRES.get(str(axis.attrs.get("units")).lower())
    if metres is None or axis.dtype.kind not in "iuf":
        return volume
    values = axis.values.astype(np.float64) * metres
    return volume.assign_coords({dim: (dim, values, axis.attrs | {"units": "m"})})
