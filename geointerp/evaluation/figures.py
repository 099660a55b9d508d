"""Pictures of an evaluation: which classes are mistaken for which, how images differ, and distance's toll."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from geointerp.evaluation.score import ImageCounts
from geointerp.tasks import LabelClass

_DPI = 130
_MOST_ANNOTATED = 16
_MOST_POINTS = 400
_BACKGROUND = "#9a9a9a"  # white would not be seen
_INK = "#303030"


def draw_confusion(confusion: Sequence[Sequence[int]], names: Sequence[str], path: Path) -> None:
    """Draw a confusion matrix, each row in per cent of the samples of that true class.

    Args:
        confusion: counts, the truth along the rows, the prediction along the columns.
        names: of the classes.
        path: the PNG to write.
    """
    counts = np.asarray(confusion, np.int64)
    support = counts.sum(axis=1, keepdims=True)
    parts = 100 * np.divide(counts, support, out=np.full(counts.shape, np.nan), where=support > 0)
    side = max(3.2, 0.62 * len(names))
    figure, axes = _figure(side + 2.6, side + 1.2)
    image = axes.imshow(parts, cmap="Blues", vmin=0, vmax=100)
    axes.set_facecolor("#eeeeee")
    rows = [f"{name}\n{_short(int(total))}" for name, total in zip(names, support[:, 0], strict=True)]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), rows)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true class, and its samples")
    if len(names) <= _MOST_ANNOTATED:
        _write_parts(axes, parts)
    bar = figure.colorbar(image, ax=axes, shrink=0.85)
    bar.set_label("% of the true class")
    _save(figure, path)


def draw_image_ious(images: Sequence[ImageCounts], classes: Sequence[LabelClass], path: Path) -> None:
    """Draw the IoU of each class in each image: sorted from worst to best, and as boxes.

    The boxes reach from the first to the third quartile, their whiskers over 1.5 times that; the line is the
    median. An image that neither has a class nor is predicted to have it takes no part in that class.

    Args:
        images: what was counted in each.
        classes: in the order of their labels.
        path: the PNG to write.
    """
    table = np.array([image.ious(len(classes)) for image in images], float).reshape(-1, len(classes))
    known = [column[~np.isnan(column)] for column in table.T]
    ratios = (5.2, max(4.2, 0.75 * len(classes)))
    figure, (left, right) = _figure(sum(ratios), 4.6, ratios)
    for one, values in zip(classes, known, strict=True):
        _draw_sorted(left, values, one)
    left.set_xlabel("images with the class, worst to best (%)")
    left.set_ylabel("IoU")
    left.set_title("sorted by class", fontsize=11)
    _draw_boxes(right, known, classes)
    right.set_title("spread over images", fontsize=11)
    for axes in (left, right):
        axes.set_ylim(-0.03, 1.03)
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        axes.set_axisbelow(True)
    figure.suptitle(f"IoU in each of {len(images):,} image{'s' * (len(images) != 1)}", fontweight="bold")
    if 1 < len(classes) <= _MOST_ANNOTATED:
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    _save(figure, path)


def draw_iou_by_distance(images: Sequence[ImageCounts], classes: int, path: Path) -> None:
    """Draw each slice's mean IoU against its distance to the nearest slice of the training.

    Args:
        images: with their distance known.
        classes: how many there are.
        path: the PNG to write.
    """
    pairs = [(image.distance, image.mean_iou(classes)) for image in images]
    known = np.array([pair for pair in pairs if pair[1] is not None], float).reshape(-1, 2)
    figure, axes = _figure(6.4, 4.2)
    axes.scatter(
        known[:, 0], known[:, 1], s=18, color="#4363d8", alpha=0.6, linewidths=0, label="one slice", zorder=3
    )
    centres, means = _running_mean(known)
    axes.plot(centres, means, color="#e6194b", linewidth=2, label="mean")
    axes.set_xlabel("distance to the nearest slice of the training (line numbers, ms or m)")
    axes.set_ylabel("mIoU of the slice")
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    _save(figure, path)


def _figure(width: float, height: float, ratios: Sequence[float] = (1,)) -> tuple[Figure, Any]:
    """Return a figure in inches, and its panels in a row with widths in these ratios; one by itself."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, len(ratios), width_ratios=ratios)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="png", dpi=_DPI)


def _write_parts(axes: Axes, parts: NDArray[np.float64]) -> None:
    """Write the percentages into the cells, light on dark and dark on light."""
    for (row, column), part in np.ndenumerate(parts):
        if not np.isnan(part):
            colour = "white" if part > 60 else _INK
            text = f"{part:.1f}" if 0.05 <= part < 99.95 else f"{part:.0f}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)


def _draw_sorted(axes: Axes, values: NDArray[np.float64], one: LabelClass) -> None:
    """Draw the values in ascending order over the images, from 0 to 100 %."""
    if not values.size:
        return
    middles = 100 * (np.arange(values.size) + 0.5) / values.size
    marker = "o" if values.size <= 40 else ""
    colour = _visible(one)
    axes.plot(
        middles, np.sort(values), color=colour, linewidth=2, marker=marker, markersize=4, label=one.name
    )
    axes.set_xlim(0, 100)


def _draw_boxes(axes: Axes, known: Sequence[NDArray[np.float64]], classes: Sequence[LabelClass]) -> None:
    """Draw a box a class, and the images over it as points; of many images a spread of them."""
    places = range(1, len(classes) + 1)
    boxes = axes.boxplot(
        known, positions=list(places), widths=0.55, patch_artist=True, showfliers=False, zorder=2
    )
    for patch, median, one in zip(boxes["boxes"], boxes["medians"], classes, strict=True):
        patch.set(facecolor=_visible(one), alpha=0.35, edgecolor=_INK)
        median.set(color=_INK, linewidth=1.8)
    rng = np.random.default_rng(0)
    for place, values, one in zip(places, known, classes, strict=True):
        shown = np.sort(values)[:: max(1, values.size // _MOST_POINTS)]
        beside = place + rng.uniform(-0.16, 0.16, shown.size)
        axes.scatter(beside, shown, s=9, color=_visible(one), edgecolors=_INK, linewidths=0.3, zorder=3)
    labels = [f"{one.name} ({len(values):,})" for one, values in zip(classes, known, strict=True)]
    axes.set_xticks(list(places), labels, rotation=25, ha="right", rotation_mode="anchor")


def _visible(one: LabelClass) -> str:
    return _BACKGROUND if one.name == "background" else one.colour


def _running_mean(known: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean at each distance, or in twenty bins of them when there are more."""
    distances = np.unique(known[:, 0])
    if distances.size > 20:
        edges = np.linspace(distances[0], distances[-1], 21)
        group = np.clip(np.digitize(known[:, 0], edges) - 1, 0, 19)
    else:
        group = np.searchsorted(distances, known[:, 0])
    held = np.unique(group)
    centres = np.array([known[group == one, 0].mean() for one in held])
    return centres, np.array([known[group == one, 1].mean() for one in held])


def _short(number: int) -> str:
    """Write a count for people: 950, 12 k, 3.4 M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return str(number)
