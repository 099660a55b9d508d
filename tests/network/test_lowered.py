import copy

import numpy as np
import pytest
import torch
from timm.layers import SwiGLU
from timm.layers.attention import Attention
from timm.models.vision_transformer import VisionTransformer
from torch import nn

import geointerp
from geointerp.network.attention import PlainAttention, is_plain
from geointerp.network.backbone import create_backbone
from geointerp.network.decoders import DECODERS, create_decoder
from geointerp.network.lowered import lowered
from geointerp.network.raised import RaisedConv
from geointerp.network.segmenter import Segmenter, fold
from geointerp.network.unet import UNet
from geointerp.synthesis.generators import GENERATORS


def shaken(network):
    """Give batch normalisation and LayerScale values that folding cannot get right by chance."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.bias, module.weight):
                nn.init.uniform_(values, 0.5, 1.5)
            nn.init.uniform_(module.running_var, 0.2, 2)
    for name, values in network.named_parameters():
        if name.endswith("gamma"):
            nn.init.uniform_(values, -0.5, 0.5)
    return network.eval()


def same(network, grey):
    with torch.inference_mode():
        expected = network(grey)
        found = lowered(network, torch.float32)(grey)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("decoder", DECODERS)
def test_folding_changes_nothing(decoder):
    torch.manual_seed(1)
    network = shaken(Segmenter(create_backbone("starter", (56, 70)), create_decoder(decoder, 192, 3, 0.2)))
    same(fold(network, 1), torch.rand(2, 1, 56, 70))


def test_folding_changes_nothing_in_a_u_net():
    torch.manual_seed(2)
    same(shaken(UNet(3, width=0.1)), torch.rand(2, 1, 32, 48))


@pytest.mark.parametrize("decoder", ["mla", "detail", "pyramid", "texture"])
def test_mla_convolves_before_it_enlarges(decoder):
    network = Segmenter(create_backbone("starter", (56, 56)), create_decoder(decoder, 192, 2, 0.2))
    found = lowered(network, torch.bfloat16)
    assert sum(isinstance(module, RaisedConv) for module in found.modules()) == 4
    assert not any(isinstance(module, RaisedConv | nn.Identity) for module in network.decoder.modules())


def test_gated_layers_are_folded_too():
    torch.manual_seed(3)
    backbone = VisionTransformer(
        img_size=56, patch_size=14, embed_dim=32, depth=4, num_heads=2, init_values=0.1, num_classes=0,
        global_pool="", mlp_layer=SwiGLU,
    )  # fmt: skip
    same(shaken(Segmenter(backbone, create_decoder("linear", 32, 2))), torch.rand(1, 3, 56, 56))


@pytest.mark.parametrize(("tile", "plain"), [((56, 56), True), ((448, 462), False)])
def test_attention_over_many_tokens_stays_fused(tile, plain):
    network = Segmenter(create_backbone("starter", tile), create_decoder("linear", 192, 2))
    attention = lowered(network, torch.bfloat16).backbone.blocks[0].attn
    assert isinstance(attention, PlainAttention) is plain
    assert plain or attention.fused_attn
    assert type(network.backbone.blocks[0].attn) is Attention


@pytest.mark.parametrize("bias", [True, False])
def test_plain_attention_is_attention(bias):
    torch.manual_seed(4)
    # Three heads of 20 channels: their scale is no power of two.
    exact = Attention(60, num_heads=3, qkv_bias=bias).double().eval()
    x = torch.randn(2, 17, 60).double()
    with torch.inference_mode():
        expected = exact(x)
        torch.testing.assert_close(PlainAttention(copy.deepcopy(exact))(x), expected)


@pytest.mark.parametrize(
    "kind", [{"qk_norm": True, "norm_layer": nn.LayerNorm}, {"scale_norm": True, "norm_layer": nn.LayerNorm}]
)
def test_attention_with_norms_of_its_own_is_not_plain(kind):
    assert is_plain(Attention(32, num_heads=2))
    assert not is_plain(Attention(32, num_heads=2, **kind))


@pytest.mark.parametrize("task", ["faults", "facies"])
def test_labels_in_bf16_are_those_of_fp32(task):
    """On sections of the kind the bundled models learnt from, of seeds that training never draws from."""
    network = geointerp.load_model(task, (112, 112)).network
    generator = GENERATORS[task]
    amplitude, _ = generator(2, 100, height=112, width=112, recipe=generator.ranges)
    amplitude = np.asarray(amplitude, np.float32)
    grey = torch.from_numpy(0.5 + amplitude / np.quantile(np.abs(amplitude), 0.99) / 2).clamp(0, 1)[:, None]
    with torch.inference_mode():
        expected = network(grey).argmax(1)
        found = lowered(network, torch.bfloat16)(grey.bfloat16()).argmax(1)
    assert len(expected.unique()) > 1
    assert (found == expected).float().mean() >= 0.995
