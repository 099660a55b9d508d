"""MLA corrected by a small U-Net of the tile itself, whose deepest maps also know the encoder's features."""

import torch
from torch import Tensor, nn

from geointerp.network.decoders.blocks import (
    beside,
    centred,
    conv,
    conv_block,
    no_output,
    onto,
    resize,
    size_of,
)
from geointerp.network.decoders.mla import MLADecoder


class PyramidDecoder(MLADecoder):
    """Multi-level aggregation, and a convolutional path through sizes down to a sixteenth of the tile.

    What ``detail`` reads at a half and a quarter of the size tells edges, not textures: a pattern of layers
    is many samples wide. Here the tile goes down to a sixteenth, about the size of the encoder's maps, and
    is joined there with MLA's coarse sum; on the way up come the maps of the way down and, at a quarter,
    what MLA classifies. It ends in a correction of MLA's logits that begins as zero, so that a decoder
    trained without it can be taken over and goes on from where it was.
    """

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``; the path has 32 to 128 times ``width`` channels."""
        super().__init__(dim, classes, width)
        halves, quarters, eighths, sixteenths = (max(1, int(k * width)) for k in (32, 64, 96, 128))
        self.to_halves = conv(1, halves, stride=2)
        self.to_quarters = _smaller(halves, quarters)
        self.to_eighths = _smaller(quarters, eighths)
        self.to_sixteenths = _smaller(eighths, sixteenths)
        self.join_sixteenths = conv(sixteenths + self.coarse_channels, sixteenths)
        self.join_eighths = conv_block(sixteenths + eighths, eighths)
        self.join_quarters = conv_block(eighths + quarters + self.classify.in_channels, quarters)
        self.join_halves = conv_block(quarters + halves, halves)
        self.join_whole = conv(halves + 1, halves)
        self.correct = no_output(halves, classes)

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        coarse, levels = self.aggregate(features)
        whole = centred(tile)
        halves = self.to_halves(whole)
        quarters = self.to_quarters(halves)
        eighths = self.to_eighths(quarters)
        sixteenths = self.to_sixteenths(eighths)
        # A sample of MLA's sum, one of the tile's patches, in sixteenths; one of the levels in quarters.
        factor = tile.shape[2] / coarse.shape[2] / 16
        x = self.join_sixteenths(beside(coarse, sixteenths, factor))
        x = self.join_eighths(beside(x, eighths, 2))
        levels_there = onto(levels, size_of(quarters), factor)
        x = self.join_quarters(torch.cat([beside(x, quarters, 2), levels_there], dim=1))
        x = self.join_halves(beside(x, halves, 2))
        x = self.join_whole(beside(x, whole, 2))
        logits: Tensor = resize(self.classify(levels), size_of(tile)) + self.correct(x)
        return logits


def _smaller(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions, the first to half the size."""
    return nn.Sequential(*conv(inputs, outputs, stride=2), *conv(outputs, outputs))
