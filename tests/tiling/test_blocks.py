import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geointerp.tiling.blocks import blocks, scratch_chunks, slab_thickness, storage
from geointerp.tiling.plan import plan_views
from geointerp.tiling.views import choose_views, views_of

VOLUME = ("inline", "crossline", "time")


@given(st.integers(1, 300), st.integers(1, 70))
def test_blocks_cover_the_slices_once(slices, thickness):
    cut = blocks(slices, thickness)
    covered = np.concatenate([np.arange(block.start, block.stop) for block in cut])
    np.testing.assert_array_equal(covered, np.arange(slices))
    assert [block.number for block in cut] == list(range(len(cut)))
    assert all(len(block) == thickness for block in cut[:-1])


def test_thickness_depends_on_the_budget_and_of_many_slices_not_on_their_number():
    assert slab_thickness(10_000, 1000, 7500) == slab_thickness(100_000, 1000, 7500) == 7
    assert slab_thickness(10_000, 1000, 10) == 1
    assert slab_thickness(10_000, 1, 7500) == 64


@given(st.integers(4, 500), st.integers(1, 64))
def test_few_slices_make_several_blocks_all_the_same(slices, most):
    thickness = slab_thickness(slices, 1, most)
    assert 1 <= thickness <= most
    assert len(blocks(slices, thickness)) >= 3
    assert thickness == most or thickness == -(-slices // 4)
    assert slab_thickness(3, 1000, 7500) == 1


@given(st.tuples(*[st.integers(1, 700)] * 3), st.sampled_from(VOLUME), st.integers(1, 64))
def test_a_block_is_one_shard_of_whole_chunks(shape, name, thickness):
    view = choose_views(VOLUME, (name,))[0]
    sizes = dict(zip(VOLUME, shape, strict=True))
    chunks, shards = storage(view, sizes, thickness)
    for dim, size in sizes.items():
        assert shards[dim] % chunks[dim] == 0
        assert chunks[dim] <= 256
        if dim == view.slices:
            assert shards[dim] == thickness
        else:
            assert size <= shards[dim] < size + chunks[dim]


def test_scratch_chunks_suit_writing_and_reading():
    inline, _, time = views_of(VOLUME)
    sizes = {"inline": 500, "crossline": 600, "time": 700}
    assert scratch_chunks(inline, time, sizes, 9, 5) == {"inline": 9, "crossline": 256, "time": 5}


def test_a_plan_counts_its_tiles_and_makes_thinner_slabs_of_more_views():
    sizes = {"inline": 30, "crossline": 40, "time": 50}
    common = {"tile": (28, 28), "overlap": 0.0, "patch": 14, "channels": 1, "classes": 2, "budget": 200_000}
    (alone,) = plan_views(choose_views(VOLUME, ("inline",)), sizes, **common)
    assert (alone.slices, len(alone.lattice), alone.tiles) == (30, 4, 120)
    assert alone.thickness == 200_000 // (40 * 50 * 18)
    both = plan_views(choose_views(VOLUME, ("inline", "time")), sizes, **common)
    assert both[0].thickness < alone.thickness
    assert both[1].slices == 50
    assert sum(len(block) for block in both[1].blocks) == 50


def test_slabs_are_twice_as_thick_beside_a_gpu():
    sizes = {"inline": 500, "crossline": 462, "time": 400}
    common = {"tile": (238, 266), "overlap": 0.25, "patch": 14, "channels": 1, "classes": 2}
    slices = {
        device: plan_views(choose_views(VOLUME, ("inline",)), sizes, device=device, **common)[0].thickness
        for device in ("cpu", "mps", "cuda")
    }
    assert slices == {"cpu": 20, "mps": 20, "cuda": 40}  # of 400 x 462 samples, 18 bytes each
