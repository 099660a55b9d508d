import numpy as np
import pytest
from hypothesis import given
from tile_strategies import axes

from geointerp.errors import UsageError
from geointerp.tiling.lattice import axis_tiles, lattice, stride


@given(axes())
def test_every_pixel_is_covered_and_only_real_data_are(case):
    axis, _, _ = case
    covered = np.zeros(axis.padded, int)
    for start in axis.starts:
        covered[start : start + axis.tile] += 1
    assert covered.min() >= 1
    assert axis.starts[0] == 0
    assert axis.starts[-1] + axis.tile == max(axis.size, axis.tile)


@given(axes())
def test_neighbours_overlap_enough_in_whole_patches(case):
    axis, overlap, patch = case
    steps = np.diff(axis.starts)
    assert (steps > 0).all()
    assert (steps[:-1] % patch == 0).all()
    # Of one patch at least a stride must be, whatever overlap was asked for.
    assert (steps <= max(patch, axis.tile * (1 - overlap) + 1e-6)).all()
    if len(axis.starts) > 1:
        step = stride(axis.tile, overlap, patch)
        assert len(axis.starts) == -(-(axis.size - axis.tile) // step) + 1


@pytest.mark.parametrize(("size", "tile", "overlap", "starts"), [
    (224, 224, 0.25, (0,)),
    (225, 224, 0.25, (0, 1)),
    (560, 224, 0.25, (0, 168, 336)),
    (561, 224, 0.25, (0, 168, 336, 337)),
    (448, 224, 0, (0, 224)),
    (100, 224, 0.5, (0,)),
])  # fmt: skip
def test_starts(size, tile, overlap, starts):
    assert axis_tiles(size, tile, overlap, 14).starts == starts


@pytest.mark.parametrize("size", [1, 2, 3, 5, 13, 14])
def test_small_slices_are_reflected_as_numpy_does(size):
    data = np.arange(size) ** 2
    expected = np.pad(data, (0, 14 - size), mode="reflect") if size > 1 else np.repeat(data, 14)
    np.testing.assert_array_equal(data[axis_tiles(size, 14, 0.25, 14).reflection()], expected)


def test_height_and_width_may_differ():
    plan = lattice((30, 50), (28, 14), 0.0, 14)
    assert len(plan) == 2 * 4
    assert list(plan)[:5] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]
    assert plan.window((1, 3)) == (slice(2, 30), slice(36, 50))


@pytest.mark.parametrize(("tile", "overlap", "said"), [
    (100, 0.25, "100 pixels is not a multiple of the model's patch of 14"),
    (0, 0.25, "0 pixels"),
    (28, 1.0, "overlap of 1"),
    (28, -0.1, "overlap of -0.1"),
])  # fmt: skip
def test_impossible_tiles_are_refused(tile, overlap, said):
    with pytest.raises(UsageError, match=said):
        axis_tiles(100, tile, overlap, 14)
