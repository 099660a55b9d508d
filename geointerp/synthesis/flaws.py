"""Flaws of processing and acquisition that a network should look through; each hits only some sections."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from geointerp.synthesis.draw import Draw
from geointerp.synthesis.record import local_mean, unit_power

_SMILES = 3


def add_flaws(draw: Draw, seismic: Tensor, share: float) -> Tensor:
    """Add migration smiles, ground roll, footprint and a common mode, then balance and clip amplitudes.

    Args:
        draw: where the random numbers come from.
        seismic: float32 (sections, height, width), about unit power.
        share: how many of the sections have each flaw; 0 changes nothing and draws nothing.
    """
    if share <= 0.0:
        return seismic
    sections, height, width = seismic.shape
    for flaw in (migration_smiles, ground_roll, common_mode):
        strength = draw.uniform(0.1, 0.6, sections, 1, 1) * draw.chance(share, sections, 1, 1)
        seismic = seismic + strength * flaw(draw, sections, height, width)
    striped = footprint(draw, sections, width)
    seismic = torch.where(draw.chance(share, sections, 1, 1), seismic * striped, seismic)
    seismic = torch.where(draw.chance(share, sections, 1, 1), balanced(seismic), seismic)
    return torch.where(draw.chance(share, sections, 1, 1), clipped(draw, seismic), seismic)


def migration_smiles(draw: Draw, sections: int, height: int, width: int) -> Tensor:
    """Arcs of ellipses, open upwards, as noise bursts leave them after migration; unit power."""
    z = torch.arange(height, dtype=torch.float32, device=draw.device)[None, :, None]
    x = torch.arange(width, dtype=torch.float32, device=draw.device)[None, None, :]
    total = torch.zeros(sections, height, width, device=draw.device)
    for _ in range(_SMILES):
        middle, bottom = (draw.uniform(0.0, float(n), sections, 1, 1) for n in (width, height))
        radius = draw.log_uniform(0.3, 1.5, sections, 1, 1) * width
        period = draw.log_uniform(6.0, 14.0, sections, 1, 1)
        across = ((x - middle) / radius).clamp(-1.0, 1.0)
        arc = bottom - 0.5 * radius * (1.0 - (1.0 - across.square()).sqrt())
        a = (math.pi * (z - arc) / period).square()
        total += (1.0 - 2.0 * a) * torch.exp(-a) * (1.0 - across.square())
    return unit_power(total)


def ground_roll(draw: Draw, sections: int, height: int, width: int) -> Tensor:
    """Slow, low-frequency waves that fan out downwards from a shot at the surface; unit power."""
    z = torch.arange(height, dtype=torch.float32, device=draw.device)[None, :, None]
    x = torch.arange(width, dtype=torch.float32, device=draw.device)[None, None, :]
    offset = (x - draw.uniform(-0.3 * width, 1.3 * width, sections, 1, 1)).abs()
    slowness = draw.log_uniform(1.0, 4.0, sections, 1, 1)
    period = draw.log_uniform(12.0, 40.0, sections, 1, 1)
    behind = z - slowness * offset
    train = torch.sin(2 * math.pi * behind / period) * torch.exp(-0.5 * (behind / (2.0 * period)).square())
    return unit_power(train)


def common_mode(draw: Draw, sections: int, height: int, width: int) -> Tensor:
    """What every trace records at the same time, smooth along time; unit power."""
    ticks = F.avg_pool1d(draw.normal(sections, 1, height + 4), 5, stride=1).movedim(1, 2)
    return unit_power(ticks).expand(sections, height, width)


def footprint(draw: Draw, sections: int, width: int) -> Tensor:
    """Gain that repeats across traces with the spacing of the acquisition lines, (sections, 1, width)."""
    x = torch.arange(width, dtype=torch.float32, device=draw.device)[None, None, :]
    spacing = draw.log_uniform(4.0, 40.0, sections, 1, 1)
    phase = 2 * math.pi * (x / spacing + draw.uniform(0.0, 1.0, sections, 1, 1))
    return 1.0 + draw.uniform(0.1, 0.4, sections, 1, 1) * torch.sin(phase)


def balanced(seismic: Tensor, side: int = 41) -> Tensor:
    """Amplitudes over their root mean square in ``side`` samples around: automatic gain control."""
    power = local_mean(seismic.square(), side, 5)
    return seismic / (power + 0.02 * power.mean(dim=(1, 2), keepdim=True) + 1e-12).sqrt()


def clipped(draw: Draw, seismic: Tensor) -> Tensor:
    """Amplitudes beyond a low limit cut off, as pictures and eight-bit volumes have them."""
    limit = draw.log_uniform(0.3, 2.0, seismic.shape[0], 1, 1)
    return seismic.clamp(-limit, limit)
