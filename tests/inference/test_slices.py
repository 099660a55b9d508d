import numpy as np
import pytest
import torch
from stub_models import Convolution, Identity

from geointerp.errors import MachineError, UsageError
from geointerp.inference.device import Machine
from geointerp.inference.slices import label_slices, slice_probabilities

CPU = Machine(torch.device("cpu"), "fp32")
SHAPES = [(50, 61), (9, 100), (28, 28), (50, 61), (70, 20)]
HOW = {"classes": 2, "tile": (28, 42), "overlap": 0.5, "patch": 14, "machine": CPU}


def greys(channels=1):
    generator = np.random.default_rng(4)
    return [generator.random((channels, *shape), dtype=np.float32) for shape in SHAPES]


def test_slices_of_any_size_come_back_in_their_order():
    found = list(slice_probabilities(Identity(), greys(), **HOW))
    for probability, grey in zip(found, greys(), strict=True):
        assert probability.dtype == np.float32
        np.testing.assert_allclose(probability, [grey[0], 1 - grey[0]], atol=1e-6)
    for labels, grey in zip(label_slices(Identity(), greys(), **HOW), greys(), strict=True):
        assert labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, grey[0] < 0.5)


def test_a_convolution_agrees_with_the_untiled_result():
    network = Convolution()
    whole = [network(torch.from_numpy(grey)[None])[0].softmax(0).detach().numpy() for grey in greys()]
    found = list(slice_probabilities(network, greys(), **HOW))
    for number, (rows, columns) in enumerate(SHAPES):
        # Two pixels see the border: a padded slice continues there, an untiled one ends.
        inner = (slice(None), slice(0, rows - 2), slice(0, columns - 2))
        np.testing.assert_allclose(found[number][inner], whole[number][inner], atol=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_batch_size_may_be_chosen(precision):
    machine = Machine(torch.device("cpu"), precision)
    one, many = (
        list(slice_probabilities(Convolution(), greys(), **(HOW | {"machine": machine}), batch_size=size))
        for size in (1, 7)
    )
    for first, second in zip(one, many, strict=True):
        np.testing.assert_allclose(first, second, atol=0 if precision == "fp32" else 0.02)


def test_slices_are_read_as_they_are_needed():
    read = []

    def reading():
        for number, grey in enumerate(greys()):
            read.append(number)
            yield grey

    next(label_slices(Identity(), reading(), **HOW, batch_size=1))
    assert read == [0]


def test_what_is_no_number_is_no_label():
    """It would be the first class, and an evaluation flattered."""
    broken = [np.full((1, 30, 30), np.nan, np.float32)]
    with pytest.raises(MachineError, match="gave no numbers"):
        next(label_slices(Identity(), broken, **HOW))


def test_a_tile_that_the_patch_does_not_fill_is_refused():
    with pytest.raises(UsageError, match="not a multiple of the model's patch"):
        next(label_slices(Identity(), greys(), **(HOW | {"tile": (30, 30)})))
