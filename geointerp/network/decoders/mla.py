"""SETR-MLA (Zheng et al., 2021): four levels of features, each passed to the shallower one, then joined."""

import torch
from torch import Tensor, nn

from geointerp.network.decoders.blocks import Enlarge, conv_block, resize, size_of


class MLADecoder(nn.Module):
    """Multi-level aggregation.

    Deepest first, a level is reduced to ``dim / 2`` channels, the sum so far is added and smoothed, then
    each level is reduced to ``dim / 4``, enlarged fourfold and refined; a 1x1 convolution classifies all
    four side by side. The published code also builds a smoothing block for the deepest level and never runs
    it; we leave it out.
    """

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``."""
        super().__init__()
        half, quarter = max(1, int(dim * width) // 2), max(1, int(dim * width) // 4)
        self.coarse_channels = half
        self.reduce = nn.ModuleList(conv_block(dim, half) for _ in range(4))
        self.smooth = nn.ModuleList(conv_block(half, half) for _ in range(3))
        self.narrow = nn.ModuleList(
            nn.Sequential(conv_block(half, half), conv_block(half, quarter)) for _ in range(4)
        )
        self.enlarge = Enlarge(4)
        self.refine = nn.ModuleList(conv_block(quarter, quarter) for _ in range(4))
        self.classify = nn.Conv2d(4 * quarter, classes, 1)

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        return resize(self.classify(self.aggregate(features)[1]), size_of(tile))

    def aggregate(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Four maps to their sum, (batch, ``coarse_channels``, rows, columns), and to what is classified.

        The latter has about ``dim width`` channels and four times the rows and columns.
        """
        running = self.reduce[0](features[-1])
        levels = [self._level(0, running)]
        for k, feature in enumerate(reversed(features[:-1]), start=1):
            running = self.reduce[k](feature) + running
            levels.append(self._level(k, self.smooth[k - 1](running)))
        return running, torch.cat(levels, dim=1)

    def _level(self, k: int, x: Tensor) -> Tensor:
        refined: Tensor = self.refine[k](self.enlarge(self.narrow[k](x)))
        return refined
