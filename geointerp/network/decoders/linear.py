"""The linear decoder: one 1x1 convolution of the last features, enlarged."""

from torch import Tensor, nn

from geointerp.network.decoders.blocks import resize, size_of


class LinearDecoder(nn.Module):
    """A linear classifier of the last block's tokens."""

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``; ``width`` has nothing to widen here."""
        super().__init__()
        self.classify = nn.Conv2d(dim, classes, 1)

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        logits: Tensor = self.classify(features[-1])
        return resize(logits, size_of(tile))
