"""DPT: four levels of features fused from coarse to fine by residual convolutions (Ranftl et al., 2021)."""

from torch import Tensor, nn

from geointerp.network.decoders.blocks import resize, size_of


class ResidualUnit(nn.Module):
    """Twice ReLU, 3x3 convolution and batch normalisation, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Any (batch, channels, height, width), to the same shape."""
        refined: Tensor = x + self.body(x)
        return refined


class Fusion(nn.Module):
    """Add a level to what came from the coarser ones, refine, and enlarge to the next size."""

    def __init__(self, channels: int, deepest: bool) -> None:
        super().__init__()
        # The published code also builds this unit for the deepest level, where nothing is added, and never
        # runs it.
        self.enter = None if deepest else ResidualUnit(channels)
        self.refine = ResidualUnit(channels)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, level: Tensor, coarser: Tensor | None, size: tuple[int, int]) -> Tensor:
        """The fused map at ``size``."""
        if self.enter is not None and coarser is not None:
            level = resize(self.enter(level), (coarser.shape[2], coarser.shape[3])) + coarser
        fused: Tensor = self.project(resize(self.refine(level), size))
        return fused


class DPTDecoder(nn.Module):
    """Dense prediction with 256 channels: fused at 1/16, 1/8, 1/4, 1/2 of the size, then 128, 32, classes.

    Unlike the published code, which enlarges by nearest neighbour and ends in a ReLU, the last step is
    bilinear and the logits are free to be negative.
    """

    def __init__(self, dim: int, classes: int, width: float = 1.0) -> None:
        """Args as in ``create_decoder``."""
        super().__init__()
        channels = max(2, int(256 * width))
        self.enter = nn.ModuleList(nn.Conv2d(dim, channels, 3, padding=1, bias=False) for _ in range(4))
        self.fuse = nn.ModuleList(Fusion(channels, deepest=k == 3) for k in range(4))
        self.halve = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.classify = nn.Sequential(
            nn.Conv2d(channels // 2, 32, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(32, classes, 1)
        )

    def forward(self, features: list[Tensor], tile: Tensor) -> Tensor:
        """Four maps (batch, dim, rows, columns) to logits (batch, classes, height, width of ``tile``)."""
        size = size_of(tile)
        fused: Tensor | None = None
        for k, divisor in zip((3, 2, 1, 0), (16, 8, 4, 2), strict=True):
            target = (max(1, size[0] // divisor), max(1, size[1] // divisor))
            fused = self.fuse[k](self.enter[k](features[k]), fused, target)
        logits: Tensor = self.classify(resize(self.halve(fused), size))
        return logits
