from itertools import chain

import numpy as np
import pytest
import torch

from geointerp.errors import UsageError
from geointerp.tasks import LabelClass
from geointerp.training.average import MovingAverage
from geointerp.training.batches import Batches
from geointerp.training.schedule import cosine_rate
from geointerp.training.tile import fitting_batch, fitting_tile


def test_the_rate_rises_and_falls_as_a_cosine() -> None:
    rates = [cosine_rate(step, 12, peak=2.0, warmup=1 / 6) for step in range(12)]
    fall = [1 + np.cos(np.pi * k / 10) for k in range(10)]
    assert rates == pytest.approx([1.0, 2.0, *fall])
    assert cosine_rate(0, 1, peak=1.0, warmup=0.0) == 1.0


def test_the_average_follows_and_steps_aside() -> None:
    weights = {"w": torch.tensor([0.0]), "count": torch.tensor(0)}
    average = MovingAverage(weights, decay=0.5)
    wanted = 0.0
    for n in range(20):
        weights["w"].fill_(n)
        weights["count"].fill_(n)
        average.update(weights)
        decay = min(0.5, (1 + n) / (10 + n))
        wanted = decay * wanted + (1 - decay) * n
    with average.in_place(weights):
        assert weights["w"].item() == pytest.approx(wanted)
        assert weights["count"].item() == 19
    assert weights["w"].item() == 19.0


class Numbers:
    """Stands for crops: an item is its own number and the epoch."""

    def __init__(self, count: int) -> None:
        self.count, self.epoch = count, -1

    def __len__(self) -> int:
        return self.count

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor(number), torch.tensor(self.epoch)


def dealt(count: int, size: int, process: int = 0, processes: int = 1, epoch: int = 0) -> list[list[int]]:
    batches = Batches(
        Numbers(count),  # type: ignore[arg-type]
        size,
        seed=1,
        workers=0,
        process=process,
        processes=processes,
    )
    found = list(batches.of_epoch(epoch))
    assert all((epochs == epoch).all() for _, epochs in found)
    assert len(found) == len(batches)
    return [numbers.tolist() for numbers, _ in found]


def test_an_epoch_goes_through_the_crops_in_an_order_of_its_own() -> None:
    first, second = dealt(12, 4), dealt(12, 4, epoch=1)
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(12))
    assert first != second
    assert first == dealt(12, 4)
    assert len(dealt(14, 4)) == 3  # two are left out
    assert [len(batch) for batch in dealt(3, 8)] == [3]


def test_processes_share_every_batch_evenly() -> None:
    together = dealt(12, 4)
    shares = [dealt(12, 4, process, 2) for process in (0, 1)]
    for batch, one, two in zip(together, *shares, strict=True):
        assert len(one) == len(two) == 2
        assert sorted(one + two) == sorted(batch)
    with pytest.raises(UsageError, match="a batch of 3 cannot be dealt evenly to 2 processes"):
        dealt(12, 3, 0, 2)


OBJECTS = (LabelClass("background", "#ffffff"), LabelClass("fault", "#e6194b"))
AREAS = (LabelClass("upper", "#111111"), LabelClass("lower", "#222222"))


@pytest.mark.parametrize(
    ("classes", "shapes", "patch", "tile"),
    [
        (OBJECTS, [(1536, 512)], 14, (224, 224)),
        (AREAS, [(1536, 512), (1530, 512)], 14, (1526, 112)),
        (AREAS, [(5000, 512)], 14, (1568, 112)),
        (AREAS, [(300, 512)], 14, (294, 168)),
        (AREAS, [(100, 512)], 14, (224, 224)),
        (AREAS, [(1006, 782)], 16, (992, 112)),
    ],
)
def test_the_tile_fits_classes_and_slices(
    classes: tuple[LabelClass, ...], shapes: list[tuple[int, int]], patch: int, tile: tuple[int, int]
) -> None:
    assert fitting_tile(classes, shapes, patch) == tile


def test_the_batch_fits_tile_and_processes() -> None:
    assert fitting_batch((224, 224), 1) == 8
    assert fitting_batch((1512, 112), 1) == 2
    assert fitting_batch((224, 224), 3) == 9
    assert fitting_batch((2000, 2000), 2) == 2
