"""Cratered ground becomes a picture: the light of the sun, walls and patches in it, and a camera."""

import math

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.crater_recipe import CraterRecipe
from geointerp.synthesis.draw import Draw


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
    scene = record.blur(scene, draw.uniform(*recipe.camera, count))
    scene = record.unit_power(scene - scene.mean(dim=(1, 2), keepdim=True))
    stripes = draw.normal(count, 1, width) * draw.chance(0.1, count, 1, 1)
    scene = scene + noise * (draw.normal(count, height, width) + 0.5 * stripes)
    limit = draw.log_uniform(*recipe.contrast, count, 1, 1)
    middle = draw.uniform(-0.4, 0.4, count, 1, 1)
    return torch.maximum(torch.minimum(scene, middle + limit), middle - limit)
