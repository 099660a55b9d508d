"""The linear decoder: one 1x1 convolution of the last features, enlarged."""

from torch import Tensor, nn

from geointerp.network.decoders.blocks import resize


class LinearDecoder(nn.Module):
    """A linear classifier of the last block's tokens."""

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``; ``width`` has nothing to widen here."""
        super().__init__()
        self.classify = nn.Conv2d(dim, classes, 1)

    def forward(self, features: list[Tensor], size: tuple[int, int]) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, *size)."""
        logits: Tensor = self.classify(features[-1])
        return resize(logits, size)
