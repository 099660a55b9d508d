"""Seeded random draws; the same seed, count and kind of device give the same numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Draw:
    """Seeded random tensors on one device, drawn in the order they are asked for."""

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        """Start the sequence named by ``seed``."""
        self.device = torch.device(device)
        self.generator = torch.Generator(device=self.device).manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Float32 samples of U(low, high)."""
        return low + (high - low) * torch.rand(*shape, generator=self.generator, device=self.device)

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Float32 samples whose logarithm is uniform between those of ``low`` and ``high``."""
        return low * (high / low) ** self.uniform(0.0, 1.0, *shape)

    def normal(self, *shape: int) -> Tensor:
        """Float32 samples of N(0, 1)."""
        return torch.randn(*shape, generator=self.generator, device=self.device)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Int64 samples from ``low`` to ``high``, both included."""
        return torch.randint(low, high + 1, shape, generator=self.generator, device=self.device)

    def chance(self, probability: float, *shape: int) -> Tensor:
        """Bool samples that are true with ``probability``."""
        return self.uniform(0.0, 1.0, *shape) < probability

    def sign(self, *shape: int) -> Tensor:
        """Float32 samples of -1 and +1, equally often."""
        return torch.where(self.chance(0.5, *shape), 1.0, -1.0)

    def choice(self, options: Sequence[float], *shape: int) -> Tensor:
        """Float32 samples of ``options``, equally often."""
        return torch.tensor(options, device=self.device)[self.integers(0, len(options) - 1, *shape)]
