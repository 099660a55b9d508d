"""Random crops of a split, of the size of a tile."""

from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from geointerp.errors import UsageError
from geointerp.tasks import NOTHING
from geointerp.training.augmentation import Augmentation
from geointerp.training.data.split import Split

_TRIES = 8


class Crops(Dataset[tuple[Tensor, Tensor]]):
    """Tiles cut from the sections of a split at random, anew in each epoch.

    A section gives about as many crops as it has tiles' areas, one at least. What a crop is follows from the
    seed, the epoch and its number alone: it is the same whatever the number of workers, and in a run that
    goes on after an interruption. A window without a single label teaches nothing and is drawn again, eight
    times at most.

    Where a section is smaller than the window, grey is reflected past its end, as in a prediction, but the
    labels there are 255: a mirrored fault is none, and a prediction is never taken from there.
    """

    def __init__(
        self, split: Split, tile: tuple[int, int], augmentation: Augmentation | None = None, seed: int = 0
    ) -> None:
        """Prepare crops of epoch 0.

        Args:
            split: the sections.
            tile: rows and columns of a crop.
            augmentation: how crops are varied; None for not at all.
            seed: of everything drawn.

        Raises:
            UsageError: the tile is empty.
        """
        if min(tile) < 1:
            raise UsageError(f"a tile of {tile[0]} x {tile[1]} pixels is impossible", hint="give 1 or more")
        self.split = split
        self.tile = tile
        self.augmentation = augmentation or Augmentation.none()
        self.seed = seed
        areas = [float(np.prod(split.shape(number))) / (tile[0] * tile[1]) for number in range(len(split))]
        self._section = np.repeat(np.arange(len(split)), [max(1, round(area)) for area in areas])
        # In shared memory, so that workers that outlive an epoch hear of the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self._section)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose crops come from now on."""
        self._epoch.fill_(epoch)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return grey, float32 (channels, rows, columns), and labels, uint8 (rows, columns)."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        generator = np.random.default_rng([self.seed, int(self._epoch), number])
        rows, columns = self._window(int(self._section[number]), generator)
        grey, labels = self._padded(int(self._section[number]), rows, columns)
        return self.augmentation.apply(grey, labels, self.tile, generator)

    def _window(self, section: int, generator: np.random.Generator) -> tuple[slice, slice]:
        """Draw the rows and columns of a crop; of a smaller section they reach past its end."""
        wanted = self.augmentation.source_shape(self.tile, generator)
        for _ in range(_TRIES):
            rows, columns = map(partial(_drawn, generator), self.split.shape(section), wanted)
            if (self.split.labels(section, rows, columns) != NOTHING).any():
                break
        return rows, columns

    def _padded(self, section: int, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        """Cut a window out, and pad it where the section is smaller."""
        sample = self.split.window(section, rows, columns)
        wanted = (rows.stop - rows.start, columns.stop - columns.start)
        past = [(0, size - have) for size, have in zip(wanted, sample.labels.shape, strict=True)]
        grey = np.pad(sample.grey, [(0, 0), *past], mode="reflect")
        labels = np.pad(sample.labels, past, constant_values=NOTHING)
        return torch.from_numpy(grey), torch.from_numpy(labels)


def _drawn(generator: np.random.Generator, size: int, wanted: int) -> slice:
    """Draw where ``wanted`` pixels lie on an axis of ``size``: from 0 where there are fewer."""
    start = int(generator.integers(max(0, size - wanted) + 1))
    return slice(start, start + wanted)
