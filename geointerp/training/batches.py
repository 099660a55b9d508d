"""Which crops make which batch of an epoch, and which process takes what of it."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader

from geointerp.errors import UsageError
from geointerp.training.data import Crops


class Batches:
    """The batches of one process.

    An epoch's order is drawn from the seed and its number alone, so that a training that was interrupted
    goes on with the batches it would have had. Of several processes each takes an equal share of every
    batch. Crops that do not fill a last batch are left out, other ones each epoch.
    """

    def __init__(
        self, crops: Crops, batch_size: int, *, seed: int, workers: int, process: int, processes: int
    ) -> None:
        """Decide how the crops are dealt.

        Args:
            crops: of the training split.
            batch_size: crops a step, all processes together.
            seed: of the order.
            workers: processes that cut the crops; 0 for none beside this one.
            process: number of this one.
            processes: how many there are.

        Raises:
            UsageError: a batch cannot be dealt evenly, or there is no tile for each process.
        """
        if batch_size % processes:
            raise UsageError(
                f"a batch of {batch_size} cannot be dealt evenly to {processes} processes",
                hint=f"give a --batch-size that is a multiple of {processes}",
            )
        if len(crops) < processes:
            raise UsageError(
                f"{len(crops)} tiles a round cannot be dealt to {processes} processes",
                hint="train with fewer processes, or label more",
            )
        # Data that do not fill one batch make one that is smaller.
        self.size = min(batch_size, max(1, len(crops) // processes) * processes)
        self.crops, self.seed, self.workers = crops, seed, workers
        self.process, self.processes = process, processes

    def __len__(self) -> int:
        """Steps of an epoch."""
        return max(1, len(self.crops) // self.size)

    def of_epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield grey (batch, channels, height, width) and labels (batch, height, width) of each step."""
        self.crops.set_epoch(epoch)
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.crops))
        whole = [order[step * self.size : (step + 1) * self.size] for step in range(len(self))]
        mine = [batch[self.process :: self.processes].tolist() for batch in whole]
        yield from DataLoader(self.crops, batch_sampler=mine, num_workers=self.workers)
