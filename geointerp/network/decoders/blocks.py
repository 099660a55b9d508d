"""What the decoders share."""

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


def enlarge(x: Tensor, factor: int) -> Tensor:
    """Bilinear resampling to ``factor`` times the height and width."""
    return resize(x, (x.shape[2] * factor, x.shape[3] * factor))
