"""A network while it learns: its steps, its validation, and the state that both go on from."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor

from geointerp.errors import DataError
from geointerp.evaluation.confusion import ConfusionMatrix
from geointerp.inference.device import NETWORK_HINT, Machine, room_for
from geointerp.inference.slices import slice_probabilities
from geointerp.tasks import NOTHING
from geointerp.training.average import MovingAverage, copy_into
from geointerp.training.batches import Batches
from geointerp.training.data import Split
from geointerp.training.learner import Learner
from geointerp.training.losses import Loss
from geointerp.training.schedule import cosine_rate
from geointerp.training.settings import Settings

OVERLAP = 0.25
"""Least overlap of the tiles of a validation slice; the default of the model folder too."""


@dataclass(frozen=True)
class Validation:
    """What the network makes of the validation slices.

    Attributes:
        loss: mean over the slices, weighted by their labelled samples.
        confusion: int64 (classes, classes), of the whole set.
    """

    loss: float
    confusion: npt.NDArray[np.int64]


class Session:
    """A network, its optimiser, and what follows them.

    Attributes:
        learner: the network and where it comes from.
        steps: of an epoch.
    """

    def __init__(
        self,
        settings: Settings,
        learner: Learner,
        batches: Batches,
        loss: Loss,
        accelerator: Accelerator,
        machine: Machine,
    ) -> None:
        """Move the network to the device and prepare its optimiser.

        Args:
            settings: resolved.
            learner: the network.
            batches: of the training split.
            loss: of logits and target.
            accelerator: holds the processes together and computes in the precision asked for.
            machine: its device and precision.

        Raises:
            MachineError: the device has too little memory for the network.
        """
        self.settings, self.learner, self.batches, self.loss = settings, learner, batches, loss
        self.accelerator, self.machine = accelerator, machine
        self.steps = len(batches)
        trained = [p for p in learner.network.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(trained, settings.rate, weight_decay=settings.weight_decay)
        with room_for("the network", machine.device, NETWORK_HINT):
            self.model, self.optimiser = accelerator.prepare(learner.network, optimiser)
        self.average = MovingAverage(learner.learnt(), settings.ema) if settings.ema else None

    def train_epoch(self, epoch: int, step_done: Callable[[float], None]) -> float:
        """Take the steps of an epoch, counted from 0; returns their mean loss.

        Raises:
            DataError: the loss is no number.
            MachineError: the device has too little memory.
        """
        # What is drawn in an epoch, for dropout, depends on its number and not on the epochs before.
        process = self.accelerator.process_index
        torch.manual_seed(
            int(np.random.SeedSequence([self.settings.seed, epoch, process]).generate_state(1)[0])
        )
        self.model.train()
        # On a processor the fused attention's backward pass takes twice as long as the plain one's. Whatever
        # is validated and stored is computed as a prediction would.
        self.learner.fuse_attention(fused=self.machine.device.type != "cpu")
        losses = []
        for step, batch in enumerate(self.batches.of_epoch(epoch), start=epoch * self.steps):
            height, width = self.settings.size
            tiles = f"{len(batch[0])} tiles of {height} x {width} a step"
            with room_for(tiles, self.machine.device, "give a smaller --batch-size or --tile"):
                losses.append(self._step(step, *batch))
            step_done(losses[-1])
        self.learner.fuse_attention(fused=True)
        mean = torch.tensor(losses, device=self.machine.device).mean()
        return float(self.accelerator.reduce(mean, "mean"))

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0 over all epochs."""
        return cosine_rate(
            step,
            self.settings.epochs * self.steps,
            peak=self.settings.rate,
            warmup=self.settings.warmup,
        )

    def _step(self, step: int, grey: Tensor, target: Tensor) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(step)
        logits = self.model(grey.to(self.machine.device))
        loss = self.loss(logits, target.to(self.machine.device))
        # Of all processes: one that went on alone would wait for the others for ever.
        mean = self.accelerator.reduce(loss.detach(), "mean")
        if not torch.isfinite(mean):
            raise DataError(
                f"the loss became {mean.item()} in step {step + 1}",
                hint="try a lower --lr, or --precision fp32",
            )
        self.optimiser.zero_grad()
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimiser.step()
        if self.average:
            self.average.update(self.learner.learnt())
        return loss.item()

    def averaged(self) -> Any:
        """Within it, the network has the averaged weights, where an average is kept."""
        return self.average.in_place(self.learner.learnt()) if self.average else nullcontext()

    @torch.no_grad()
    def validate(self, split: Split, classes: int) -> Validation:
        """Label the whole slices of a split, each process its share, as ``predict`` would.

        Raises:
            DataError: the loss is not a number.
        """
        self._agree()
        confusion = ConfusionMatrix()
        total = torch.zeros(2)
        mine = range(self.accelerator.process_index, len(split), self.accelerator.num_processes)
        targets: list[Tensor] = []
        for probability in self._probabilities(split, mine, targets, classes):
            target = targets.pop(0)
            known = (target != NOTHING).sum()
            loss = self.loss(torch.from_numpy(probability).clamp_min(1e-8).log()[None], target[None])
            total += torch.stack([loss * known, known])
            confusion.add(probability.argmax(axis=0).astype(np.uint8), target.numpy())
        counts = torch.from_numpy(confusion.of_classes(classes)).to(self.machine.device)
        total = self.accelerator.reduce(total.to(self.machine.device), "sum").cpu()
        counts = self.accelerator.reduce(counts, "sum").cpu()
        if not torch.isfinite(total).all():
            raise DataError(
                "the loss on the validation became nan: the training has diverged",
                hint="try a lower --lr or --weight-decay, or --precision fp32",
            )
        return Validation(float(total[0] / total[1].clamp_min(1)), counts.numpy())

    def _agree(self) -> None:
        """Give all processes the first one's statistics of batch normalisation: each has its own batches'."""
        if self.accelerator.num_processes > 1:
            for tensor in self.learner.learnt().values():
                tensor.copy_(broadcast(tensor.clone()))

    def _probabilities(
        self, split: Split, numbers: range, targets: list[Tensor], classes: int
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Class probabilities of slices; the labels of each lie in ``targets`` before it is given out."""

        def greys() -> Iterator[npt.NDArray[np.float32]]:
            for number in numbers:
                sample = split[number]
                targets.append(
                    torch.from_numpy(np.where(sample.valid, sample.labels, NOTHING).astype(np.uint8))
                )
                yield sample.grey

        return slice_probabilities(
            self.learner.network,
            greys(),
            classes=classes,
            tile=self.settings.size,
            overlap=OVERLAP,
            patch=self.learner.patch,
            machine=self.machine,
        )

    def state(self) -> dict[str, Any]:
        """Return all that the next epoch depends on."""
        scaler = self.accelerator.scaler
        return {
            "learnt": self.learner.learnt(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.average if self.average else {},
            "averaged": self.average.count if self.average else 0,
            "scaler": scaler.state_dict() if scaler else {},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        copy_into(self.learner.learnt(), state["learnt"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average:
            copy_into(self.average.average, state["average"])
            self.average.count = state["averaged"]
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(state["scaler"])
