"""A result small enough for one page: labels and greys thinned out, and how often each label occurs."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.sinks.decimate import choose_factors, decimate_amplitudes, decimate_labels, middles
from geointerp.sinks.panels import grey_limits
from geointerp.sinks.slices import Slice, axis_name, beneath, choose_slices, unit_of, upright
from geointerp.tasks import NOTHING

MOST_CELLS = 8_000_000
"""At a byte each for label and grey, and a third more as text, the page stays below about 16 MB."""

_GREYS = 254


@dataclass(frozen=True)
class Preview:
    """What the page shows of a result.

    Attributes:
        labels: uint8 class indices, 255 where nothing is known; dimensions as ``cells``.
        greys: uint8, of the same shape: 0 where there is no input, else 1 (``low``) to 255 (``high``);
            None without the input.
        low: the amplitude that is drawn black.
        high: the amplitude that is drawn white.
        cells: the coordinates of the middle of each cell, by dimension; dates in seconds after the first.
        units: of each dimension, empty where there is none.
        names: what stands at each axis, by dimension.
        factors: how many samples a cell is long, by dimension.
        cuts: the slices that are shown, and where they start.
        counts: int64, how many samples have each label value, 0 to 255.
    """

    labels: NDArray[np.uint8]
    greys: NDArray[np.uint8] | None
    low: float
    high: float
    cells: dict[str, NDArray[Any]]
    units: dict[str, str]
    names: dict[str, str]
    factors: dict[str, int]
    cuts: list[Slice]
    counts: NDArray[np.int64]


def preview(labels: xr.DataArray, volume: xr.DataArray | None, most: int = MOST_CELLS) -> Preview:
    """Read a result block by block and thin it out.

    Args:
        labels: 2D or 3D class indices, 255 or NaN where nothing is known; it may be larger than memory.
        volume: the input; it may reach beyond the labels.
        most: cells that are kept.

    Raises:
        DataError: the labels do not lie on the samples of the input.
    """
    cuts = choose_slices(labels)
    if labels.ndim == 2:
        labels = upright(labels, cuts[0])
        volume = None if volume is None else upright(volume, cuts[0])
    factors = choose_factors(labels.sizes, most)
    counts = np.zeros(NOTHING + 1, np.int64)
    below = None if volume is None else decimate_amplitudes(beneath(volume, labels), factors)
    low, high = (0.0, 1.0) if below is None else grey_limits(below)
    return Preview(
        labels=decimate_labels(labels, factors, counts),
        greys=None if below is None else _greys(below, low, high),
        low=low,
        high=high,
        cells=_cells(labels, factors),
        units={str(dim): _unit(labels, str(dim)) for dim in labels.dims},
        names={str(dim): axis_name(labels, str(dim)) for dim in labels.dims},
        factors={str(dim): factor for dim, factor in factors.items()},
        cuts=cuts,
        counts=counts,
    )


def _greys(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Return amplitudes as 1 (black) to 255 (white), 0 where they are not a number."""
    grey = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1) * _GREYS
    coded: NDArray[np.uint8] = np.where(np.isnan(grey), 0, np.rint(np.nan_to_num(grey)) + 1).astype(np.uint8)
    return coded


def _cells(labels: xr.DataArray, factors: dict[Hashable, int]) -> dict[str, NDArray[Any]]:
    cells = {}
    for dim, size in labels.sizes.items():
        values = labels[dim].values
        if values.dtype.kind == "M":
            values = (values - values[0]) / np.timedelta64(1, "s")
        cells[str(dim)] = values[middles(size, factors[dim])]
    return cells


def _unit(labels: xr.DataArray, dim: str) -> str:
    return "s" if labels[dim].dtype.kind == "M" else unit_of(labels, dim)
