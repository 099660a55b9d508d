"""A plain training loop: seeded batches, warm-up, a flat rate, a linear decay; it can be resumed."""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from geointerp.training.losses import ce_dice

LAST, LOSSES = "last.pt", "losses.csv"
"""What a run's folder holds: where it goes on from, and the loss of each step."""

Batch = Callable[[int], tuple[Tensor, Tensor]]
Criterion = Callable[[Tensor, Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to learn.

    Attributes:
        steps: batches in all.
        batch_size: sections a batch.
        rate: peak learning rate of AdamW.
        warmup: steps of linear rise at the start.
        decay: steps of linear fall to zero at the end. In between the rate is flat, so a run can be
            lengthened.
        restarts: steps at which the rate has fallen to zero and rises again, in ascending order: so a run
            that had ended can be lengthened too.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        seed: of the weights and the batches.
        precision: ``bf16`` (autocast) or ``fp32``.
        class_weights: in the cross-entropy, one a class; none for equal ones.
    """

    steps: int
    batch_size: int = 16
    rate: float = 1e-3
    warmup: int = 200
    decay: int = 800
    restarts: tuple[int, ...] = ()
    weight_decay: float = 0.05
    clip: float = 1.0
    seed: int = 1
    precision: str = "bf16"
    class_weights: tuple[float, ...] = ()


def rate_at(step: int, recipe: Recipe) -> float:
    """``rate min(1, (step - start + 1) / warmup, (end - step) / decay)``, for a step counted from 0.

    ``start`` and ``end`` are the restarts around the step, or those of the run.
    """
    bounds = (0, *recipe.restarts, recipe.steps)
    start, end = next((a, b) for a, b in pairwise(bounds) if step < b)
    rise = (step - start + 1) / max(1, recipe.warmup)
    fall = (end - step) / max(1, recipe.decay)
    return recipe.rate * min(1.0, rise, fall)


def train(
    model: nn.Module,
    batch: Batch,
    recipe: Recipe,
    folder: Path,
    *,
    criterion: Criterion = ce_dice,
    start: int = 0,
    device: torch.device | str = "cpu",
    save_every: float = 180.0,
    note: Callable[[str], None] = print,
) -> None:
    """Train ``model`` in place.

    Args:
        model: takes grey tiles (batch, 1, height, width), gives logits.
        batch: grey tiles and labels of a step; the same step must give the same batch, which is what makes
            a run that was cut off go on exactly.
        recipe: how long and how fast.
        folder: receives ``last.pt`` (what goes on from here) and ``losses.csv``.
        criterion: the loss of logits and labels, given the weights of the classes or none.
        start: the first step, where there is nothing to go on from.
        device: where the model is.
        save_every: seconds between checkpoints.
        note: told the loss every ten steps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, recipe.rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))
    first = restore(folder, model, optimiser, start)
    model.train()
    saved = started = time.monotonic()
    for step in range(first, recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, recipe)
        loss = take_step(model, optimiser, batch(step), recipe, criterion, torch.device(device))
        record_loss(folder / LOSSES, step, loss)
        if (step + 1) % 10 == 0:
            speed = (step + 1 - first) / (time.monotonic() - started)
            note(
                f"step {step + 1}/{recipe.steps}  loss {loss:.4f}  {speed * recipe.batch_size:.1f} sections/s"
            )
        if step + 1 == recipe.steps or time.monotonic() - saved > save_every:
            save(folder, model, optimiser, step + 1)
            saved = time.monotonic()
    model.eval()


def take_step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    tiles: tuple[Tensor, Tensor],
    recipe: Recipe,
    criterion: Criterion,
    device: torch.device,
) -> float:
    """One update; returns the loss before it."""
    grey, target = (t.to(device) for t in tiles)
    with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
        logits = model(grey)
    weights = torch.tensor(recipe.class_weights, device=device) if recipe.class_weights else None
    loss = criterion(logits, target, weights)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], recipe.clip)
    optimiser.step()
    return loss.item()


def record_loss(path: Path, step: int, loss: float) -> None:
    """Append a line to the table of losses."""
    with path.open("a", newline="") as table:
        csv.writer(table).writerow((step, f"{loss:.6f}"))


def save(folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
    """Write ``last.pt`` whole or not at all."""
    state: dict[str, Any] = {"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict()}
    partial = folder / f".{LAST}.partial"
    torch.save(state, partial)
    partial.replace(folder / LAST)


def restore(folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, start: int = 0) -> int:
    """Go on from ``last.pt`` if there is one; returns the next step and forgets losses noted after it."""
    last = folder / LAST
    losses = folder / LOSSES
    step = start
    if last.exists():
        state = torch.load(last, weights_only=True, map_location="cpu")
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step = int(state["step"])
    if losses.exists():
        kept = [line for line in losses.read_text().splitlines() if int(line.split(",")[0]) < step]
        losses.write_text("".join(f"{line}\n" for line in kept))
    return step
