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
