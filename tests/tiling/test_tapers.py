import numpy as np
from hypothesis import assume, given
from tile_strategies import axes

from geointerp.tiling.lattice import Lattice, axis_tiles
from geointerp.tiling.tapers import tapers


@given(axes(), axes())
def test_weights_of_the_lattice_sum_to_one_at_every_pixel(one, other):
    plan = Lattice(one[0], other[0])
    assume(len(plan) <= 400)  # the axes are tested on their own below
    rows, columns = tapers(plan.rows), tapers(plan.columns)
    total = np.zeros((plan.rows.padded, plan.columns.padded), np.float32)
    for i, j in plan:
        total[plan.window((i, j))] += rows[i][:, None] * columns[j]
    np.testing.assert_allclose(total, 1, atol=2e-6)


@given(axes())
def test_weights_of_an_axis_sum_to_one_and_none_is_negative(case):
    axis = case[0]
    weights = tapers(axis)
    assert weights.dtype == np.float32
    assert weights.min() >= 0
    total = np.zeros(axis.padded)
    for start, weight in zip(axis.starts, weights, strict=True):
        total[start : start + axis.tile] += weight
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_only_interior_sides_are_tapered():
    weights = tapers(axis_tiles(100, 40, 0.5, 4))
    np.testing.assert_array_equal(weights[0, :20], 1)
    np.testing.assert_array_equal(weights[-1, -20:], 1)
    assert weights[0, -1] == weights[1, 0] == 0
    assert (np.diff(weights[0]) <= 0).all()


def test_the_outer_quarter_of_an_overlap_has_no_weight():
    weights = tapers(axis_tiles(224 + 168, 224, 0.25, 14))
    np.testing.assert_array_equal(weights[0, -14:], 0)
    np.testing.assert_array_equal(weights[1, :14], 0)
    assert weights[0, -15] > 0
    assert weights[1, 14] > 0


def test_without_overlap_tiles_are_laid_side_by_side():
    np.testing.assert_array_equal(tapers(axis_tiles(56, 28, 0, 14)), 1)
