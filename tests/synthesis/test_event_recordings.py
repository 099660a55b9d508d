from dataclasses import replace

import numpy as np
import pytest
import torch

from geointerp.synthesis import events
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.events import DEFAULT
from geointerp.synthesis.structure import grid

# One loud event a recording, its geometry known but for the place of its apex.
KNOWN = replace(
    DEFAULT,
    start=(0.1, 0.1),
    slowness=(0.6, 0.6),
    distance=(40.0, 40.0),
    ratio=(1.8, 1.8),
    loudness=(60.0, 60.0),
    coda=(20.0, 20.0),
    period=(6.0, 6.0),
    felt=0.0,
)


@pytest.fixture(scope="module")
def known() -> tuple[torch.Tensor, torch.Tensor]:
    t, x = grid(24, 224, 160, torch.device("cpu"))
    return events.one_event(Draw(8), KNOWN, t, x)


def test_the_label_begins_at_the_travel_time(known: tuple[torch.Tensor, torch.Tensor]) -> None:
    """The first labelled samples lie on the hyperbola of a source 40 channels off the fibre."""
    _, shown = known
    channels = np.arange(160.0)
    checked = 0
    for one in shown:
        if not one.any(dim=0).all():
            continue
        onset = one.float().argmax(dim=0).numpy().astype(float)
        if not 5 < onset.argmin() < 155:
            continue
        errors = []
        for apex in np.arange(onset.argmin() - 12, onset.argmin() + 12, 0.25):
            travel = 0.6 * np.hypot(40.0, channels - apex)
            errors.append(np.abs(onset - np.ceil(0.1 * 224 + travel - travel.min())).max())
        assert min(errors) <= 1.0
        checked += 1
    assert checked >= 5


def test_nothing_arrives_before_the_p_wave(known: tuple[torch.Tensor, torch.Tensor]) -> None:
    signal, shown = known
    begun = shown.cummax(dim=1).values
    full = shown.any(dim=1)
    assert (signal.masked_fill(begun, 0.0).abs().amax(dim=1)[full] == 0).all()
    assert signal.abs()[shown].mean() > 1.0


def test_directions_decide_which_wave_is_felt() -> None:
    """Along the fibre P is strongest; S vanishes along and across it and peaks in between."""
    cosine = torch.tensor([0.0, np.sqrt(0.5), 1.0])[None, None, :].expand(400, 1, 3)
    recipe = replace(DEFAULT, loudness=(1.0, 1.0), felt=0.0)
    p, s = events.directivity(Draw(3), recipe, cosine, torch.ones(400, 1, 3))
    mean_p, mean_s = p.mean(dim=(0, 1)), s.mean(dim=(0, 1))
    assert mean_p[0] < mean_p[1] < mean_p[2]
    assert mean_s[1] > 2.0 * mean_s[0]
    assert mean_s[1] > 2.0 * mean_s[2]


def test_a_loud_wave_is_heard_longer_and_a_faint_one_not_at_all() -> None:
    amplitude = torch.tensor([0.1, 5.0, 50.0])[:, None, None].expand(3, 1, 4)
    fall, period = torch.full((3, 1, 1), 20.0), torch.full((3, 1, 1), 6.0)
    heard = events.heard(DEFAULT, amplitude, period, fall)[:, 0, 0]
    assert heard[0] == -1.0
    # amplitude exp(-t / fall) = audible
    expected = [20.0 * np.log(a / DEFAULT.audible) for a in (5.0, 50.0)]
    torch.testing.assert_close(heard[1:], torch.tensor(expected, dtype=torch.float32))


def test_noise_alone_is_not_labelled() -> None:
    recording, label = events.event_recordings(
        6, 3, height=56, width=56, recipe=replace(DEFAULT, events=(0, 0))
    )
    assert not label.any()
    assert (recording.std(dim=(1, 2)) > 0).all()


def test_dead_channels_are_nearly_silent() -> None:
    recipe = replace(DEFAULT, dead=(0.2, 0.2), scatter=(0.0, 0.0), stretches=0.0)
    recording, _ = events.event_recordings(40, 3, height=80, width=80, recipe=recipe)
    level = recording.std(dim=1)
    quiet = level < 0.1 * level.median(dim=1, keepdim=True).values
    assert 0.02 < quiet.float().mean() < 0.12  # a fifth of the channels of three recordings in ten


def test_what_all_channels_share_has_unit_power_and_its_own_spectrum_in_each_recording() -> None:
    shared = events.shared_noise(Draw(2), DEFAULT, 6, 224)
    assert shared.shape == (6, 224, 1)
    torch.testing.assert_close(shared.square().mean(dim=(1, 2)), torch.ones(6))
    neighbours = (shared[:, 1:] * shared[:, :-1]).mean(dim=(1, 2))
    assert neighbours.max() - neighbours.min() > 0.2
