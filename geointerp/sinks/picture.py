"""Input and labels drawn together, with the axes of the survey and the colours of the classes.

Each slice is a row of panels: the input, the labels over it and, where it is known, the truth over it. A
single slice that is much wider than high has its panels below each other. Slices with more samples than the
picture has room for are thinned out first, in a way that keeps lines one sample wide.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geointerp.sinks.classes import BACKGROUND, classes_of
from geointerp.sinks.decimate import as_indices
from geointerp.sinks.panels import Layer, Sheet, grey_limits, lay_out, take
from geointerp.sinks.slices import At, Slice, choose_slices
from geointerp.tasks import NOTHING, LabelClass

_DPI = 130
_OVERLAY_ALPHA = 0.85
_AREA_ALPHA = 0.45
_NO_DATA = (0.75, 0.82, 0.9, 1.0)
_LETTERS_AN_INCH = 10
_COUNTED = ("inline", "crossline", "cdp", "row", "column")


def draw(
    volume: xr.DataArray,
    labels: xr.DataArray,
    path: Path,
    *,
    truth: xr.DataArray | None = None,
    at: At | None = None,
    told: Mapping[str, Any] | None = None,
) -> None:
    """Draw the input, the labels over it and, where it is known, the truth over it.

    Args:
        volume: the input, 2D or 3D float32; it may reach beyond the labels, and be larger than memory.
        labels: uint8 class indices or floats with NaN, dimensions and coordinates as the input;
            classes as ``flag_meanings``.
        path: the PNG to write.
        truth: the true labels, as ``labels``.
        at: the slices of a volume to draw, as ``inline=120,time=800`` or a mapping: the nearest there
            are. By default one along each dimension, where there is much to see.
        told: the provenance of the labels, see ``classes_of``.

    Raises:
        UsageError: ``at`` cannot be read or lies outside the data.
        DataError: labels or truth do not lie on the samples of the input.
    """
    classes, cuts = classes_of(labels, told), choose_slices(labels, at)
    overlays = [labels] if truth is None else [labels, truth]
    sheet = lay_out(labels, cuts, 1 + len(overlays))
    figure = Figure(figsize=sheet.size, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(*sheet.grid, squeeze=False).reshape(len(cuts), -1)
    incomplete = False
    for cut, row in zip(cuts, grid, strict=True):
        panels: list[Axes] = list(row)
        below, *above = take(volume, overlays, cut, sheet)
        incomplete |= _draw_row(panels, below, above, classes)
        _name_axes(panels, below, cut, sheet)
    _name_panels(grid[0], labels)
    _draw_legend(figure, classes, incomplete)
    figure.savefig(path, format="png", dpi=_DPI)


def _draw_row(
    panels: Sequence[Axes], below: Layer, above: Sequence[Layer], classes: Sequence[LabelClass]
) -> bool:
    """Draw one cut in all its panels, and return whether some of it is missing."""
    for axes in panels:
        _draw_input(axes, below)
    for axes, layer in zip(panels[1:], above, strict=True):
        _draw_overlay(axes, layer, classes)
    for axes in panels:
        axes.axis(below.limits)
    gaps = [bool(np.isnan(below.values).any()), *(bool((layer.values == NOTHING).any()) for layer in above)]
    return any(gaps)


def _draw_input(axes: Axes, layer: Layer) -> None:
    """Draw the input, smoothed, and what is missing to the sample: smoothing alone would widen its holes."""
    low, high = grey_limits(layer.values)
    axes.set_facecolor(_NO_DATA)
    missing = ~np.isfinite(layer.values)
    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    axes.imshow(
        np.ma.masked_invalid(layer.values[tuple(nearest)]),
        cmap="gray",
        vmin=low,
        vmax=high,
        extent=layer.extent,
        aspect=layer.aspect,
        interpolation="bilinear",
    )
    if missing.any():
        holes = missing[..., None] * np.array(to_rgba(_NO_DATA))
        axes.imshow(holes, extent=layer.extent, aspect=layer.aspect, interpolation="nearest")


def _draw_overlay(axes: Axes, layer: Layer, classes: Sequence[LabelClass]) -> None:
    """Lay the classes over the input; the background stays clear, what is unknown is veiled."""
    picture = colour_labels(layer.values, classes)
    picture[layer.values == NOTHING] = to_rgba(_NO_DATA, _OVERLAY_ALPHA)
    axes.imshow(picture, extent=layer.extent, aspect=layer.aspect, interpolation="nearest")


def colour_labels(labels: NDArray[Any], classes: Sequence[LabelClass]) -> NDArray[np.float64]:
    """Return the RGBA picture of a label array; the background, 255 and NaN are transparent.

    Args:
        labels: class indices, any number type.
        classes: in the order of the indices.

    Returns:
        Float64 in 0 to 1, the labels' shape and a last axis of 4.
    """
    colours = np.zeros((256, 4))
    alpha = _OVERLAY_ALPHA if classes[0].name == BACKGROUND else _AREA_ALPHA
    for value, one in enumerate(classes):
        colours[value] = to_rgba(one.colour, 0 if one.name == BACKGROUND else alpha)
    picture: NDArray[np.float64] = colours[as_indices(labels)]
    return picture


def _name_axes(panels: Sequence[Axes], layer: Layer, cut: Slice, sheet: Sheet) -> None:
    """Name the dimensions once a row, and say in each panel which cut it is."""
    for axes in panels:
        axes.tick_params(labelsize=8)
        for axis, dim in ((axes.xaxis, cut.columns), (axes.yaxis, cut.rows)):
            if dim in _COUNTED:
                axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
        if cut.title:
            box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "alpha": 0.85, "linewidth": 0}
            axes.annotate(cut.title, (8, 8), xycoords="axes points", fontsize=9, fontweight="bold", bbox=box)
    for axes in panels if not sheet.stacked else panels[-1:]:
        axes.set_xlabel(layer.across)
    for axes in panels if sheet.stacked else panels[:1]:
        axes.set_ylabel(layer.down)
    for axes in panels[1:]:
        axes.tick_params(labelleft=sheet.stacked)


def _name_panels(panels: Sequence[Axes], labels: xr.DataArray) -> None:
    """Say above the first row what each panel shows."""
    seismic = {"time", "depth"} & set(labels.dims)
    over = " over amplitude" if seismic else ""
    titles = ("amplitude" if seismic else "input", f"prediction{over}", f"truth{over}")
    for axes, title in zip(panels, titles, strict=False):
        axes.set_title(title, fontsize=13, fontweight="bold")


def _draw_legend(figure: Figure, classes: Sequence[LabelClass], incomplete: bool) -> None:
    """Put the classes under the panels, in as few rows as their names allow."""
    patches = [Patch(facecolor=one.colour, label=one.name) for one in classes if one.name != BACKGROUND]
    if incomplete:
        patches.append(Patch(facecolor=_NO_DATA, label="no data"))
    if patches:
        letters = 5 + max(len(str(patch.get_label())) for patch in patches)
        columns = max(1, int(figure.get_figwidth() * _LETTERS_AN_INCH / letters))
        figure.legend(
            handles=patches, loc="outside lower center", ncols=min(len(patches), columns), frameon=False
        )
