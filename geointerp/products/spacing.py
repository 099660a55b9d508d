"""How large a sample of a survey is: bin area from the coordinates, thickness from the sample interval."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.sources.units import METRES, seconds_in

_ANGLES = frozenset({"degree", "degrees", "deg", "degrees_east", "degrees_north", "radian", "radians", "rad"})
_TRACES_APART = (60, 30, 12, 6, 2, 1)  # multiples of 2 and 3: so many may share a position


@dataclass(frozen=True)
class Spacing:
    """The size of a sample.

    Attributes:
        bin: m² between four traces of a volume, m between two of a line; NaN where coordinates are missing.
        interval: between samples, in ms or m; NaN where there is but one.
        unit: ``ms`` or ``m``.
        dimensions: 2 for a line, 3 for a volume.
    """

    bin: float
    interval: float
    unit: str
    dimensions: int

    def measures(self, samples: NDArray[np.int64], velocity: float | None) -> dict[str, NDArray[np.float64]]:
        """Return the volume of so many samples, of a line the area, by column name.

        Args:
            samples: counts.
            velocity: in m/s; turns two-way time into depth, ``dz = v dt / 2``.
        """
        what, power = ("volume", "m2") if self.dimensions == 3 else ("area", "m")
        cubed = "m3" if self.dimensions == 3 else "m2"
        size: NDArray[np.float64] = samples * np.float64(self.bin * self.interval)
        if self.unit == "m":
            return {f"{what}_{cubed}": size}
        if velocity is None:
            return {f"{what}_{power}_ms": size}
        return {f"{what}_{power}_ms": size, f"{what}_{cubed}": size * velocity / 2000}


def spacing_of(labels: xr.DataArray) -> Spacing:
    """Measure the spacing of a survey.

    Bins may be rotated or skewed: the steps from line to line are the gradients of planes fitted to ``cdp_x``
    and ``cdp_y``, and the area of a bin is the length of their cross product.

    Args:
        labels: (inline, crossline, time|depth) or (cdp, time|depth); ``cdp_x`` and ``cdp_y`` where known.
    """
    sample = str(labels.dims[-1])
    values = labels[sample].values.astype(np.float64)
    interval = abs(values[-1] - values[0]) / (values.size - 1) if values.size > 1 else np.nan
    told, unit = labels[sample].attrs.get("units"), "m" if sample == "depth" else "ms"
    factor = metres_in(labels[sample]) if unit == "m" else 1000 * seconds_in(told, 0.001)
    return Spacing(_bin(labels), float(interval * factor), unit, labels.ndim)


def metres_in(coordinate: xr.DataArray) -> float:
    """Return how many metres a coordinate's unit has: NaN for angles, 1 where it tells none that is known."""
    units = str(coordinate.attrs.get("units")).lower()
    return float("nan") if units in _ANGLES else METRES.get(units, 1.0)


def depth_on_the_map(labels: xr.DataArray) -> float:
    """Return by what depths are multiplied to be in the unit of x and y: 1 if it is unknown, and of times."""
    if labels.dims[-1] != "depth" or "cdp_x" not in labels.coords:
        return 1.0
    unit = METRES.get(str(labels["cdp_x"].attrs.get("units")).lower())
    return 1.0 if unit is None else metres_in(labels["depth"]) / unit


def has_coordinates(labels: xr.DataArray) -> bool:
    """Whether the traces have coordinates."""
    return all(
        name in labels.coords and bool(np.isfinite(labels[name].values).any()) for name in ("cdp_x", "cdp_y")
    )


def placed(labels: xr.DataArray) -> NDArray[np.bool_]:
    """Return which traces have coordinates; many files leave zeros in those that were filled in."""
    x, y = (labels[name].values for name in ("cdp_x", "cdp_y"))
    known: NDArray[np.bool_] = np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0))
    return known


def _bin(labels: xr.DataArray) -> float:
    """Return the area of a bin, or the distance between the traces of a line; NaN where it is unknown."""
    if not has_coordinates(labels):
        return float("nan")
    if labels.ndim == 2:
        return _distance(labels)
    x, y = (labels[name].values * metres_in(labels[name]) for name in ("cdp_x", "cdp_y"))
    known = placed(labels)
    if known.sum() < 3:
        return float("nan")
    across = np.argwhere(known) - np.argwhere(known).mean(axis=0)
    if np.linalg.matrix_rank(across) < 2:
        return float("nan")
    design = np.column_stack([across, np.ones(len(across))])
    (steps_x, steps_y) = (np.linalg.lstsq(design, values[known], rcond=None)[0][:2] for values in (x, y))
    return float(abs(steps_x[0] * steps_y[1] - steps_x[1] * steps_y[0]))


def _distance(labels: xr.DataArray) -> float:
    """Return the distance between the traces of a line in m; NaN where it is unknown.

    It is measured across many traces: single steps are rounded with the coordinates, and are 0 where
    neighbours share a position.
    """
    known = np.flatnonzero(placed(labels))
    apart = next((traces for traces in _TRACES_APART if traces <= known.size // 2), 0)
    if not apart:
        return float("nan")
    x, y = (labels[name].values[known] * metres_in(labels[name]) for name in ("cdp_x", "cdp_y"))
    lengths = np.hypot(x[apart:] - x[:-apart], y[apart:] - y[:-apart])
    return float(np.median(lengths / (known[apart:] - known[:-apart])))
