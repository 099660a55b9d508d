"""Geobodies: the connected bodies of a class, how large they are and where they lie."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.products.components import Components, classes_shown
from geointerp.products.spacing import has_coordinates, placed, spacing_of
from geointerp.sinks.tables import Table


def body_table(labels: xr.DataArray, *, min_size: int, velocity: float | None = None) -> Table:
    """Measure the bodies of every class but the background, the largest first.

    Args:
        labels: of a survey.
        min_size: samples of the smallest body that is kept.
        velocity: in m/s, by which a volume in two-way time becomes one in m³.

    Returns:
        ``body, class, samples, traces``; of a volume ``area_m2`` on the map and ``volume_m2_ms`` or
        ``volume_m3``, of a line ``length_m`` and ``area_m_ms`` or ``area_m2``; first and last coordinate
        along each dimension, times in ms and depths in m; ``x`` and ``y`` of the centre. NaN where the
        traces have no coordinates.

    Raises:
        DataError: there is no class but the background.
    """
    parts = [
        _measured(labels, Components(labels, value, min_size), name, velocity)
        for value, name in classes_shown(labels)
    ]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns = {"body": np.arange(1, len(columns["class"]) + 1)} | columns
    points = (columns["x"], columns["y"]) if has_coordinates(labels) else None
    return Table("geobodies", columns, points)


def _measured(
    labels: xr.DataArray, components: Components, name: str, velocity: float | None
) -> dict[str, NDArray[Any]]:
    """Return the columns of one class."""
    spacing = spacing_of(labels)
    traces, x, y = _on_the_map(labels, components)
    columns: dict[str, NDArray[Any]] = {
        "class": np.full(len(components), name),
        "samples": components.sizes,
        "traces": traces,
        "area_m2" if labels.ndim == 3 else "length_m": traces * spacing.bin,
        **spacing.measures(components.sizes, velocity),
    }
    for axis, dim in enumerate(map(str, labels.dims)):
        values = labels[dim].values
        ends = values[components.boxes[:, axis, 0]], values[components.boxes[:, axis, 1] - 1]
        # Axes may descend.
        columns[f"{dim}_min"], columns[f"{dim}_max"] = np.minimum(*ends), np.maximum(*ends)
    return columns | {"x": x, "y": y}


def _on_the_map(
    labels: xr.DataArray, components: Components
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how many traces each body touches, and the x and y of its centre of mass."""
    count = len(components) + 1
    traces, samples, x, y = np.zeros(count, np.int64), np.zeros(count), np.zeros(count), np.zeros(count)
    known = placed(labels) if has_coordinates(labels) else None
    for number, (start, stop) in enumerate(components.bounds):
        block = components.block(number)
        *places, _ = np.nonzero(block)
        body = block[block > 0].astype(np.int64)
        trace = np.ravel_multi_index(places, block.shape[:-1])
        traces += np.bincount(np.unique(trace * count + body) % count, minlength=count)
        if known is None:
            continue
        there = known[start:stop].ravel()[trace]
        samples += np.bincount(body[there], minlength=count)
        for sums, name in ((x, "cdp_x"), (y, "cdp_y")):
            position = labels[name].values[start:stop].ravel()[trace[there]]
            sums += np.bincount(body[there], weights=position, minlength=count)
    counted = np.where(samples > 0, samples, np.nan)[1:]
    return traces[1:], x[1:] / counted, y[1:] / counted
