"""Vision-transformer encoders: our small starter, the four DINOv2 sizes, and any other timm ViT."""

import logging
from functools import partial
from typing import Any

import timm
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from geointerp.errors import ModelError, UsageError
from geointerp.network.home import STARTER

DINOV2 = {
    "dinov2-small": "vit_small_patch14_dinov2.lvd142m",
    "dinov2-base": "vit_base_patch14_dinov2.lvd142m",
    "dinov2-large": "vit_large_patch14_dinov2.lvd142m",
    "dinov2-giant": "vit_giant_patch14_dinov2.lvd142m",
}

# The starter is a ViT-tiny in DINOv2's own form: patch 14, class token, LayerScale. A LayerScale of 0.1
# rather than DINOv2's 1e-5 lets it learn from scratch within hours.
_STARTER_SHAPE: dict[str, Any] = {
    "patch_size": 14,
    "embed_dim": 192,
    "depth": 12,
    "num_heads": 3,
    "init_values": 0.1,
}


def create_backbone(name: str, tile: tuple[int, int], *, pretrained: bool = False) -> VisionTransformer:
    """Build an encoder for tiles of one size.

    Args:
        name: ``starter``, ``dinov2-small|base|large|giant`` or the name of a timm vision transformer.
        tile: height and width in pixels, multiples of the encoder's patch.
        pretrained: fetch timm's weights from the hub (not for the starter, whose weights are bundled).

    Raises:
        UsageError: timm knows no such vision transformer.
        ModelError: its weights cannot be fetched.
    """
    if name == STARTER:
        return VisionTransformer(img_size=tile, num_classes=0, global_pool="", **_STARTER_SHAPE)
    # Without a network it would warn of each attempt, and then fail with the error that is told below.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    build = partial(timm.create_model, DINOV2.get(name, name), img_size=tile, num_classes=0, global_pool="")
    try:
        model = build(pretrained=pretrained)
    except (OSError, ConnectionError) as error:
        raise ModelError(
            f"the weights of '{name}' could not be fetched: {error}",
            hint="without a network, download them elsewhere and pass --weights FILE",
        ) from error
    except TypeError as error:  # a network that is not told the size of its input
        raise _unfit(name) from error
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"'{name}' cannot be built as a backbone: {error}",
            hint=f"choose {STARTER}, {', '.join(DINOV2)} or a timm ViT",
        ) from error
    if not isinstance(model, VisionTransformer):
        raise _unfit(name)
    return model


def _unfit(name: str) -> UsageError:
    """What is said of another network of timm's."""
    return UsageError(
        f"'{name}' is not a plain vision transformer",
        hint=f"choose {STARTER}, {', '.join(DINOV2)} or a timm ViT: timm.list_models('vit_*') lists them",
    )


def patch_of(name: str) -> int:
    """Return the side of the patches of the encoder called ``name``, without making room for its weights.

    Raises:
        UsageError: timm knows no such vision transformer.
    """
    with torch.device("meta"):
        return int(create_backbone(name, (448, 448)).patch_embed.patch_size[0])


def feature_blocks(depth: int, count: int = 4) -> list[int]:
    """Evenly spaced blocks, 0-based, the last included: 2, 5, 8, 11 of 12 (the paper's 3, 6, 9, 12)."""
    return [depth * (k + 1) // count - 1 for k in range(count)]


class GreyInput(nn.Module):
    """Grey tiles as the encoder wants them: three channels, less the mean, over the standard deviation.

    One channel is repeated three times; three (a slice between its neighbours) are taken as they are.
    """

    # Of ImageNet, which DINOv2 was trained with.
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        """``grey`` in [0, 1], (batch, 1 or 3, height, width), to (batch, 3, height, width)."""
        return (grey - self.mean) / self.std


def fold_input(projection: nn.Conv2d, grey: GreyInput, channels: int) -> nn.Conv2d:
    """A patch embedding that takes grey values in [0, 1] directly.

    Subtracting a mean and dividing by a deviation before a convolution without padding is the convolution
    with ``W / std`` and a bias less by ``sum(W mean / std)``; repeating one channel thrice is summing the
    weights of the three. It cuts the input's traffic threefold.
    """
    # In float64, so that folding costs no accuracy.
    scaled = projection.weight.double() / grey.std.double()
    bias = -(scaled * grey.mean.double()).sum(dim=(1, 2, 3))
    if projection.bias is not None:
        bias = bias + projection.bias.double()
    if channels == 1:
        scaled = scaled.sum(dim=1, keepdim=True)
    side = projection.weight.shape[2]
    folded = nn.Conv2d(channels, projection.out_channels, side, side)
    folded.weight = nn.Parameter(scaled.float())
    folded.bias = nn.Parameter(bias.float())
    return folded
