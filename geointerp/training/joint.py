"""One encoder and a decoder for each of several tasks, trained together on batches shared among them."""

from collections.abc import Mapping

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from geointerp.network.segmenter import Segmenter
from geointerp.training.losses import ce_dice


class JointSegmenter(nn.Module):
    """Segments a batch whose first tiles are one task's, the next ones another's, and so on.

    Attributes:
        segmenters: one a task; all hold the same encoder.
        shares: tiles of each task in a batch.
    """

    def __init__(
        self, backbone: VisionTransformer, decoders: Mapping[str, nn.Module], shares: Mapping[str, int]
    ) -> None:
        """Join an encoder and the decoders of the tasks, in the order of their shares."""
        super().__init__()
        self.segmenters = nn.ModuleDict({task: Segmenter(backbone, decoders[task]) for task in shares})
        self.shares = dict(shares)

    def forward(self, grey: Tensor) -> list[Tensor]:
        """``grey`` (batch, 1, height, width) to the logits of each task, (share, classes, height, width)."""
        first, *_ = self.segmenters.values()
        maps = [torch.split(level, list(self.shares.values())) for level in first.features(grey)]  # type: ignore[operator]
        size = (grey.shape[2], grey.shape[3])
        return [
            segmenter.decoder([level[k] for level in maps], size)  # type: ignore[operator]
            for k, segmenter in enumerate(self.segmenters.values())
        ]

    def loss(self, logits: list[Tensor], target: Tensor) -> Tensor:
        """The mean of the tasks' cross-entropy + Dice; ``target`` (batch, height, width)."""
        parts = zip(logits, torch.split(target, list(self.shares.values())), strict=True)
        return torch.stack([ce_dice(one, truth) for one, truth in parts]).mean()
