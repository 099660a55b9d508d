"""Images and elevation models of cratered ground: old craters under young ones, then light and a camera.

An elevation model grows in three epochs. In each, craters of all sizes fall on it, as many as
``N(>D) ~ D^-2`` says, each levelling the ground it hits; then the ground creeps (diffuses), which wears small
craters down before large ones. The picture is the ground lit by the sun, with the contrast, blur and noise of
a camera, or the elevation itself. Craters too small or too shallow to be seen, from the beginning or since
the ground crept or a younger crater fell on them, are left unlabelled, as are hills.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.ranges import Range, Ranges

# Classes of diameter in pixels, and how many craters of each fall in an epoch on 10,000 pixels at most; large
# ones more than ``D^-2`` says, so that most pictures show some. A crater is drawn in a window of 2.5
# diameters, so all of a class can be drawn at once.
_SIZES: tuple[tuple[float, float, float], ...] = (
    (5.0, 9.0, 1.25),
    (9.0, 20.0, 1.4),
    (20.0, 45.0, 0.42),
    (45.0, 96.0, 0.2),
)
_REACH = 1.25  # half a window, in diameters: where the ejecta end
_EPOCHS = 3
_MARGIN = math.ceil(_REACH * _SIZES[-1][1])  # pixels of ground around the picture
_WEAR = 25.0  # creep of deviation sigma leaves 1 / (1 + _WEAR sigma^2 / D^2) of a crater's depth
_GONE = 0.5  # buried this much by a younger one, a crater has gone


@dataclass(frozen=True, kw_only=True)
class CraterRecipe(Ranges):
    """The ranges that images are drawn from; lengths in pixels.

    Attributes:
        density: how many of the craters of full ground there are.
        depth: of a fresh crater, of its diameter; large and worn ones are shallower.
        rim: height of a fresh crater's rim, of its diameter.
        creep: diffusion of the ground in an epoch, as the deviation of a Gaussian.
        rough: slope of the ground's fine texture.
        relief: slope of the ground's hills.
        sun: elevation in degrees.
        contrast: deviations of grey that make black and white.
        camera: blur, as the deviation of a Gaussian.
        noise: of the camera, of the picture's deviation.
        elevation: share of pictures that show elevation itself.
        hills: share of craters that are hills instead.
        scarps: share of pictures with a wall in full light or deep shadow, in which nothing is labelled.
        patches: share of pictures with ragged patches of light or shadow, in which nothing is labelled.
        smallest: diameter of the smallest crater labelled.
        faintest: depth of the faintest crater labelled, of its diameter.
        lasting: whether a crater keeps its label when it has been worn away or buried.
    """

    density: Range = (0.4, 1.0)
    depth: Range = (0.1, 0.24)
    rim: Range = (0.022, 0.06)
    creep: Range = (0.3, 1.6)
    rough: Range = (0.01, 0.12)
    relief: Range = (0.01, 0.16)
    sun: Range = (8.0, 55.0)
    contrast: Range = (1.2, 3.0)
    camera: Range = (0.3, 1.4)
    noise: Range = (0.02, 0.3)
    elevation: float = 0.2
    hills: float = 0.12
    scarps: float = 0.35
    patches: float = 0.3
    smallest: float = 8.0
    faintest: float = 0.035
    lasting: bool = False


DEFAULT = CraterRecipe()

# Noisier, rougher and more worn ground, lower and higher suns, harder contrast, craters of other depths.
SHIFTED = CraterRecipe(
    density=(0.2, 1.0),
    depth=(0.08, 0.26),
    creep=(0.2, 2.0),
    rough=(0.02, 0.15),
    relief=(0.01, 0.2),
    sun=(5.0, 65.0),
    contrast=(0.9, 3.5),
    camera=(0.2, 1.7),
    noise=(0.05, 0.45),
    scarps=0.5,
    patches=0.4,
)


def crater_images(
    count: int,
    seed: int,
    *,
    height: int = 224,
    width: int = 224,
    recipe: CraterRecipe = DEFAULT,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """Synthesise images of craters.

    Args:
        count: images.
        seed: the same seed gives the same images.
        height: pixels down.
        width: pixels across.
        recipe: the ranges to draw from.
        device: where to compute.

    Returns:
        Grey values of a camera or elevations, float32 (count, height, width), in units of their deviation;
        labels, uint8, same shape, 1 within a crater's rim.
    """
    draw = Draw(seed, device)
    ground, visible = cratered_ground(draw, recipe, count, height, width)
    raw = draw.chance(recipe.elevation, count, 1, 1)
    # An altimeter is far less noisy than a camera.
    noise = draw.log_uniform(*recipe.noise, count, 1, 1) * torch.where(raw, 0.1, 1.0)
    light, plain = walled(draw, recipe, lit(draw, recipe, ground))
    light, clear = patched(draw, recipe, light)
    label = (visible > 0.0) & (raw | (plain & clear))
    scene = torch.where(raw, ground, light)
    return photograph(draw, recipe, scene, noise), label.to(torch.uint8)


def cratered_ground(
    draw: Draw, recipe: CraterRecipe, count: int, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """Elevation in pixels, and where craters can be seen.

    Returns:
        Both float32 (count, height, width). The second is above 0 within craters that can still be seen: how
        much creep they will stand, as the square of its deviation in pixels.
    """
    ground = terrain(draw, recipe, count, height + 2 * _MARGIN, width + 2 * _MARGIN)
    stands = torch.zeros_like(ground)
    density = draw.log_uniform(*recipe.density, count)
    for _ in range(_EPOCHS):
        for number in order_of_impacts(draw, height, width):
            strike(draw, recipe, ground, stands, number, density)
        sigma = draw.log_uniform(*recipe.creep, count)
        ground = creep(ground, sigma)
        stands = stands - sigma[:, None, None].square()
    inside = (slice(None), slice(_MARGIN, _MARGIN + height), slice(_MARGIN, _MARGIN + width))
    ground = ground[inside]
    texture = record.smooth_field(draw, count, height, width, max(height, width) // 5)
    texture = texture + 0.5 * draw.normal(count, height, width)
    return ground + texture * draw.log_uniform(*recipe.rough, count, 1, 1) * 2.0, stands[inside]


def order_of_impacts(draw: Draw, height: int, width: int) -> list[int]:
    """Classes of size of the craters of an epoch on a picture of ``height`` x ``width``, shuffled."""
    classes = []
    for number, (*_, most) in enumerate(_SIZES):
        places = len(corners(number, height)) * len(corners(number, width))
        classes += [number] * max(1, round(most * 1e-4 * places))
    order = torch.argsort(draw.uniform(0.0, 1.0, len(classes)))
    return [classes[i] for i in order.tolist()]


def window_side(number: int) -> int:
    """Pixels along the side of the window in which a crater of size class ``number`` is drawn; odd."""
    return 2 * math.ceil(_REACH * _SIZES[number][1]) + 1


def corners(number: int, size: int) -> range:
    """Where windows of a size class start along a canvas that reaches the margin beyond ``size`` pixels.

    They lie on the canvas and touch the picture in its middle.
    """
    side = window_side(number)
    return range(max(0, _MARGIN - side + 1), min(_MARGIN + size, size + 2 * _MARGIN - side + 1))


def terrain(draw: Draw, recipe: CraterRecipe, count: int, height: int, width: int) -> Tensor:
    """Hills of three sizes, float32 (count, height, width), in pixels."""
    slope = draw.log_uniform(*recipe.relief, count, 1, 1)
    total = torch.zeros(count, height, width, device=draw.device)
    for cells in (3, 9, 27):
        spacing = height / cells
        share = draw.uniform(0.1, 0.5, count, 1, 1)
        total += slope * share * spacing * record.smooth_field(draw, count, height, width, cells)
    return total


def draw_diameters(draw: Draw, low: float, high: float, count: int) -> Tensor:
    """Diameters of which ``N(>D) ~ D^-2`` between ``low`` and ``high``, float32 (count,)."""
    share = draw.uniform(0.0, 1.0, count)
    return (low**-2 + share * (high**-2 - low**-2)).rsqrt()


def strike(
    draw: Draw, recipe: CraterRecipe, ground: Tensor, stands: Tensor, number: int, density: Tensor
) -> None:
    """Let a crater of size class ``number`` fall on each ``ground``, in place.

    Args:
        draw: where the random numbers come from.
        recipe: the ranges to draw from.
        ground: elevation, float32 (count, height, width).
        stands: how much creep the crater at a pixel will stand, same shape; changed in place too.
        number: of the size class.
        density: chance of the impact, (count,).
    """
    low, high, _ = _SIZES[number]
    count, height, width = ground.shape
    side = window_side(number)
    crater = draw_crater(draw, recipe, low, high, count)
    places = (corners(number, size - 2 * _MARGIN) for size in (height, width))
    row, column = (draw.integers(place[0], place[-1], count) for place in places)
    hit = torch.nonzero(draw.uniform(0.0, 1.0, count) < density)[:, 0]
    diameter, depth, sign = (field[hit, None, None] for field in (crater.diameter, crater.depth, crater.sign))
    # All windows there are, as views: taking and putting whole rows of them is what makes this fast.
    at = (hit, row[hit], column[hit])
    windows, shown = (field.unfold(1, side, 1).unfold(2, side, 1) for field in (ground, stands))
    before = windows[at].contiguous()  # so that sums run in one order, however the ground lies in memory
    offset = torch.arange(side, device=draw.device) - side // 2 + crater.shift[hit, None]
    squash = crater.squash[hit, None, None]
    r = torch.hypot(offset[:, :, None] * squash, offset[:, None, :] / squash) / (0.5 * diameter)
    shape, buried = profile(r, depth, crater.rim[hit, None, None], crater.bowl[hit, None, None])
    level = before.mean(dim=(1, 2), keepdim=True)
    windows[at] = torch.lerp(before, level, buried) + sign * diameter * shape
    older, own = shown[at], endurance(diameter, depth, recipe)
    if not recipe.lasting:  # a larger one keeps its label where a small one falls into it
        older = older.where((buried < _GONE) | (older > own), 0.0)
    seen = (sign > 0) & (diameter >= recipe.smallest)
    shown[at] = torch.maximum(older, own.where(seen & (r <= 1.0), 0.0))


def endurance(diameter: Tensor, depth: Tensor, recipe: CraterRecipe) -> Tensor:
    """How much creep leaves a crater as deep as the faintest that is labelled.

    Args:
        diameter: in pixels.
        depth: of the diameter, same shape.
        recipe: says which is the faintest.

    Returns:
        The square of the creep's deviation, in square pixels; not above 0 for a crater too faint from the
        beginning.
    """
    spare = depth / recipe.faintest - 1.0
    if recipe.lasting:
        return torch.where(spare >= 0.0, torch.inf, 0.0)
    return diameter.square() / _WEAR * spare


@dataclass(frozen=True)
class Crater:
    """A crater an image; each field (count,).

    Attributes:
        diameter: in pixels.
        depth, rim: below and above the ground hit, of the diameter.
        bowl: exponent of the bowl: 2 simple, 5 with a flat floor.
        sign: -1 makes a hill of it.
        squash: by which one axis is longer and the other shorter.
        shift: of the middle, in pixels.
    """

    diameter: Tensor
    depth: Tensor
    rim: Tensor
    bowl: Tensor
    sign: Tensor
    squash: Tensor
    shift: Tensor


def draw_crater(draw: Draw, recipe: CraterRecipe, low: float, high: float, count: int) -> Crater:
    """Craters between two diameters, fresh to old."""
    fresh = draw.uniform(0.2, 1.0, count)
    return Crater(
        diameter=draw_diameters(draw, low, high, count),
        depth=draw.uniform(*recipe.depth, count) * fresh,
        rim=draw.uniform(*recipe.rim, count) * fresh,
        bowl=draw.uniform(2.0, 5.0, count),
        sign=torch.where(draw.chance(recipe.hills, count), -1.0, 1.0),
        squash=draw.uniform(0.93, 1.07, count),
        shift=draw.uniform(-0.5, 0.5, count),
    )


def profile(r: Tensor, depth: Tensor, rim: Tensor, bowl: Tensor) -> tuple[Tensor, Tensor]:
    """Shape of a crater at distance ``r`` in radii.

    Inside, a bowl ``(depth + rim) r^bowl - depth``; outside, half the rim falls as ``r^-4``, the ejecta as
    ``r^-3``.

    Returns:
        Height above the ground hit, in diameters; how much of the older ground is gone, 0 to 1.
    """
    near = 1.0 / r.clamp_min(1.0)
    cubed = near * near * near
    fading = ((2.0 * _REACH - r) / 0.5).clamp(0.0, 1.0)
    apron = 0.5 * rim * cubed * (1.0 + near) * fading
    floor = (depth + rim) * r.clamp_max(1.0).pow(bowl) - depth
    return torch.where(r <= 1.0, floor, apron), 0.9 * cubed * cubed * fading


def creep(ground: Tensor, sigma: Tensor) -> Tensor:
    """Each ground (count, height, width) smoothed by a Gaussian of its own ``sigma`` in pixels, (count,)."""
    across = record.blur_across(ground, sigma)
    return record.blur_across(across.transpose(1, 2), sigma).transpose(1, 2)


def lit(draw: Draw, recipe: CraterRecipe, ground: Tensor) -> Tensor:
    """Brightness of ``ground`` (count, height, width) under a sun at random: Lambert's law, times albedo."""
    count, height, width = ground.shape
    azimuth = draw.uniform(0.0, 2 * math.pi, count, 1, 1)
    elevation = torch.deg2rad(draw.uniform(*recipe.sun, count, 1, 1))
    down, across = torch.gradient(ground, dim=(1, 2))
    facing = -(down * torch.sin(azimuth) + across * torch.cos(azimuth))
    steepness = (1.0 + down.square() + across.square()).sqrt()
    light = ((torch.sin(elevation) + torch.cos(elevation) * facing) / steepness).clamp_min(0.0)
    albedo = torch.exp(
        draw.uniform(0.0, 0.25, count, 1, 1) * record.smooth_field(draw, count, height, width, 5)
    )
    return light * albedo


def walled(draw: Draw, recipe: CraterRecipe, light: Tensor) -> tuple[Tensor, Tensor]:
    """``light`` (count, height, width) with bright or black walls of larger forms; where there is none."""
    if recipe.scarps <= 0.0:
        return light, torch.ones_like(light, dtype=torch.bool)
    count, height, width = light.shape
    one = (count, 1, 1)
    form = record.smooth_field(draw, count, height, width, 3) - draw.uniform(0.4, 1.6, *one)
    wall = torch.sigmoid(draw.log_uniform(4.0, 30.0, *one) * form) * draw.chance(recipe.scarps, *one)
    brightness = light.mean(dim=(1, 2), keepdim=True) * draw.choice((0.0, 0.0, 2.0, 3.0), *one)
    return torch.lerp(light, brightness, wall), wall < 0.5


def patched(draw: Draw, recipe: CraterRecipe, light: Tensor) -> tuple[Tensor, Tensor]:
    """``light`` (count, height, width) with ragged patches of light or shadow; where there is none."""
    if recipe.patches <= 0.0:
        return light, torch.ones_like(light, dtype=torch.bool)
    count, height, width = light.shape
    one = (count, 1, 1)
    form, edge = (record.smooth_field(draw, count, height, width, cells) for cells in (9, 36))
    form = form + draw.uniform(0.1, 0.5, *one) * edge - draw.uniform(1.3, 2.5, *one)
    patch = torch.sigmoid(draw.log_uniform(3.0, 20.0, *one) * form) * draw.chance(recipe.patches, *one)
    brightness = light.mean(dim=(1, 2), keepdim=True) * draw.choice((0.0, 0.0, 2.0), *one)
    return torch.lerp(light, brightness, patch), patch < 0.5


def photograph(draw: Draw, recipe: CraterRecipe, scene: Tensor, noise: Tensor) -> Tensor:
    """``scene`` (count, height, width) blurred, noisy, with its contrast stretched until ends are cut off.

    ``noise`` (count, 1, 1) is in units of the scene's deviation.
    """
    count, height, width = scene.shape
    scene = creep(scene, draw.uniform(*recipe.camera, count))
    scene = record.unit_power(scene - scene.mean(dim=(1, 2), keepdim=True))
    stripes = draw.normal(count, 1, width) * draw.chance(0.1, count, 1, 1)
    scene = scene + noise * (draw.normal(count, height, width) + 0.5 * stripes)
    limit = draw.log_uniform(*recipe.contrast, count, 1, 1)
    middle = draw.uniform(-0.4, 0.4, count, 1, 1)
    return torch.maximum(torch.minimum(scene, middle + limit), middle - limit)
