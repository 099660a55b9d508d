"""An encoder and a decoder in one: grey tiles in, class scores out."""

import copy
from typing import cast

from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from geointerp.network.backbone import GreyInput, feature_blocks, fold_input


class Segmenter(nn.Module):
    """Segments grey tiles.

    Attributes:
        grey: from grey values to the encoder's normalised channels; nothing once folded.
        backbone: a timm vision transformer.
        decoder: from four feature maps, and the tile, to logits.
    """

    def __init__(self, backbone: VisionTransformer, decoder: nn.Module) -> None:
        """Join the two; features come from four evenly spaced blocks, each through the final norm."""
        super().__init__()
        self.grey: nn.Module = GreyInput()
        self.backbone = backbone
        self.decoder = decoder
        self.blocks = feature_blocks(len(backbone.blocks))

    def features(self, grey: Tensor) -> list[Tensor]:
        """Four maps, float (batch, dim, height / patch, width / patch), shallow to deep."""
        maps = self.backbone.forward_intermediates(
            self.grey(grey), indices=self.blocks, norm=True, intermediates_only=True
        )
        return cast(list[Tensor], maps)

    def forward(self, grey: Tensor) -> Tensor:
        """``grey`` in [0, 1], (batch, 1 or 3, height, width), to logits (batch, classes, height, width)."""
        logits: Tensor = self.decoder(self.features(grey), grey)
        return logits


def fold(segmenter: Segmenter, channels: int) -> Segmenter:
    """A copy for inference, with grey-to-RGB and normalisation folded into the patch embedding.

    Args:
        segmenter: any, LoRA merged.
        channels: 1 for the slice itself, 3 for a slice between its neighbours.
    """
    folded = copy.deepcopy(segmenter).eval()
    assert isinstance(folded.grey, GreyInput), "already folded"
    embedding = folded.backbone.patch_embed
    embedding.proj = fold_input(embedding.proj, folded.grey, channels)
    folded.grey = nn.Identity()
    return folded
