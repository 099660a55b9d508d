import numpy as np
import pytest
from stub_models import volume_of

from geointerp.inference.live import live_traces
from geointerp.inference.reader import SlabReader
from geointerp.sources.liveness import live_along
from geointerp.sources.scaling import AmplitudeScale
from geointerp.tiling.blocks import Block
from geointerp.tiling.views import choose_views

SCALE = AmplitudeScale("symmetric", -2.0, 2.0)
RANGE = AmplitudeScale("range", 1.0, 5.0)


def grey(data):
    return (np.clip(data, -2, 2) + 2) / 4


def test_slabs_are_slices_with_time_running_down():
    volume = volume_of((6, 5, 4))
    (view,) = choose_views(volume.dims, ("crossline",))
    slab = SlabReader(volume, view, SCALE)(Block(1, 2, 4))
    assert slab.images.shape == (2, 1, 4, 6)
    assert slab.images.dtype == np.float32
    np.testing.assert_allclose(slab.images[:, 0], grey(volume.values[:, 2:4].transpose(1, 2, 0)), atol=1e-6)
    assert slab.valid.all()


@pytest.mark.parametrize(
    "block", [Block(0, 0, 2), Block(1, 2, 4), Block(2, 4, 6), Block(0, 0, 6), Block(5, 5, 6)]
)
def test_neighbours_come_from_beyond_the_block(block):
    volume = volume_of((6, 5, 4))
    (view,) = choose_views(volume.dims, ("inline",))
    slab = SlabReader(volume, view, SCALE, channels=3)(block)
    own = np.arange(block.start, block.stop)
    wanted = np.stack([np.maximum(own - 1, 0), own, np.minimum(own + 1, 5)], axis=1)
    np.testing.assert_allclose(slab.images, grey(volume.values[wanted].swapaxes(2, 3)), atol=1e-6)


def test_what_is_dead_is_mid_grey_in_any_scale():
    volume = volume_of((2, 5, 4))
    volume[1, 2] = 0
    (view,) = choose_views(volume.dims, ("inline",))
    slab = SlabReader(volume, view, RANGE)(Block(0, 0, 2))
    np.testing.assert_array_equal(slab.images[1, 0, :, 2], 0.5)
    assert not slab.valid[1, :, 2].any()


def test_single_slices_have_one_block():
    line = volume_of((7, 9), ("cdp", "time"))
    (view,) = choose_views(line.dims, None)
    slab = SlabReader(line, view, SCALE, channels=3)(Block(0, 0, 1))
    assert slab.images.shape == (1, 3, 9, 7)
    np.testing.assert_array_equal(slab.images[0, 0], slab.images[0, 2])


def test_traces_that_never_change_are_dead():
    data = np.array(
        [[1, 2, 3], [0, 0, 0], [5, 5, 5], [np.nan] * 3, [np.nan, 4, 4], [np.nan, 4, 5], [np.inf, 1, 1]]
    )
    live = [True, False, False, False, False, True, False]
    np.testing.assert_array_equal(live_along(data.astype(np.float32), 1)[:, 0], live)
    np.testing.assert_array_equal(live_along(data[:, :1].astype(np.float32), 1)[:, 0], [1, 1, 1, 0, 0, 0, 0])


def test_the_mask_of_live_traces_needs_no_whole_volume(monkeypatch):
    volume = volume_of((9, 5, 6))
    volume[3, 2] = 0
    volume[4] = np.nan
    monkeypatch.setattr("geointerp.inference.live.SLAB_BYTES", 500)
    live = live_traces(volume)
    assert live.dims == ("inline", "crossline")
    expected = np.ones((9, 5), bool)
    expected[3, 2] = expected[4] = False
    np.testing.assert_array_equal(live, expected)
    turned = live_traces(volume.transpose("time", "inline", "crossline"))
    assert turned.dims == ("inline", "crossline")
    np.testing.assert_array_equal(turned, expected)
