"""A list of the events in a DAS recording: when, along which channels, how fast."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.stats import theilslopes

from geointerp.products.components import Components, classes_shown
from geointerp.products.spacing import metres_in
from geointerp.sinks.steps import as_stored, steps
from geointerp.sinks.tables import Table
from geointerp.sources.units import seconds_in
from geointerp.tasks import NOTHING

_STEP_SAMPLES = 1 << 24
_MOST_CHANNELS = 400
_SMOOTHING = 5
_LEAST_MOVEOUT = 2.0  # samples: below, the velocity is too high to be told
_COLUMNS = (
    "class",
    "start_time",
    "end_time",
    "distance_min",
    "distance_max",
    "channels",
    "apex_distance",
    "apex_time",
    "velocity_m_s",
    "peak_probability",
)


def event_table(dataset: xr.Dataset, *, min_size: int) -> Table:
    """List the events, the first first.

    An event is a connected component; dead channels do not divide it.

    Args:
        dataset: with ``labels`` (distance, time), and ``probability`` where it was kept.
        min_size: samples of the smallest event that is kept.

    Returns:
        ``event, class, start_time, end_time, distance_min, distance_max, channels``; ``apex_distance`` and
        ``apex_time``, where it arrives first; ``velocity_m_s``, apparent; and, with probabilities,
        ``peak_probability``. Times are as the recording's: datetimes, or s from its start.
    """
    alive = _alive(dataset["labels"])
    recording = dataset if alive.all() else dataset.isel(distance=np.flatnonzero(alive))
    labels = recording["labels"]
    rows = []
    for value, name in classes_shown(labels):
        components = Components(labels, value, min_size)
        for number in components.in_order():
            rows.append((name, *_measured(recording, components, number, value)))
    rows.sort(key=lambda row: row[1])
    columns = _columns(rows, labels["time"].dtype, labels["distance"].dtype)
    if "probability" not in dataset:
        del columns["peak_probability"]
    return Table("events", {"event": np.arange(1, len(rows) + 1)} | columns)


def _columns(
    rows: list[tuple[Any, ...]], time: np.dtype[Any], distance: np.dtype[Any]
) -> dict[str, NDArray[Any]]:
    """Turn rows into columns, whose types are right even when there is no row."""
    kinds = {"class": np.dtype(str), "start_time": time, "end_time": time, "apex_time": time}
    kinds["channels"] = np.dtype(np.int64)
    # What was float32 stays it: in float64 its rounding would look like digits that were measured.
    away = ("distance_min", "distance_max", "apex_distance")
    kinds |= dict.fromkeys(away, np.result_type(distance, np.float32))
    kinds["peak_probability"] = np.dtype(np.float32)
    values = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    return {
        name: np.array(column, None if name == "class" else kinds.get(name, np.dtype(np.float64)))
        if rows
        else np.empty(0, kinds.get(name, np.dtype(np.float64)))
        for name, column in zip(_COLUMNS, values, strict=True)
    }


def _alive(labels: xr.DataArray) -> NDArray[np.bool_]:
    """Return which channels were predicted at all."""
    parts = [
        (as_stored(labels[start:stop]) != NOTHING).any(axis=1) for start, stop in steps(labels, _STEP_SAMPLES)
    ]
    return np.concatenate(parts)


def _measured(recording: xr.Dataset, components: Components, number: int, value: int) -> tuple[Any, ...]:
    """Return the row of one event, after its class."""
    (top, bottom), (first, last) = components.boxes[number - 1]
    mask = components.mask(number)
    times = recording["time"].values[first:last]
    distance = recording["distance"].values[top:bottom].astype(np.float64)
    middle = (mask * np.arange(mask.shape[1])).sum(axis=1) / mask.sum(axis=1)
    apex = int(np.argmin(median_filter(middle, min(_SMOOTHING, middle.size), mode="nearest")))
    peak = np.nan
    if "probability" in recording and value < recording["probability"].sizes["class"]:
        part = {"class": value, "distance": slice(top, bottom), "time": slice(first, last)}
        peak = float(np.nanmax(np.where(mask, recording["probability"].isel(part).values, np.nan)))
    return (
        times[0],
        times[-1],
        distance.min(),
        distance.max(),
        mask.shape[0],
        distance[apex],
        times[round(middle[apex])],
        _velocity(distance * metres_in(recording["distance"]), middle, apex, _seconds(recording["time"])),
        peak,
    )


def _seconds(time: xr.DataArray) -> float:
    """Return the sample interval in s."""
    times = time.values
    step = (times[-1] - times[0]) / max(times.size - 1, 1)
    if isinstance(step, np.timedelta64):
        return float(step / np.timedelta64(1, "s"))
    return float(step) * seconds_in(time.attrs.get("units"), 1.0)


def _velocity(
    distance: NDArray[np.float64], middle: NDArray[np.float64], apex: int, interval: float
) -> float:
    """Return the apparent velocity in m/s: of the line through time against distance from the apex.

    The slope is the median of those between all pairs of channels (Theil 1950, Sen 1968), which up to 29 % of
    outliers do not move. Both flanks of the apex count as one. NaN where the moveout is too small to tell.
    """
    chosen = np.unique(np.linspace(0, distance.size - 1, _MOST_CHANNELS).astype(int))
    away = np.abs(distance - distance[apex])
    if np.unique(away[chosen]).size < 2:
        return float("nan")
    slope = abs(float(theilslopes(middle[chosen], away[chosen]).slope))
    if slope * float(np.ptp(away)) < _LEAST_MOVEOUT:
        return float("nan")
    return 1 / (slope * interval)
