"""Faulted seismic sections with their labels, after the recipe of Wu et al. (2019), widened.

The order is that of nature: layers are deposited, folded, faulted, sometimes eroded and covered by younger,
unfaulted layers; then recorded with a wavelet, noise and the flaws of acquisition. Look-alikes that are
*not* faults — mutes, survey edges, dim clouds, chaotic bodies, missing traces, unconformities — are drawn
in and left unlabelled.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.acquisition import acquire
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.ranges import Acquisition, Deformation
from geointerp.synthesis.structure import draw_faults, draw_folds, grid, undo_faults, undo_folds


@dataclass(frozen=True, kw_only=True)
class FaultRecipe(Deformation, Acquisition):
    """The ranges that sections are drawn from; lengths in samples and traces.

    Attributes:
        visible: smallest displacement that is labelled, as a part of the wavelet's period.
        least: smallest displacement that is labelled, in samples.
        half_width: half the width of the label.
        audible: a fault is labelled where the layers are at least so many decibels louder than the noise
            around.
    """

    visible: float = 0.25
    least: float = 2.0
    half_width: float = 1.5
    audible: float = 0.0


DEFAULT = FaultRecipe(sunk=0.2)

# What the starter's encoder learnt from: only larger throws labelled, no migrated noise.
EARLIER = FaultRecipe(visible=0.35, least=3.0)

# Shifted: more noise, smaller throws, flatter planes, coarser and finer wavelets.
SHIFTED = FaultRecipe(
    faults=(0, 9),
    throw=(3.0, 40.0),
    slope=(0.05, 1.1),
    period=(4.5, 20.0),
    decibels=(0.0, 14.0),
    lift=(0.0, 22.0),
    blur=(0.0, 1.2),
    half_width=1.25,
)

# Easier: many large faults, little noise, and a broad label, from which a network learns sooner what a
# fault is.
CLEAR = FaultRecipe(
    faults=(3, 8),
    throw=(15.0, 40.0),
    slope=(0.1, 0.7),
    period=(6.0, 12.0),
    decibels=(8.0, 20.0),
    lift=(0.0, 14.0),
    blur=(0.0, 0.4),
    visible=0.35,
    least=3.0,
    half_width=2.0,
    audible=-100.0,
)


def cover(draw: Draw, depth: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Erode some sections along a surface and lay young, unfaulted layers on it (an angular unconformity)."""
    sections, height, width = depth.shape
    z, x = grid(sections, height, width, depth.device)
    surface = draw.uniform(0.1, 0.7, sections, 1, 1) * height
    surface = surface + draw.uniform(0.0, 14.0, sections, 1, 1) * record.smooth_field(
        draw, sections, 1, width, 3
    )
    young = (z < surface) & draw.chance(0.25, sections, 1, 1)
    # Young layers onlap: parallel to the surface where it is deep, flat where they fill it.
    follow = draw.uniform(0.0, 1.0, sections, 1, 1)
    layered = (
        z
        - follow * (surface - surface.mean(dim=2, keepdim=True))
        + 0.05 * (x - width / 2) * draw.normal(sections, 1, 1)
    )
    return torch.where(young, layered + 400.0, depth), label & ~young


def chaotic_body(draw: Draw, sections: int, height: int, width: int) -> Tensor:
    """Where a chaotic body (mass transport, salt, gas) hides the layers, bool; most sections have none."""
    field = record.smooth_field(draw, sections, height, width, 4)
    return (field > draw.uniform(1.0, 1.8, sections, 1, 1)) & draw.chance(0.2, sections, 1, 1)


def fault_sections(
    count: int,
    seed: int,
    *,
    height: int = 224,
    width: int = 224,
    recipe: FaultRecipe = DEFAULT,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """Synthesise faulted sections.

    Args:
        count: sections.
        seed: the same seed gives the same sections.
        height: samples a trace.
        width: traces a section.
        recipe: the ranges to draw from.
        device: where to compute.

    Returns:
        Amplitudes, float32 (count, height, width), about unit power; labels, uint8, same shape, 1 on faults.
    """
    draw = Draw(seed, device)
    z, x = grid(count, height, width, draw.device)
    period = draw.log_uniform(*recipe.period, count)
    faults = draw_faults(draw, recipe, count, height, width)
    visible = (recipe.visible * period).clamp_min(recipe.least)[:, None, None]
    label = undo_faults(z, x, faults, visible, recipe.half_width)
    depth = undo_folds(z, x, draw_folds(draw, recipe, count, width))
    depth, label = cover(draw, depth, label)
    return record_layers(draw, depth, label, period, recipe)


def record_layers(
    draw: Draw, depth: Tensor, label: Tensor, period: Tensor, recipe: FaultRecipe
) -> tuple[Tensor, Tensor]:
    """Record the layers at ``depth`` (sections, height, width); where nothing shows, nothing is labelled."""
    sections, height, width = depth.shape
    layers = record.reflectivity(draw, sections, 1600)
    # Depth of deposition reaches from far above the picture (uplift) to the young cover 400 samples off.
    field = record.sample_layers(layers, depth + 400.0)
    chaos = chaotic_body(draw, sections, height, width)
    jumble = draw.normal(sections, height, width) * draw.uniform(0.05, 0.5, sections, 1, 1)
    recorded = acquire(draw, torch.where(chaos, jumble, field), period, recipe)
    label = label & ~chaos & ~recorded.blank & (recorded.ratio >= recipe.audible)
    return recorded.seismic, label.to(torch.uint8)
