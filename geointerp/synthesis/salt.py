"""Seismic sections with salt: layers deposited, folded and faulted, then pierced and bent by salt.

A body is a diapir (a stock that widens or narrows downwards), a dome (a broad pillow) or a detached sheet. It
drags the layers beside it up and arches those above it. Its top reflects strongly, its inside is nearly
transparent or chaotic, and what lies below it is dim. Look-alikes are drawn in and left unlabelled: dim
clouds, zones of faint or chaotic layers without the strong top, mutes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.acquisition import acquire
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.ranges import Acquisition, Deformation, Range
from geointerp.synthesis.structure import grid, undo_deformation


@dataclass(frozen=True, kw_only=True)
class SaltRecipe(Deformation, Acquisition):
    """The ranges that sections are drawn from; lengths as parts of the section's height or width.

    Attributes:
        bodies: fewest and most in a section.
        top: depth of a body's top.
        height: of a detached body; a diapir reaches out of the section.
        half_width: of a diapir or dome.
        sheet: half the width of a detached sheet.
        rough: unevenness of the boundary, as a part of the half width.
        drag: how far the layers at the boundary are lifted, in samples.
        inside: reflectivity within salt, of that of the layers.
        boundary: reflection coefficient of the top, of a strong layer.
        shadow: amplitude that is left below salt.
        base: reflection coefficient of the base, of that of the top.
        patchy: unevenness of the boundary's coefficients, as a natural logarithm.
        murk: share of the sections with a zone, unlabelled, in which noise drowns the layers; as many have
            one in which they are chaotic.
    """

    faults: tuple[int, int] = (0, 4)
    lift: Range = (0.0, 24.0)
    decibels: Range = (2.0, 14.0)
    flaws: float = 0.2
    bodies: tuple[int, int] = (0, 2)
    top: Range = (-0.1, 0.75)
    height: Range = (0.12, 0.6)
    half_width: Range = (0.07, 0.4)
    sheet: Range = (0.15, 0.6)
    rough: Range = (0.02, 0.2)
    drag: Range = (0.0, 40.0)
    inside: Range = (0.0, 0.4)
    boundary: Range = (0.9, 4.5)
    shadow: Range = (0.25, 1.0)
    base: Range = (0.0, 0.8)
    patchy: float = 0.3
    murk: float = 0.4


DEFAULT = SaltRecipe()

# Noisier, other wavelets, larger throws, more and smaller bodies with louder insides and fainter tops.
SHIFTED = SaltRecipe(
    faults=(0, 6),
    throw=(6.0, 50.0),
    period=(4.5, 18.0),
    decibels=(1.0, 12.0),
    blur=(0.0, 1.2),
    flaws=0.25,
    bodies=(0, 3),
    half_width=(0.06, 0.45),
    rough=(0.02, 0.28),
    inside=(0.0, 0.45),
    boundary=(0.8, 4.0),
    murk=0.5,
)

DIAPIR, DOME, SHEET = 0, 1, 2


@dataclass(frozen=True)
class Body:
    """A salt body a section; each field (sections, 1, 1), in samples and traces.

    Attributes:
        kind: diapir, dome or sheet.
        middle, top: its place.
        half: half the width of a diapir or dome.
        reach: height of a dome or sheet.
        flat: half the width of a sheet.
        lean: traces across per sample down.
        spread: how much wider a diapir is a whole section further down, relative.
    """

    kind: Tensor
    middle: Tensor
    top: Tensor
    half: Tensor
    reach: Tensor
    flat: Tensor
    lean: Tensor
    spread: Tensor


def salt_sections(
    count: int,
    seed: int,
    *,
    height: int = 224,
    width: int = 224,
    recipe: SaltRecipe = DEFAULT,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """Synthesise sections with salt.

    Args:
        count: sections.
        seed: the same seed gives the same sections.
        height: samples a trace.
        width: traces a section.
        recipe: the ranges to draw from.
        device: where to compute.

    Returns:
        Amplitudes, float32 (count, height, width), about unit power; labels, uint8, same shape, 1 in salt.
    """
    draw = Draw(seed, device)
    outside, lifted = draw_bodies(draw, recipe, count, height, width)
    salt = outside < 0.0
    z, x = grid(count, height, width, draw.device)
    # The youngest movement is undone first: that of the salt.
    z += lifted
    depth = undo_deformation(draw, recipe, z, x)
    layers = record.reflectivity(draw, count, 1600)
    field = quiet_layers(draw, record.sample_layers(layers, depth + 400.0), depth)
    field = fill(draw, murky(draw, recipe, field), salt, recipe)
    recorded = acquire(draw, field, draw.log_uniform(*recipe.period, count), recipe)
    return recorded.seismic, (salt & ~recorded.blank).to(torch.uint8)


def draw_bodies(
    draw: Draw, recipe: SaltRecipe, sections: int, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """Bodies at random.

    Returns:
        How far each sample lies outside the nearest body, as a part of that body's size, negative within;
        how far each sample was lifted, in samples; both float32 (sections, height, width).
    """
    z, x = grid(sections, height, width, draw.device)
    outside = torch.full_like(z, torch.inf)
    lifted = torch.zeros_like(z)
    present = draw.integers(*recipe.bodies, sections, 1, 1)
    for k in range(recipe.bodies[1]):
        kind = draw.integers(DIAPIR, SHEET, sections, 1, 1)
        roughness = draw.uniform(*recipe.rough, sections, 1, 1)
        uneven = roughness * record.smooth_field(draw, sections, height, width, 7)
        body = outside_of(draw_body(draw, recipe, kind, height, width), z, x) + uneven
        body = torch.where(present > k, body, torch.inf)
        drag = draw.uniform(*recipe.drag, sections, 1, 1) * (kind != SHEET)
        near = torch.exp(-body.clamp_min(0.0) / draw.log_uniform(0.15, 1.2, sections, 1, 1))
        lifted += drag * near
        outside = torch.minimum(outside, body)
    return outside, lifted


def draw_body(draw: Draw, recipe: SaltRecipe, kind: Tensor, height: int, width: int) -> Body:
    """A body a section, of its ``kind`` (sections, 1, 1)."""
    one = kind.shape
    return Body(
        kind=kind,
        middle=draw.uniform(0.0, 1.0, *one) * width,
        top=draw.uniform(*recipe.top, *one) * height,
        half=draw.log_uniform(*recipe.half_width, *one) * width,
        reach=draw.uniform(*recipe.height, *one) * height,
        flat=draw.log_uniform(*recipe.sheet, *one) * width,
        lean=draw.uniform(-0.5, 0.5, *one),
        spread=draw.uniform(-0.3, 0.9, *one),
    )


def outside_of(body: Body, z: Tensor, x: Tensor) -> Tensor:
    """How far each sample lies outside a body, as a part of its size, negative within; shape of ``z``."""
    down = z - body.top
    across = x - body.middle - body.lean * down
    # A diapir is rounded at its top; its flanks bulge into an overhang or spread downwards.
    cap = (down / (1.2 * body.half)).clamp(0.0, 1.0)
    flank = body.half * (cap * (2.0 - cap)).sqrt() * (1.0 + body.spread * down / z.shape[1])
    above = torch.hypot(across, down) / body.half
    diapir = torch.where(down > 0, across.abs() / flank.clamp_min(1.0) - 1.0, above)
    # A dome's top is a Gaussian over a base outside the section or within it.
    crest = body.top + body.reach * (1.0 - torch.exp(-0.5 * (across / (1.2 * body.half)).square()))
    base = body.top + 0.85 * body.reach
    dome = torch.maximum(crest - z, z - base) / (0.6 * body.reach)
    tilted = down - 0.4 * body.lean * (x - body.middle)
    sheet = torch.hypot((x - body.middle) / body.flat, tilted / (0.35 * body.reach)) - 1.0
    return torch.where(body.kind == DIAPIR, diapir, torch.where(body.kind == DOME, dome, sheet))


def quiet_layers(draw: Draw, field: Tensor, depth: Tensor) -> Tensor:
    """``field`` with the layers of some packages faint, so that faintness alone does not make salt."""
    sections = field.shape[0]
    start = draw.uniform(-100.0, 300.0, sections, 1, 1)
    thickness = draw.log_uniform(15.0, 90.0, sections, 1, 1)
    faint = (depth > start) & (depth < start + thickness) & draw.chance(0.35, sections, 1, 1)
    return torch.where(faint, field * draw.uniform(0.05, 0.4, sections, 1, 1), field)


def murky(draw: Draw, recipe: SaltRecipe, field: Tensor) -> Tensor:
    """``field`` with zones, in some sections, whose layers are faint or chaotic, without a boundary."""
    if recipe.murk <= 0.0:
        return field
    sections, height, width = field.shape
    one = (sections, 1, 1)
    strength = field.square().mean(dim=(1, 2), keepdim=True).sqrt()
    jumble = draw.normal(sections, height, width) * strength * draw.uniform(0.3, 1.0, *one)
    for zone in (field * draw.uniform(0.0, 0.4, *one), jumble):
        bumps = record.smooth_field(draw, sections, height, width, 4) - draw.uniform(0.2, 1.4, *one)
        share = torch.sigmoid(draw.log_uniform(3.0, 12.0, *one) * bumps) * draw.chance(recipe.murk, *one)
        field = torch.lerp(field, zone, share)
    return field


def fill(draw: Draw, field: Tensor, salt: Tensor, recipe: SaltRecipe) -> Tensor:
    """Reflectivity with salt in it: quiet or chaotic inside, bright at its boundary, dim below."""
    sections, height, width = field.shape
    one = (sections, 1, 1)
    strength = field.square().mean(dim=(1, 2), keepdim=True).sqrt()
    jumble = draw.normal(sections, height, width)
    loudness = draw.uniform(*recipe.inside, *one).square()
    below = salt.cummax(dim=1).values & ~salt
    dimmed = torch.where(below, field * draw.uniform(*recipe.shadow, *one), field)
    filled = torch.where(salt, jumble * strength * loudness, dimmed)
    # Salt is faster and lighter than sediment: a strong step in at the top, a weaker one out at the base.
    top = salt & ~torch.roll(salt, 1, dims=1)
    base = ~salt & torch.roll(salt, 1, dims=1)
    top[:, 0] = base[:, 0] = False
    bright = draw.log_uniform(*recipe.boundary, *one) * strength * 2.0
    patchy = torch.exp(recipe.patchy * record.smooth_field(draw, sections, height, width, 6))
    filled = torch.where(top, bright * patchy, filled)
    return torch.where(base, -bright * draw.uniform(*recipe.base, *one) * patchy, filled)
