"""What the decoders share."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def conv_block(inputs: int, outputs: int) -> nn.Sequential:
    """Twice a 3x3 convolution, batch normalisation and ReLU."""
    return nn.Sequential(*conv(inputs, outputs), *conv(outputs, outputs))


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resampling of (batch, channels, height, width) to ``size``."""
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def size_of(x: Tensor) -> tuple[int, int]:
    """Height and width of (batch, channels, height, width)."""
    return (x.shape[2], x.shape[3])


class Enlarge(nn.Module):
    """Bilinear resampling to ``factor`` times the height and width."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Any (batch, channels, height, width)."""
        return resize(x, (x.shape[2] * self.factor, x.shape[3] * self.factor))


def beside(coarse: Tensor, fine: Tensor, factor: float) -> Tensor:
    """``coarse``, enlarged by ``factor`` onto ``fine``, and ``fine`` itself, as channels of one map."""
    return torch.cat([onto(coarse, size_of(fine), factor), fine], dim=1)


def onto(coarse: Tensor, size: tuple[int, int], factor: float) -> Tensor:
    """Bilinear resampling by just ``factor``, cut to ``size``; past the end the last samples are repeated.

    A convolution of stride two halves 119 samples to 60, which reach beyond the tile. Stretched to 119 again
    they would lie up to a sample off; enlarged twofold and cut they lie where they came from.
    """
    rows, columns = size_of(coarse)
    if (rows * factor, columns * factor) == size:
        return resize(coarse, size)
    below, beyond = math.ceil(size[0] / factor) - rows, math.ceil(size[1] / factor) - columns
    padded = F.pad(coarse, (0, max(0, beyond), 0, max(0, below)), mode="replicate")
    enlarged = F.interpolate(padded, scale_factor=factor, mode="bilinear", align_corners=False)
    return enlarged[:, :, : size[0], : size[1]]


def centred(tile: Tensor) -> Tensor:
    """Of grey values (batch, 1 or 3, height, width) the slice itself, brought to about unit deviation."""
    middle = tile.shape[1] // 2  # where the slice comes between its neighbours
    return 4.0 * tile[:, middle : middle + 1] - 2.0


def no_output(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 convolution that gives zero until it has learnt."""
    layer = nn.Conv2d(inputs, outputs, 1)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
