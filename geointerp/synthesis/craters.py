"""Images and elevation models of cratered ground: old craters under young ones, then light and a camera.

An elevation model grows in three epochs. In each, craters of all sizes fall on it, as many as
``N(>D) ~ D^-2`` says, each levelling the ground it hits; then the ground creeps (diffuses), which wears small
craters down before large ones. The picture is the ground lit by the sun, with the contrast, blur and noise of
a camera, or the elevation itself. Craters too small or too shallow to be seen, from the beginning or since
the ground crept or a younger crater fell on them, are left unlabelled, as are hills.
"""

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.crater_impacts import MARGIN, order_of_impacts, strike
from geointerp.synthesis.crater_light import lit, patched, photograph, walled
from geointerp.synthesis.crater_recipe import DEFAULT, CraterRecipe
from geointerp.synthesis.draw import Draw

_EPOCHS = 3


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
    ground = terrain(draw, recipe, count, height + 2 * MARGIN, width + 2 * MARGIN)
    stands = torch.zeros_like(ground)
    density = draw.log_uniform(*recipe.density, count)
    for _ in range(_EPOCHS):
        for number in order_of_impacts(draw, height, width):
            strike(draw, recipe, ground, stands, number, density)
        sigma = draw.log_uniform(*recipe.creep, count)
        ground = record.blur(ground, sigma)
        stands = stands - sigma[:, None, None].square()
    inside = (slice(None), slice(MARGIN, MARGIN + height), slice(MARGIN, MARGIN + width))
    ground = ground[inside]
    texture = record.smooth_field(draw, count, height, width, max(height, width) // 5)
    texture = texture + 0.5 * draw.normal(count, height, width)
    return ground + texture * draw.log_uniform(*recipe.rough, count, 1, 1) * 2.0, stands[inside]


def terrain(draw: Draw, recipe: CraterRecipe, count: int, height: int, width: int) -> Tensor:
    """Hills of three sizes, float32 (count, height, width), in pixels."""
    slope = draw.log_uniform(*recipe.relief, count, 1, 1)
    total = torch.zeros(count, height, width, device=draw.device)
    for cells in (3, 9, 27):
        spacing = height / cells
        share = draw.uniform(0.1, 0.5, count, 1, 1)
        total += slope * share * spacing * record.smooth_field(draw, count, height, width, cells)
    return total
