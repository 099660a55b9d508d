"""Which 2D cuts through an array are shown: those a user names, or those where there is something to see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.sinks.decimate import as_indices, middles
from geointerp.tasks import NOTHING

At = str | Mapping[str, float]

_UNITS = {"depth": "m", "distance": "m"}
_SHORT = {"metre": "m", "meter": "m", "second": "s", "degrees_north": "°", "degrees_east": "°", "degree": "°"}
_SPREAD = 24
_TRIED = 128
_GOOD = 0.9
_ROUNDED = 1e-3  # of a step: what a coordinate that was stored in another precision may lie beside


@dataclass(frozen=True)
class Slice:
    """One 2D cut through an array, as it stands on the page.

    Attributes:
        title: which cut it is, such as ``inline 120``; empty for what is 2D by nature.
        at: where the cut lies, dimension name to coordinate; empty for what is 2D by nature.
        rows: the dimension that runs down the page.
        columns: the dimension that runs across it.
    """

    title: str
    at: dict[str, Any]
    rows: str
    columns: str


def choose_slices(labels: xr.DataArray, at: At | None = None) -> list[Slice]:
    """Return the cuts to draw: the whole of a 2D array; of a volume those asked for, or one a dimension.

    Of a volume that is one line thick, cuts that would be a single trace wide are left out.

    Args:
        labels: 2D or 3D; read in part, if at all.
        at: the cuts asked for, in the coordinates' own units: ``inline=120,time=800``, or the same
            as a mapping; the nearest there are.

    Raises:
        UsageError: ``at`` cannot be read, names a dimension that is not there, or a place outside the data.
    """
    dims = [str(dim) for dim in labels.dims]
    if at:
        return [_cut(labels, dim, place) for dim, place in _asked(labels, at)]
    if len(dims) == 2:
        return [Slice("", {}, *down_and_across(dims))]
    thin = [dim for dim in dims if labels.sizes[dim] == 1]
    places = _telling_places(labels)
    return [_cut(labels, dim, places[dim]) for dim in thin[:1] or dims]


def down_and_across(dims: Sequence[str]) -> tuple[str, str]:
    """Return which of two dimensions runs down the page and which across."""
    first, second = dims
    return (second, first) if second in ("time", "depth") else (first, second)


def unit_of(array: xr.DataArray, dim: str) -> str:
    """Return the unit of a dimension as people write it: ``ms``, ``m``, ``°``; empty for dates and counts."""
    unit = str(array[dim].attrs.get("units", ""))
    if array[dim].dtype.kind in "mM":
        return ""
    if not unit and dim == "time":
        return "s" if "distance" in array.dims else "ms"
    return _SHORT.get(unit, unit) or _UNITS.get(dim, "")


def axis_name(array: xr.DataArray, dim: str) -> str:
    """Return what stands at an axis: the dimension and its unit; of dates, what their seconds count from."""
    if array[dim].dtype.kind == "M":
        start = np.datetime_as_string(array[dim].values[0], unit="ms").replace("T", " ").removesuffix(".000")
        return f"{dim} (s after {start})"
    unit = unit_of(array, dim)
    return f"{dim} ({unit})" if unit else dim


def check_alike(volume: xr.DataArray, labels: xr.DataArray, cut: Slice | None = None) -> None:
    """Refuse an input that has other dimensions than the labels, or lacks the slice that is cut of them.

    Args:
        volume: the input, or other labels.
        labels: 2D or 3D.
        cut: of the labels; its place may be rounded by a thousandth of a step.

    Raises:
        DataError: says what both have.
    """
    if {*volume.dims} != {*labels.dims}:
        theirs, its = (", ".join(map(str, array.dims)) for array in (labels, volume))
        raise DataError(f"the labels have the dimensions {theirs}, the input has {its}")
    for dim, value in cut.at.items() if cut else ():
        values = volume[dim].values.astype(np.float64)
        nearest = values[_nearest(volume[dim], value)]
        step = float(np.abs(np.diff(values)).min()) if values.size > 1 else 1.0
        if abs(nearest - value) > _ROUNDED * step:
            raise DataError(
                f"the labels have {dim} {value:.10g}, the input none nearer than {nearest:.10g}",
                hint="are they of this input?",
            )


def beneath(volume: xr.DataArray, labels: xr.DataArray) -> xr.DataArray:
    """Return the part of an input that lies beneath labels, which may cover less of it.

    Raises:
        DataError: the labels do not lie on the samples of the input.
    """
    check_alike(volume, labels)
    inside = {}
    for dim in labels.dims:
        ends = labels[dim].values.min(), labels[dim].values.max()
        places = np.flatnonzero((volume[dim] >= ends[0]) & (volume[dim] <= ends[1]))
        inside[dim] = slice(places[0], places[-1] + 1) if places.size else slice(0, 0)
    part = volume.isel(inside).transpose(*labels.dims)
    if part.shape != labels.shape:
        theirs, its = (
            " x ".join(f"{dim} {array.sizes[dim]}" for dim in labels.dims) for array in (labels, part)
        )
        raise DataError(
            f"the labels are {theirs}, the input beneath them is {its}",
            hint="are they of this input?",
        )
    return part


def upright(array: xr.DataArray, cut: Slice) -> xr.DataArray:
    """Return one slice, rows first, the first row at the top of the page and the first column at its left.

    Lines that are in no order are put in order, as they are read off the axes of the page.
    """
    taken = array.isel({dim: _nearest(array[dim], value) for dim, value in cut.at.items()})
    taken = taken.sortby([dim for dim in (cut.rows, cut.columns) if not _is_ordered(taken[dim])])
    turned = [dim for dim in (cut.rows, cut.columns) if _is_turned(taken, dim)]
    return taken.isel({dim: slice(None, None, -1) for dim in turned}).transpose(cut.rows, cut.columns)


def _nearest(axis: xr.DataArray, value: float) -> int:
    """Return the place of the coordinate that is nearest to a value; the axis may be in no order."""
    return int(np.argmin(np.abs(axis.values.astype(np.float64) - value)))


def _is_ordered(axis: xr.DataArray) -> bool:
    """Whether a coordinate rises or falls all along."""
    before, after = axis.values[:-1], axis.values[1:]
    return bool((after >= before).all() or (after <= before).all())


def _is_turned(array: xr.DataArray, dim: str) -> bool:
    """Whether a dimension of a map runs against the page, where north is up and east to the right."""
    rising = bool(array[dim].values[-1] > array[dim].values[0])
    return (dim == "y" and rising) or (dim == "x" and not rising and array.sizes[dim] > 1)


def _cut(labels: xr.DataArray, dim: str, place: int) -> Slice:
    value = labels[dim].values[place].item()
    rest = [str(other) for other in labels.dims if other != dim]
    title = f"{dim} {value:.10g} {unit_of(labels, dim)}".rstrip()
    return Slice(title, {dim: value}, *down_and_across(rest))


def _asked(labels: xr.DataArray, at: At) -> list[tuple[str, int]]:
    """Return dimension and place of each cut that is asked for."""
    dims = [str(dim) for dim in labels.dims]
    wanted = _read(at) if isinstance(at, str) else list(at.items())
    for dim, value in wanted:
        if len(dims) == 2:
            raise UsageError(
                f"there is no slice at {dim}={value:g}: the labels have two dimensions, {' and '.join(dims)}",
                hint="all of them are drawn",
            )
        if dim not in dims or not labels[dim].values.min() <= value <= labels[dim].values.max():
            raise UsageError(f"there is no slice at {dim}={value:.10g}", hint=_ranges(labels))
    return [(dim, _nearest(labels[dim], value)) for dim, value in wanted]


def _read(at: str) -> list[tuple[str, float]]:
    """Read ``dim=value[,dim=value...]``."""
    cuts = []
    for part in at.split(","):
        dim, _, text = (piece.strip() for piece in part.partition("="))
        try:
            cuts.append((dim, float(text)))
        except ValueError:
            raise UsageError(
                f"no slice can be read from '{part}'", hint="write inline=120,time=800"
            ) from None
    return cuts


def _ranges(labels: xr.DataArray) -> str:
    spans = (
        f"{dim} runs from {c.values.min():.10g} to {c.values.max():.10g}" for dim, c in _axes(labels).items()
    )
    return ", ".join(spans)


def _axes(labels: xr.DataArray) -> Mapping[str, xr.DataArray]:
    return {str(dim): labels[dim] for dim in labels.dims}


def _telling_places(labels: xr.DataArray) -> dict[str, int]:
    """Return the place of each dimension where there is much to see, the nearest to the middle.

    Judged by some slices spread over the first dimension, thinned out along the others, so that little of
    a large store is read: there is the more to see, the more samples are not of the commonest class.
    """
    limits = [_SPREAD, *[_TRIED] * (labels.ndim - 1)]
    spread = {
        dim: middles(labels.sizes[dim], -(-labels.sizes[dim] // most))
        for dim, most in zip(labels.dims, limits, strict=True)
    }
    sample = as_indices(labels.isel(spread).values)
    known = np.bincount(sample.ravel(), minlength=NOTHING + 1)[:NOTHING]
    telling = (sample != NOTHING) & (sample != known.argmax())
    places = {}
    for axis, dim in enumerate(labels.dims):
        others = tuple(other for other in range(labels.ndim) if other != axis)
        tried = np.arange(labels.sizes[dim])[spread[dim]]
        places[str(dim)] = _central(telling.sum(axis=others), tried, labels.sizes[dim])
    return places


def _central(score: NDArray[np.int64], tried: NDArray[np.int64], size: int) -> int:
    """Return the place nearest to the middle of those that score nearly as well as the best."""
    if not score.any():
        return size // 2
    good = tried[score >= _GOOD * score.max()]
    return int(good[np.argmin(np.abs(good - size // 2))])
