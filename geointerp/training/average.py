"""The exponential moving average of what is learnt: steadier weights than those of any one step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class MovingAverage:
    """Follows weights as they learn.

    ``average += (1 - d) (weight - average)`` after each step, with ``d = min(decay, (1 + n) / (10 + n))`` of
    the ``n``-th: the first steps, far from where it ends, are forgotten soon.

    Attributes:
        average: by the names of the weights; whole numbers are taken as they are.
        count: steps followed.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        """Begin with a copy of ``weights``."""
        self.decay = decay
        self.count = 0
        self.average = {name: weight.detach().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def update(self, weights: Mapping[str, Tensor]) -> None:
        """Follow one step."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        self.count += 1
        for name, weight in weights.items():
            if weight.is_floating_point():
                self.average[name].lerp_(weight, 1.0 - decay)
            else:
                self.average[name].copy_(weight)

    @contextmanager
    def in_place(self, weights: Mapping[str, Tensor]) -> Iterator[None]:
        """Give ``weights`` the average's values for a while."""
        own = {name: weight.detach().clone() for name, weight in weights.items()}
        copy_into(weights, self.average)
        try:
            yield
        finally:
            copy_into(weights, own)


@torch.no_grad()
def copy_into(weights: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy values into the weights of the same names."""
    for name, weight in weights.items():
        weight.copy_(values[name])
