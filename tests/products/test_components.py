import numpy as np
import pytest
import xarray as xr
from labelled import survey
from scipy.ndimage import find_objects, generate_binary_structure, label

from geointerp.products.components import Components, classes_shown


@pytest.mark.parametrize("shape", [(23, 40), (11, 12, 13)])
@pytest.mark.parametrize("step", [1, 300, 10**6])
@pytest.mark.parametrize("density", [0.08, 0.3])
def test_blocks_give_what_the_whole_array_gives(shape, step, density):
    values = (np.random.default_rng(3).random(shape) < density).astype(np.uint8)
    values[0, 0] = 255
    array = xr.DataArray(values, dims=list("abc")[: len(shape)])
    found = Components(array, 1, step_samples=step)
    expected, count = label(values == 1, generate_binary_structure(len(shape), len(shape)))
    assert len(found) == count
    whole = np.concatenate([found.block(number) for number in range(len(found.bounds))])
    pairs = np.unique(np.stack([whole[expected > 0], expected[expected > 0]]), axis=1)
    assert pairs.shape[1] == count
    np.testing.assert_array_equal(whole > 0, expected > 0)
    boxes = find_objects(expected)
    for mine, theirs in pairs.T:
        assert found.sizes[mine - 1] == (expected == theirs).sum()
        box = boxes[theirs - 1]
        assert found.boxes[mine - 1].tolist() == [[one.start, one.stop] for one in box]
        np.testing.assert_array_equal(found.mask(mine), (expected == theirs)[box])


def test_the_largest_is_the_first_and_small_ones_are_left_out():
    values = np.zeros((6, 8, 9), np.uint8)
    values[0, 0, :3], values[2:6, 3:5, 2:7], values[0, 7, 7:9] = 1, 1, 1
    found = Components(survey(values)["labels"], 1, min_size=3)
    assert found.sizes.tolist() == [40, 3]
    assert found.boxes[0].tolist() == [[2, 6], [3, 5], [2, 7]]
    assert not found.block(0)[0, 7].any()


def test_nothing_is_no_component():
    found = Components(survey(np.zeros((3, 4, 5), np.uint8))["labels"], 1)
    assert (len(found), found.sizes.shape, found.boxes.shape) == (0, (0,), (0, 3, 2))


@pytest.mark.parametrize(
    ("meanings", "expected"),
    [
        ("background fault", [(1, "fault"), (3, "3")]),
        ("background fault channel mound karst", [(1, "fault"), (2, "channel"), (3, "mound"), (4, "karst")]),
        ("", [(1, "found"), (3, "3")]),
    ],
)
@pytest.mark.parametrize("chunk", [1, 6])
def test_what_has_no_name_is_shown_as_its_value(meanings, expected, chunk):
    values = np.zeros((6, 7, 8), np.uint8)
    values[4, 3, 2], values[1, :, 5], values[2] = 3, 1, 255
    labels = survey(values, meanings=meanings)["labels"]
    assert classes_shown(labels.chunk(inline=chunk)) == expected
    undecided = labels.where(labels != 255)  # as NetCDF gives them: NaN
    assert classes_shown(undecided.assign_attrs(labels.attrs)) == expected


@pytest.mark.parametrize("step", [1, 10**6])
def test_it_is_told_whether_something_is_not_known(step):
    values = np.zeros((6, 7), np.float32)
    values[2, 3] = 1
    assert not Components(xr.DataArray(values), 1, step_samples=step).gaps
    values[5, 6] = values[1, 2] = np.nan
    found = Components(xr.DataArray(values), 1, step_samples=step)
    assert found.gaps
    rows, columns = np.array([1, 3, 5]), np.array([0, 2, 4, 6])
    np.testing.assert_array_equal(found.unknown(rows, columns), np.isnan(values[1::2, ::2]))
