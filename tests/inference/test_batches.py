"""Tiles of neighbouring slices are computed and added together, and nothing shows of it."""

from itertools import groupby

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geointerp.inference.accumulator import Blender, SlabSum
from geointerp.inference.batches import batches, shared_out, stacked
from geointerp.tiling.lattice import lattice


def value_of(images):
    """Two classes, (batch, 2, height, width); the same bits wherever in a batch a tile stands."""
    one = images * images - images[:, :, :1, -1:]
    return torch.cat([one, 1 - one], 1)


@settings(max_examples=60, deadline=None)
@given(
    slabs=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    shape=st.tuples(st.integers(20, 50), st.integers(3, 50)),
    overlap=st.sampled_from([0.0, 0.3, 0.7]),
    along=st.sampled_from(("rows", "columns")),
    size=st.integers(1, 40),
    density=st.sampled_from([0.0, 0.002, 0.02, 1.0]),
    seed=st.integers(0, 99),
)
def test_batches_across_slabs_blend_as_tile_after_tile(slabs, shape, overlap, along, size, density, seed):
    chance = np.random.default_rng(seed)
    blender = Blender(lattice(shape, (16, 12), overlap, 4, along), 2, torch.device("cpu"))
    images = [torch.from_numpy(chance.random((n, 1, *shape), dtype=np.float32)) for n in slabs]
    valid = [chance.random((n, *shape)) < density for n in slabs]
    together = [SlabSum(blender, *one) for one in zip(images, valid, strict=True)]
    cut = list(batches(together, size))
    for batch in cut:
        for run, some in shared_out(batch, value_of(stacked(batch))):
            run.slab.add(run.slices, run.place, some)
    for slab, image, seen in zip(together, images, valid, strict=True):
        assert not slab.open
        places = list(blender.lattice)
        for number in range(len(image)):
            alone = SlabSum(blender, image[number : number + 1], seen[number : number + 1])
            holding = [place for place in places if seen[number][*blender.lattice.window(place)].any()]
            assert [tile.place for tile in alone.tiles] == holding
            for place in holding:
                alone.add(slice(0, 1), place, value_of(alone.cut(slice(0, 1), place)))
            assert torch.equal(slab.probabilities()[:, number], alone.probabilities()[:, 0])
    counts = [sum(run.slices.stop - run.slices.start for run in batch) for batch in cut]
    assert sum(counts) == sum(len(slab.tiles) for slab in together)
    # Only before a slab without data, and at the end, is a batch not full.
    segments = groupby(together, lambda slab: bool(slab.tiles))
    full = [sum(len(slab.tiles) for slab in some) for holds, some in segments if holds]
    assert counts == [min(size, total - k) for total in full for k in range(0, total, size)]


def test_slices_with_their_tile_in_one_place_make_one_run():
    blender = Blender(lattice((20, 20), (12, 12), 0.0, 4), 2, torch.device("cpu"))
    valid = np.ones((6, 20, 20), bool)
    valid[3] = False
    slab = SlabSum(blender, torch.rand(6, 1, 20, 20), valid)
    (batch,) = batches([slab], 99)
    assert [(run.place, run.slices) for run in batch] == [
        (place, part) for place in blender.lattice for part in (slice(0, 3), slice(4, 6))
    ]


def test_where_there_is_little_data_few_slabs_are_held():
    blender = Blender(lattice((20, 20), (12, 12), 0.0, 4), 2, torch.device("cpu"))
    valid = np.zeros((5, 20, 20), bool)
    valid[2, 0, 0] = True
    opened = []

    def slabs():
        for _ in range(10):
            opened.append(SlabSum(blender, torch.rand(5, 1, 20, 20), valid))
            yield opened[-1]

    seen = 0
    for batch in batches(slabs(), 64, most_slabs=4):
        for run in batch:
            run.slab.add(run.slices, run.place, torch.rand(1, 2, 12, 12))
        seen += len({id(run.slab) for run in batch})
        assert len([slab for slab in opened if slab.open]) <= 1
        assert len(batch) <= 4
    assert seen == 10
