import pytest
import torch

from geointerp.synthesis.generators import GENERATORS
from geointerp.tasks import TASKS


def test_every_task_has_a_generator() -> None:
    assert list(GENERATORS) == list(TASKS)


@pytest.mark.parametrize("task", GENERATORS)
def test_samples_repeat_from_their_seed(task: str) -> None:
    first, again, other = (GENERATORS[task](2, seed, height=70, width=84) for seed in (7, 7, 8))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("task", GENERATORS)
def test_samples_are_what_a_model_takes(task: str, shifted: bool) -> None:
    generator = GENERATORS[task]
    ranges = generator.shifted if shifted else generator.ranges
    amplitude, label = generator(12, 3, height=112, width=126, recipe=ranges)
    assert amplitude.shape == label.shape == (12, 112, 126)
    assert (amplitude.dtype, label.dtype) == (torch.float32, torch.uint8)
    assert torch.isfinite(amplitude).all()
    assert (amplitude.std(dim=(1, 2)) > 0).all()
    classes = set(range(len(TASKS[task].classes)))
    assert classes <= set(label.unique().tolist()) <= classes | {255}


@pytest.mark.parametrize("task", GENERATORS)
def test_what_is_measured_on_differs_from_what_is_trained_on(task: str) -> None:
    generator = GENERATORS[task]
    assert generator.ranges != generator.shifted
    assert type(generator.ranges) is type(generator.shifted)
