import numpy as np
import pytest
import torch

from geointerp.training.losses import ce_dice, macro_dice


def test_dice_agrees_with_numpy() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 4, 5)
    target = torch.randint(0, 2, (2, 4, 5))
    target[0, 0, :3] = 255
    p = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    valid = target.numpy() != 255
    dice = []
    for c in (0, 1):  # class 2 is absent and ignored
        t = target.numpy()[valid] == c
        q = p[:, c][valid]
        dice.append(2 * q[t].sum() / (q.sum() + t.sum()))
    assert macro_dice(logits, target).item() == pytest.approx(1 - np.mean(dice), abs=1e-6)


def test_a_perfect_prediction_costs_nothing() -> None:
    target = torch.randint(0, 2, (1, 8, 8))
    logits = torch.nn.functional.one_hot(target, 2).movedim(-1, 1) * 60.0 - 30.0
    assert ce_dice(logits, target).item() == pytest.approx(0.0, abs=1e-5)


def test_ignored_labels_have_no_gradient() -> None:
    logits = torch.randn(1, 2, 4, 4, requires_grad=True)
    target = torch.zeros(1, 4, 4, dtype=torch.uint8)
    target[0, 1, 2] = 255
    ce_dice(logits, target).backward()
    assert logits.grad is not None
    assert (logits.grad[0, :, 1, 2] == 0).all()
    assert (logits.grad[0, :, 0, 0] != 0).all()


def test_weights_shift_the_cross_entropy_towards_a_class() -> None:
    target = torch.tensor([[[0, 0, 0, 1]]])
    plain, weighted = (torch.zeros(1, 2, 1, 4, requires_grad=True) for _ in range(2))
    ce_dice(plain, target).backward()
    ce_dice(weighted, target, torch.tensor([1.0, 3.0])).backward()
    assert plain.grad is not None
    assert weighted.grad is not None
    # Pulled towards the rare class, three times as hard before the weights are averaged: (3 x 0.5) / 6.
    entropy = weighted.grad[0, 1, 0, 3] - plain.grad[0, 1, 0, 3]
    assert entropy.item() == pytest.approx(-(1.5 / 6 - 0.5 / 4))
