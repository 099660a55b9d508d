"""Recording: from reflectivity to the seismic section that reaches the interpreter."""

from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.flaws import add_flaws
from geointerp.synthesis.ranges import Acquisition


@dataclass(frozen=True)
class Recorded:
    """A batch of sections as recorded; all (sections, height, width).

    Attributes:
        seismic: amplitudes, float32, about unit power, 0 where blank.
        blank: where nothing was recorded, bool.
        ratio: how much louder the layers are than the noise around, in decibels.
    """

    seismic: Tensor
    blank: Tensor
    ratio: Tensor


def acquire(draw: Draw, field: Tensor, period: Tensor, ranges: Acquisition) -> Recorded:
    """Record reflectivity.

    Args:
        draw: where the random numbers come from.
        field: reflection coefficients, float32 (sections, height, width).
        period: of the wavelet in samples, (sections,).
        ranges: of noise, smoothing and flaws.
    """
    sections, height, width = field.shape
    wavelet = record.ricker(period, draw.uniform(-1.6, 1.6, sections) * draw.chance(0.5, sections))
    clean = record.convolve_down(field, wavelet)
    clean = record.blur_across(clean, draw.uniform(*ranges.blur, sections))
    noisy = record.add_noise(draw, clean, wavelet, ranges.decibels)
    clean = record.unit_power(clean)
    if ranges.sunk > 0.0:
        left = record.left_above_noise(draw, sections, height, width, ranges.sunk)
        migrated = record.migrated_noise(draw, height, width, period)
        clean, noisy = clean * left, noisy * left + migrated * (1.0 - left)
    seismic = record.weather(draw, add_flaws(draw, noisy, ranges.flaws))
    blank = record.mute(draw, sections, height, width)
    ratio = record.local_ratio(clean, noisy)
    return Recorded(torch.where(blank, 0.0, seismic), blank, ratio)
