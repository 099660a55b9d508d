"""SETR-PUP: progressive upsampling of the last features (Zheng et al., 2021)."""

from torch import Tensor, nn

from geointerp.network.decoders.blocks import conv_block, resize, size_of


class PUPDecoder(nn.Module):
    """Four convolution blocks, each followed by a step towards full size: 1/8, 1/4, 1/2, 1."""

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``; the paper's channels are ``dim / 4``."""
        super().__init__()
        inner = max(1, int(dim * width) // 4)
        self.blocks = nn.ModuleList(conv_block(dim if k == 0 else inner, inner) for k in range(4))
        self.classify = nn.Conv2d(inner, classes, 1)

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        size = size_of(tile)
        x = features[-1]
        for block, divisor in zip(self.blocks, (8, 4, 2, 1), strict=True):
            x = resize(block(x), (size[0] // divisor, size[1] // divisor))
        logits: Tensor = self.classify(x)
        return logits
