import copy

import pytest
import torch
from timm.layers.mlp import Mlp
from torch import nn

from geointerp.network.backbone import create_backbone
from geointerp.network.decoders import create_decoder
from geointerp.network.lowered import lowered
from geointerp.network.packed import PackedLinear, can_pack, pack
from geointerp.network.segmenter import Segmenter, fold

pytestmark = pytest.mark.skipif(not can_pack(), reason="this processor's torch packs no weights")


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(type(module) is kind for module in network.modules())


@pytest.mark.parametrize("after", [nn.GELU(), nn.GELU(approximate="tanh"), nn.ReLU()])
@pytest.mark.parametrize("bias", [True, False])
def test_layers_compute_what_they_did_in_double_precision(after, bias):
    torch.manual_seed(1)
    plain = Mlp(48, 96, act_layer=lambda: after, bias=bias).bfloat16().eval()
    exact, packed = copy.deepcopy(plain).double(), copy.deepcopy(plain)
    pack(packed)
    assert count(packed, PackedLinear) == 2
    assert count(packed, nn.Linear) == 0
    x = torch.randn(3, 17, 48).bfloat16()
    with torch.inference_mode():
        error = (packed(x) - exact(x.double())).abs().max()
        allowed = (plain(x) - exact(x.double())).abs().max()
    assert error <= 1.5 * allowed


def test_only_half_precision_that_is_not_compiled_is_packed():
    network = fold(Segmenter(create_backbone("starter", (56, 56)), create_decoder("mla", 192, 2, 0.1)), 1)
    in_blocks = 4 * len(network.backbone.blocks)
    assert count(lowered(network, torch.bfloat16), PackedLinear) == in_blocks
    assert count(lowered(network, torch.bfloat16, packed=False), PackedLinear) == 0
    assert count(lowered(network, torch.float32), PackedLinear) == 0
    assert count(network, PackedLinear) == 0
