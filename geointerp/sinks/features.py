"""A picture of what a model sees: principal components of its patch tokens, before and after adaptation.

The network sees the whole image at once: it is resized so that both sides are multiples of the patch and the
longer has at most 518 pixels, DINOv2's own size, so that the picture has up to 37 patches a side.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from geointerp.sources.open import open_volume
from geointerp.sources.scaling import measure_scale
from geointerp.tiling.views import View, choose_views, widened

if TYPE_CHECKING:
    from torch import Tensor

    from geointerp.network.description import ModelDescription
    from geointerp.network.segmenter import Segmenter

_LONGEST = 518
_ROWS = (("before", "before\nadaptation"), ("after", "after\nadaptation"))


def draw_features(model: str | Path, image: Path, path: Path) -> None:
    """Draw the features of an image at four depths of the encoder: the backbone alone, and adapted.

    The colours of each panel are the first three principal components of its own tokens: they tell which
    patches are alike within the panel, not between panels.

    Args:
        model: a model adapted by LoRA: its folder, its run folder, or the name of a bundled one.
        image: any file that ``open_volume`` reads; of a volume the middle slice of the model's first view.
        path: the PNG to write.

    Raises:
        DataError: the image cannot be read.
        ModelError: there is no such model, or it has no LoRA.
    """
    import torch

    from geointerp.network.description import read_description
    from geointerp.network.features import patch_tokens, principal_colours
    from geointerp.network.home import find_model
    from geointerp.network.loading import load_adapter

    about = read_description(find_model(model))
    section, title = _section(open_volume(image, elevation=about.elevation), about)
    size = fitting_size((section.shape[1], section.shape[2]), about.patch)
    network, _ = load_adapter(model, size)
    grey = _resized(torch.from_numpy(section), size)
    levels = {
        name: [principal_colours(tokens).numpy() for tokens in patch_tokens(network, grey, adapted=after)]
        for name, after in (("before", False), ("after", True))
    }
    blocks = [block + 1 for block in cast("Segmenter", network.get_base_model()).blocks]
    shape = f"{section.shape[1]} x {section.shape[2]}"
    resized = "" if size == section.shape[1:] else f" resized to {size[0]} x {size[1]}"
    colours = "the first three principal components of each panel's tokens"
    note = f"{title}, {shape} pixels{resized}; colours: {colours}, {about.patch} pixels a patch"
    _draw(section[len(section) // 2], levels, blocks, note, path)


def fitting_size(shape: tuple[int, int], patch: int, longest: int = _LONGEST) -> tuple[int, int]:
    """Return the size an image is resized to: its proportions, as nearly as multiples of the patch allow.

    Args:
        shape: rows and columns.
        patch: both sides become multiples of it, at least three of them.
        longest: neither side becomes longer.
    """
    factor = min(1.0, longest / max(shape))
    most = max(3, longest // patch)
    rows, columns = (patch * min(most, max(3, round(side * factor / patch))) for side in shape)
    return rows, columns


def _section(volume: xr.DataArray, about: "ModelDescription") -> tuple[NDArray[np.float32], str]:
    """Return a slice as the model is to see it, grey (1 or 3, rows, columns), and what it is called."""
    dims, sizes = [str(dim) for dim in volume.dims], {str(dim): n for dim, n in volume.sizes.items()}
    views = choose_views(dims, about.views if len(dims) == 3 else None)
    view = widened(views, sizes, about.patch)[0]
    number = 0 if view.slices is None else sizes[view.slices] // 2
    title = Path(str(volume.attrs.get("source", "image"))).name
    if view.slices is not None:
        title += f", {view.slices} {volume[view.slices].values[number].item():g}"
    scale = measure_scale(volume, about.normalisation.kind, about.normalisation.percentile)
    return scale.to_grey(_channels(volume, view, number, about.channels)), title


def _channels(volume: xr.DataArray, view: View, number: int, channels: str) -> NDArray[np.float32]:
    """Return a slice, or with its two neighbours, at an edge itself again: (1 or 3, rows, columns)."""
    offsets = (0,) if channels == "repeat" else (-1, 0, 1)
    if view.slices is None:
        one = volume.transpose(*view.order).values.astype(np.float32)
        return np.stack([one] * len(offsets))
    last = volume.sizes[view.slices] - 1
    places = [min(max(number + offset, 0), last) for offset in offsets]
    taken: NDArray[np.float32] = volume.isel({view.slices: places}).transpose(*view.order).values
    return taken.astype(np.float32)


def _resized(grey: "Tensor", size: tuple[int, int]) -> "Tensor":
    from torch.nn.functional import interpolate

    resized: Tensor = interpolate(grey[None], size, mode="bilinear", antialias=True, align_corners=False)[0]
    return resized


def _draw(
    grey: NDArray[np.float32],
    levels: dict[str, list[NDArray[np.float32]]],
    blocks: Sequence[int],
    note: str,
    path: Path,
) -> None:
    """Lay out the input on the left, and four depths to its right: before above, after below."""
    mosaic: Any = [["input", *(f"{name}{n}" for n in range(len(blocks)))] for name, _ in _ROWS]
    tall = float(np.clip(grey.shape[0] / grey.shape[1], 0.4, 2.0))
    figure = Figure(figsize=(12.5, 3.9 * tall + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    panels: dict[str, Any] = figure.subplot_mosaic(mosaic, width_ratios=[2, *[1] * len(blocks)])
    panels["input"].imshow(grey, cmap="gray", vmin=0, vmax=1, aspect="auto")
    panels["input"].set_title("input", fontweight="bold")
    for name, label in _ROWS:
        for n, picture in enumerate(levels[name]):
            panels[f"{name}{n}"].imshow(picture, aspect="auto", interpolation="nearest")
        panels[f"{name}0"].set_ylabel(label, fontsize=12, fontweight="bold")
    for n, block in enumerate(blocks):
        panels[f"before{n}"].set_title(f"block {block}", fontweight="bold")
    _without_ticks(list(panels.values()))
    figure.supxlabel(note, fontsize=9)
    figure.savefig(path, format="png", dpi=130)


def _without_ticks(panels: Sequence[Axes]) -> None:
    for axes in panels:
        axes.set_xticks([])
        axes.set_yticks([])
