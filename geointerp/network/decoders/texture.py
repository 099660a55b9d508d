"""MLA and a U-Net of the tile itself, two judges of equal weight; the latter can learn before they meet."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from geointerp.network.decoders.blocks import beside, centred, conv_block, no_output, onto, resize, size_of
from geointerp.network.decoders.mla import MLADecoder


class TextureDecoder(MLADecoder):
    """Multi-level aggregation, and a U-Net of four sizes.

    Patterns of layers are told apart by their texture, which convolutions learn from fewer sections than a
    transformer. Beside an MLA that has learnt, a path from the tile finds little left to learn, whatever it
    could: this one can be trained by itself (``correction`` without the encoder's maps) and then be joined
    to it. Of the encoder it is told MLA's coarse sum, at a sixteenth of the tile, and, at a quarter, what MLA
    classifies; both begin as zero, as does its share in the logits.

    Pairs of rows and columns become channels at once: half the tile's size keeps every sample, and costs a
    quarter of convolutions of the whole.
    """

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``; the path has 48 to 160 times ``width`` channels."""
        super().__init__(dim, classes, width)
        levels = [max(1, int(k * width)) for k in (48, 96, 128, 160)]
        self.to_smaller = nn.ModuleList(conv_block(a, b) for a, b in pairwise([4, *levels]))
        self.join_larger = nn.ModuleList(conv_block(a + b, b) for a, b in pairwise(reversed(levels)))
        self.join_coarse = no_output(self.coarse_channels, levels[3])
        self.join_levels = no_output(self.classify.in_channels, levels[1])
        self.correct = no_output(levels[0], classes)

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        coarse, levels = self.aggregate(features)
        of_tile = self.correction(tile, (self.join_coarse(coarse), self.join_levels(levels)))
        logits: Tensor = resize(self.classify(levels), size_of(tile)) + of_tile
        return logits

    def correction(self, tile: Tensor, encoded: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """What the path adds to MLA's logits.

        Args:
            tile: grey, (batch, 1 or 3, height, width); height and width are even.
            encoded: what is told of the encoder, at a patch's size and at a fourth of it; nothing by default.
        """
        maps = [self.to_smaller[0](F.pixel_unshuffle(centred(tile), 2))]
        for block in self.to_smaller[1:]:
            maps.append(block(F.max_pool2d(maps[-1], 2, ceil_mode=True)))
        if encoded is not None:
            # Sixteenths in a patch, as many as there are quarters in a fourth of a patch.
            factor = tile.shape[2] / encoded[0].shape[2] / 16
            for at, seen in zip((3, 1), encoded, strict=True):
                maps[at] = maps[at] + onto(seen, size_of(maps[at]), factor)
        x = maps.pop()
        for block in self.join_larger:
            x = block(beside(x, maps.pop(), 2))
        return onto(self.correct(x), size_of(tile), 2)
