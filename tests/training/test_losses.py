import numpy as np
import pytest
import torch
import torch.nn.functional as F

from geointerp.errors import UsageError
from geointerp.training.losses import (
    LOSSES,
    ce_dice,
    class_weights,
    create_loss,
    cross_entropy,
    focal,
    macro_dice,
)


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


def test_cross_entropy_agrees_with_torch() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    target[0, 1] = 255
    for weights in (None, torch.tensor([0.5, 1.0, 4.0])):
        wanted = F.cross_entropy(logits, target, weight=weights, ignore_index=255)
        torch.testing.assert_close(cross_entropy(logits, target.to(torch.uint8), weights), wanted)


def test_focal_agrees_with_numpy() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(1, 3, 4, 5), torch.randint(0, 3, (1, 4, 5))
    target[0, 0, 0] = 255
    weights = np.array([0.5, 1.0, 4.0])
    p = np.exp(logits[0].numpy()) / np.exp(logits[0].numpy()).sum(axis=0)
    total = mass = 0.0
    for row, column in np.argwhere(target[0].numpy() != 255):
        label = target[0, row, column].item()
        p_t = p[label, row, column]
        total += weights[label] * (1 - p_t) ** 2 * -np.log(p_t)
        mass += weights[label]
    found = focal(logits, target, torch.tensor(weights))
    assert found.item() == pytest.approx(total / mass, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_labels_teaches_nothing(name: str) -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = create_loss(name, torch.tensor([1.0, 2.0, 3.0]))(logits, torch.full((1, 4, 4), 255))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_leads_to_the_labels(name: str) -> None:
    torch.manual_seed(0)
    target = torch.randint(0, 3, (1, 8, 8))
    target[0, 0] = 255
    logits = torch.zeros(1, 3, 8, 8, requires_grad=True)
    optimiser = torch.optim.Adam([logits], 0.3)
    loss = create_loss(name, torch.tensor([1.0, 2.0, 1.0]))
    for _ in range(40):
        optimiser.zero_grad()
        loss(logits, target).backward()
        optimiser.step()
    assert (logits.argmax(1)[0, 1:] == target[0, 1:]).all()


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(UsageError, match="no loss is called 'hinge'"):
        create_loss("hinge")


def test_rare_classes_weigh_more_within_bounds() -> None:
    weights = class_weights(np.array([900, 100, 0, 1])).tolist()
    assert weights[1] / weights[0] == pytest.approx(3.0)
    assert weights[3] / weights[0] == pytest.approx(5.0)  # the bound, not 30
    assert weights[2] == weights[0]
    mean = (900 * weights[0] + 100 * weights[1] + weights[3]) / 1001
    assert mean == pytest.approx(1.0)
