import pytest
import torch

from geointerp.inference.accumulator import largest


@pytest.mark.parametrize("classes", [1, 2, 9])
def test_of_equal_planes_the_first_is_the_largest(classes):
    # Few values, so that many pixels have several largest.
    values = torch.randint(0, 3, (classes, 40, 50), generator=torch.Generator().manual_seed(8)) / 2
    kept = values.clone()
    found = largest(values)
    assert found.dtype == torch.uint8
    assert torch.equal(found, torch.from_numpy(values.numpy().argmax(0)).byte())
    assert torch.equal(values, kept)
