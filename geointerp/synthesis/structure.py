"""The structure of a section: fault planes and folds as maps from where a rock is to where it was deposited.

A batch of sections is described by tensors whose first dimension is the section, so that one code serves
independent training sections (every row drawn anew) and the inlines of one survey (rows that vary smoothly).
All lengths are in samples: ``z`` counts down a trace, ``x`` across traces.

The deformation is undone, youngest fault first: at each step the coordinates are those before that fault
moved, so an older fault is itself offset by a younger one, in the picture and in the label.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis.draw import Draw
from geointerp.synthesis.ranges import Deformation


@dataclass(frozen=True)
class Faults:
    """Fault planes, youngest first; each field has shape (sections, faults).

    Attributes:
        x, z: the middle of the plane, in traces and samples.
        slope: traces travelled per sample down the plane; the cotangent of its dip in the picture.
        curvature: change of slope per sample (a listric fault flattens downwards).
        height: half the length of the plane along z; displacement fades to zero at both tips.
        throw: displacement along z in samples at the middle, at most; negative for a reverse fault.
        share: part of the displacement taken by the hanging wall; the rest lifts the footwall.
        reach: distance in traces over which displacement dies away from the plane (reverse drag).
    """

    x: Tensor
    z: Tensor
    slope: Tensor
    curvature: Tensor
    height: Tensor
    throw: Tensor
    share: Tensor
    reach: Tensor

    @property
    def count(self) -> int:
        """Planes in each section; those with a throw of 0 are not there."""
        return int(self.x.shape[1])


@dataclass(frozen=True)
class Folds:
    """Gaussian folds and a regional dip; shapes (sections, folds), ``dip`` and ``growth`` (sections, 1).

    Attributes:
        x, width, lift: centre and standard deviation in traces, height in samples.
        dip: samples down per trace.
        growth: how much stronger the folds are at the bottom than at the top, relative.
    """

    x: Tensor
    width: Tensor
    lift: Tensor
    dip: Tensor
    growth: Tensor


def grid(sections: int, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Coordinates ``z`` and ``x`` of every sample, float32 (sections, height, width), writable."""
    z = torch.arange(height, dtype=torch.float32, device=device)[None, :, None]
    x = torch.arange(width, dtype=torch.float32, device=device)[None, None, :]
    shape = (sections, height, width)
    return z.expand(shape).clone(), x.expand(shape).clone()


def draw_faults(draw: Draw, ranges: Deformation, sections: int, height: int, width: int) -> Faults:
    """Planes at random; two sections in five keep to one dip direction, as rifts do."""
    most = ranges.faults[1]
    shape = (sections, most)
    present = torch.arange(most, device=draw.device) < draw.integers(*ranges.faults, sections, 1)
    one_way = draw.sign(sections, 1).expand(shape)
    direction = torch.where(draw.chance(0.4, sections, 1), one_way, draw.sign(*shape))
    steepness = draw.log_uniform(*ranges.slope, sections, 1) * draw.log_uniform(0.6, 1.7, *shape)
    slope = direction * steepness.clamp(ranges.slope[0] / 2, ranges.slope[1] * 1.3)
    scale = draw.log_uniform(0.35, 1.0, sections, 1)
    throw = draw.log_uniform(*ranges.throw, *shape) * scale
    reverse = torch.where(draw.chance(0.15, sections, 1), -1.0, 1.0)
    return Faults(
        x=draw.uniform(-0.15 * width, 1.15 * width, *shape),
        z=draw.uniform(-0.1 * height, 1.1 * height, *shape),
        slope=slope,
        curvature=slope * draw.uniform(0.0, 0.006, *shape) * draw.chance(0.4, *shape),
        # A fault is many times longer than its throw.
        height=torch.maximum(draw.log_uniform(0.15, 4.0, *shape) * height, throw * 4.0),
        throw=throw * present * reverse,
        share=draw.uniform(0.4, 1.0, *shape),
        reach=draw.log_uniform(0.25, 8.0, *shape) * width,
    )


def draw_folds(draw: Draw, ranges: Deformation, sections: int, width: int) -> Folds:
    """Four Gaussian folds and a regional dip a section."""
    shape = (sections, 4)
    strength = draw.uniform(*ranges.lift, sections, 1)
    return Folds(
        x=draw.uniform(-0.2 * width, 1.2 * width, *shape),
        width=draw.log_uniform(0.05, 0.5, *shape) * width,
        lift=draw.normal(*shape) * 0.7 * strength,
        dip=draw.uniform(-0.25, 0.25, sections, 1),
        growth=draw.uniform(0.0, 1.6, sections, 1),
    )


def displacement_profile(r: Tensor) -> Tensor:
    """Displacement at a relative distance ``r`` from the middle of a fault, 1 at 0 and 0 from 1 on.

    ``d(r) = 2 (1 - r) sqrt((1 + r)² / 4 - r²)``, the elliptical profile used by Wu et al. (2019).
    """
    r = r.clamp(0.0, 1.0)
    return 2.0 * (1.0 - r) * ((1.0 + r).square() / 4.0 - r.square()).clamp_min(0.0).sqrt()


def undo_faults(z: Tensor, x: Tensor, faults: Faults, visible: Tensor, half_width: float) -> Tensor:
    """Move ``z`` and ``x`` (in place) back to where they were before faulting; say where faults show.

    Args:
        z: samples, float32 (sections, height, width).
        x: traces, same shape.
        faults: the planes.
        visible: displacement in samples below which a fault is not labelled, because nobody could see it;
            shape (sections, 1, 1).
        half_width: half the width of the label in samples, measured across the plane.

    Returns:
        The label, bool, same shape.
    """
    label = torch.zeros_like(z, dtype=torch.bool)
    for k in range(faults.count):
        middle_x, middle_z, slope, curvature, height, throw, share, reach = (
            getattr(faults, name)[:, k, None, None]
            for name in ("x", "z", "slope", "curvature", "height", "throw", "share", "reach")
        )
        down = z - middle_z
        local_slope = slope + curvature * down
        ahead = x - middle_x - (slope + 0.5 * curvature * down) * down
        strength = throw * displacement_profile(down.abs() / height)
        # The plane passes between samples: a normal fault dips towards its hanging wall.
        hanging = (ahead * torch.sign(slope + 1e-9)) > 0
        across = ahead.abs() / torch.sqrt(1.0 + local_slope.square())
        label |= (across <= half_width) & (strength.abs() >= visible)
        shift = strength * torch.where(hanging, share, share - 1.0) * torch.exp(-ahead.abs() / reach)
        z -= shift
        x -= shift * local_slope
    return label


def undo_folds(z: Tensor, x: Tensor, folds: Folds) -> Tensor:
    """Depth of deposition in samples, float32, of the rock now at ``z``, ``x``."""
    height = z.shape[1]
    lift = folds.dip[:, :, None] * (x - 0.5 * x.shape[2])
    bend = torch.zeros_like(z)
    for k in range(folds.x.shape[1]):
        centre, width, up = (getattr(folds, name)[:, k, None, None] for name in ("x", "width", "lift"))
        bend += up * torch.exp(-0.5 * ((x - centre) / width).square())
    growth = 1.0 + folds.growth[:, :, None] * (z / height - 0.5)
    return z + bend * growth + lift


def undo_deformation(draw: Draw, ranges: Deformation, z: Tensor, x: Tensor) -> Tensor:
    """Depth of deposition of the rock now at ``z``, ``x`` (moved back in place), deformed at random."""
    sections, height, width = z.shape
    unseen = torch.full((sections, 1, 1), torch.inf, device=draw.device)
    undo_faults(z, x, draw_faults(draw, ranges, sections, height, width), unseen, half_width=0.0)
    return undo_folds(z, x, draw_folds(draw, ranges, sections, width))
