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
        of a line ``area_m_ms`` or ``area_m2``, of a raster on the map ``area_m2`` (on the ground).
    """
    names = str(labels.attrs.get("flag_meanings", "")).split()
    is_survey = labels.dims[-1] in ("time", "depth") and labels.dims[0] != "distance"
    ground = None if is_survey else ground_of(labels)
    counts, areas = np.zeros(NOTHING + 1, np.int64), np.zeros(NOTHING + 1)
    for start, stop in steps(labels, _STEP_SAMPLES):
        values = as_stored(labels[start:stop]).ravel()
        counts += np.bincount(values, minlength=counts.size)
        if ground is not None:
            pixels = ground.pixel_areas(start, stop).ravel()
            areas += np.bincount(values, weights=pixels, minlength=areas.size)
    size = max(len(names), int(np.flatnonzero(counts[:NOTHING]).max(initial=-1)) + 1)
    names += [str(value) for value in range(len(names), size)]
    samples = counts[:size]
    columns: dict[str, NDArray[Any]] = {
        "class": np.array(names, str),
        "samples": samples,
        "fraction": samples / max(int(samples.sum()), 1),
    }
    if is_survey:
        columns |= spacing_of(labels).measures(samples, velocity)
    elif ground is not None:
        columns["area_m2"] = areas[:size]
    return Table("areas", columns)
