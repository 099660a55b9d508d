import pytest
import torch

from geointerp.network.backbone import create_backbone
from geointerp.network.decoders import create_decoder
from geointerp.network.features import patch_tokens, principal_colours
from geointerp.network.lora import add_lora
from geointerp.network.segmenter import Segmenter


@pytest.fixture
def adapted():
    """A model whose LoRA has moved, and the same without any."""
    torch.manual_seed(0)
    plain = Segmenter(create_backbone("starter", (28, 42)), create_decoder("linear", 192, 2)).eval()
    weights = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    model = add_lora(plain)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    bare = Segmenter(create_backbone("starter", (28, 42)), create_decoder("linear", 192, 2)).eval()
    bare.load_state_dict(weights)
    return model, bare


def test_tokens_before_are_those_of_the_backbone_alone(adapted):
    model, bare = adapted
    grey = torch.rand(1, 28, 42)
    before = patch_tokens(model, grey, adapted=False)
    assert [tuple(level.shape) for level in before] == [(2, 3, 192)] * 4
    for found, wanted in zip(before, bare.features(grey[None]), strict=True):
        torch.testing.assert_close(found, wanted[0].permute(1, 2, 0))


def test_tokens_after_are_those_the_decoder_is_given(adapted):
    model, _ = adapted
    grey = torch.rand(3, 28, 42)
    after = patch_tokens(model, grey)
    with torch.inference_mode():
        wanted = model.get_base_model().features(grey[None])
    before = patch_tokens(model, grey, adapted=False)
    for found, level, other in zip(after, wanted, before, strict=True):
        torch.testing.assert_close(found, level[0].permute(1, 2, 0))
        assert (found - other).abs().max() > 1e-3


def test_colours_are_principal_components():
    """Tokens spread along three known, perpendicular axes, widest first."""
    generator = torch.Generator().manual_seed(1)
    spread = torch.rand(30, 3, generator=generator)
    spread = torch.linalg.qr(spread - spread.mean(dim=0)).Q * torch.tensor([9.0, 3.0, 1.0])
    axes = torch.linalg.qr(torch.randn(20, 3, generator=generator)).Q.T
    picture = principal_colours((spread @ axes).reshape(5, 6, 20) + 7, keep=1.0)
    assert picture.shape == (5, 6, 3)
    assert (picture.amin(dim=(0, 1)) == 0).all()
    assert (picture.amax(dim=(0, 1)) == 1).all()
    for axis in range(3):
        found, wanted = picture[..., axis].flatten(), spread[:, axis]
        assert abs(torch.corrcoef(torch.stack([found, wanted]))[0, 1]) > 0.9999


def test_the_sign_of_a_component_is_not_left_to_chance():
    tokens = torch.randn(4, 5, 8, generator=torch.Generator().manual_seed(2))
    turned = tokens.flip(0).flip(1)
    torch.testing.assert_close(principal_colours(tokens), principal_colours(turned).flip(0).flip(1))


def test_tokens_that_are_all_alike_have_one_colour():
    assert torch.isfinite(principal_colours(torch.ones(3, 3, 8))).all()
