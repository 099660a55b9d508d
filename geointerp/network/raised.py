"""A convolution of an enlarged map, computed on the small one, for a network that only predicts.

Enlarging is linear, and the same for all channels; so is each of the nine terms of a 3x3 convolution for all
places. Their order may be changed: first the nine products of channels, on the small map, then each enlarged,
shifted by its place in the kernel, and summed. Enlarged fourfold that is a sixteenth of the products, and for
rows and columns one more product each, of matrices that hold the weights of interpolation.
"""

from functools import lru_cache
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geointerp.network.decoders.mla import MLADecoder


class RaisedConv(nn.Module):
    """``convolution(Enlarge(factor)(x))``, exact but for rounding."""

    weight: Tensor
    bias: Tensor

    def __init__(self, convolution: nn.Conv2d, factor: int) -> None:
        """Take over the weights of a convolution.

        Args:
            convolution: 3x3, and padded with zeros to the same size. Its bias becomes that of the middle
                term, whose interpolation weights add up to one.
            factor: of the bilinear enlargement.
        """
        super().__init__()
        self.factor = factor
        self.outputs = convolution.out_channels
        # (outputs, inputs, 3, 3) to nine matrices (outputs, inputs), row after row of the kernel.
        weight = convolution.weight.detach().permute(2, 3, 0, 1).flatten(0, 2)
        bias = weight.new_zeros(9, self.outputs)
        if convolution.bias is not None:
            bias[4] = convolution.bias.detach()
        self.register_buffer("weight", weight.contiguous())
        self.register_buffer("bias", bias.flatten())

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, rows, columns) to (batch, outputs, ``factor`` rows, ``factor`` columns)."""
        batch, _, rows, columns = x.shape
        down, across = (shifts(size, self.factor, x.dtype, x.device) for size in (rows, columns))
        terms = F.linear(x.permute(0, 2, 3, 1), self.weight, self.bias)
        terms = terms.view(batch, rows, columns, 3, 3, self.outputs)
        # By the kernel's rows, by its columns: what is multiplied by a matrix has to lie in a row.
        terms = terms.permute(0, 3, 1, 4, 2, 5).reshape(3 * batch * rows, 3 * columns, self.outputs)
        wide = (across @ terms).view(batch, 3 * rows, self.factor * columns * self.outputs)
        large = (down @ wide).view(batch, self.factor * rows, self.factor * columns, self.outputs)
        return large.permute(0, 3, 1, 2)


def raise_convolutions(decoder: MLADecoder) -> None:
    """Have the first convolution after MLA's enlargement computed before it, in place."""
    for block in decoder.refine:
        assert isinstance(block, nn.Sequential)
        block[0] = RaisedConv(cast(nn.Conv2d, block[0]), decoder.enlarge.factor)
    decoder.enlarge = nn.Identity()  # type: ignore[assignment]


@lru_cache(maxsize=32)
def shifts(size: int, factor: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What enlarges ``size`` samples and shifts them by -1, 0 and 1, (factor size, 3 size).

    A matrix for three vectors of ``size`` one after the other; past the ends there are zeros.
    """
    one = torch.eye(size, dtype=torch.float64)[None, :, :, None]
    enlarged = F.interpolate(one, (factor * size, 1), mode="bilinear", align_corners=False)[0, :, :, 0].T
    padded = F.pad(enlarged, (0, 0, 1, 1))
    return torch.cat([padded[k : k + factor * size] for k in range(3)], dim=1).to(device, dtype).contiguous()
