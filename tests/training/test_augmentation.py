from dataclasses import replace

import numpy as np
import pytest
import torch

from geointerp.network.description import Normalisation
from geointerp.tasks import TASKS
from geointerp.training.augmentation import Augmentation

SYMMETRIC, RANGE = Normalisation("symmetric"), Normalisation("range")


def tile(seed=0):
    generator = torch.Generator().manual_seed(seed)
    grey = torch.rand(1, 28, 28, generator=generator)
    return grey, (grey[0] > 0.5).to(torch.uint8)


def varied(augmentation, count=200):
    """What becomes of a tile in many draws."""
    return [augmentation.apply(*tile(), (28, 28), np.random.default_rng(seed)) for seed in range(count)]


def test_none_changes_nothing():
    none = Augmentation.none()
    assert none.source_shape((28, 42), np.random.default_rng(0)) == (28, 42)
    for grey, labels in varied(none, 5):
        assert torch.allclose(grey, tile()[0], atol=1e-6)
        assert torch.equal(labels, tile()[1])


@pytest.mark.parametrize("task", [*TASKS, None])
@pytest.mark.parametrize("normalisation", [SYMMETRIC, RANGE, None])
def test_physics_decides_what_a_task_allows(task, normalisation):
    chosen = Augmentation.for_task(task, normalisation)
    assert chosen.flip_columns == 0.5
    assert (chosen.flip_rows > 0) == (task == "craters")
    assert chosen.rotate == (task == "craters")
    sections = task in ("faults", "salt", "facies")
    assert (chosen.polarity > 0) == (sections and normalisation == SYMMETRIC)
    assert chosen.as_dict()["zoom"] == 1.25
    assert Augmentation(**chosen.as_dict()) == chosen


def test_sections_are_never_turned_upside_down():
    upright = replace(Augmentation.for_task("faults", SYMMETRIC), amplitude=0, gamma=0, noise=0, polarity=0)
    found = {tuple(labels.flatten().tolist()) for _, labels in varied(upright)}
    labels = tile()[1]
    assert found == {tuple(one.flatten().tolist()) for one in (labels, labels.flip(-1))}


def test_craters_come_in_all_eight_orientations():
    turning = replace(Augmentation.for_task("craters"), amplitude=0, gamma=0, noise=0)
    found = {tuple(labels.flatten().tolist()) for _, labels in varied(turning)}
    labels = tile()[1]
    wanted = {
        tuple(one.rot90(turns, (-2, -1)).flatten().tolist())
        for one in (labels, labels.flip(-1))
        for turns in range(4)
    }
    assert found == wanted


def test_reversed_polarity_is_one_minus_grey():
    only = replace(Augmentation.none(), polarity=1.0)
    for grey, labels in varied(only, 3):
        assert torch.allclose(grey, 1 - tile()[0], atol=1e-6)
        assert torch.equal(labels, tile()[1])


@pytest.mark.parametrize("knob", ["amplitude", "gamma"])
def test_a_zero_amplitude_stays_one_and_signs_are_kept(knob):
    only = replace(Augmentation.none(), **{knob: 0.25})
    zero = torch.full((1, 4, 4), 0.5)
    sizes = []
    for seed in range(100):
        labels = torch.zeros(4, 4, dtype=torch.uint8)
        assert torch.equal(only.apply(zero, labels, (4, 4), np.random.default_rng(seed))[0], zero)
        some = torch.tensor([0.5, 0.4, 0.7, 0.9]).repeat(4, 1)[None]
        grey = only.apply(some, labels, (4, 4), np.random.default_rng(seed))[0]
        assert torch.equal((grey - 0.5).sign(), (some - 0.5).sign())
        sizes.append(float(grey[0, 0, 1] - 0.5) / -0.1)
    extremes = (1 / 1.25, 1.25) if knob == "amplitude" else (0.2**0.25, 0.2 ** (1 / 1.25 - 1))
    assert extremes[0] - 1e-4 <= min(sizes) < 0.97 < 1.03 < max(sizes) <= extremes[1] + 1e-4


def test_noise_is_of_the_size_that_is_asked_for():
    only = replace(Augmentation.none(), noise=0.03)
    flat, labels = torch.full((3, 100, 100), 0.5), torch.zeros(100, 100, dtype=torch.uint8)
    sizes = []
    for seed in range(40):
        grey = only.apply(flat, labels, (100, 100), np.random.default_rng(seed))[0]
        sizes.append(float(grey.std()))
        assert abs(float(np.corrcoef(grey[0].flatten(), grey[1].flatten())[0, 1])) < 0.05
    assert max(sizes) < 0.0305
    assert 0.01 < np.mean(sizes) < 0.02


def test_zoom_stays_in_its_bounds_and_changes_the_aspect():
    generator = np.random.default_rng(0)
    shapes = np.array([Augmentation().source_shape((200, 100), generator) for _ in range(400)])
    assert (shapes.min(axis=0) >= (160, 80)).all()
    assert (shapes.max(axis=0) <= (250, 125)).all()
    assert (shapes.min(axis=0) < (165, 83)).all()
    assert (shapes.max(axis=0) > (243, 121)).all()
    assert abs(np.corrcoef(shapes.T)[0, 1]) < 0.2
