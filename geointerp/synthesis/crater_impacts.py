"""Craters fall on the ground: how many of which size, their shape, what they bury and how long they last."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis.crater_recipe import CraterRecipe
from geointerp.synthesis.draw import Draw

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
MARGIN = math.ceil(_REACH * _SIZES[-1][1])  # pixels of ground around the picture
_WEAR = 25.0  # creep of deviation sigma leaves 1 / (1 + _WEAR sigma^2 / D^2) of a crater's depth
_GONE = 0.5  # buried this much by a younger one, a crater has gone


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
    return range(max(0, MARGIN - side + 1), min(MARGIN + size, size + 2 * MARGIN - side + 1))


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
    places = (corners(number, size - 2 * MARGIN) for size in (height, width))
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


def draw_diameters(draw: Draw, low: float, high: float, count: int) -> Tensor:
    """Diameters of which ``N(>D) ~ D^-2`` between ``low`` and ``high``, float32 (count,)."""
    share = draw.uniform(0.0, 1.0, count)
    return (low**-2 + share * (high**-2 - low**-2)).rsqrt()


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
