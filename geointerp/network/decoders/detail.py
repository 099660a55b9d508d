"""MLA corrected by what the tile itself shows between the patches, after ViTMatte (Yao et al., 2024)."""

import torch
from torch import Tensor, nn

from geointerp.network.decoders.blocks import conv, conv_block, resize, size_of
from geointerp.network.decoders.mla import MLADecoder


class DetailDecoder(MLADecoder):
    """Multi-level aggregation, and a light convolutional path that sees the tile.

    A vision transformer of patch 14 knows a tile at every fourteenth sample, and MLA draws its logits at a
    quarter of a patch; thin faults and the rims of small craters lie between. Here the tile is also read at a
    half and a quarter of its size. MLA's last map is joined to these and to the tile, coarse to fine, and
    ends in a correction of MLA's logits. The correction begins as zero, so that a decoder trained without it
    can be taken over and goes on from where it was.
    """

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``; the path has ``32 width`` channels at half the size."""
        super().__init__(dim, classes, width)
        halves = max(1, int(32 * width))
        quarters = 2 * halves
        self.to_halves = conv(1, halves, stride=2)
        self.to_quarters = nn.Sequential(*conv(halves, quarters, stride=2), *conv(quarters, quarters))
        self.join_quarters = conv_block(self.classify.in_channels + quarters, quarters)
        self.join_halves = conv_block(quarters + halves, halves)
        self.join_whole = conv(halves + 1, halves)
        self.correct = nn.Conv2d(halves, classes, 1)
        for parameter in self.correct.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        levels = self.aggregate(features)
        middle = tile.shape[1] // 2  # the slice itself, where it comes between its neighbours
        whole = 4.0 * tile[:, middle : middle + 1] - 2.0  # from grey values to about unit deviation
        halves = self.to_halves(whole)
        quarters = self.to_quarters(halves)
        x = self.join_quarters(_beside(levels, quarters))
        x = self.join_halves(_beside(x, halves))
        x = self.join_whole(_beside(x, whole))
        logits: Tensor = resize(self.classify(levels), size_of(tile)) + self.correct(x)
        return logits


def _beside(coarse: Tensor, fine: Tensor) -> Tensor:
    """``coarse`` enlarged to the size of ``fine``, and ``fine``, as channels of one map."""
    return torch.cat([resize(coarse, size_of(fine)), fine], dim=1)
