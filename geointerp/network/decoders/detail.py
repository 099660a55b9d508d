"""MLA corrected by what the tile itself shows between the patches, after ViTMatte (Yao et al., 2024)."""

from torch import Tensor, nn

from geointerp.network.decoders.blocks import beside, centred, conv, conv_block, no_output, resize, size_of
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
        self.correct = no_output(halves, classes)

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        _, levels = self.aggregate(features)
        whole = centred(tile)
        halves = self.to_halves(whole)
        quarters = self.to_quarters(halves)
        # A sample of the levels in quarters: 3.5 samples of the tile, with patches of 14, in 4.
        factor = tile.shape[2] / levels.shape[2] / 4
        x = self.join_quarters(beside(levels, quarters, factor))
        x = self.join_halves(beside(x, halves, 2))
        x = self.join_whole(beside(x, whole, 2))
        logits: Tensor = resize(self.classify(levels), size_of(tile)) + self.correct(x)
        return logits
