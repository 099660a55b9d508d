from itertools import product
from math import ceil, prod

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from geointerp.sinks import decimate
from geointerp.sinks.decimate import choose_factors, decimate_amplitudes, decimate_labels, middles

DIMS = ("inline", "crossline", "time")


def cells(shape, factors):
    """The samples of each cell, counted out one by one."""
    for cell in product(*(range(ceil(size / factor)) for size, factor in zip(shape, factors, strict=True))):
        yield cell, tuple(slice(at * f, at * f + f) for at, f in zip(cell, factors, strict=True))


@pytest.fixture(scope="module", params=[1, 7, 1 << 24])
def block_samples(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decimate, "_BLOCK_SAMPLES", request.param)
        yield


shapes = st.tuples(st.integers(1, 7), st.integers(1, 6), st.integers(1, 9))
factors = st.tuples(*[st.integers(1, 5)] * 3)


@settings(max_examples=15, deadline=None)
@given(shape=shapes, lengths=factors, chunks=factors, seed=st.integers(0, 99))
def test_a_cell_holds_its_highest_class_and_nothing_is_the_least(block_samples, shape, lengths, chunks, seed):
    values = np.random.default_rng(seed).choice([0, 1, 5, 255], shape).astype(np.uint8)
    labels = xr.DataArray(dask.array.from_array(values, chunks), dims=DIMS)
    counts = np.zeros(256, np.int64)
    found = decimate_labels(labels, dict(zip(DIMS, lengths, strict=True)), counts)
    for cell, samples in cells(shape, lengths):
        known = [value for value in values[samples].ravel().tolist() if value != 255]
        assert found[cell] == (max(known) if known else 255)
    assert counts.tolist() == [int((values == value).sum()) for value in range(256)]


def test_floats_with_nan_are_labels_too():
    labels = xr.DataArray(np.array([[np.nan, np.nan, 0], [np.nan, 1, np.nan]], np.float32), dims=("y", "x"))
    assert decimate_labels(labels, {"y": 2, "x": 1}).tolist() == [[255, 1, 0]]


@settings(max_examples=15, deadline=None)
@given(shape=shapes, lengths=factors, seed=st.integers(0, 99))
def test_a_section_keeps_the_strongest_sample_of_the_middle_trace(block_samples, shape, lengths, seed):
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    values[np.random.default_rng(seed).random(shape) < 0.3] = np.nan
    found = decimate_amplitudes(xr.DataArray(values, dims=DIMS), dict(zip(DIMS, lengths, strict=True)))
    inlines, crosslines = (np.arange(shape[axis])[middles(shape[axis], lengths[axis])] for axis in (0, 1))
    for cell, samples in cells(shape, lengths):
        trace = values[inlines[cell[0]], crosslines[cell[1]], samples[2]]
        known = trace[~np.isnan(trace)]
        expected = known[np.abs(known).argmax()] if known.size else np.nan
        np.testing.assert_equal(found[cell], expected)


def test_an_image_is_averaged_over_what_is_known():
    values = xr.DataArray(np.array([[1, 3, np.nan], [np.nan, 5, np.nan]], np.float32), dims=("row", "column"))
    np.testing.assert_array_equal(decimate_amplitudes(values, {"row": 2, "column": 2}), [[3, np.nan]])


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("factor", range(1, 6))
def test_each_cell_has_a_middle_of_its_own(size, factor):
    found = np.arange(size)[middles(size, factor)]
    assert [place // factor for place in found] == list(range(ceil(size / factor)))


@pytest.mark.parametrize("sizes", [(1000, 1000, 1000), (1, 200_000, 1500), (20_000, 20_000), (3, 4, 5)])
def test_no_more_cells_are_left_than_allowed_and_none_is_wasted(sizes):
    found = choose_factors(dict(enumerate(sizes)), 1_000_000)
    count = prod(ceil(size / factor) for size, factor in zip(sizes, found.values(), strict=True))
    assert count <= 1_000_000
    assert count > 500_000 or set(found.values()) == {1}


def test_no_block_is_larger_than_agreed(monkeypatch):
    monkeypatch.setattr(decimate, "_BLOCK_SAMPLES", 10_000)
    labels = xr.DataArray(dask.array.zeros((90, 80, 70), chunks=(9, 8, 7), dtype=np.uint8), dims=DIMS)
    blocks = [block for block, _ in decimate._blocks(labels, dict.fromkeys(DIMS, 3))]
    sizes = [labels.isel(block).size for block in blocks]
    assert max(sizes) <= 10_000
    assert sum(sizes) == labels.size


@pytest.mark.parametrize("most", [2_000, 40])
def test_what_is_stored_in_one_piece_is_read_in_parts_of_whole_cells(recorded, monkeypatch, most):
    monkeypatch.setattr(decimate, "_BLOCK_SAMPLES", most)
    values = np.random.default_rng(0).integers(0, 250, (30, 27, 24)).astype(np.uint8)
    stored = recorded(values)
    labels = xr.DataArray(dask.array.from_array(stored, chunks=values.shape), dims=DIMS)
    found = decimate_labels(labels, dict.fromkeys(DIMS, 3))
    np.testing.assert_array_equal(found, values.reshape(10, 3, 9, 3, 8, 3).max(axis=(1, 3, 5)))
    assert 0 < stored.most <= most
