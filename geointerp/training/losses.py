"""Losses for segmentation: cross-entropy, focal, macro Dice, and what is added up of them.

Samples labelled 255 are ignored by all; a batch in which nothing else occurs has a loss of zero, and no
gradient.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from geointerp.errors import UsageError
from geointerp.tasks import NOTHING

FOCUS = 2.0
"""The published exponent of the focal loss."""

MOST_WEIGHT = 5.0
"""A class weighs at most this many times as much as the most frequent one."""

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean of ``-w_t log p_t`` over the known samples, divided by the mean of their weights.

    Args:
        logits: float (batch, classes, height, width).
        target: label indices, (batch, height, width); 255 is ignored.
        weights: of the classes, float (classes,); equal by default.
    """
    return focal(logits, target, weights, focus=0.0)


def focal(logits: Tensor, target: Tensor, weights: Tensor | None = None, *, focus: float = FOCUS) -> Tensor:
    """Cross-entropy in which a sample counts ``(1 - p_t)^focus``: what is learnt already counts little.

    Lin et al. (2017). Arguments as of ``cross_entropy``.
    """
    known = target != NOTHING
    truth = target.where(known, 0).long()
    log_p = logits.float().log_softmax(dim=1).gather(1, truth[:, None])[:, 0]
    weight = known.float() if weights is None else weights.to(log_p.device)[truth] * known
    missed = (1.0 - log_p.exp()) ** focus if focus else 1.0
    return -(weight * missed * log_p).sum() / weight.sum().clamp_min(1e-12)


def macro_dice(logits: Tensor, target: Tensor) -> Tensor:
    """One less the mean Dice coefficient of the classes present in ``target``.

    ``dice_c = 2 sum(p_c t_c) / (sum(p_c) + sum(t_c))`` over the whole batch, so that an image without faults
    does not count as a class missed.
    """
    probability = logits.float().softmax(dim=1)
    valid = target != NOTHING
    truth = F.one_hot(target.where(valid, 0).long(), logits.shape[1]).movedim(-1, 1) * valid[:, None]
    probability = probability * valid[:, None]
    overlap = (probability * truth).sum(dim=(0, 2, 3))
    size = probability.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3))
    present = (truth.sum(dim=(0, 2, 3)) > 0).float()
    missed = 1.0 - 2.0 * overlap / size.clamp_min(1.0)
    return (missed * present).sum() / present.sum().clamp_min(1.0)


def ce_dice(logits: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy plus macro Dice; arguments as of ``cross_entropy``, the weights being for that alone."""
    return cross_entropy(logits, target, weights) + macro_dice(logits, target)


LOSSES = ("ce", "focal", "dice", "ce+dice")


def create_loss(name: str, weights: Tensor | None = None) -> Loss:
    """Return the loss called ``name``, which takes logits and target.

    Args:
        name: ``ce``, ``focal``, ``dice`` or ``ce+dice``.
        weights: of the classes, float (classes,); Dice gives all classes the same weight by itself.

    Raises:
        UsageError: there is no such loss.
    """
    if name == "dice":
        return macro_dice
    weighted = {"ce": cross_entropy, "focal": focal, "ce+dice": ce_dice}
    if name not in weighted:
        raise UsageError(f"no loss is called '{name}'", hint=f"the losses are {', '.join(LOSSES)}")
    return partial(weighted[name], weights=weights)


def class_weights(counts: NDArray[np.int64]) -> Tensor:
    """Weights that let rare classes be learnt: the inverse square root of their share, bounded.

    ``w_c = min(sqrt(n_max / n_c), 5)``, over the mean weight of a sample, ``sum_c n_c w_c / sum_c n_c``;
    a class that does not occur is given the weight of the most frequent one. The plain inverse would give a
    class of one sample in a thousand the voice of all the others together, and with it false alarms.

    Args:
        counts: samples of each class, (classes,).

    Returns:
        float32 (classes,).
    """
    share = torch.from_numpy(np.asarray(counts, np.float64))
    weights = (share.max().clamp_min(1.0) / share.clamp_min(1.0)).sqrt().clamp_max(MOST_WEIGHT)
    weights = weights.where(share > 0, 1.0)
    mean = (share * weights).sum() / share.sum() if share.sum() > 0 else weights.mean()
    return (weights / mean).float()
