"""Losses for segmentation."""

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
        weights: of the classes in the cross-entropy, float (classes,); equal by default.
    """
    entropy = F.cross_entropy(logits.float(), target.long(), weight=weights, ignore_index=IGNORE)
    return entropy + macro_dice(logits, target)
