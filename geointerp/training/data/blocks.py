"""A volume is divided into blocks of slices, so that the like neighbours of a slice stay on its side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SLICES = 3
_VAL = 0.2
_GAP = 0.05


@dataclass(frozen=True)
class Division:
    """The slices of each side, as positions along the dimension divided.

    Attributes:
        train: first and last-plus-one position.
        val: likewise.
    """

    train: slice
    val: slice

    @property
    def gap(self) -> slice:
        """The positions between the two, which nobody sees the labels of."""
        first, second = sorted((self.train, self.val), key=lambda side: int(side.start))
        return slice(first.stop, second.start)


def divide(labelled: NDArray[np.intp], seed: int | list[int]) -> Division:
    """Divide labelled slices into a block for training and one, a fifth, for validation.

    The block for validation lies at one end, which the seed chooses: so there is one gap only, and one block
    of training slices. The gap is a twentieth of the slices, one at least.

    Args:
        labelled: positions of the slices that have labels, ascending, 3 or more.
        seed: chooses the end.
    """
    count = len(labelled)
    val, gap = max(1, round(_VAL * count)), max(1, round(_GAP * count))
    train = count - val - gap
    if np.random.default_rng(seed).integers(2):
        return Division(_over(labelled[:train]), _over(labelled[train + gap :]))
    return Division(_over(labelled[val + gap :]), _over(labelled[:val]))


def _over(positions: NDArray[np.intp]) -> slice:
    return slice(int(positions[0]), int(positions[-1]) + 1)
