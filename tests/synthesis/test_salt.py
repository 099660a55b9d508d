from dataclasses import replace

import torch
import torch.nn.functional as F

from geointerp.synthesis.draw import Draw
from geointerp.synthesis.salt import DEFAULT, draw_bodies, salt_sections

# Nothing but layers and salt.
CLEAN = replace(
    DEFAULT,
    faults=(0, 0),
    decibels=(60.0, 60.0),
    blur=(0.0, 0.0),
    flaws=0.0,
    inside=(0.0, 0.0),
    murk=0.0,
    bodies=(1, 2),
)


def shrunk(mask: torch.Tensor, by: int) -> torch.Tensor:
    """Where all samples within ``by`` are in the mask."""
    return -F.max_pool2d(-mask.float()[:, None], 2 * by + 1, stride=1, padding=by)[:, 0] > 0.5


def test_the_label_is_the_body() -> None:
    """Away from its boundary nothing reflects where salt is labelled; elsewhere layers do."""
    recipe = replace(CLEAN, shadow=(1.0, 1.0), period=(6.0, 6.0))
    amplitude, label = salt_sections(24, 4, height=140, width=140, recipe=recipe)
    power = amplitude.square()
    salt, rock = shrunk(label == 1, 12), shrunk(label == 0, 12)
    assert salt.float().mean() > 0.02
    assert power[salt].mean() < 0.02 * power[rock].mean()


def test_the_top_of_salt_is_bright() -> None:
    amplitude, label = salt_sections(24, 5, height=140, width=140, recipe=replace(CLEAN, boundary=(4.0, 4.0)))
    top = label[:, 1:].bool() & ~label[:, :-1].bool()
    strength = amplitude[:, 1:].abs()
    assert strength[top].mean() > 2.0 * strength[label[:, 1:] == 0].mean()


def test_layers_below_salt_are_dim() -> None:
    recipe = replace(CLEAN, shadow=(0.2, 0.2), height=(0.12, 0.2))
    amplitude, label = salt_sections(32, 6, height=140, width=140, recipe=recipe)
    below = shrunk((label.cummax(dim=1).values == 1) & (label == 0), 8)
    above = shrunk(label.cummax(dim=1).values == 0, 8)
    assert below.any()
    assert amplitude[below].std() < 0.4 * amplitude[above].std()


def test_layers_are_lifted_most_at_the_boundary() -> None:
    recipe = replace(CLEAN, drag=(30.0, 30.0), bodies=(1, 1))
    outside, lifted = draw_bodies(Draw(3), recipe, 16, 100, 100)
    assert torch.isfinite(outside).all()
    pierced = lifted.amax(dim=(1, 2)) > 0
    assert pierced.any()
    assert not pierced.all(), "sheets lift nothing"
    near, far = (outside < 0.05) & pierced[:, None, None], (outside > 1.5) & pierced[:, None, None]
    assert (lifted[near] > 20.0).all()
    assert lifted[far].mean() < lifted[near].mean() / 2


def test_a_section_without_bodies_has_no_salt() -> None:
    _, label = salt_sections(6, 2, height=56, width=56, recipe=replace(DEFAULT, bodies=(0, 0)))
    assert not label.any()
