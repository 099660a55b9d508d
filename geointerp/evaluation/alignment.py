"""Two label arrays are brought onto the coordinates they share."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.tiling.views import views_of

_RELATIVE_TOLERANCE = 1e-3
"""Coordinates are the same when they differ by less than this part of their step."""

_IMAGE = {"row", "column"}
"""Dimensions whose coordinates are positions by nature."""


def align(prediction: xr.DataArray, truth: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Cut both arrays to the coordinates they share, in the dimension order of the prediction.

    An array that has no coordinates of its own (``.npy``, an image) is matched by position, a picture of a
    section as that is drawn, and has to have the very shape of the other; but a part of an image is found in
    the whole.

    Args:
        prediction: labels with any dimensions.
        truth: labels of the same place.

    Returns:
        Prediction and truth of equal shape; nothing is read.

    Raises:
        DataError: the dimensions differ, or the coordinates have nothing in common.
    """
    images = {*prediction.dims, *truth.dims} <= _IMAGE
    own = [has_coordinates(labels) or (images and _is_stored(labels)) for labels in (prediction, truth)]
    if own[1] and not own[0]:
        prediction = named_as(truth, prediction)
    elif not all(own):
        truth = named_as(prediction, truth)
    if not all(own) and prediction.shape == truth.shape:
        return prediction, xr.DataArray(truth.data, dims=prediction.dims, attrs=truth.attrs)
    part_of_image = any(own) and {*prediction.dims, *truth.dims} <= _IMAGE
    if not all(own) and not part_of_image:
        raise DataError(
            f"the prediction has shape {prediction.shape}, the truth {truth.shape}, "
            "and one of them has no coordinates to match them by",
            hint="give label stores (.zarr, .nc) or SEG-Y, which carry coordinates",
        )
    if set(prediction.dims) != set(truth.dims):
        raise DataError(
            f"the prediction has dimensions ({_listed(prediction.dims)}), the truth ({_listed(truth.dims)})",
            hint="compare labels of the same kind of survey",
        )
    truth = truth.transpose(*prediction.dims)
    for dim in map(str, prediction.dims):
        mine, theirs = shared_positions(prediction[dim].values, truth[dim].values)
        if not mine.size:
            raise DataError(
                f"prediction and truth share no {dim}: the prediction has {_range(prediction[dim])}, "
                f"the truth {_range(truth[dim])}",
                hint="check that both come from the same survey, and how their headers are read",
            )
        warn_of_the_rest(
            dim,
            {"the prediction": prediction.sizes[dim], "the truth": truth.sizes[dim]},
            mine.size,
            "compared",
        )
        prediction = prediction.isel({dim: as_slice(mine)})
        truth = truth.isel({dim: as_slice(theirs)})
    return prediction, truth


def warn_of_the_rest(dim: str, sizes: Mapping[str, int], shared: int, used: str) -> None:
    """Warn where neither of two lies within the other: one may be read wrongly, or in other units.

    Args:
        dim: they share positions along.
        sizes: of the two, by what they are.
        shared: positions.
        used: what happens to these.
    """
    if shared < min(sizes.values()):
        (one, mine), (other, theirs) = sizes.items()
        warnings.warn(
            f"only {shared} of {one}'s {mine} and {other}'s {theirs} {dim} positions are the same, "
            f"and only these are {used}",
            stacklevel=3,
        )


def shared_positions(mine: NDArray[Any], theirs: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where in each of two coordinates the values stand that both have.

    Args:
        mine: one coordinate, distinct numbers or datetimes in any order.
        theirs: the other.

    Returns:
        Two index arrays of equal length, the first ascending; numbers that differ by less than
        a thousandth of the step count as the same.

    Raises:
        DataError: one has dates, the other numbers.
    """
    dated = [np.issubdtype(one.dtype, np.datetime64) for one in (mine, theirs)]
    if any(dated) and not all(dated):
        raise DataError(
            "one of the two has dates on an axis, the other plain numbers",
            hint="give labels of the same recording with the same axis",
        )
    if all(dated):
        _, at_mine, at_theirs = np.intersect1d(mine, theirs, return_indices=True)
    else:
        order = np.argsort(theirs, kind="stable")
        ordered = theirs[order].astype(np.float64)
        after = np.searchsorted(ordered, mine).clip(1, max(len(ordered) - 1, 1))
        after = np.minimum(after, len(ordered) - 1)
        before = np.maximum(after - 1, 0)
        nearest = np.where(mine - ordered[before] <= ordered[after] - mine, before, after)
        at_mine = np.flatnonzero(np.abs(mine - ordered[nearest]) <= _RELATIVE_TOLERANCE * _step(mine))
        at_theirs = order[nearest[at_mine]]
    ascending = np.argsort(at_mine)
    return at_mine[ascending], at_theirs[ascending]


def has_coordinates(array: xr.DataArray) -> bool:
    """Whether the kind of file says where its samples lie; arrays and pictures count them."""
    if "format" not in array.attrs:  # made in memory
        return any(dim in array.coords for dim in array.dims)
    source = array.attrs.get("prediction", {}).get("source", {})  # of labels: what they were predicted from
    form = str(source.get("format") or array.attrs["format"])
    return form.startswith(("SEG-Y", "Zarr", "NetCDF", "MDIO", "DAS")) or form.endswith(" raster")


def _is_stored(labels: xr.DataArray) -> bool:
    """Whether labels lie in a store, which says of which rows and columns of an image they are."""
    return str(labels.attrs.get("format")).startswith(("Zarr", "NetCDF"))


def named_as(other: xr.DataArray, labels: xr.DataArray) -> xr.DataArray:
    """Give labels the dims of ``other`` where only their order tells: a picture's as the section is drawn."""
    by_name = has_coordinates(labels) and (has_coordinates(other) or {*labels.dims} == {*other.dims})
    if by_name or labels.ndim != other.ndim:
        return labels
    dims = [str(dim) for dim in other.dims]
    if not str(labels.attrs.get("format")).startswith(("NumPy", "bare")) and len(dims) == 2:
        dims = list(views_of(dims)[0].order)
    renamed = xr.DataArray(labels.data, dims=dims, attrs=labels.attrs)
    return renamed.transpose(*other.dims)


def _step(coordinate: NDArray[Any]) -> float:
    """Return the smallest step of a coordinate; 1 for a single value."""
    return float(np.abs(np.diff(coordinate.astype(np.float64))).min()) if coordinate.size > 1 else 1.0


def as_slice(positions: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Turn neighbouring positions into a slice, which lazy arrays read without gathering."""
    if np.all(np.diff(positions) == 1):
        return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions


def _range(coordinate: xr.DataArray) -> str:
    values = coordinate.values
    return f"{values.min()} to {values.max()}"


def _listed(dims: Any) -> str:
    return ", ".join(map(str, dims))
