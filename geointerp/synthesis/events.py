"""DAS recordings of earthquakes and blasts: P and S arrivals from travel times, under the noise of a fibre.

Time runs down, channels across. A straight fibre and a source at a distance ``d`` from it, at channel
``x0``: the P wave arrives at ``t0 + p sqrt(d² + (x - x0)²)``, ``p`` being the slowness in samples a channel,
the S wave later by the ratio of the velocities. With 10 m channels and 0.01 s samples, 2 to 6 km/s make ``p``
0.5 to 0.17; other channels and samplings change it, so the range is wide.

A fibre feels strain along itself: P as ``cos²`` of the angle of incidence, S as ``sin`` of twice that angle.
Both waves have a coda. The label runs from each arrival that stands out of the noise to where its coda sinks
into it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from geointerp.synthesis import record
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.ranges import Range, Ranges
from geointerp.synthesis.structure import grid

_TRAIN = 640  # samples of a wave train


@dataclass(frozen=True, kw_only=True)
class EventRecipe(Ranges):
    """The ranges that recordings are drawn from; samples down, channels across.

    Attributes:
        events: fewest and most in a recording.
        start: of the first P arrival, as a part of the recording.
        slowness: of the P wave, samples a channel.
        ratio: of P velocity to S velocity.
        distance: of the source from the fibre, channels.
        period: of the waves.
        coda: samples in which the coda falls to 1/e.
        loudness: of the wave at its strongest channel, of the noise.
        common: noise that all channels share, of the rest.
        offset: of each channel, constant, of the noise, in recordings that have any.
        traffic: share of the recordings with vehicles or other slow, narrow signals.
        scatter: of the channels' gains, as a natural logarithm.
        stretches: share of the recordings in which some stretches of the fibre are far better coupled.
        felt: share of those events that only some stretches feel, under the same noise as elsewhere.
        dead: share of dead channels, in recordings that have any.
        audible: an event is labelled where its envelope is so many times the noise.
    """

    events: tuple[int, int] = (0, 3)
    start: Range = (-0.3, 0.8)
    slowness: Range = (0.05, 6.0)
    ratio: Range = (1.5, 2.1)
    distance: Range = (2.0, 600.0)
    period: Range = (4.0, 30.0)
    coda: Range = (12.0, 130.0)
    loudness: Range = (2.0, 30.0)
    common: Range = (0.05, 3.0)
    offset: Range = (0.1, 1.5)
    traffic: float = 0.3
    scatter: Range = (0.0, 0.9)
    stretches: float = 0.4
    felt: float = 0.4
    dead: Range = (0.01, 0.12)
    audible: float = 0.8


DEFAULT = EventRecipe()

# Noisier, more shared noise and traffic, other slownesses, periods and codas, worse coupling.
SHIFTED = EventRecipe(
    slowness=(0.04, 8.0),
    ratio=(1.4, 2.3),
    period=(3.5, 36.0),
    coda=(10.0, 160.0),
    loudness=(1.6, 20.0),
    common=(0.1, 1.5),
    traffic=0.5,
    scatter=(0.1, 0.6),
    stretches=0.6,
    felt=0.5,
    dead=(0.02, 0.2),
)


def event_recordings(
    count: int,
    seed: int,
    *,
    height: int = 224,
    width: int = 224,
    recipe: EventRecipe = DEFAULT,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """Synthesise DAS recordings.

    Args:
        count: recordings.
        seed: the same seed gives the same recordings.
        height: samples in time.
        width: channels.
        recipe: the ranges to draw from.
        device: where to compute.

    Returns:
        Strain rates, float32 (count, height, width), in units of the noise; labels, uint8, same shape, 1 in
        an event.
    """
    draw = Draw(seed, device)
    t, x = grid(count, height, width, draw.device)
    recording = fibre_noise(draw, recipe, count, height, width)
    label = torch.zeros_like(t, dtype=torch.bool)
    present = draw.integers(*recipe.events, count, 1, 1)
    for k in range(recipe.events[1]):
        signal, shown = one_event(draw, recipe, t, x)
        recording = recording + torch.where(present > k, signal, 0.0)
        label |= shown & (present > k)
    return couple(draw, recipe, recording), label.to(torch.uint8)


def one_event(draw: Draw, recipe: EventRecipe, t: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """An event a recording: its signal in units of the noise, and where it is labelled."""
    count, height, width = t.shape
    one = (count, 1, 1)
    distance = draw.log_uniform(*recipe.distance, *one)
    apex = draw.uniform(-0.5, 1.5, *one) * width
    channels = x[:, :1]
    path = torch.hypot(distance, channels - apex)
    delay = draw.log_uniform(*recipe.slowness, *one) * (path - path.amin(dim=2, keepdim=True))
    ratio = draw.uniform(*recipe.ratio, *one)
    start = draw.uniform(*recipe.start, *one) * height
    # The source lies beyond the nearest channel, so S is late even there.
    gap = draw.uniform(0.0, 0.35, *one) * height
    arrivals = (start + delay, start + gap + ratio * delay)
    amplitudes = directivity(draw, recipe, (channels - apex) / path, path)
    period, fall = draw.log_uniform(*recipe.period, count), draw.log_uniform(*recipe.coda, *one)
    signal, shown = torch.zeros_like(t), torch.zeros_like(t, dtype=torch.bool)
    for arrival, amplitude in zip(arrivals, amplitudes, strict=True):
        since = t - arrival
        signal = signal + amplitude * wave_train(draw, since, period, fall)
        shown |= (since >= 0.0) & (since <= heard(recipe, amplitude, period[:, None, None], fall))
    return signal, shown


def heard(recipe: EventRecipe, amplitude: Tensor, period: Tensor, fall: Tensor) -> Tensor:
    """Samples after its arrival for which a wave stands out, (count, 1, channels); negative if it never does.

    The envelope ``amplitude exp(-since / fall)`` sinks to the level of audibility. Whoever follows an arrival
    across channels also sees it where it is weak: half of the power counts at the channel, half on average.
    """
    power = amplitude.square()
    seen = (0.5 * (power + power.mean(dim=2, keepdim=True))).sqrt()
    duration = fall * torch.log(seen / recipe.audible)
    return torch.where(duration > 0.0, torch.maximum(duration, period), -1.0)


def directivity(draw: Draw, recipe: EventRecipe, cosine: Tensor, path: Tensor) -> tuple[Tensor, Tensor]:
    """Amplitudes of P and S along the fibre, (count, 1, channels): ``cos²`` and ``|sin 2a|``, over distance.

    Scattering leaves a third of the strength even where the angle allows none.
    """
    count, _, width = path.shape
    one = (count, 1, 1)
    spreading = (path.amin(dim=2, keepdim=True) / path).pow(draw.uniform(0.0, 1.0, *one))
    sine = (1.0 - cosine.square()).clamp_min(0.0).sqrt()
    site = torch.exp(0.25 * record.smooth_field(draw, count, 1, width, 6))
    p = (0.33 + 0.67 * cosine.square()) * spreading * site * draw.log_uniform(0.2, 1.0, *one)
    s = (0.33 + 0.67 * (2.0 * sine * cosine).abs()) * spreading * site
    coupling = stretched(draw, recipe.felt, count, width)
    p, s = p * coupling, s * coupling
    loudest = torch.maximum(p, s).amax(dim=2, keepdim=True)
    scale = draw.log_uniform(*recipe.loudness, *one) / loudest
    return p * scale, s * scale


def wave_train(draw: Draw, since: Tensor, period: Tensor, fall: Tensor) -> Tensor:
    """A wave ``since`` samples after its arrival: an onset, then a scattering coda; about unit envelope."""
    count, height, width = since.shape
    wavelet = record.ricker(period, draw.uniform(0.0, 3.1, count))
    wave = record.convolve_down(draw.normal(count, _TRAIN, 1), wavelet)[:, :, 0]
    wave = wave / wave.square().mean(dim=1, keepdim=True).sqrt()
    wave[:, 0] = 0.0
    coherent = record.sample_layers(wave, since)
    scattered = record.unit_power(record.convolve_down(draw.normal(count, height, width), wavelet))
    share = draw.uniform(0.1, 0.7, count, 1, 1) * (1.0 - torch.exp(-since.clamp_min(0.0) / fall))
    mixed = (1.0 - share) * coherent + share * record.blur_across(scattered, draw.uniform(0.3, 2.0, count))
    return mixed * torch.exp(-since.clamp_min(0.0) / fall) * (since >= 0.0)


def fibre_noise(draw: Draw, recipe: EventRecipe, count: int, height: int, width: int) -> Tensor:
    """Noise of unit power: white, band-limited, shared by all channels, and slow signals along the fibre."""
    one = (count, 1, 1)
    wavelet = record.ricker(draw.log_uniform(*recipe.period, count), draw.uniform(0.0, 3.1, count))
    banded = record.unit_power(record.convolve_down(draw.normal(count, height, width), wavelet))
    banded = record.unit_power(record.blur_across(banded, draw.uniform(0.0, 2.0, count)))
    noise = torch.lerp(draw.normal(count, height, width), banded, draw.uniform(0.0, 1.0, *one))
    shared = shared_noise(draw, recipe, count, height)
    noise = record.unit_power(noise) + draw.log_uniform(*recipe.common, *one) * shared
    drift = record.smooth_field(draw, count, height, width, 4) * draw.uniform(0.0, 0.5, *one)
    slow = traffic(draw, count, height, width) * draw.chance(recipe.traffic, *one)
    return record.unit_power(noise + drift + slow)


def shared_noise(draw: Draw, recipe: EventRecipe, count: int, height: int) -> Tensor:
    """What the interrogator adds to all channels alike, unit power, (count, height, 1): white to resonant."""
    wavelet = record.ricker(draw.log_uniform(*recipe.period, count), draw.uniform(0.0, 3.1, count))
    banded = record.unit_power(record.convolve_down(draw.normal(count, height, 1), wavelet))
    white = draw.normal(count, height, 1)
    return record.unit_power(torch.lerp(white, banded, draw.uniform(0.0, 1.0, count, 1, 1)))


def traffic(draw: Draw, count: int, height: int, width: int) -> Tensor:
    """Vehicles and machines: a steep, narrow track and a humming stretch of channels."""
    t, x = grid(count, height, width, draw.device)
    one = (count, 1, 1)
    speed = draw.log_uniform(0.05, 0.5, *one) * draw.sign(*one)
    track = x - draw.uniform(0.0, 1.0, *one) * width - speed * (t - height / 2)
    vehicle = torch.exp(-0.5 * (track / draw.uniform(1.0, 4.0, *one)).square()) * draw.normal(
        count, height, 1
    )
    stretch = x - draw.uniform(0.0, 1.0, *one) * width
    hum = torch.sin(2 * torch.pi * t / draw.log_uniform(4.0, 30.0, *one))
    hum = hum * torch.exp(-0.5 * (stretch / draw.uniform(2.0, 12.0, *one)).square())
    return 2.0 * draw.uniform(0.0, 1.0, *one) * vehicle + 1.5 * draw.uniform(0.0, 1.0, *one) * hum


def couple(draw: Draw, recipe: EventRecipe, recording: Tensor) -> Tensor:
    """The recording with each channel's own gain; some are dead, and loud amplitudes may be cut off."""
    count, _, width = recording.shape
    one = (count, 1, 1)
    gain = torch.exp(draw.uniform(*recipe.scatter, *one) * draw.normal(count, 1, width))
    coupling = torch.exp(draw.uniform(0.0, 0.5, *one) * record.smooth_field(draw, count, 1, width, 4))
    share = draw.uniform(*recipe.dead, *one) * draw.chance(0.3, *one)
    dead = draw.uniform(0.0, 1.0, count, 1, width) < share
    limit = torch.where(draw.chance(0.2, *one), draw.log_uniform(1.5, 6.0, *one), torch.inf)
    offset = draw.uniform(*recipe.offset, *one) * draw.chance(0.2, *one) * draw.normal(count, 1, width)
    uneven = (recording + offset) * gain * coupling * stretched(draw, recipe.stretches, count, width)
    return torch.where(dead, 0.02 * uneven, uneven.clamp(-limit, limit))


def stretched(draw: Draw, share: float, count: int, width: int) -> Tensor:
    """Gain of the fibre's stretches, up to tenfold from one to the next, (count, 1, channels).

    ``share`` is the chance of each of two steps; 0 draws nothing.
    """
    gain = torch.ones(count, 1, width, device=draw.device)
    if share <= 0.0:
        return gain
    x = torch.arange(width, dtype=torch.float32, device=draw.device)
    for _ in range(2):
        beyond = x > draw.uniform(0.05, 0.95, count, 1, 1) * width
        step = draw.log_uniform(0.1, 10.0, count, 1, 1)
        gain = gain * torch.where(beyond & draw.chance(share, count, 1, 1), step, 1.0)
    return gain / gain.amax(dim=2, keepdim=True)
