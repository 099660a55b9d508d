"""A synthetic 3D survey with known faults and salt: sections that vary smoothly from inline to inline.

One geology (planes with a strike, elliptical tips and domes) is drawn for the survey; each inline is a row of
its tensors, so that inlines agree with each other while their noise does not.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.faults import DEFAULT, FaultRecipe
from geointerp.synthesis.salt import fill
from geointerp.synthesis.structure import (
    Faults,
    Folds,
    displacement_profile,
    draw_faults,
    draw_folds,
    grid,
    undo_faults,
    undo_folds,
)
from geointerp.synthesis.survey_salt import SURVEY_SALT, SaltBody, draw_salt, salt_at_inlines

# Survey seeds lie apart from those of training and measuring.
_FIRST_SEED = 700_000_000
_SLAB = 16

# Gentler than the training ranges, like the published synthetic surveys: throws of 5 to 30 samples, dips of
# 60 degrees and more, a 35 to 20 Hz wavelet at 4 ms, moderate noise.
SURVEY = replace(
    DEFAULT,
    faults=(5, 8),
    throw=(6.0, 30.0),
    slope=(0.15, 0.7),
    period=(7.0, 12.0),
    decibels=(5.0, 8.0),
    lift=(4.0, 14.0),
)


@dataclass(frozen=True)
class Geology:
    """What a survey is made of; shapes (1, faults) or (1, folds), one value a plane or dome.

    Attributes:
        faults, folds: as they are on the middle of the plane or dome.
        fault_y, fault_reach, strike: middle and half length of a plane along the inlines, and traces it
            moves across per inline.
        fold_y, fold_width: the same of a dome.
        layers: reflection coefficients, (1, layers).
        wavelet: (1, samples).
        decibels: signal-to-noise ratio.
        salt: bodies of salt, none by default.
    """

    faults: Faults
    folds: Folds
    fault_y: Tensor
    fault_reach: Tensor
    strike: Tensor
    fold_y: Tensor
    fold_width: Tensor
    layers: Tensor
    wavelet: Tensor
    decibels: float
    salt: tuple[SaltBody, ...] = ()


@dataclass(frozen=True)
class Survey:
    """A survey and what is true of it, each (inlines, crosslines, samples).

    Attributes:
        amplitude: float32.
        faults: uint8, 1 on faults.
        salt: uint8, 1 in salt.
    """

    amplitude: NDArray[np.float32]
    faults: NDArray[np.uint8]
    salt: NDArray[np.uint8]


def draw_geology(draw: Draw, shape: tuple[int, int, int], recipe: FaultRecipe) -> tuple[Geology, Tensor]:
    """The geology of a survey of ``shape`` (inlines, crosslines, samples); its wavelet's period."""
    inlines, crosslines, samples = shape
    period = draw.log_uniform(*recipe.period, 1)
    # As many planes to a given width as in the sections that models learn from.
    density = max(1.0, crosslines / 224)
    counts = tuple(max(1, round(n * density)) for n in recipe.faults)
    faults = draw_faults(draw, replace(recipe, faults=(counts[0], counts[1])), 1, samples, crosslines)
    folds = draw_folds(draw, recipe, 1, crosslines)
    planes, domes = (1, faults.count), (1, int(folds.x.shape[1]))
    geology = Geology(
        faults=replace(faults, height=faults.height.clamp_min(0.4 * samples)),
        folds=folds,
        fault_y=draw.uniform(0.0, float(inlines), *planes),
        fault_reach=draw.log_uniform(0.8, 4.0, *planes) * max(inlines, 64),
        strike=torch.tan(draw.uniform(-math.pi / 5, math.pi / 5, *planes)),
        fold_y=draw.uniform(0.0, float(inlines), *domes),
        fold_width=draw.log_uniform(0.2, 1.0, *domes) * max(inlines, 64),
        layers=record.reflectivity(draw, 1, samples + 1400),
        wavelet=record.ricker(period, torch.zeros(1)),
        decibels=float(draw.uniform(*recipe.decibels, 1)),
    )
    return geology, period


def at_inlines(geology: Geology, y: Tensor) -> tuple[Faults, Folds]:
    """The planes and folds as inlines ``y`` (n,) cut them; each field (n, faults) or (n, folds)."""
    n = y.shape[0]
    along = y[:, None] - geology.fault_y
    relative = (along / geology.fault_reach).abs().clamp(0.0, 1.0)
    faults = geology.faults
    cut = Faults(
        x=faults.x + geology.strike * along,
        z=faults.z.expand(n, -1),
        slope=faults.slope.expand(n, -1),
        curvature=faults.curvature.expand(n, -1),
        # The tip line of a fault is an ellipse.
        height=faults.height * (1.0 - relative.square()).clamp_min(1e-4).sqrt(),
        throw=faults.throw * displacement_profile(relative),
        share=faults.share.expand(n, -1),
        reach=faults.reach.expand(n, -1),
    )
    folds = geology.folds
    bell = torch.exp(-0.5 * ((y[:, None] - geology.fold_y) / geology.fold_width).square())
    return cut, Folds(
        x=folds.x.expand(n, -1),
        width=folds.width.expand(n, -1),
        lift=folds.lift * bell,
        dip=folds.dip.expand(n, -1),
        growth=folds.growth.expand(n, -1),
    )


def synthesise_survey(
    shape: tuple[int, int, int], seed: int, recipe: FaultRecipe = SURVEY, *, salt: bool = False
) -> Survey:
    """A survey and its true faults and salt.

    Args:
        shape: inlines, crosslines, samples.
        seed: the same seed gives the same survey.
        recipe: the ranges its geology is drawn from.
        salt: whether a diapir and a dome pierce it.
    """
    inlines, crosslines, samples = shape
    draw = Draw(_FIRST_SEED + seed)
    geology, period = draw_geology(draw, shape, recipe)
    if salt:
        geology = replace(geology, salt=tuple(draw_salt(draw, shape)))
    visible = (recipe.visible * period).clamp_min(recipe.least)[:, None, None]
    survey = Survey(np.empty(shape, np.float32), np.empty(shape, np.uint8), np.empty(shape, np.uint8))
    for start in range(0, inlines, _SLAB):
        y = torch.arange(start, min(start + _SLAB, inlines), dtype=torch.float32)
        z, x = grid(len(y), samples, crosslines, draw.device)
        body, lifted = salt_at_inlines(geology.salt, y, z, x)
        # The youngest movement is undone first: that of the salt.
        z += lifted
        faults, folds = at_inlines(geology, y)
        label = undo_faults(z, x, faults, visible, recipe.half_width)
        section, heard = _record(draw, undo_folds(z, x, folds), body, geology, recipe)
        label &= heard & ~body
        slab = slice(start, start + len(y))
        survey.amplitude[slab] = section.transpose(1, 2).numpy()
        survey.faults[slab] = label.transpose(1, 2).numpy()
        survey.salt[slab] = body.transpose(1, 2).numpy()
    return survey


def _record(
    draw: Draw, depth: Tensor, body: Tensor, geology: Geology, recipe: FaultRecipe
) -> tuple[Tensor, Tensor]:
    """Record the layers at ``depth`` (inlines, samples, crosslines); say where noise does not hide them."""
    sections, height, width = depth.shape
    layers = geology.layers.expand(sections, -1)
    wavelet = geology.wavelet.expand(sections, -1)
    field = record.sample_layers(layers, depth + 400.0)
    if geology.salt:
        field = fill(draw, field, body, SURVEY_SALT)
    clean = record.convolve_down(field, wavelet)
    clean = clean / record.reflection_level(geology.layers, geology.wavelet)
    noise = record.unit_power(record.convolve_down(draw.normal(sections, height, width), wavelet))
    noisy: Tensor = clean + noise * 10.0 ** (-geology.decibels / 20.0)
    return noisy, record.local_ratio(clean, noisy) >= recipe.audible
