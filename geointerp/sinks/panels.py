"""The panels of a picture: how large they are, and what fills them."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.sinks.decimate import decimate_amplitudes, decimate_labels
from geointerp.sinks.slices import Slice, axis_name, beneath, check_alike, upright

_AMONG_OTHERS = (4.6, 3.9)
_ALONE = (6.4, 5.2)
_ACROSS = 12.0
_LONG = 2.5
_HEIGHTS = (2.2, 8.0)
_MARGIN = 0.5
# With about 130 dots an inch a label is never narrower than a dot and a half, so the eye finds it.
_LABELS_AN_INCH = 80
_SAMPLES_AN_INCH = 160


@dataclass(frozen=True)
class Sheet:
    """The layout of a picture.

    Attributes:
        panel: width and height of a panel with its axis, in inches.
        grid: rows and columns of panels.
        stacked: whether the panels of a slice lie below each other.
    """

    panel: tuple[float, float]
    grid: tuple[int, int]
    stacked: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the picture in inches."""
        rows, columns = self.grid
        return self.panel[0] * columns + 0.6, self.panel[1] * rows + 0.7


@dataclass(frozen=True)
class Layer:
    """One slice of an array, as it is drawn.

    Attributes:
        values: rows first, from the top; columns from the left.
        extent: coordinates of the outer edges: left, right, bottom, top.
        limits: the same of the slice itself; the last cells may reach beyond it.
        aspect: ``equal`` where both axes are of one kind.
        down: name of the axis that runs down.
        across: name of the axis that runs across.
    """

    values: NDArray[Any]
    extent: tuple[float, float, float, float]
    limits: tuple[float, float, float, float]
    aspect: Literal["equal", "auto"]
    down: str
    across: str


def lay_out(labels: xr.DataArray, cuts: Sequence[Slice], panels: int) -> Sheet:
    """Return the layout of a picture with ``panels`` panels for each of the cuts."""
    if len(cuts) > 1:
        return Sheet(_AMONG_OTHERS, (len(cuts), panels), stacked=False)
    (cut,) = cuts
    left, right, bottom, top = _extent(labels, cut)
    equal = _aspect(labels) == "equal"
    ratio = (
        abs((right - left) / (bottom - top)) if equal else labels.sizes[cut.columns] / labels.sizes[cut.rows]
    )
    if ratio > _LONG:
        height = _ACROSS / ratio + _MARGIN if equal else 3.6
        return Sheet((_ACROSS, max(_HEIGHTS[0], height)), (panels, 1), stacked=True)
    if not equal:
        return Sheet(_ALONE, (1, panels), stacked=False)
    height = min(_HEIGHTS[1], _ALONE[0] / ratio)
    width = max(2.6, min(_ALONE[0], height * ratio))
    return Sheet((width, max(_HEIGHTS[0], height + _MARGIN)), (1, panels), stacked=False)


def take(volume: xr.DataArray, overlays: Sequence[xr.DataArray], cut: Slice, sheet: Sheet) -> list[Layer]:
    """Return one slice of the input and of all labels over it, as far as the first labels reach; thinned out.

    Raises:
        DataError: some labels do not lie on the samples of the input.
    """
    for other in (volume, *overlays[1:]):
        check_alike(other, overlays[0], cut)
    labels = upright(overlays[0], cut)
    below = beneath(upright(volume, cut), labels)
    above = [labels, *(beneath(upright(other, cut), labels) for other in overlays[1:])]
    fine, coarse = _factors(labels, sheet, _SAMPLES_AN_INCH), _factors(labels, sheet, _LABELS_AN_INCH)
    return [
        _layer(below, cut, decimate_amplitudes(below, fine), fine),
        *(_layer(one, cut, decimate_labels(one, coarse), coarse) for one in above),
    ]


def grey_limits(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the values drawn black and white: the outer percentiles, symmetric around a zero within."""
    finite = values[np.isfinite(values)]
    low, high = (float(value) for value in np.percentile(finite, (1, 99))) if finite.size else (0.0, 1.0)
    if low < 0 < high:
        high = max(-low, high)
        low = -high
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _factors(labels: xr.DataArray, sheet: Sheet, an_inch: int) -> dict[Hashable, int]:
    """Return the cells, in samples, that leave the labels no finer than the panel can show."""
    width, height = sheet.panel
    down, across = labels.dims
    room = {down: int(height * an_inch), across: int(width * an_inch)}
    return {dim: -(-size // room[dim]) for dim, size in labels.sizes.items()}


def _layer(array: xr.DataArray, cut: Slice, values: NDArray[Any], factors: dict[Hashable, int]) -> Layer:
    left, right, bottom, top = limits = _extent(array, cut)
    right = left + (right - left) * values.shape[1] * factors[cut.columns] / array.sizes[cut.columns]
    bottom = top + (bottom - top) * values.shape[0] * factors[cut.rows] / array.sizes[cut.rows]
    names = [axis_name(array, dim) for dim in (cut.rows, cut.columns)]
    return Layer(values, (left, right, bottom, top), limits, _aspect(array), *names)


def _aspect(array: xr.DataArray) -> Literal["equal", "auto"]:
    return "equal" if {"x", "row"} & {*array.dims} else "auto"


def _extent(array: xr.DataArray, cut: Slice) -> tuple[float, float, float, float]:
    """Return left, right, bottom, top of a slice, half a sample beyond the outer samples."""
    left, right = _edges(array[cut.columns].values)
    top, bottom = _edges(array[cut.rows].values)
    return left, right, bottom, top


def _edges(coordinate: NDArray[Any]) -> tuple[float, float]:
    """Return the outer edges of the first and the last sample; of dates, in seconds after the first."""
    if coordinate.dtype.kind in "mM":
        coordinate = (coordinate - coordinate[0]) / np.timedelta64(1, "s")
    first, last = float(coordinate[0]), float(coordinate[-1])
    half = (last - first) / (len(coordinate) - 1) / 2 if len(coordinate) > 1 else 0.5
    return first - half, last + half
