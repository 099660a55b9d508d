"""A slice worked through in bands has the bits of the slice worked through whole."""

from functools import partial

import dask.array
import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_models import Attention, Convolution, Failing, Identity, Watched, model_of, raw_labels, volume_of

from geointerp.inference import predict as predict_module
from geointerp.inference.accumulator import Blender, SlabSum
from geointerp.inference.live import live_traces
from geointerp.inference.passes import ViewPass
from geointerp.inference.predict import predict
from geointerp.inference.window import Window
from geointerp.tiling import blocks as blocks_module
from geointerp.tiling.blocks import Band, Block, bands, linked
from geointerp.tiling.lattice import lattice
from geointerp.tiling.plan import plan_views
from geointerp.tiling.views import choose_views


def in_bands(monkeypatch, chunk=16, budget=1):
    """Cut every slice into bands of ``chunk`` rows, as large slices are cut into bands of 256 and more."""
    monkeypatch.setattr(blocks_module, "CHUNK", chunk)
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=budget))


def both(monkeypatch, volume, chunk=16, **options):
    """The result whole, and in bands."""
    options = {"precision": "fp32", "probability": True, **options}
    whole = predict(volume, **options)
    with monkeypatch.context() as patch:
        in_bands(patch, chunk)
        return whole, predict(volume, **options)


def same(one, other):
    np.testing.assert_array_equal(raw_labels(one), raw_labels(other))
    np.testing.assert_array_equal(one["probability"].values, other["probability"].values)
    for name in ("tiles", "class_fractions"):
        assert one.attrs["geointerp"][name] == other.attrs["geointerp"][name]


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    tile=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    overlap=st.floats(0, 0.9),
    length=st.integers(1, 40),
    along=st.sampled_from(("rows", "columns")),
    lost=st.sets(st.integers(0, 20)),
    seed=st.integers(0, 99),
)
def test_sums_of_bands_are_the_sum_of_the_slice(shape, tile, overlap, length, along, lost, seed):
    chance = np.random.default_rng(seed)
    tiles = lattice(shape, (4 * tile[0], 4 * tile[1]), overlap, 4, along)
    if tiles.band_axis.size <= tiles.band_axis.tile:
        return
    blender = Blender(tiles, 2, torch.device("cpu"))
    image = chance.random((1, *shape), dtype=np.float32)
    valid = chance.random(shape) < chance.choice([0.01, 0.5, 1.0])
    computed = {place: torch.from_numpy(chance.random((2, 4 * tile[0], 4 * tile[1]), dtype=np.float32))
                for place in tiles}  # fmt: skip
    images = torch.from_numpy(image)[None]
    whole = SlabSum(blender, images, valid[None])
    only = slice(0, 1)
    for _, place in whole.tiles:
        whole.add(only, place, computed[place][None])
    axis = 0 if along == "rows" else 1
    cut = [block for block in bands(1, tiles.band_axis.size, length) if block.number not in lost]
    rest, own = None, 0
    for block in linked(cut):
        part = tiles.part(block.band.start, block.band.stop, block.band.follows)
        seen = [slice(None)] * 2
        seen[axis] = slice(part.top, part.bottom)
        one = SlabSum(blender, images[:, :, *seen], valid[None, *seen], part)
        if block.band.follows:
            one.begin_with(rest)
        for _, place in one.tiles:
            assert torch.equal(one.cut(only, place), whole.cut(only, place))
            one.add(only, place, computed[place][None])
        rest, own = one.rest(), own + one.own
        seen[axis] = slice(part.start, part.stop)
        assert torch.equal(one.probabilities(), whole.probabilities()[:, :, *seen])
        np.testing.assert_array_equal(one.valid[0], valid[*seen])
    if len(cut) * length >= tiles.band_axis.size:
        assert own == len(whole.tiles)


@settings(max_examples=12, deadline=None)
@given(
    shape=st.tuples(st.integers(30, 120), st.integers(5, 120)),
    dims=st.sampled_from([("y", "x"), ("distance", "time"), ("cdp", "time"), ("row", "column")]),
    tile=st.sampled_from([(28, 42), (14, 14), (42, 28)]),
    overlap=st.sampled_from([0.0, 0.25, 0.6]),
    chunk=st.sampled_from([8, 16, 50]),
    holes=st.booleans(),
)
def test_labels_and_probabilities_of_bands_are_those_of_the_slice(shape, dims, tile, overlap, chunk, holes):
    volume = volume_of(shape, dims, seed=3)
    if holes:
        volume[2:9] = np.nan
        volume[:, 3:40] = np.nan
        volume[3] = 0
    with pytest.MonkeyPatch.context() as patch:
        model = model_of(Attention(), tile=tile)
        same(*both(patch, volume, chunk, model=model, overlap=overlap, batch_size=5))


@pytest.mark.parametrize("views", ["inline", "crossline", "time", "time,inline", "inline,crossline,time"])
def test_views_of_a_volume_in_bands(views, monkeypatch):
    volume = volume_of((29, 33, 35))
    volume[3] = np.nan
    volume[5, 6] = 1
    model = model_of(Convolution(), tile=(14, 28))
    same(*both(monkeypatch, volume, model=model, views=views))


def test_neighbours_in_bands(monkeypatch):
    volume = volume_of((4, 44, 44))
    volume[2, 7] = np.nan
    for channel in range(3):
        network, options = Identity(channel), {"channels": "neighbours"}
        model = model_of(network, tile=(28, 28), **options)
        same(*both(monkeypatch, volume, model=model))


@pytest.mark.parametrize(("shape", "shards"), [((28, 1900), (28, 16)), ((1900, 28), (16, 28))])
def test_a_long_array_is_cut_across_whichever_way_it_lies(shape, shards, monkeypatch):
    volume = volume_of(shape, ("row", "column"))
    volume[3:9, 5:25] = np.nan
    whole, banded = both(monkeypatch, volume, model=model_of(Attention(), tile=(28, 28)))
    same(whole, banded)
    assert banded["labels"].encoding["shards"] == shards


def test_the_memory_for_an_array_of_few_long_rows_is_bounded():
    sizes = {"row": 1000, "column": 3_600_000}
    common = {"tile": (224, 224), "overlap": 0.25, "patch": 14, "channels": 1, "classes": 2}
    (plan,) = plan_views(choose_views(tuple(sizes), None), sizes, **common)
    assert plan.view.band_dim == "column"
    assert (plan.band + 224) * 1000 * 18 <= 64 * 2**20
    # A map, even of the whole world, goes by rows, as its file may be stored.
    (plan,) = plan_views(choose_views(("y", "x"), None), {"y": 54_000, "x": 108_000}, **common)
    assert plan.view.band_dim == "y"


def test_no_tile_is_computed_twice_and_shards_are_bands(monkeypatch, tmp_path):
    volume = volume_of((130, 70), ("y", "x"))
    in_bands(monkeypatch)
    counted = []
    network = Convolution()
    network.register_forward_hook(lambda module, grey, logits: counted.append(len(grey[0])))
    result = predict(volume, model=model_of(network), precision="fp32", output=tmp_path / "a.zarr")
    tiles = len(lattice((130, 70), (28, 42), 0.25, 14))
    assert sum(counted) == result.attrs["geointerp"]["tiles"] == tiles
    assert result["labels"].encoding["shards"] == (16, 70)
    assert len(list((tmp_path / "a.zarr" / "labels" / "c").rglob("0"))) == 9 + 1


@pytest.mark.parametrize("after", [3, 10, 17, 23])
def test_broken_off_inside_a_slice_it_goes_on_there(after, monkeypatch, tmp_path):
    volume = volume_of((130, 90), ("y", "x"))
    in_bands(monkeypatch)
    options = {"precision": "fp32", "batch_size": 1, "output": tmp_path / "a.zarr", "probability": True}
    with pytest.raises(RuntimeError, match="broken"):
        predict(volume, model=model_of(Failing(after, RuntimeError("broken"))), **options)
    network, counted = Convolution(), []
    network.register_forward_hook(lambda *_: counted.append(1))
    result = predict(volume, model=model_of(network), resume=True, **options)
    whole = predict(volume, model=model_of(Convolution()), **{**options, "output": None})
    same(result, whole)
    assert len(counted) < result.attrs["geointerp"]["tiles"] or after == 3


def test_a_long_stretch_without_data_piles_nothing_up(monkeypatch):
    volume = volume_of((600, 30), ("y", "x"))
    volume[20:] = np.nan
    in_bands(monkeypatch)
    most = []
    close = ViewPass._close_finished
    monkeypatch.setattr(
        ViewPass, "_close_finished", lambda self: (most.append(len(self._under_way)), close(self))
    )
    predict(volume, model=model_of(Convolution()), precision="bf16", batch_size=64)
    assert max(most) <= 4


class Recording:
    """Chunks of a recording, of which it notes which are read."""

    def __init__(self, values, length):
        self.values, self.length, self.read = values, length, []

    def lazy(self, dims):
        axis = dims.index("time") if "time" in dims else 0
        lengths = (self.length,) * (self.values.shape[axis] // self.length)
        chunks = [(size,) for size in self.values.shape]
        chunks[axis] = lengths
        array = dask.array.map_blocks(self._chunk, chunks=chunks, dtype=np.float32, meta=self.values[:0, :0])
        return xr.DataArray(array, dims=dims)

    def _chunk(self, block_info=None):
        place = block_info[None]["array-location"]
        self.read.append(place)
        return self.values[tuple(slice(*ends) for ends in place)]


@pytest.mark.parametrize("dims", [("distance", "time"), ("y", "x")])
def test_each_chunk_of_a_recording_is_read_once(dims, monkeypatch):
    values = volume_of((50, 240) if "time" in dims else (240, 50), dims).values
    recording = Recording(values, 40)
    lazy = recording.lazy(dims)
    monkeypatch.setattr(predict_module, "measure_scale", lambda *_: SCALE)
    monkeypatch.setattr("geointerp.inference.live.SLAB_BYTES", 8 * 50 * 10)
    in_bands(monkeypatch)
    recording.read.clear()
    banded = predict(lazy, model=model_of(Convolution()), precision="fp32")
    live = 1 if "time" in dims else 0  # the first chunk shows every channel alive
    assert len(recording.read) == 240 // 40 + live
    monkeypatch.undo()
    monkeypatch.setattr(predict_module, "measure_scale", lambda *_: SCALE)
    whole = predict(lazy.copy(data=values), model=model_of(Convolution()), precision="fp32")
    np.testing.assert_array_equal(raw_labels(banded), raw_labels(whole))


def test_a_channel_is_dead_that_never_changes_in_the_whole_recording(monkeypatch):
    values = np.random.default_rng(0).normal(size=(6, 200)).astype(np.float32)
    values[1] = 4
    values[2, :150] = 0
    values[3] = np.nan
    values[4, :199] = np.nan
    values[5, 20:60] = np.nan
    monkeypatch.setattr("geointerp.inference.live.SLAB_BYTES", 8 * 6 * 10)
    recording = Recording(values, 50)
    live = live_traces(recording.lazy(("distance", "time")))
    assert live.dims == ("distance",)
    assert live.values.tolist() == [True, False, True, False, False, True]
    one_sample = xr.DataArray(values[:, 199:], dims=("distance", "time"))
    assert live_traces(one_sample).values.tolist() == [True, True, True, False, True, True]


def test_the_window_keeps_what_the_next_band_needs(monkeypatch):
    values = np.arange(60, dtype=np.float32).reshape(20, 3)
    lazy = xr.DataArray(dask.array.from_array(Watched(values), chunks=(8, 3)), dims=("y", "x"))
    monkeypatch.setattr(Watched, "asked", [])
    window = Window("y")
    for start, stop in ((0, 5), (4, 9), (8, 16), (12, 20)):
        np.testing.assert_array_equal(window.read(lazy, (0, 1), start, stop), values[start:stop])
    asked = [(part.start, part.stop) for part in Watched.asked if part.stop]
    assert sorted(asked) == [(0, 8), (8, 16), (16, 20)]
    np.testing.assert_array_equal(window.read(lazy, (1, 2), 0, 3), values[:3])
    np.testing.assert_array_equal(window.read(lazy, (1, 2), 18, 20), values[18:])


def test_only_bands_that_come_one_after_the_other_are_linked():
    cut = bands(2, 40, 16)
    assert [(block.number, block.start, block.band) for block in cut] == [
        (0, 0, Band(0, 16)), (1, 0, Band(16, 32)), (2, 0, Band(32, 40)),
        (3, 1, Band(0, 16)), (4, 1, Band(16, 32)), (5, 1, Band(32, 40)),
    ]  # fmt: skip
    waiting = [block for block in cut if block.number != 1]
    assert [block.band.follows for block in linked(waiting)] == [False, False, False, True, True]
    # A part of what was linked, as a worker gets it.
    assert [block.band.follows for block in linked(list(linked(cut))[1:3])] == [False, True]
    assert list(linked([Block(0, 0, 3), Block(1, 3, 4)])) == [Block(0, 0, 3), Block(1, 3, 4)]


SCALE = predict_module.measure_scale(xr.DataArray(np.linspace(-2, 2, 50).reshape(5, 10), dims=("y", "x")))
