import numpy as np
import torch
import xarray as xr

from geointerp.sources.scaling import measure_scale
from geointerp.training.grey import grey_of


def sections() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    amplitude = torch.randn(2, 224, 224, generator=generator) * torch.tensor([3.0, 0.01])[:, None, None]
    amplitude[:, :60] = 0.0
    return amplitude


def test_training_and_prediction_see_the_same_greys() -> None:
    amplitude = sections()
    for section, grey in zip(amplitude, grey_of(amplitude), strict=True):
        scale = measure_scale(xr.DataArray(section.numpy(), dims=("time", "cdp")), "symmetric", 99.0)
        np.testing.assert_allclose(grey[0], scale.to_grey(section.numpy()), atol=0.01)


def test_a_factor_makes_a_section_weaker() -> None:
    amplitude = sections()
    plain, weak = grey_of(amplitude), grey_of(amplitude, torch.tensor([2.0, 1.0]))
    inside = (plain[0] > 0.0) & (plain[0] < 1.0)
    torch.testing.assert_close((weak[0] - 0.5)[inside], 0.5 * (plain[0] - 0.5)[inside])
    assert torch.equal(weak[1], plain[1])


def test_a_blank_section_is_mid_grey() -> None:
    assert (grey_of(torch.zeros(1, 8, 8)) == 0.5).all()


def test_an_offset_shifts_the_greys_before_they_are_clipped() -> None:
    amplitude = sections()
    factor = torch.tensor([4.0, 4.0])
    plain = grey_of(amplitude, factor, "range")
    shifted = grey_of(amplitude, factor, "range", offset=torch.tensor([0.5, -2.5]))
    torch.testing.assert_close(shifted[0], (plain[0] + 0.25).clamp(max=1.0))
    assert (shifted[1] == 0.0).all()
