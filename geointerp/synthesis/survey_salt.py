"""Salt of a synthetic survey: a diapir and a dome, ellipses on the map, deeper towards their ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from geointerp.synthesis.draw import Draw
from geointerp.synthesis.salt import DEFAULT, DIAPIR, DOME, Body, draw_body, outside_of

# Fixed where inlines must agree: the same strength of every boundary on all of them.
SURVEY_SALT = replace(
    DEFAULT,
    top=(0.15, 0.5),
    half_width=(0.1, 0.22),
    inside=(0.15, 0.15),
    boundary=(3.0, 3.0),
    shadow=(0.5, 0.5),
    base=(0.4, 0.4),
    patchy=0.0,
)


@dataclass(frozen=True)
class SaltBody:
    """A body of a survey.

    Attributes:
        body: its section through the middle, fields (1, 1, 1).
        y: the inline through its middle.
        extent: half its extent along the inlines.
        drag: how far layers are lifted at its boundary, in samples.
    """

    body: Body
    y: Tensor
    extent: Tensor
    drag: Tensor


def draw_salt(draw: Draw, shape: tuple[int, int, int]) -> list[SaltBody]:
    """The bodies of a survey of ``shape`` (inlines, crosslines, samples): a diapir and a dome."""
    inlines, crosslines, samples = shape
    bodies = []
    for kind in (DIAPIR, DOME):
        kinds = torch.full((1, 1, 1), kind, device=draw.device)
        bodies.append(
            SaltBody(
                body=draw_body(draw, SURVEY_SALT, kinds, samples, crosslines),
                y=draw.uniform(0.2, 0.8, 1) * inlines,
                extent=draw.uniform(0.3, 0.6, 1) * max(inlines, 32),
                drag=draw.uniform(5.0, 25.0, 1),
            )
        )
    return bodies


def salt_at_inlines(bodies: Sequence[SaltBody], y: Tensor, z: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Where salt is on inlines ``y`` (n,), bool, and how far it lifted each sample; shapes of ``z``."""
    salt, lifted = torch.zeros_like(z, dtype=torch.bool), torch.zeros_like(z)
    for one in bodies:
        along = (y - one.y) / one.extent
        within = (along.abs() < 1.0)[:, None, None]
        # On the map the body is an ellipse; its crest lies deeper towards the ends.
        narrow = (1.0 - along.square()).clamp_min(1e-4).sqrt()[:, None, None]
        top = one.body.top + 0.5 * (1.0 - narrow) * one.body.reach
        cut = replace(one.body, half=one.body.half * narrow, reach=one.body.reach * narrow, top=top)
        outside = outside_of(cut, z, x)
        salt |= (outside < 0.0) & within
        near = torch.exp(-outside.clamp_min(0.0) / 0.5) * narrow
        lifted += torch.where(within, one.drag * near, 0.0)
    return salt, lifted
