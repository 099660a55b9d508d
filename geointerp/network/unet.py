"""The U-Net, a convolutional baseline (Ronneberger et al., 2015), with batch normalisation and padding."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from geointerp.network.decoders.blocks import conv_block, resize

UNET = "unet"
UNET_PATCH = 16
"""Tiles are multiples of it, for the size to be halved four times."""

_CHANNELS = (64, 128, 256, 512, 1024)


class UNet(nn.Module):
    """Five levels of two convolutions each.

    On the way up, what comes from below is enlarged twofold, joined to the map of the same size from the way
    down, and refined; that begins with the deepest level. (The published code pads the deepest map with
    zeros to the size of the level above it instead of enlarging it.)
    """

    def __init__(self, classes: int, channels: int = 1, width: float = 1.0) -> None:
        """Build it with random weights.

        Args:
            classes: label classes.
            channels: 1 for the slice itself, 3 for a slice between its neighbours.
            width: factor on the original's 64 to 1024 channels.
        """
        super().__init__()
        levels = [max(1, int(width * level)) for level in _CHANNELS]
        self.down = nn.ModuleList(conv_block(a, b) for a, b in pairwise([channels, *levels]))
        self.up = nn.ModuleList(conv_block(a + b, b) for a, b in pairwise(reversed(levels)))
        self.halve = nn.MaxPool2d(2)
        self.classify = nn.Conv2d(levels[0], classes, 1)

    def forward(self, grey: Tensor) -> Tensor:
        """``grey`` in [0, 1], (batch, 1 or 3, height, width), to logits (batch, classes, height, width)."""
        maps = [self.down[0](grey)]
        for block in self.down[1:]:
            maps.append(block(self.halve(maps[-1])))
        x = maps.pop()
        for block in self.up:
            beside = maps.pop()
            x = block(torch.cat([resize(x, (beside.shape[2], beside.shape[3])), beside], dim=1))
        logits: Tensor = self.classify(x)
        return logits
