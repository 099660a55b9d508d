"""Losses for segmentation."""

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORE = 255


def macro_dice(logits: Tensor, target: Tensor) -> Tensor:
    """One less the mean Dice coefficient of the classes present in ``target``; ignores label 255.

    ``dice_c = 2 sum(p_c t_c) / (sum(p_c) + sum(t_c))`` over the whole batch, so that an image without faults
    does not count as a class missed.
    """
    probability = logits.float().softmax(dim=1)
    valid = target != IGNORE
    truth = F.one_hot(target.where(valid, 0).long(), logits.shape[1]).movedim(-1, 1) * valid[:, None]
    probability = probability * valid[:, None]
    overlap = (probability * truth).sum(dim=(0, 2, 3))
    size = probability.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3))
    present = truth.sum(dim=(0, 2, 3)) > 0
    dice = 2.0 * overlap / size.clamp_min(1.0)
    return 1.0 - dice[present].mean()


def ce_dice(logits: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy plus macro Dice.

    Args:
        logits: float (batch, classes, height, width).
        target: label indices, (batch, height, width); 255 is ignored.
        weights: of the classes in the cross-entropy, float (classes,).
    """
    entropy = F.cross_entropy(logits.float(), target.long(), weight=weights, ignore_index=IGNORE)
    return entropy + macro_dice(logits, target)


def grey_of(amplitude: Tensor, scale: Tensor | None = None, percentile: float = 99.0) -> Tensor:
    """Amplitudes (sections, height, width) as grey values in [0, 1], (sections, 1, height, width).

    The scale of a section is a percentile of its absolute, non-zero amplitudes; ``scale`` (sections,)
    multiplies it, because a survey is scaled as a whole and a tile of it may be weak or strong.
    """
    # Every seventh sample is enough for a percentile, and sorting is slow.
    sample = amplitude.abs().flatten(1)[:, ::7]
    level = torch.nanquantile(sample.where(sample > 0, torch.nan), percentile / 100.0, dim=1).nan_to_num(1.0)
    level = level if scale is None else level * scale
    return (0.5 + 0.5 * (amplitude / level[:, None, None].clamp_min(1e-12)).clamp(-1.0, 1.0))[:, None]
