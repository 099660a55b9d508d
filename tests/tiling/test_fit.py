import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geointerp.errors import UsageError
from geointerp.tiling.fit import fitted_tile
from geointerp.tiling.lattice import lattice


def work(shape, tile, overlap):
    """Operations of a ViT-S layer, up to a factor: products with weights and attention."""
    patches = tile[0] * tile[1] / 14**2
    return len(lattice(shape, tile, overlap, 14)) * (24 * patches * 384**2 + 4 * patches**2 * 384)


def test_a_slice_of_400_by_462_needs_four_tiles():
    tile = fitted_tile([(1, (400, 462))], (224, 224), 0.25, 14)
    assert tile == (238, 266)
    assert len(lattice((400, 462), tile, 0.25, 14)) == 4
    assert work((400, 462), (224, 224), 0.25) / work((400, 462), tile, 0.25) == pytest.approx(1.8, abs=0.1)


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(1, 900), st.integers(1, 900)), st.sampled_from([0.0, 0.25, 0.5]))
def test_no_tile_of_the_range_costs_less_unless_the_gain_is_small(shape, overlap):
    best = fitted_tile([(1, shape)], (224, 224), overlap, 14)
    sides = range(168, 281, 14)
    assert best[0] in sides
    assert best[1] in sides
    least = min(work(shape, (height, width), overlap) for height in sides for width in sides)
    own = work(shape, (224, 224), overlap)
    if least > 0.901 * own:
        assert best == (224, 224)
    elif least < 0.899 * own:
        assert work(shape, best, overlap) == pytest.approx(least)


def test_several_views_share_a_tile():
    slices = [(100, (400, 462)), (10, (300, 100))]
    tile = fitted_tile(slices, (224, 224), 0.25, 14)
    total = sum(count * work(shape, tile, 0.25) for count, shape in slices)
    for height in range(168, 281, 14):
        for width in range(168, 281, 14):
            other = sum(count * work(shape, (height, width), 0.25) for count, shape in slices)
            assert total <= other * (1 + 1e-12)


def test_a_tile_of_one_patch_stays_and_an_impossible_overlap_is_refused():
    assert fitted_tile([(1, (400, 462))], (14, 14), 0.25, 14) == (14, 14)
    with pytest.raises(UsageError, match="overlap of 1"):
        fitted_tile([(1, (400, 462))], (224, 224), 1.0, 14)
