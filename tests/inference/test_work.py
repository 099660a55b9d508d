from itertools import permutations

import pytest
import torch

from geointerp.inference.work import class_counts, laid_out


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("lead", [(), (2,)])
def test_what_is_laid_out_anew_is_the_same_and_lies_as_it_is_stored(axes, lead):
    tensor = torch.rand(*lead, 3, 4, 5)
    found = laid_out(tensor, axes)
    assert torch.equal(found, tensor)
    stored = found.numpy().transpose(*range(len(lead)), *(len(lead) + axis for axis in axes))
    assert stored.flags.c_contiguous


def test_what_has_fewer_axes_stays_as_it_is():
    sums = torch.rand(7)
    assert laid_out(sums, (1, 0, 2)) is sums


def test_labels_of_each_class_are_counted():
    labels = torch.tensor([[0, 2, 2], [255, 1, 2]], dtype=torch.uint8).numpy()
    assert class_counts(labels, 4) == [1, 1, 3, 0]
