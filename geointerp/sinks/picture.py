"""Input and labels drawn together, with the axes of the survey and the colours of the classes.

Of a volume three slices are drawn, those through the middle of each dimension; of a section or
an image the whole. Each slice is a row of panels: the input, the labels over it and, where it
is known, the truth over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from geointerp.tasks import LabelClass, classes_named

_OVERLAY_ALPHA = 0.85
_AREA_ALPHA = 0.45
_UNKNOWN = (0.75, 0.82, 0.9, 1.0)
_DOWNWARDS = ("time", "depth", "row", "distance")
_UNITS = {"time": "ms", "depth": "m", "distance": "m"}


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


def draw(
    volume: xr.DataArray, labels: xr.DataArray, path: Path, *, truth: xr.DataArray | None = None
) -> None:
    """Draw the input, the labels over it and, where it is known, the truth over it.

    Args:
        volume: the input, 2D or 3D float32; it may reach beyond the labels.
        labels: uint8 class indices or floats with NaN, dimensions and coordinates as the input;
            classes as ``flag_meanings``, colours by the names of the tasks' classes.
        path: the PNG to write.
        truth: the true labels, as ``labels``.
    """
    classes, cuts = classes_of(labels), middle_slices(labels)
    overlays = [None, labels] if truth is None else [None, labels, truth]
    figure = Figure(figsize=(4.6 * len(overlays) + 0.6, 3.9 * len(cuts) + 0.7), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(cuts), len(overlays), squeeze=False)
    incomplete = False
    for cut, panels in zip(cuts, grid, strict=True):
        below = _take(volume, labels, cut)
        incomplete |= bool(below.isnull().any())
        for overlay, axes in zip(overlays, panels, strict=True):
            _draw_input(axes, below, cut)
            if overlay is not None:
                _draw_overlay(axes, _take(overlay, labels, cut), classes, cut)
        _name_axes(panels, cut)
    _name_columns(grid[0], labels)
    _draw_legend(figure, classes, incomplete)
    figure.savefig(path, format="png", dpi=130)


def classes_of(labels: xr.DataArray) -> list[LabelClass]:
    """Return the classes of a label array, with the colours that the tasks give to their names.

    Args:
        labels: with ``flag_meanings``; without, the classes are the label values.
    """
    names = str(labels.attrs.get("flag_meanings", "")).split()
    if not names:
        largest = np.nanmax(np.where(labels.values == 255, 0, labels.values))
        names = [str(value) for value in range(int(largest) + 1)]
    return list(classes_named(names))


def middle_slices(labels: xr.DataArray) -> list[Slice]:
    """Return the cuts to draw: the whole of a 2D array, the middle of each dimension of a volume.

    Of a volume that is one line thick, cuts that would be a single trace wide are left out.
    """
    dims = [str(dim) for dim in labels.dims]
    if len(dims) == 2:
        return [Slice("", {}, *_down_and_across(dims))]
    thin = [dim for dim in dims if labels.sizes[dim] == 1]
    cuts = []
    for dim in thin[:1] or dims:
        middle = labels[dim].values[labels.sizes[dim] // 2].item()
        rest = [other for other in dims if other != dim]
        unit = f" {_UNITS[dim]}" if dim in _UNITS else ""
        cuts.append(Slice(f"{dim} {middle:g}{unit}", {dim: middle}, *_down_and_across(rest)))
    return cuts


def _down_and_across(dims: Sequence[str]) -> tuple[str, str]:
    """Return which of two dimensions runs down the page and which across."""
    first, second = dims
    return (second, first) if second in _DOWNWARDS else (first, second)


def _take(array: xr.DataArray, labels: xr.DataArray, cut: Slice) -> xr.DataArray:
    """Return one slice of an array, no larger than the labels, rows first; loaded."""
    taken = array.sel(cut.at, method="nearest") if cut.at else array
    for dim in (cut.rows, cut.columns):
        values = labels[dim].values
        taken = taken.isel({dim: np.flatnonzero((taken[dim] >= values.min()) & (taken[dim] <= values.max()))})
    return taken.transpose(cut.rows, cut.columns).load()


def _draw_input(axes: Axes, values: xr.DataArray, cut: Slice) -> None:
    finite = values.values[np.isfinite(values.values)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    if low < 0 < high:
        high = max(-low, high)
        low = -high
    axes.set_facecolor(_UNKNOWN)
    axes.imshow(
        np.ma.masked_invalid(values.values),
        cmap="gray",
        vmin=low,
        vmax=high,
        extent=_extent(values, cut),
        aspect="auto",
        interpolation="bilinear",
    )


def _draw_overlay(axes: Axes, labels: xr.DataArray, classes: Sequence[LabelClass], cut: Slice) -> None:
    """Lay the classes over the input; the background and what is unknown stay clear."""
    axes.imshow(
        colour_labels(labels.values, classes),
        extent=_extent(labels, cut),
        aspect="auto",
        interpolation="nearest",
    )


def colour_labels(labels: NDArray[Any], classes: Sequence[LabelClass]) -> NDArray[np.float64]:
    """Return the RGBA picture of a label array; the background, 255 and NaN are transparent.

    Args:
        labels: class indices, any number type.
        classes: in the order of the indices.

    Returns:
        Float64 in 0 to 1, the labels' shape and a last axis of 4.
    """
    colours = np.zeros((256, 4))
    alpha = _OVERLAY_ALPHA if classes[0].name == "background" else _AREA_ALPHA
    for value, one in enumerate(classes):
        colours[value] = to_rgba(one.colour, 0 if one.name == "background" else alpha)
    picture: NDArray[np.float64] = colours[np.nan_to_num(labels, nan=255).astype(np.uint8)]
    return picture


def _extent(values: xr.DataArray, cut: Slice) -> tuple[float, float, float, float]:
    """Return left, right, bottom, top of a slice, half a sample beyond the outer samples."""
    left, right = _edges(values[cut.columns].values)
    top, bottom = _edges(values[cut.rows].values)
    return left, right, bottom, top


def _edges(coordinate: NDArray[Any]) -> tuple[float, float]:
    first, last = float(coordinate[0]), float(coordinate[-1])
    half = (last - first) / (len(coordinate) - 1) / 2 if len(coordinate) > 1 else 0.5
    return first - half, last + half


def _name_axes(panels: Sequence[Axes], cut: Slice) -> None:
    """Name the dimensions once a row, and say in each panel which cut it is."""
    for axes in panels:
        axes.set_xlabel(_axis_name(cut.columns))
        axes.tick_params(labelsize=8)
        if cut.title:
            box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "alpha": 0.85, "linewidth": 0}
            axes.annotate(cut.title, (8, 8), xycoords="axes points", fontsize=9, fontweight="bold", bbox=box)
    for axes in panels[1:]:
        axes.tick_params(labelleft=False)
    panels[0].set_ylabel(_axis_name(cut.rows))


def _name_columns(panels: Sequence[Axes], labels: xr.DataArray) -> None:
    """Say above the first row what each column shows."""
    seismic = {"time", "depth"} & set(labels.dims)
    over = " over amplitude" if seismic else ""
    titles = ("amplitude" if seismic else "input", f"prediction{over}", f"truth{over}")
    for axes, title in zip(panels, titles, strict=False):
        axes.set_title(title, fontsize=13, fontweight="bold")


def _axis_name(dim: str) -> str:
    return f"{dim} ({_UNITS[dim]})" if dim in _UNITS else dim


def _draw_legend(figure: Figure, classes: Sequence[LabelClass], incomplete: bool) -> None:
    """Put the drawn classes in one row under the panels."""
    shown = [one for one in classes if one.name != "background"]
    patches = [Patch(facecolor=one.colour, label=one.name) for one in shown]
    if incomplete:
        patches.append(Patch(facecolor=_UNKNOWN, label="no data"))
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), frameon=False)
