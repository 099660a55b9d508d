"""A convolution computed before the enlargement against the same one after it."""

import pytest
import torch
from torch import nn

from geointerp.network.decoders.blocks import Enlarge
from geointerp.network.raised import RaisedConv


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("factor", "size"), [(4, (5, 7)), (4, (1, 2)), (2, (6, 3)), (3, (4, 4))])
def test_the_order_of_enlargement_and_convolution_does_not_matter(factor, size, bias):
    torch.manual_seed(1)
    convolution = nn.Conv2d(3, 5, 3, padding=1, bias=bias).double()
    x = torch.randn(2, 3, *size).double()
    with torch.inference_mode():
        expected = convolution(Enlarge(factor)(x))
        torch.testing.assert_close(RaisedConv(convolution, factor)(x), expected)


def test_a_ramp_stays_a_ramp():
    """A kernel that passes on what is one sample to the right and below shifts the enlarged map."""
    shift = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    shift.weight.data.zero_()[0, 0, 2, 2] = 1.0
    ramp = torch.arange(6.0)[None, None, :, None] * 10 + torch.arange(8.0)
    with torch.inference_mode():
        found = RaisedConv(shift, 4)(ramp)[0, 0]
    enlarged = torch.arange(24)[:, None] * 10 / 4 + torch.arange(32) / 4 - 11 * 3 / 8
    torch.testing.assert_close(found[2:-3, 2:-3], enlarged[3:-2, 3:-2])
    assert not found[-1].any()
    assert not found[:, -1].any()
