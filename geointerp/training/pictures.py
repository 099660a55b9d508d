"""``curves.png`` and ``samples.png``: how a training went, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from geointerp.sinks.picture import colour_labels
from geointerp.tasks import NOTHING, LabelClass
from geointerp.training.progress import Epoch

_TRAIN, _VAL, _PALE = "#777777", "#4363d8", "#d9d9d9"


def draw_curves(path: Path, epochs: Sequence[Epoch], classes: Sequence[LabelClass], best: int) -> None:
    """Draw losses, mIoU and the IoU of each class over the epochs.

    Args:
        path: the PNG to write.
        epochs: those done.
        classes: with their colours.
        best: number of the best epoch, which is marked.
    """
    figure = Figure(figsize=(12.6, 3.9), layout="constrained")
    FigureCanvasAgg(figure)
    losses, means, each = figure.subplots(1, 3)
    numbers = [epoch.number for epoch in epochs]
    marker = "o" if len(epochs) < 4 else None
    losses.plot(
        numbers, [epoch.train_loss for epoch in epochs], color=_TRAIN, marker=marker, label="training"
    )
    losses.plot(numbers, [epoch.val_loss for epoch in epochs], color=_VAL, marker=marker, label="validation")
    losses.set_title("loss", fontweight="bold")
    means.plot(numbers, [epoch.miou for epoch in epochs], color=_VAL, marker=marker, label="mIoU")
    means.plot(numbers, [epoch.mpa for epoch in epochs], color=_TRAIN, marker=marker, label="mPA")
    chosen = epochs[best - 1]
    means.plot(best, chosen.miou, "o", color=_VAL, label=f"best: {chosen.miou:.3f} in epoch {best}")
    means.set_title("validation", fontweight="bold")
    for number, one in enumerate(classes):
        values = [np.nan if (iou := epoch.ious[number]) is None else iou for epoch in epochs]
        each.plot(numbers, values, color=_ink(one.colour), marker=marker, label=one.name)
    each.set_title("IoU of each class", fontweight="bold")
    _finish(losses, means, each)
    figure.savefig(path, format="png", dpi=130)


def _finish(losses: Axes, *shares: Axes) -> None:
    """Give the panels axes, a grid and a legend."""
    for axes in (losses, *shares):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color=_PALE, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    losses.set_ylim(0, 1.05 * losses.get_ylim()[1])
    for axes in shares:
        axes.set_ylim(0, 1)


def _ink(colour: str) -> str:
    """A colour that shows on white paper: the background class is white in the pictures of labels."""
    return "#222222" if colour.lower() == "#ffffff" else colour


@dataclass(frozen=True)
class Drawn:
    """A validation slice as it is drawn.

    Attributes:
        name: above the row.
        grey: float32 (rows, columns) in [0, 1].
        truth: uint8 (rows, columns); 255 is unknown.
        prediction: uint8 (rows, columns).
    """

    name: str
    grey: NDArray[np.float32]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def draw_samples(path: Path, slices: Sequence[Drawn], classes: Sequence[LabelClass]) -> None:
    """Draw input, truth and prediction of each slice, a row each, and where the two differ.

    Args:
        path: the PNG to write.
        slices: at least one.
        classes: with their colours.
    """
    width = 4.2
    heights = [width * min(1.2, max(0.35, one.grey.shape[0] / one.grey.shape[1])) for one in slices]
    figure = Figure(figsize=(4 * width, sum(heights) + 1.0), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(slices), 4, squeeze=False, height_ratios=heights)
    for one, panels in zip(slices, grid, strict=True):
        known = one.truth != NOTHING
        wrong = known & (one.truth != one.prediction)
        for axes, overlay in zip(panels[:3], (None, one.truth, one.prediction), strict=True):
            _show(axes, one.grey)
            if overlay is not None:
                axes.imshow(colour_labels(overlay, classes), aspect="auto", interpolation="nearest")
        _show(panels[3], one.grey)
        panels[3].imshow(np.where(wrong[..., None], _WRONG, 0), aspect="auto", interpolation="nearest")
        share = wrong.sum() / max(1, known.sum())
        panels[3].text(
            0.02, 0.04, f"{share:.1%} differ", transform=panels[3].transAxes, fontsize=9, bbox=_BOX
        )
        panels[0].set_ylabel(one.name, fontsize=10)
    for axes, title in zip(grid[0], ("input", "truth", "prediction", "where they differ"), strict=True):
        axes.set_title(title, fontsize=13, fontweight="bold")
    shown = [one for one in classes if one.name != "background"]
    patches = [Patch(facecolor=one.colour, label=one.name) for one in shown]
    figure.legend(handles=patches, loc="outside lower center", ncols=min(8, len(patches)), frameon=False)
    figure.savefig(path, format="png", dpi=110)


_WRONG = (1.0, 0.85, 0.0, 0.8)
_BOX = {"boxstyle": "round,pad=0.3", "facecolor": "white", "alpha": 0.85, "linewidth": 0}


def _show(axes: Axes, grey: NDArray[np.float32]) -> None:
    """Draw a slice in grey, filling its panel."""
    axes.imshow(grey, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="bilinear")
    axes.set_xticks([])
    axes.set_yticks([])
