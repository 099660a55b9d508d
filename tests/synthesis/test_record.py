from dataclasses import replace

import numpy as np
import pytest
import torch

from geointerp.synthesis import record
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.faults import DEFAULT, fault_sections


def test_convolution_runs_down_the_trace_with_each_sections_wavelet() -> None:
    draw = Draw(1)
    field = draw.normal(2, 50, 3)
    wavelet = record.ricker(torch.tensor([6.0, 9.0]), torch.tensor([0.0, 0.7]))
    found = record.convolve_down(field, wavelet)
    for section in range(2):
        # conv2d correlates: the wavelet is turned round against numpy's convolution.
        expected = np.convolve(field[section, :, 1].numpy(), wavelet[section].numpy()[::-1], mode="full")[
            32:82
        ]
        np.testing.assert_allclose(found[section, :, 1], expected, atol=1e-4)


def test_a_ricker_wavelet_peaks_at_its_period() -> None:
    wavelet = record.ricker(torch.tensor([10.0]), torch.zeros(1))[0]
    spectrum = np.abs(np.fft.rfft(wavelet.numpy(), 4096))
    assert np.argmax(spectrum) / 4096 == pytest.approx(1 / 10, rel=0.02)
    assert wavelet.argmax() == 32


def test_a_quarter_turn_makes_the_wavelet_odd() -> None:
    wavelet = record.ricker(torch.tensor([8.0]), torch.tensor([torch.pi / 2]))[0]
    torch.testing.assert_close(wavelet, -wavelet.flip(0), atol=0.02, rtol=0)


def test_layers_are_interpolated() -> None:
    layers = torch.tensor([[0.0, 10.0, 30.0, 0.0]])
    found = record.sample_layers(layers, torch.tensor([[[0.0, 0.25], [1.5, 2.0]]]))
    torch.testing.assert_close(found, torch.tensor([[[0.0, 2.5], [20.0, 30.0]]]))


def test_noise_has_the_strength_it_was_drawn_at() -> None:
    draw = Draw(3)
    clean = draw.normal(8, 64, 64)
    wavelet = record.ricker(torch.full((8,), 8.0), torch.zeros(8))
    noise = record.add_noise(Draw(4), clean, wavelet, (6.0, 6.0)) - record.unit_power(clean)
    ratio = 20 * torch.log10(1.0 / noise.square().mean(dim=(1, 2)).sqrt())
    assert ((ratio - 6.0).abs() < 3.0).all()


def test_draws_repeat_from_their_seed() -> None:
    assert torch.equal(Draw(5).normal(4), Draw(5).normal(4))
    assert not torch.equal(Draw(5).normal(4), Draw(6).normal(4))
    assert set(Draw(1).integers(2, 4, 200).tolist()) == {2, 3, 4}
    assert Draw(1).log_uniform(1.0, 100.0, 4000).log10().mean() == pytest.approx(1.0, abs=0.05)


def test_the_local_ratio_is_that_of_the_powers_around() -> None:
    draw = Draw(7)
    clean = torch.cat([draw.normal(1, 60, 80) * 4.0, draw.normal(1, 60, 80)])
    noise = draw.normal(2, 60, 80) * 2.0
    found = record.local_ratio(clean, clean + noise)
    window = (slice(20, 41), slice(30, 51))
    for section in range(2):
        expected = 10 * np.log10(
            clean[section][window].square().mean().item() / noise[section][window].square().mean().item()
        )
        assert found[section, 30, 40] == pytest.approx(float(expected), abs=1e-3)


def test_what_the_noise_hides_is_not_labelled() -> None:
    loud, faint = (
        fault_sections(4, 3, height=56, width=56, recipe=replace(DEFAULT, faults=(6, 8), audible=least))[1]
        for least in (-100.0, 5.0)
    )
    assert faint.sum() < loud.sum()
    assert not (faint.bool() & ~loud.bool()).any()


def test_smooth_fields_are_those_of_bicubic_interpolation() -> None:
    coarse = Draw(4).normal(3, 1, 6, 6)
    expected = torch.nn.functional.interpolate(coarse, (90, 61), mode="bicubic", align_corners=True)[:, 0]
    torch.testing.assert_close(record.smooth_field(Draw(4), 3, 90, 61, 5), expected, rtol=0, atol=1e-5)


def test_local_means_are_those_of_windows() -> None:
    field = Draw(5).normal(2, 30, 41)
    found = record.local_mean(field, 7, 5)
    assert found[1, 12, 20].item() == pytest.approx(field[1, 9:16, 18:23].mean().item(), abs=1e-6)
    assert found[0, 0, 40].item() == pytest.approx(field[0, :4, 38:].mean().item(), abs=1e-6)


def test_migrated_noise_has_no_dip_beyond_the_steepest():
    noise = record.migrated_noise(Draw(5), 128, 96, torch.full((6,), 9.0)).numpy()
    assert noise.shape == (6, 128, 96)
    np.testing.assert_allclose(np.sqrt((noise**2).mean(axis=(1, 2))), 1.0, rtol=1e-5)
    power = np.abs(np.fft.fft2(noise)) ** 2
    down, across = np.abs(np.fft.fftfreq(128))[:, None], np.abs(np.fft.fftfreq(96))[None, :]
    # At most two samples a trace; the filter's edge is soft.
    assert power[:, across > 3.0 * down].sum() < 0.02 * power.sum()
    assert power[:, across > 0.1 * down].sum() > 0.2 * power.sum()


def test_a_record_sinks_into_noise_downwards():
    left = record.left_above_noise(Draw(6), 200, 80, 60, share=0.5)
    assert left.min() >= 0.0
    assert left.max() <= 1.0
    assert (left[:, 1:] <= left[:, :-1] + 1e-6).all()
    sunk = left[:, -1].amin(dim=1) < 1.0
    # In some the depth where it would sink lies below the section.
    assert 60 <= sunk.sum() <= 110
    assert (left[~sunk] == 1.0).all()


def test_what_has_sunk_into_noise_is_not_labelled():
    def labelled(sunk):
        recipe = replace(DEFAULT, faults=(6, 8), sunk=sunk)
        return fault_sections(24, 3, height=112, width=112, recipe=recipe)[1].float().mean(dim=(0, 2))

    clear, noisy = labelled(0.0), labelled(1.0)
    upper, lower = slice(0, 20), slice(-20, None)
    assert noisy[lower].mean() < 0.7 * clear[lower].mean()
    assert noisy[lower].mean() / noisy[upper].mean() < 0.8 * clear[lower].mean() / clear[upper].mean()
