"""The whole engine, from a volume to labels, against computations that know nothing of tiles."""

from functools import partial

import dask.array
import numpy as np
import pytest
import torch
from stub_models import Attention, Convolution, Identity, Watched, model_of, raw_labels, volume_of

from geointerp.errors import MachineError
from geointerp.inference import predict as predict_module
from geointerp.inference.predict import predict
from geointerp.sources.scaling import measure_scale
from geointerp.tiling import blocks as blocks_module
from geointerp.tiling.plan import plan_views

STEP = 1 / 254 / 2 + 1e-6  # half a step of the stored probabilities


def grey_of(volume):
    """Symmetric scaling by the 99th percentile, as the model asks for."""
    return measure_scale(volume, "symmetric", 99.0).to_grey(volume.values)


def untiled(network, grey):
    """Class 1's probability of whole slices (slices, channels, rows, columns)."""
    with torch.inference_mode():
        return network(torch.from_numpy(np.ascontiguousarray(grey))).softmax(1)[:, 1].numpy()


def small_slabs(monkeypatch, budget):
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=budget))


@pytest.mark.parametrize(("shape", "dims"), [
    ((4, 50, 61), ("inline", "crossline", "time")),
    ((3, 5, 100), ("inline", "crossline", "depth")),
    ((70, 90), ("cdp", "time")),
    ((33, 64), ("distance", "time")),
    ((60, 31), ("y", "x")),
    ((3, 2), ("row", "column")),
    ((1, 1), ("row", "column")),
])  # fmt: skip
def test_the_identity_gives_back_its_input(shape, dims):
    volume = volume_of(shape, dims)
    result = predict(volume, model=model_of(Identity()), precision="fp32", probability=True)
    assert result["labels"].dims == dims
    np.testing.assert_allclose(result["probability"][0], grey_of(volume), atol=STEP)
    np.testing.assert_array_equal(raw_labels(result), grey_of(volume) < 0.5)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("tile", [(28, 42), (70, 14)])
def test_the_identity_holds_for_every_tile_and_overlap(tile, overlap):
    volume = volume_of((2, 30, 75))
    model = model_of(Identity(), tile=tile)
    result = predict(volume, model=model, overlap=overlap, precision="fp32", probability=True)
    np.testing.assert_allclose(result["probability"][0], grey_of(volume), atol=STEP)


@pytest.mark.parametrize("view", ["inline", "crossline", "time"])
def test_a_convolution_agrees_with_the_untiled_result(view):
    volume = volume_of((45, 50, 61))
    network = Convolution()
    result = predict(
        volume, model=model_of(network), views=view, overlap=0.5, precision="fp32", probability=True
    )
    axes = {"inline": (0, 2, 1), "crossline": (1, 2, 0), "time": (2, 0, 1)}[view]
    expected = untiled(network, grey_of(volume).transpose(axes)[:, None])
    found = result["probability"][1].values.transpose(axes)
    np.testing.assert_allclose(found, expected, atol=STEP)
    certain = np.abs(expected - 0.5) > 1e-5
    np.testing.assert_array_equal(raw_labels(result).transpose(axes)[certain], (expected > 0.5)[certain])


def test_views_are_averaged():
    volume = volume_of((30, 45, 50))
    network = Convolution()
    model = model_of(network, tile=(28, 28))
    result = predict(volume, model=model, views="time,inline,crossline", precision="fp32", probability=True)
    grey = grey_of(volume)
    expected = np.zeros(volume.shape)
    for axes in ((2, 0, 1), (0, 2, 1), (1, 2, 0)):
        expected += untiled(network, grey.transpose(axes)[:, None]).transpose(np.argsort(axes)) / 3
    np.testing.assert_allclose(result["probability"][1], expected, atol=STEP)
    certain = np.abs(expected - 0.5) > 1e-5
    np.testing.assert_array_equal(raw_labels(result)[certain], (expected > 0.5)[certain])
    assert result.attrs["geointerp"]["views"] == ["time", "inline", "crossline"]


@pytest.mark.parametrize("network", [Convolution, Attention])
@pytest.mark.parametrize("views", ["inline", "crossline,inline"])
def test_labels_are_the_same_bits_for_any_batch_and_slab(network, views, monkeypatch):
    volume = volume_of((7, 45, 61))
    volume[3, 10:] = 0
    results = []
    for batch_size, budget, least_blocks in (
        (1, 2**26, 1), (7, 2**26, 1), (32, 2**26, 1), (32, 2**26, 4), (7, 1, 4), (5, 300_000, 1),
        (5, 300_000, 4),
    ):  # fmt: skip
        small_slabs(monkeypatch, budget)
        monkeypatch.setattr(blocks_module, "LEAST_BLOCKS", least_blocks)
        result = predict(
            volume,
            model=model_of(network()),
            views=views,
            batch_size=batch_size,
            precision="fp32",
            probability=True,
        )
        results.append((raw_labels(result), result["probability"].values))
    for labels, probability in results[1:]:
        np.testing.assert_array_equal(labels, results[0][0])
        np.testing.assert_array_equal(probability, results[0][1])


def test_the_middle_channel_lies_between_its_neighbours():
    volume = volume_of((5, 30, 44))
    volume[2, 7] = np.nan
    grey = grey_of(volume)
    grey[2, 7] = np.nan
    for channel, neighbour in ((0, [0, 0, 1, 2, 3]), (1, range(5)), (2, [1, 2, 3, 4, 4])):
        model = model_of(Identity(channel), channels="neighbours")
        result = predict(volume, model=model, precision="fp32", probability=True)
        expected = grey[list(neighbour)]
        # A neighbour's missing trace is replaced by the slice's own.
        expected = np.where(np.isnan(expected), grey, expected)
        expected[2, 7] = np.nan
        np.testing.assert_allclose(result["probability"][0], expected, atol=STEP)


@pytest.mark.parametrize("views", ["inline", "crossline", "time", "time,inline"])
def test_missing_and_dead_traces_and_lone_gaps_are_255(views):
    volume = volume_of((6, 30, 40))
    volume[0] = np.nan
    volume[1, 3] = 0
    volume[2, 4] = 7.5
    volume[3, 5, 6] = np.nan
    volume[3, 5, 9] = np.inf
    volume[4, 6, 1:] = np.nan
    expected = np.zeros(volume.shape, bool)
    expected[0] = expected[1, 3] = expected[2, 4] = expected[4, 6] = True
    expected[3, 5, [6, 9]] = True
    result = predict(volume, model=model_of(Identity()), views=views, precision="fp32", probability=True)
    np.testing.assert_array_equal(raw_labels(result) == 255, expected)
    np.testing.assert_array_equal(np.isnan(result["probability"].values), np.stack([expected] * 2))


def test_an_image_has_gaps_but_no_dead_traces():
    image = volume_of((40, 50), ("row", "column"))
    image[:, 3] = 0
    image[5, 6] = np.nan
    labels = raw_labels(predict(image, model=model_of(Identity()), precision="fp32"))
    assert np.argwhere(labels == 255).tolist() == [[5, 6]]


@pytest.mark.parametrize("least_blocks", [1, 4])
def test_tiles_without_data_are_not_computed(least_blocks, monkeypatch):
    monkeypatch.setattr(
        blocks_module, "LEAST_BLOCKS", least_blocks
    )  # all slices in one slab, or each in its own
    volume = volume_of((3, 42, 56))
    volume[1] = np.nan
    volume[2, :14] = np.nan
    counted = []
    network = Identity()
    network.register_forward_hook(lambda module, grey, logits: counted.append(len(grey[0])))
    model = model_of(network, tile=(28, 14), overlap=0.0)
    result = predict(volume, model=model, precision="fp32")
    # Six tiles a slice; the dead slice has none to compute, the half dead one lacks two.
    assert sum(counted) == result.attrs["geointerp"]["tiles"] == 6 + 0 + 4
    assert raw_labels(result)[2, 14:].max() <= 1


def test_a_region_is_seen_in_the_greys_of_the_whole_volume():
    volume = volume_of((9, 50, 61))
    volume[5:] *= 100
    whole = predict(volume, model=model_of(Identity()), precision="fp32", probability=True)
    part = predict(
        volume,
        model=model_of(Identity()),
        region="inline=101:103,time=100:200",
        precision="fp32",
        probability=True,
    )
    assert part["labels"].shape == (3, 50, 26)
    assert part["inline"].values.tolist() == [101, 102, 103]
    assert (part["time"].values[0], part["time"].values[-1]) == (100, 200)
    np.testing.assert_array_equal(part["probability"], whole["probability"][:, 1:4, :, :26])
    with_dict = predict(volume, model=model_of(Identity()), region={"inline": (101, 103), "time": (100, 200)})
    assert with_dict["labels"].shape == part["labels"].shape


def test_lower_precision_fills_its_last_batch_and_stays_close():
    shapes = set()
    network = Attention()
    network.register_forward_hook(lambda module, grey, logits: shapes.add(tuple(grey[0].shape)))
    volume = volume_of((3, 45, 61))
    exact = predict(volume, model=model_of(Attention()), precision="fp32", probability=True)
    close = predict(volume, model=model_of(network), precision="bf16", batch_size=5, probability=True)
    assert shapes == {(max(1, 5 // torch.get_num_threads()), 1, 28, 42)}
    assert np.abs(close["probability"] - exact["probability"]).max() < 0.05


def test_lazy_volumes_are_read_slab_by_slab(monkeypatch):
    eager = volume_of((18, 30, 40))
    lazy = eager.copy(data=dask.array.from_array(Watched(eager.values), chunks=(18, 30, 40)))
    monkeypatch.setattr(Watched, "asked", [])
    monkeypatch.setattr(predict_module, "measure_scale", lambda *_: measure_scale(eager))
    small_slabs(monkeypatch, 18 * 30 * 40 * 4)
    model = model_of(Convolution())
    np.testing.assert_array_equal(
        raw_labels(predict(lazy, model=model, precision="fp32")),
        raw_labels(predict(eager, model=model, precision="fp32")),
    )
    assert [part for part in Watched.asked if part.stop] == [
        slice(k, min(k + 4, 18)) for k in range(0, 18, 4)
    ]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_network_without_numbers_is_no_background(bad):
    network = Convolution()
    network.second.bias.data[1] = bad
    with pytest.raises(MachineError, match="gave no numbers"):
        predict(volume_of((4, 50, 61)), model=model_of(network), precision="fp32")
