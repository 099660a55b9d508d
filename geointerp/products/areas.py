"""How much of each class there is."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.products.ground import ground_of
from geointerp.products.spacing import spacing_of
from geointerp.sinks.steps import as_stored, steps
from geointerp.sinks.tables import Table
from geointerp.tasks import NOTHING

_STEP_SAMPLES = 1 << 24


def area_table(labels: xr.DataArray, *, velocity: float | None = None) -> Table:
    """Count the samples of each class, and measure them.

    Args:
        labels: of anything.
        velocity: in m/s, by which a volume in two-way time becomes one in m³.

    Returns:
        ``class, samples, fraction`` (of what was predicted); of a volume ``volume_m2_ms`` or ``volume_m3``,
        of a line ``area_m_ms`` or ``area_m2``, of a raster on the map ``area_m2``.
    """
    names = str(labels.attrs.get("flag_meanings", "")).split()
    counts = np.zeros((labels.shape[0], 256), np.int64)
    for start, stop in steps(labels, _STEP_SAMPLES):
        for row, values in enumerate(as_stored(labels[start:stop]), start=start):
            counts[row] = np.bincount(values.ravel(), minlength=256)
    counts = counts[:, :NOTHING]
    size = max(len(names), int(np.flatnonzero(counts.any(axis=0)).max(initial=-1)) + 1)
    names += [str(value) for value in range(len(names), size)]
    samples = counts[:, :size].sum(axis=0)
    columns: dict[str, NDArray[Any]] = {
        "class": np.array(names, str),
        "samples": samples,
        "fraction": samples / max(int(samples.sum()), 1),
    }
    return Table("areas", columns | _measures(labels, counts[:, :size], velocity))


def _measures(
    labels: xr.DataArray, counts: NDArray[np.int64], velocity: float | None
) -> dict[str, NDArray[Any]]:
    """Return the columns of areas or volumes, given the samples of each class in each slice."""
    if labels.dims[-1] in ("time", "depth") and labels.dims[0] != "distance":
        return spacing_of(labels).measures(counts.sum(axis=0), velocity)
    ground = ground_of(labels)
    if ground is None:
        return {}
    areas = np.zeros(counts.shape[1])
    for start, stop in steps(labels, _STEP_SAMPLES):
        values, pixels = as_stored(labels[start:stop]), ground.pixel_areas(start, stop)
        known = values != NOTHING
        areas += np.bincount(values[known], weights=pixels[known], minlength=areas.size)
    return {"area_m2": areas}
