"""Seismic facies by reflection pattern: packages between surfaces, each laid down in its own manner.

Surfaces divide a section into packages; some are cut by a channel with a fill of its own. Within a package
the layers run parallel to its top or base, waver (subparallel), fan out (divergent), prograde in sigmoids or
straight foresets between toplap and downlap (clinoform), are contorted and broken (chaotic), or hardly
reflect (transparent). All of it is then folded, faulted and recorded.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.acquisition import acquire
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.ranges import Acquisition, Deformation, Range
from geointerp.synthesis.structure import grid, undo_deformation
from geointerp.tasks import NOTHING

# As in tasks.py.
PARALLEL, SUBPARALLEL, DIVERGENT, CLINOFORM, CHAOTIC, TRANSPARENT = range(6)
_PACKAGES = 6


@dataclass(frozen=True, kw_only=True)
class FaciesRecipe(Deformation, Acquisition):
    """The ranges that sections are drawn from; lengths in samples and traces, slopes in samples a trace.

    Attributes:
        reach: how far from a package's top or base its layers are laid down, in ages; blank beyond.
        thickness: of a package.
        waver: unevenness of subparallel layers.
        fan: how many times thicker a divergent package is, across the section.
        foreset: steepest slope of clinoforms.
        contortion: of the layers of a chaotic package.
        faint: reflectivity of a transparent package, of that of the others.
        channels: share of the sections with a channel.
    """

    faults: tuple[int, int] = (0, 4)
    throw: Range = (5.0, 27.0)
    lift: Range = (0.0, 16.0)
    decibels: Range = (3.5, 16.0)
    flaws: float = 0.2
    reach: float = 490.0
    thickness: Range = (35.0, 140.0)
    waver: Range = (1.5, 4.0)
    fan: Range = (2.4, 5.5)
    foreset: Range = (0.22, 1.0)
    contortion: Range = (4.5, 15.0)
    faint: Range = (0.0, 0.14)
    channels: float = 0.3


DEFAULT = FaciesRecipe()

# Noisier, other wavelets, larger throws and folds, thinner packages, slighter patterns.
SHIFTED = FaciesRecipe(
    faults=(0, 5),
    throw=(4.0, 30.0),
    lift=(0.0, 18.0),
    period=(4.5, 18.0),
    decibels=(3.0, 14.0),
    blur=(0.0, 1.2),
    flaws=0.25,
    thickness=(32.0, 130.0),
    fan=(2.2, 5.0),
    foreset=(0.2, 1.1),
    contortion=(4.0, 16.0),
    faint=(0.0, 0.16),
)


@dataclass(frozen=True)
class Packages:
    """In which package each sample lies; all (sections, height, width).

    Attributes:
        kind: its class, int64.
        number: of the package, int64, so that neighbours differ.
        top, base: its surfaces at the sample's trace, in samples.
    """

    kind: Tensor
    number: Tensor
    top: Tensor
    base: Tensor


def facies_sections(
    count: int,
    seed: int,
    *,
    height: int = 224,
    width: int = 224,
    recipe: FaciesRecipe = DEFAULT,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """Synthesise sections of facies.

    Args:
        count: sections.
        seed: the same seed gives the same sections.
        height: samples a trace.
        width: traces a section.
        recipe: the ranges to draw from.
        device: where to compute.

    Returns:
        Amplitudes, float32 (count, height, width), about unit power; labels, uint8, same shape: the classes
        of the task, 255 where the section is blank.
    """
    draw = Draw(seed, device)
    z, x = grid(count, height, width, draw.device)
    z = undo_deformation(draw, recipe, z, x)
    packages = draw_packages(draw, recipe, z, x)
    packages = cut_channel(draw, recipe, packages, z, x)
    recorded = acquire(
        draw, deposit(draw, recipe, packages, z, x), draw.log_uniform(*recipe.period, count), recipe
    )
    return recorded.seismic, packages.kind.masked_fill(recorded.blank, NOTHING).to(torch.uint8)


def draw_packages(draw: Draw, recipe: FaciesRecipe, z: Tensor, x: Tensor) -> Packages:
    """Stack packages from above the section to below it, each of a class unlike its upper neighbour's."""
    sections, _, width = z.shape
    one = (sections, 1, 1)
    top = draw.uniform(-220.0, -60.0, *one) + draw.uniform(-0.1, 0.1, *one) * (x - width / 2)
    kind = draw.integers(PARALLEL, TRANSPARENT, *one)
    first = torch.zeros_like(z, dtype=torch.int64)
    packages = Packages(first + kind, first, top, top + 1.0)
    for number in range(_PACKAGES):
        kind = (kind + draw.integers(1, 5, *one)) % 6
        base = top + thickness(draw, recipe, kind, x)
        within = z >= top
        packages = Packages(
            torch.where(within, kind, packages.kind),
            torch.where(within, number, packages.number),
            torch.where(within, top, packages.top),
            torch.where(within, base, packages.base),
        )
        top = base
    return packages


def thickness(draw: Draw, recipe: FaciesRecipe, kind: Tensor, x: Tensor) -> Tensor:
    """Thickness at traces ``x``; a fan thickens across the section, the others waver by up to a third."""
    sections, _, width = x.shape
    one = (sections, 1, 1)
    mean = draw.log_uniform(*recipe.thickness, *one)
    phase = 2 * torch.pi * (x / (draw.log_uniform(0.7, 3.0, *one) * width) + draw.uniform(0.0, 1.0, *one))
    even = mean * (1.0 + draw.uniform(0.0, 0.33, *one) * torch.sin(phase))
    return torch.where(kind == CLINOFORM, even.clamp_min(45.0), even).clamp_min(12.0)


def cut_channel(draw: Draw, recipe: FaciesRecipe, packages: Packages, z: Tensor, x: Tensor) -> Packages:
    """Cut a channel into some sections and fill it with another pattern."""
    sections, height, width = z.shape
    one = (sections, 1, 1)
    middle = draw.uniform(0.1, 0.9, *one) * width
    half = draw.log_uniform(0.12, 0.4, *one) * width
    top = draw.uniform(0.0, 0.7, *one) * height
    depth = draw.uniform(0.2, 0.8, *one) * half
    base = top + depth * (1.0 - ((x - middle) / half).square())
    fills = torch.tensor([PARALLEL, CHAOTIC, TRANSPARENT], device=z.device)
    fill = fills[draw.integers(0, 2, *one)]
    inside = (z > top) & (z < base) & draw.chance(recipe.channels, *one)
    return Packages(
        torch.where(inside, fill, packages.kind),
        torch.where(inside, _PACKAGES, packages.number),
        torch.where(inside, top, packages.top),
        torch.where(inside, base, packages.base),
    )


def deposit(draw: Draw, recipe: FaciesRecipe, packages: Packages, z: Tensor, x: Tensor) -> Tensor:
    """Reflectivity, (sections, height, width)."""
    sections, height, width = z.shape
    one = (sections, 1, 1)
    kind = packages.kind
    down = z - packages.top
    conformable = torch.where(draw.chance(0.5, *one), down, z - packages.base)
    uneven = draw.uniform(*recipe.waver, *one) * rough_field(draw, sections, height, width)
    contorted = draw.uniform(*recipe.contortion, *one) * rough_field(draw, sections, height, width)
    age = conformable
    age = torch.where(kind == SUBPARALLEL, conformable + uneven, age)
    age = torch.where(kind == DIVERGENT, fanned(draw, recipe, down, x), age)
    age = torch.where(kind == CLINOFORM, foresets(draw, recipe, packages, z, x), age)
    age = torch.where(kind == CHAOTIC, conformable + contorted, age)
    # Far apart for each package, so that no two share their layers.
    apart = 2 * recipe.reach + 20.0
    layers = record.reflectivity(draw, sections, int(apart) * (_PACKAGES + 2))
    age = age.clamp(-recipe.reach, recipe.reach)
    field = record.sample_layers(layers, age + apart * packages.number + apart / 2)
    field = field + bounding_surfaces(draw, packages, field)
    broken = torch.sigmoid(3.0 * rough_field(draw, sections, height, width))
    field = torch.where(kind == SUBPARALLEL, field * (0.35 + broken), field)
    jumble = draw.normal(sections, height, width) * field.square().mean(dim=(1, 2), keepdim=True).sqrt()
    mixed = torch.lerp(field * 2.0 * broken, jumble, draw.uniform(0.1, 0.6, *one))
    field = torch.where(kind == CHAOTIC, mixed * draw.uniform(0.5, 1.2, *one), field)
    return torch.where(kind == TRANSPARENT, field * draw.uniform(*recipe.faint, *one), field)


def rough_field(draw: Draw, sections: int, height: int, width: int) -> Tensor:
    """Unit-variance noise with bumps of about 8 to 20 samples; both scales in each section."""
    fine = record.smooth_field(draw, sections, height, width, 18)
    coarse = record.smooth_field(draw, sections, height, width, 9)
    share = draw.uniform(0.0, 1.0, sections, 1, 1)
    return (fine * share + coarse * (1.0 - share)) / torch.hypot(share, 1.0 - share)


def fanned(draw: Draw, recipe: FaciesRecipe, down: Tensor, x: Tensor) -> Tensor:
    """Age of layers that thicken across the section from a hinge: each twice as deep where the fan is."""
    sections, _, width = x.shape
    ratio = draw.log_uniform(*recipe.fan, sections, 1, 1).log() * draw.sign(sections, 1, 1)
    return down * torch.exp(ratio * (x / width - 0.5))


def foresets(draw: Draw, recipe: FaciesRecipe, packages: Packages, z: Tensor, x: Tensor) -> Tensor:
    """Age of layers that prograde: ``z = top + thickness S((x - age) / L)``, ``S`` a sigmoid or a ramp.

    Ages are scaled so that layers are as far apart, down a trace, as they are elsewhere.
    """
    sections = z.shape[0]
    slope = draw.log_uniform(*recipe.foreset, sections, 1, 1)
    thick = (packages.base - packages.top).clamp_min(1.0)
    part = ((z - packages.top) / thick).clamp(0.04, 0.96)
    # The logistic sigmoid is steepest in its middle: thickness / (4 L).
    sigmoid = thick / (4.0 * slope) * torch.logit(part)
    ramp = thick / slope * (part - 0.5)
    across = torch.where(draw.chance(0.65, sections, 1, 1), sigmoid, ramp)
    return slope * (across - draw.sign(sections, 1, 1) * (x - x.shape[2] / 2))


def bounding_surfaces(draw: Draw, packages: Packages, field: Tensor) -> Tensor:
    """Reflections from the surfaces between packages, some strong and some hardly there."""
    sections = field.shape[0]
    changes = packages.number != torch.roll(packages.number, 1, dims=1)
    changes[:, 0] = False
    strength = field.square().mean(dim=(1, 2), keepdim=True).sqrt()
    return changes * draw.uniform(-3.0, 3.0, sections, 1, 1) * strength
