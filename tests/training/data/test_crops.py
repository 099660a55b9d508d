import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from training_folders import write_set

from geointerp.errors import UsageError
from geointerp.sources.scaling import AmplitudeScale
from geointerp.training.augmentation import Augmentation
from geointerp.training.data import Crops, open_labelled
from geointerp.training.data.split import Held, Shelf, Split


class Coded:
    """A section whose grey says where a pixel lies, and whose labels say the same."""

    name, position = "coded", None

    def __init__(self, shape):
        self.shape = shape
        self.scale = AmplitudeScale("range", 0.0, float(np.prod(shape)))

    def read(self):
        code = np.arange(np.prod(self.shape), dtype=np.float32).reshape(self.shape)
        return Held(code[None], (code % 251).astype(np.uint8))


def coded(*shapes):
    return Split([Coded(shape) for shape in shapes], channels=1, classes=251, shelf=Shelf())


sizes = st.integers(1, 60)


@settings(max_examples=60, deadline=None)
@given(rows=sizes, columns=sizes, height=sizes, width=sizes, seed=st.integers(0, 99))
def test_a_crop_is_a_window_of_a_section_and_padding_is_ignored(rows, columns, height, width, seed):
    crops = Crops(coded((rows, columns)), (height, width), None, seed)
    assert len(crops) == max(1, round(rows * columns / (height * width)))
    grey, labels = crops[len(crops) - 1]
    assert grey.shape == (1, height, width)
    assert labels.shape == (height, width)
    code = np.rint(grey[0].numpy().astype(np.float64) * rows * columns).astype(int)
    top, left = divmod(int(code[0, 0]), columns)
    down = np.pad(np.arange(top, min(top + height, rows)), (0, max(0, height - rows)), mode="reflect")
    across = np.pad(np.arange(left, min(left + width, columns)), (0, max(0, width - columns)), mode="reflect")
    np.testing.assert_array_equal(code, down[:, None] * columns + across)
    real = np.zeros((height, width), bool)
    real[:rows, :columns] = True
    np.testing.assert_array_equal(labels, np.where(real, code % 251, 255))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), square=st.booleans())
def test_labels_follow_the_grey_through_flips_turns_and_zoom(seed, square):
    """A bright rectangle stays where its labels are, whatever is done to both."""
    grey, labels = torch.zeros(1, 70, 60), torch.zeros(70, 60, dtype=torch.uint8)
    grey[:, 10:40, 5:30], labels[10:40, 5:30] = 1.0, 1
    tile = (56, 56) if square else (56, 42)
    shape = Augmentation(flip_rows=0.5, rotate=True, amplitude=0, gamma=0, noise=0)
    varied, follows = shape.apply(grey, labels, tile, np.random.default_rng(seed))
    assert varied.shape == (1, *tile)
    assert follows.shape == tile
    assert follows.dtype == torch.uint8
    differing = varied[0][(varied[0] > 0.5) != (follows == 1)]  # half a pixel at the edges alone
    assert ((differing - 0.5).abs() < 0.25).all()
    assert len(differing) <= 2 * (30 + 25)


def test_crops_reach_every_pixel():
    crops = Crops(coded((12, 14)), (10, 10), None, seed=0)
    seen = np.zeros(168, bool)
    for epoch in range(60):
        crops.set_epoch(epoch)
        for number in range(len(crops)):
            seen[np.rint(crops[number][0].numpy().astype(np.float64) * 168).astype(int).ravel()] = True
    assert seen.all()


def test_a_crop_follows_from_seed_epoch_and_number_alone():
    split = coded((40, 50), (30, 20))
    first, again, other = (Crops(split, (16, 16), Augmentation(), seed=seed) for seed in (1, 1, 2))
    same = lambda a, b: all(map(torch.equal, a, b))  # noqa: E731
    backwards = [again[number] for number in reversed(range(len(again)))][::-1]
    assert all(same(first[number], backwards[number]) for number in range(len(first)))
    assert not same(first[0], other[0])
    assert not same(first[0], first[1])
    again.set_epoch(1)
    assert not same(first[0], again[0])
    again.set_epoch(0)
    assert same(first[0], again[0])


def test_workers_that_stay_hear_of_the_next_epoch(tmp_path):
    write_set(tmp_path, train=3, val=1)
    crops = Crops(open_labelled(tmp_path).splits["train"], (8, 8), Augmentation(), seed=1)
    loader = DataLoader(crops, batch_size=None, num_workers=2, persistent_workers=True)
    for epoch in (0, 1):
        crops.set_epoch(epoch)
        for number, (grey, labels) in enumerate(loader):
            assert torch.equal(grey, crops[number][0])
            assert torch.equal(labels, crops[number][1])


def test_windows_without_labels_are_drawn_again():
    class Sparse(Coded):
        def read(self):
            held = super().read()
            held.labels[:] = 255
            held.labels[50:60, 50:60] = 1
            return held

    crops = Crops(Split([Sparse((100, 100))], channels=1, classes=2, shelf=Shelf()), (30, 30), None, 0)
    with_labels = 0
    for epoch in range(30):
        crops.set_epoch(epoch)
        with_labels += sum(bool((crops[number][1] != 255).any()) for number in range(len(crops)))
    assert with_labels / (30 * len(crops)) > 0.9  # one in four without drawing again


def test_an_empty_tile_and_a_crop_too_many_are_refused():
    with pytest.raises(UsageError, match="0 x 14 pixels is impossible"):
        Crops(coded((20, 20)), (0, 14))
    with pytest.raises(IndexError):
        Crops(coded((20, 20)), (20, 20))[1]
