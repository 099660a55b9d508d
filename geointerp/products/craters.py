"""A crater catalogue: circles fitted to what was labelled as crater.

Components are joined across the borders of blocks before circles are fitted, so a crater is found once. On
the map the circle is fitted on the ground, in metres: on a raster of longitude and latitude a crater at
latitude 60° is twice as wide in degrees as it is high, and its diameter is still the one in metres.
"""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.products.circles import find_circles, fit_circle, overlap_with
from geointerp.products.components import Components, classes_shown
from geointerp.products.ground import Ground, ground_of
from geointerp.sinks.steps import as_stored
from geointerp.sinks.tables import Table
from geointerp.tasks import NOTHING

_MOST_PIXELS = 1 << 24
_ROUNDS = 3
_LEAST_POINTS = 3  # of a circle
_SAME = 0.15  # of the diameter
LEAST_RIM = 0.6
"""Share of its circumference that a crater must show: of 0.5 to 0.8 the best F1 on 100 synthetic images,
0.765 (0.750 without). Patches of ragged outline fall apart into circles of which hardly half can be seen."""
_LEAST_INSIDE = 0.25  # of a circle: less is a boundary at the edge that is hardly bent
_Row = tuple[float, float, float, float, float, bool]


def crater_table(labels: xr.DataArray, *, min_size: int, min_rim: float = LEAST_RIM) -> Table:
    """Fit a circle to each crater, the largest first.

    Args:
        labels: (y, x) or (row, column).
        min_size: samples of the smallest connected component that is kept.
        min_rim: share of the circumference, as far as it lies where there are data, that must have been seen.

    Returns:
        On the map ``crater, longitude, latitude, diameter_m`` and points in the body's own longitude and
        latitude; of an image ``crater, x, y, diameter_px``, its pixel centres counted from 0, also where
        the labels are of a region; so of a map without a reference system, from the labels' first pixel.
        ``match`` is the intersection over union of the labelled component and its circles, ``rim`` the share
        of the circumference that was seen.
    """
    ground = ground_of(labels)
    rows: list[_Row] = []
    for value, _ in classes_shown(labels):
        components = Components(labels, value, min_size)
        for number in components.in_order():
            rows += _of_component(labels, components, number, ground, min_rim)
    rows = sorted(_once(rows, ground), key=lambda row: -row[2])
    found = np.array(rows, np.float64).reshape(-1, 6)[:, :5]
    names = ("x", "y", "diameter_px") if ground is None else ("longitude", "latitude", "diameter_m")
    columns: dict[str, NDArray[Any]] = {"crater": np.arange(1, len(found) + 1)}
    columns |= dict(zip((*names, "match", "rim"), found.T, strict=True))
    return Table(
        "craters", columns, (found[:, 0], found[:, 1]), None if ground is None else ground.geographic
    )


def _once(rows: list[_Row], ground: Ground | None) -> list[_Row]:
    """Drop what was found twice: a crater that lies across the edge where a map of the globe is cut open."""
    if ground is None:
        return rows
    kept = [row for row in rows if not row[5]]
    cut = sorted((row for row in rows if row[5]), key=lambda row: -row[4])  # the better seen first
    for number, row in enumerate(cut):
        longitude, latitude, diameter = np.array([other[:3] for other in cut[:number]]).reshape(-1, 3).T
        away = np.hypot(*ground.plane(longitude, latitude, (row[0], row[1])).T)
        alike = (away < _SAME * row[2]) & (np.abs(diameter - row[2]) < _SAME * row[2])
        if not alike.any():
            kept.append(row)
    return kept


def _of_component(
    labels: xr.DataArray, components: Components, number: int, ground: Ground | None, min_rim: float
) -> list[_Row]:
    """Return a row for each circle of a component, and at its end whether the data's edge cuts it.

    A circle must show ``min_rim`` of what of it lies where there are data.
    """
    box = components.boxes[number - 1]
    mask = components.mask(number)
    # Craters that all run together may fill a mosaic; then every n-th pixel has to do.
    stride = int(np.ceil(np.sqrt(mask.size / _MOST_PIXELS)))
    mask = mask[::stride, ::stride]
    sides = np.stack([box[:, 0] == 0, box[:, 1] == labels.shape], axis=1).ravel()
    sampling = (1.0, 1.0) if ground is None else _pixel_size(ground, box.mean(axis=1))
    gaps = _gaps(components, labels.shape, box, stride) if components.gaps else None
    cut = gaps is not None and bool(gaps.any())
    circles = find_circles(mask, sampling, sides, gaps)
    match = overlap_with(mask, circles, sampling, gaps)
    placed = []
    for circle in circles:
        inside = _share_inside(circle.line(sampling) * stride + box[:, 0], labels, cut)
        if circle.support < min_rim * inside or inside < _LEAST_INSIDE:
            continue
        if ground is None:
            row, column = _first_pixel(labels) + box[:, 0] + circle.centre * stride
            x, y, diameter = float(column), float(row), 2 * circle.radius * stride
        else:
            x, y, diameter = _on_the_ground(circle.outline * stride + box[:, 0], ground)
            if np.isnan(diameter):
                continue
        placed.append((x, y, diameter, match, circle.support, cut or bool(sides.any())))
    return placed


def _gaps(
    components: Components, shape: tuple[int, ...], box: NDArray[np.int64], stride: int
) -> NDArray[np.bool_]:
    """Return where nothing is known in a box and a pixel around it, every ``stride``-th pixel."""
    places = [np.arange(first - stride, last + stride, stride) for first, last in box]
    there = [(one >= 0) & (one < size) for one, size in zip(places, shape, strict=True)]
    rows, columns = (one[known] for one, known in zip(places, there, strict=True))
    gaps = np.zeros([one.size for one in places], bool)
    gaps[np.ix_(*there)] = components.unknown(rows, columns)
    return gaps


def _share_inside(points: NDArray[np.float64], labels: xr.DataArray, cut: bool) -> float:
    """Return which share of positions, (points, 2) row and column, lies in the picture.

    Where gaps in the data ``cut`` what is shown, only places count of which something is known.
    """
    within = (points > -0.5) & (points < np.array(labels.shape) - 0.5)
    inside: NDArray[np.bool_] = np.all(within, axis=1)
    if cut and inside.any():
        places = np.rint(points[inside]).astype(np.int64).T
        at = {dim: xr.DataArray(one, dims="place") for dim, one in zip(labels.dims, places, strict=True)}
        inside[inside] = as_stored(labels.isel(at)) != NOTHING
    return float(inside.mean())


def _first_pixel(labels: xr.DataArray) -> NDArray[np.float64]:
    """Return the place in the image of the labels' first pixel: they may be of a region of it.

    On a map without a reference system, where coordinates are no numbers of pixels, it is the first pixel of
    the labels.
    """
    counted = [dim in ("row", "column") and dim in labels.coords for dim in labels.dims]
    first = [labels[dim].values[0] if one else 0 for dim, one in zip(labels.dims, counted, strict=True)]
    return np.array(first, np.float64)


def _pixel_size(ground: Ground, middle: NDArray[np.float64]) -> tuple[float, float]:
    """Return height and width in m of the pixel at a position."""
    row, column = middle - 0.5
    rows, columns = row + np.array([0.0, 0.5, -0.5, 0, 0]), column + np.array([0.0, 0, 0, 0.5, -0.5])
    longitude, latitude = ground.lonlat(rows, columns)
    if not np.isfinite(longitude).all():  # it lies off the globe
        return 1.0, 1.0
    at = ground.plane(longitude, latitude, (float(longitude[0]), float(latitude[0])))
    return float(np.hypot(*(at[1] - at[2]))), float(np.hypot(*(at[3] - at[4])))


def _on_the_ground(outline: NDArray[np.float64], ground: Ground) -> tuple[float, float, float]:
    """Fit a circle to positions of an outline: longitude, latitude and diameter in m, NaN off the globe."""
    longitude, latitude = ground.lonlat(*outline.T)
    there = np.isfinite(longitude)
    if there.sum() < _LEAST_POINTS:
        return np.nan, np.nan, np.nan
    longitude, latitude = longitude[there], latitude[there]
    centre = (float(longitude[0]), float(latitude[0]))
    radius = 0.0
    for _ in range(_ROUNDS):  # the plane is true only around its centre
        (east, north), radius = fit_circle(ground.plane(longitude, latitude, centre))
        centre = ground.place(float(east), float(north), centre)
    return *centre, 2 * radius
