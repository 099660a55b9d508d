import pytest
import torch

from geointerp.synthesis import flaws
from geointerp.synthesis.draw import Draw


@pytest.mark.parametrize("flaw", [flaws.migration_smiles, flaws.ground_roll, flaws.common_mode])
def test_noise_has_unit_power(flaw) -> None:
    noise = flaw(Draw(3), 6, 90, 80)
    assert noise.shape == (6, 90, 80)
    torch.testing.assert_close(noise.square().mean(dim=(1, 2)), torch.ones(6), rtol=1e-3, atol=0)


def test_without_flaws_nothing_changes_and_nothing_is_drawn() -> None:
    draw = Draw(1)
    seismic = Draw(2).normal(3, 20, 20)
    assert flaws.add_flaws(draw, seismic, 0.0) is seismic
    assert torch.equal(draw.normal(4), Draw(1).normal(4))


def test_some_sections_have_flaws_and_others_none() -> None:
    seismic = Draw(2).normal(64, 24, 24)
    changed = (flaws.add_flaws(Draw(1), seismic, 0.1) != seismic).any(dim=2).any(dim=1)
    # One less 0.9 to the sixth power, of 64.
    assert 15 < changed.sum() < 45


def test_a_smile_curves_upwards() -> None:
    """The strongest sample of a trace lies higher, the farther the trace is from the arc's middle."""
    noise = flaws.migration_smiles(Draw(11), 1, 400, 60)[0]
    deepest = noise.argmax(dim=0).float()
    middle = int(deepest.argmax())
    side = deepest[middle:] if middle < 30 else deepest[: middle + 1].flip(0)
    smooth = side.unfold(0, 5, 5).median(dim=1).values
    assert smooth[-1] < smooth[0]


def test_all_channels_share_the_common_mode() -> None:
    noise = flaws.common_mode(Draw(3), 2, 50, 30)
    assert torch.equal(noise[:, :, 0], noise[:, :, 29])


def test_balancing_evens_amplitudes_out() -> None:
    ramp = torch.linspace(0.1, 4.0, 300)[None, :, None]
    balanced = flaws.balanced(Draw(1).normal(1, 300, 40) * ramp)
    top, bottom = balanced[:, 60:100].std(), balanced[:, 260:].std()
    assert abs(bottom / top - 1.0) < 0.25


def test_clipping_cuts_both_ends_off() -> None:
    seismic = Draw(1).normal(5, 40, 40)
    clipped = flaws.clipped(Draw(2), seismic)
    limits = clipped.amax(dim=(1, 2))
    torch.testing.assert_close(-clipped.amin(dim=(1, 2)), limits)
    assert (limits <= 2.0).all()
    untouched = seismic.abs() < limits[:, None, None]
    assert torch.equal(clipped[untouched], seismic[untouched])
