"""From layers to a seismic record: reflectivity, wavelet, noise, gain and the flaws of acquisition."""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from geointerp.synthesis.draw import Draw


def reflectivity(draw: Draw, sections: int, layers: int) -> Tensor:
    """Reflection coefficients, float32 (sections, layers): sparse, some runs blank, a few far stronger."""
    spikes = draw.uniform(-1.0, 1.0, sections, layers)
    density = draw.uniform(0.25, 0.8, sections, 1)
    spikes = spikes * (draw.uniform(0.0, 1.0, sections, layers) < density)
    strong = draw.uniform(0.0, 1.0, sections, layers) < draw.uniform(0.0, 0.03, sections, 1)
    spikes = torch.where(strong, spikes * draw.uniform(2.0, 5.0, sections, 1), spikes)
    # Packages of layers differ in strength: smooth noise along depth, as an exponent.
    packages = F.interpolate(draw.normal(sections, 1, layers // 24 + 2), layers, mode="linear")[:, 0]
    return spikes * torch.exp(draw.uniform(0.0, 0.9, sections, 1) * packages)


def sample_layers(layers: Tensor, depth: Tensor) -> Tensor:
    """Linear interpolation of ``layers`` (sections, n) at ``depth`` in samples (sections, height, width)."""
    position = depth.clamp(0.0, layers.shape[1] - 1.001)
    upper = position.floor()
    weight = position - upper
    index = upper.long().flatten(1)
    above = layers.gather(1, index).view_as(depth)
    below = layers.gather(1, index + 1).view_as(depth)
    return above + (below - above) * weight


def ricker(period: Tensor, phase: Tensor, half: int = 32) -> Tensor:
    """Ricker wavelets (sections, 2 half + 1) of dominant ``period`` in samples, rotated by ``phase``.

    ``w(t) = (1 - 2 a) exp(-a)``, ``a = (pi t / period)²``; the rotation mixes in its Hilbert transform.
    """
    t = torch.arange(-half, half + 1, dtype=torch.float32, device=period.device)
    a = (math.pi * t / period[:, None]).square()
    wavelet = (1.0 - 2.0 * a) * torch.exp(-a)
    spectrum = torch.fft.rfft(wavelet)
    quadrature = torch.fft.irfft(-1j * spectrum, n=wavelet.shape[1])
    rotated: Tensor = torch.cos(phase)[:, None] * wavelet + torch.sin(phase)[:, None] * quadrature
    return rotated


def convolve_down(field: Tensor, wavelet: Tensor) -> Tensor:
    """Each section (sections, height, width) convolved along its traces with its own wavelet."""
    half = wavelet.shape[1] // 2
    padded = F.pad(field[None], (0, 0, half, half))
    return F.conv2d(padded, wavelet[:, None, :, None], groups=field.shape[0])[0]


def blur_across(field: Tensor, sigma: Tensor, half: int = 5) -> Tensor:
    """Each section smoothed across traces by a Gaussian of its own ``sigma`` in traces."""
    x = torch.arange(-half, half + 1, dtype=torch.float32, device=field.device)
    kernel = torch.exp(-0.5 * (x / sigma[:, None].clamp_min(1e-3)).square())
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    padded = F.pad(field[None], (half, half, 0, 0), mode="replicate")
    return F.conv2d(padded, kernel[:, None, None, :], groups=field.shape[0])[0]


def blur(field: Tensor, sigma: Tensor) -> Tensor:
    """Each picture (count, height, width) smoothed by a Gaussian of its own ``sigma`` in pixels, (count,)."""
    across = blur_across(field, sigma)
    return blur_across(across.transpose(1, 2), sigma).transpose(1, 2)


def smooth_field(draw: Draw, sections: int, height: int, width: int, cells: int) -> Tensor:
    """Smooth unit-variance noise (sections, height, width) with about ``cells`` bumps along each side."""
    coarse = draw.normal(sections, cells + 1, cells + 1)
    down, across = (spread(cells + 1, size).to(draw.device) for size in (height, width))
    return down @ coarse @ across.T


@lru_cache(maxsize=64)
def spread(coarse: int, fine: int) -> Tensor:
    """Bicubic interpolation from ``coarse`` to ``fine`` nodes over the same length, (fine, coarse).

    As a matrix product it takes a fraction of the time of interpolating in two dimensions.
    """
    nodes = torch.eye(coarse)[:, None, :, None]
    return F.interpolate(nodes, (fine, 1), mode="bicubic", align_corners=True)[:, 0, :, 0].T.contiguous()


def unit_power(field: Tensor) -> Tensor:
    """The field over its root mean square, section by section."""
    return field / field.square().mean(dim=(1, 2), keepdim=True).sqrt().clamp_min(1e-6)


def plane_waves(draw: Draw, sections: int, height: int, width: int) -> Tensor:
    """Coherent dipping noise: two linear events' worth of wave trains a section, unit power."""
    z = torch.arange(height, dtype=torch.float32, device=draw.device)[None, :, None]
    x = torch.arange(width, dtype=torch.float32, device=draw.device)[None, None, :]
    total = torch.zeros(sections, height, width, device=draw.device)
    for _ in range(2):
        slowness = draw.uniform(-3.0, 3.0, sections, 1, 1)
        period = draw.log_uniform(6.0, 40.0, sections, 1, 1)
        phase = (z + slowness * x) / period + draw.uniform(0.0, 1.0, sections, 1, 1)
        total += torch.sin(2 * math.pi * phase) * smooth_field(draw, sections, height, width, 4)
    return unit_power(total)


def add_noise(draw: Draw, clean: Tensor, wavelet: Tensor, decibels: tuple[float, float]) -> Tensor:
    """``clean`` with white, band-limited and dipping noise, at ratios drawn from ``decibels``."""
    sections, height, width = clean.shape
    white = draw.normal(sections, height, width)
    banded = unit_power(convolve_down(draw.normal(sections, height, width), wavelet))
    share = draw.uniform(0.0, 1.0, sections, 1, 1)
    noise = unit_power(share * banded + (1.0 - share) * white)
    dipping = plane_waves(draw, sections, height, width) * draw.uniform(0.0, 0.6, sections, 1, 1)
    noise = noise + dipping * draw.chance(0.3, sections, 1, 1)
    ratio = draw.uniform(*decibels, sections, 1, 1)
    # Noise is stronger in some places than in others.
    patchy = torch.exp(0.4 * smooth_field(draw, sections, height, width, 4))
    return unit_power(clean) + noise * patchy * 10.0 ** (-ratio / 20.0)


def left_above_noise(draw: Draw, sections: int, height: int, width: int, share: float) -> Tensor:
    """The part of the record's amplitude that is not yet noise, 0 to 1, (sections, height, width).

    In ``share`` of the sections it falls from 1 downwards, past a depth that varies across them, to what is
    left in the deep: nothing, or reflectors as loud as the noise and louder.
    """
    z = torch.arange(height, dtype=torch.float32, device=draw.device)[None, :, None]
    depth = draw.uniform(-0.3, 1.0, sections, 1, 1) + 0.15 * smooth_field(draw, sections, 1, width, 3)
    fall = draw.log_uniform(0.03, 0.3, sections, 1, 1) * height
    least = draw.uniform(-0.3, 0.7, sections, 1, 1).clamp_min(0.0)
    left = least + (1.0 - least) * torch.sigmoid((depth * height - z) / fall)
    return torch.where(draw.chance(share, sections, 1, 1), left, 1.0)


def migrated_noise(draw: Draw, height: int, width: int, period: Tensor) -> Tensor:
    """Noise as migration leaves it, unit power, (sections, height, width).

    Pieces of crossing wavefronts, of the wavelet's ``period`` (sections,) or longer, with all dips up to a
    steepest one: white noise through a fan filter, ``|kx| <= steepest |kz|``, with a soft edge.
    """
    sections = period.shape[0]
    longer = period * draw.log_uniform(1.0, 2.5, sections)
    noise = convolve_down(draw.normal(sections, height, width), ricker(longer, torch.zeros_like(longer)))
    steepest = draw.log_uniform(0.2, 2.0, sections, 1, 1)  # samples a trace
    down = torch.fft.fftfreq(height, device=draw.device).abs()[None, :, None]
    across = torch.fft.rfftfreq(width, device=draw.device)[None, None, :]
    fan = torch.sigmoid((steepest * down - across) / (0.2 * steepest * down + 1e-6))
    return unit_power(torch.fft.irfft2(torch.fft.rfft2(noise) * fan, s=(height, width)))


def local_mean(field: Tensor, down: int, across: int) -> Tensor:
    """The mean over ``down`` x ``across`` samples around each, both odd; less of them at the edges."""
    height, width = field.shape[1:]
    rows, columns = window_mean(height, down), window_mean(width, across)
    return rows.to(field.device) @ field @ columns.T.to(field.device)


@lru_cache(maxsize=64)
def window_mean(size: int, window: int) -> Tensor:
    """The mean of the ``window`` samples around each of ``size``, as a matrix (size, size)."""
    place = torch.arange(size)
    near = ((place[:, None] - place).abs() <= window // 2).to(torch.float32)
    return near / near.sum(dim=1, keepdim=True)


def local_ratio(clean: Tensor, noisy: Tensor, side: int = 21) -> Tensor:
    """How much louder layers are than noise, in decibels, over ``side`` x ``side`` samples around each."""
    power, noise = (local_mean(field.square(), side, side) for field in (clean, noisy - clean))
    return 10.0 * torch.log10(power / noise.clamp_min(1e-12) + 1e-12)


def weather(draw: Draw, record: Tensor) -> Tensor:
    """Amplitude decay, uneven gain, dim clouds, weak and missing traces, a mute: what field data suffers."""
    sections, height, width = record.shape
    z = torch.linspace(-0.5, 0.5, height, device=draw.device)[None, :, None]
    record = record * torch.exp(draw.uniform(-1.5, 1.0, sections, 1, 1) * z)
    gain = torch.exp(draw.uniform(0.0, 0.35, sections, 1, 1) * smooth_field(draw, sections, height, width, 5))
    trace_gain = torch.exp(0.25 * draw.normal(sections, 1, width) * draw.chance(0.3, sections, 1, 1))
    record = record * gain * trace_gain
    cloud = torch.sigmoid(4.0 * (smooth_field(draw, sections, height, width, 3) - 1.0))
    record = record * (1.0 - 0.9 * cloud * draw.chance(0.25, sections, 1, 1))
    missing = draw.chance(0.02, sections, 1, width) & draw.chance(0.15, sections, 1, 1)
    return torch.where(missing, 0.0, record)


def mute(draw: Draw, sections: int, height: int, width: int) -> Tensor:
    """Where a section is blank (bool): above a sea floor or a stepped mute, or beside the survey's edge."""
    z = torch.arange(height, dtype=torch.float32, device=draw.device)[None, :, None]
    x = torch.arange(width, dtype=torch.float32, device=draw.device)[None, None, :]
    steps = draw.choice((1.0, 1.0, 8.0, 20.0), sections, 1, 1)
    slope = draw.uniform(-1.2, 1.2, sections, 1, 1)
    edge = draw.uniform(-0.5, 0.35, sections, 1, 1) * height + slope * (
        (x / steps).floor() * steps - width / 2
    )
    top = (z < edge) & draw.chance(0.2, sections, 1, 1)
    border = draw.uniform(0.0, 0.4, sections, 1, 1) * width + draw.uniform(-0.5, 0.5, sections, 1, 1) * z
    side = torch.where(draw.chance(0.5, sections, 1, 1), x < border, (width - x) < border)
    return top | (side & draw.chance(0.08, sections, 1, 1))


def reflection_level(layers: Tensor, wavelet: Tensor) -> Tensor:
    """Root mean square of the record of ``layers`` (1, n), the same for every part of a survey; a scalar."""
    return convolve_down(layers[:, :, None], wavelet).square().mean().sqrt()
