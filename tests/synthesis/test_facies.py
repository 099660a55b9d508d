from dataclasses import replace

import pytest
import torch

from geointerp.synthesis.draw import Draw
from geointerp.synthesis.facies import (
    CHAOTIC,
    CLINOFORM,
    DEFAULT,
    DIVERGENT,
    PARALLEL,
    SUBPARALLEL,
    TRANSPARENT,
    Packages,
    facies_sections,
    fanned,
    foresets,
)
from geointerp.synthesis.structure import grid
from geointerp.tasks import TASKS

# Nothing but the patterns.
CLEAN = replace(
    DEFAULT,
    faults=(0, 0),
    lift=(0.0, 0.0),
    decibels=(60.0, 60.0),
    blur=(0.0, 0.0),
    period=(8.0, 8.0),
    flaws=0.0,
    channels=0.0,
)


def test_the_classes_are_those_of_the_task() -> None:
    names = [one.name for one in TASKS["facies"].classes]
    order = (PARALLEL, SUBPARALLEL, DIVERGENT, CLINOFORM, CHAOTIC, TRANSPARENT)
    assert names == ["parallel", "subparallel", "divergent", "clinoform", "chaotic", "transparent"]
    assert order == tuple(range(6))


def test_all_classes_are_about_equally_frequent() -> None:
    _, label = facies_sections(64, 3, height=112, width=112)
    known = label[label != 255]
    share = torch.bincount(known.long(), minlength=6) / known.numel()
    assert (share > 0.08).all()
    assert (share < 0.3).all()


def test_patterns_differ_as_their_names_say() -> None:
    """Traces agree in parallel layers, less in wavy, least in chaotic ones; transparent is faint."""
    amplitude, label = facies_sections(192, 5, height=112, width=112, recipe=CLEAN)
    # Each section is brought to unit power: one that is transparent nearly everywhere is loud.
    mixed = (label == TRANSPARENT).double().mean(dim=(1, 2)) < 0.7
    amplitude, label = amplitude[mixed], label[mixed]
    near = 12  # the surfaces between packages reflect as well
    here, there = amplitude[:, near:-near, :-1], amplitude[:, near:-near, 1:]
    alike, power = [], []
    for kind in range(6):
        whole = (label.unfold(1, 2 * near + 1, 1) == kind).all(dim=-1)
        inside = whole[:, :, :-1] & whole[:, :, 1:]
        a, b = here[inside], there[inside]
        alike.append(((a * b).mean() / (a.square().mean() * b.square().mean()).sqrt()).item())
        power.append(a.square().mean().sqrt().item())
    assert alike[PARALLEL] > alike[SUBPARALLEL] > alike[CHAOTIC]
    assert alike[PARALLEL] > 0.7
    assert power[TRANSPARENT] < 0.2 * min(power[PARALLEL], power[SUBPARALLEL], power[CHAOTIC])


def slope_of(age: torch.Tensor) -> torch.Tensor:
    """Slope of the lines of equal age, samples down a trace."""
    down, across = torch.gradient(age, dim=(1, 2))
    return -across / down


def test_foresets_are_as_steep_as_the_recipe_says() -> None:
    recipe = replace(DEFAULT, foreset=(0.5, 0.5))
    z, x = grid(12, 101, 60, torch.device("cpu"))
    whole = torch.zeros_like(z, dtype=torch.int64)
    packages = Packages(whole, whole, torch.zeros_like(z), torch.full_like(z, 100.0))
    slope = slope_of(foresets(Draw(4), recipe, packages, z, x)).abs()
    assert slope[:, 50, 10:-10].mean() == pytest.approx(0.5, rel=0.01)
    # Sigmoids flatten towards toplap and downlap, ramps do not; both occur.
    near_top = slope[:, 10, 30]
    assert (near_top < 0.3).any()
    assert ((near_top - 0.5).abs() < 0.02).any()


def test_a_fan_is_as_much_thicker_at_one_side_as_the_recipe_says() -> None:
    recipe = replace(DEFAULT, fan=(4.0, 4.0))
    z, x = grid(8, 50, 201, torch.device("cpu"))
    age = fanned(Draw(2), recipe, z, x)
    ratio = age[:, 40, 200] / age[:, 40, 0]
    torch.testing.assert_close(torch.maximum(ratio, 1 / ratio), torch.full((8,), 4.0), rtol=0.02, atol=0)


def test_what_is_blank_is_not_labelled() -> None:
    amplitude, label = facies_sections(48, 8, height=56, width=56)
    assert (amplitude[label == 255] == 0).all()
    assert (label == 255).any()
