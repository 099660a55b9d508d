import pytest
import torch

from geointerp.errors import UsageError
from geointerp.network.backbone import GreyInput, create_backbone, feature_blocks, fold_input
from geointerp.network.decoders import create_decoder
from geointerp.network.segmenter import Segmenter, fold


def test_the_starter_is_a_small_dinov2() -> None:
    backbone = create_backbone("starter", (56, 70))
    assert backbone.patch_embed.patch_size == (14, 14)
    assert sum(p.numel() for p in create_backbone("starter", (224, 224)).parameters()) == 5_505_984


@pytest.mark.parametrize(
    ("depth", "blocks"), [(12, [2, 5, 8, 11]), (24, [5, 11, 17, 23]), (40, [9, 19, 29, 39])]
)
def test_features_come_from_evenly_spaced_blocks(depth: int, blocks: list[int]) -> None:
    assert feature_blocks(depth) == blocks


def test_features_are_those_of_the_named_blocks_through_the_final_norm() -> None:
    torch.manual_seed(0)
    segmenter = Segmenter(create_backbone("starter", (28, 42)), create_decoder("linear", 192, 2)).eval()
    grey = torch.rand(2, 1, 28, 42)
    vit = segmenter.backbone
    # The encoder's own forward pass, step by step, with every block's tokens kept.
    x = vit.patch_embed((grey.expand(-1, 3, -1, -1) - GreyInput().mean) / GreyInput().std)
    x = torch.cat([vit.cls_token.expand(2, -1, -1), x], dim=1) + vit.pos_embed
    expected = []
    for k, block in enumerate(vit.blocks):
        x = block(x)
        if k in (2, 5, 8, 11):
            expected.append(vit.norm(x)[:, 1:].transpose(1, 2).reshape(2, 192, 2, 3))
    for found, wanted in zip(segmenter.features(grey), expected, strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("channels", [1, 3])
def test_folding_changes_nothing_but_the_cost(channels: int) -> None:
    torch.manual_seed(0)
    segmenter = Segmenter(create_backbone("starter", (56, 70)), create_decoder("mla", 192, 3, 0.25)).eval()
    folded = fold(segmenter, channels)
    grey = torch.rand(2, channels, 56, 70)
    torch.testing.assert_close(folded(grey), segmenter(grey), atol=1e-5, rtol=1e-4)
    assert folded.backbone.patch_embed.proj.weight.shape[1] == channels


def test_folding_is_exact_for_one_patch() -> None:
    torch.manual_seed(0)
    projection = torch.nn.Conv2d(3, 5, 14, 14)
    grey = torch.rand(1, 3, 14, 14)
    explicit = projection((grey - GreyInput().mean) / GreyInput().std)
    torch.testing.assert_close(fold_input(projection, GreyInput(), 3)(grey), explicit, atol=1e-5, rtol=1e-5)


def test_any_timm_vit_will_do() -> None:
    backbone = create_backbone("vit_tiny_patch16_224", (32, 48))
    segmenter = Segmenter(backbone, create_decoder("pup", backbone.embed_dim, 2))
    assert segmenter(torch.rand(1, 1, 32, 48)).shape == (1, 2, 32, 48)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet18", "'resnet18' is not a plain vision transformer"),
        ("no_such_model", "'no_such_model' cannot be built as a backbone: Unknown model"),
    ],
)
def test_what_is_no_vit_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        create_backbone(name, (224, 224))
