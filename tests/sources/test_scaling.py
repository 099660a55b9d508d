"""One robust amplitude scale for a volume."""

import hashlib

import dask.array
import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError, UsageError
from geointerp.sources import scaling
from geointerp.sources.scaling import AmplitudeScale, measure_scale

DIMS = ("inline", "crossline", "time")


def noise(shape=(40, 30, 20), seed=0):
    return np.random.default_rng(seed).normal(3.0, 2.0, shape).astype(np.float32)


def test_grey_formula():
    scale = AmplitudeScale("symmetric", -2.0, 2.0)
    grey = scale.to_grey(np.array([-9, -2, -1, 0, 1, 2, 9, np.nan, np.inf, -np.inf], np.float32))
    assert grey.dtype == np.float32
    assert grey.tolist() == [0, 0, 0.25, 0.5, 0.75, 1, 1, 0.5, 1, 0]


def test_grey_leaves_its_input_alone():
    values = noise()
    before = values.copy()
    AmplitudeScale("range", 0.0, 1.0).to_grey(values)
    np.testing.assert_array_equal(values, before)


def test_symmetric():
    values = noise()
    scale = measure_scale(xr.DataArray(values, dims=DIMS), "symmetric", 99)
    assert scale.low == -scale.high
    assert scale.high == pytest.approx(np.percentile(np.abs(values), 99), rel=0.03)


def test_range():
    values = noise()
    scale = measure_scale(xr.DataArray(values, dims=DIMS), "range", 95)
    assert (scale.low, scale.high) == pytest.approx(np.percentile(values, (5, 95)), rel=0.05)


@pytest.mark.parametrize("percentile", [51, 90, 99, 99.9, 100])
@pytest.mark.parametrize("largest", [1e-30, 1.0, 1e38])
def test_of_all_samples_the_percentile_is_that_of_float64(percentile, largest):
    values = noise((300, 100))
    values *= np.float32(largest) / np.abs(values).max()
    wide = np.sort(np.abs(values.astype(np.float64)).ravel())
    rank, part = divmod(percentile / 100 * (wide.size - 1), 1)
    expected = wide[int(rank)] + part * (wide[min(int(rank) + 1, wide.size - 1)] - wide[int(rank)])
    scale = measure_scale(xr.DataArray(values, dims=("cdp", "time")), "symmetric", percentile)
    assert scale.high == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", ["symmetric", "range"])
def test_what_it_was_measured_on_is_known_by_the_samples_in_their_order(kind):
    values = noise((300, 100))
    assert (values != 0).all()
    scale = measure_scale(xr.DataArray(values, dims=("cdp", "time")), kind)
    assert scale.measured_on == hashlib.sha256(values.tobytes()).hexdigest()


def test_zeros_and_holes_do_not_count():
    values = noise((200, 60))
    expected = measure_scale(xr.DataArray(values, dims=("cdp", "time")))
    holes = np.concatenate([values, np.zeros((100, 60), np.float32), np.full((100, 60), np.nan, np.float32)])
    assert measure_scale(xr.DataArray(holes, dims=("cdp", "time"))) == expected


def test_the_same_whatever_the_chunks():
    volume = xr.DataArray(noise((100, 30, 20)), dims=DIMS)
    scales = {
        measure_scale(volume.chunk(dict(zip(DIMS, sizes, strict=True))))
        for sizes in [(1, 30, 20), (7, 11, 13)]
    }
    assert scales == {measure_scale(volume)}


def test_a_bounded_part_is_read(monkeypatch):
    monkeypatch.setattr(scaling, "_MOST_SAMPLES", 10_000)
    volume = xr.DataArray(noise((300, 200, 50)), dims=DIMS)
    assert scaling.spread_sample(volume).size <= 2 * 10_000
    assert measure_scale(volume).high == pytest.approx(measure_scale(volume[:50]).high, rel=0.05)


@pytest.mark.parametrize(("dims", "axis"), [(("distance", "time"), 1), (("y", "x"), 0), (("cdp", "time"), 0)])
def test_of_a_large_slice_runs_are_read_that_lie_in_few_chunks(dims, axis, monkeypatch):
    monkeypatch.setattr(scaling, "_MOST_SAMPLES", 24_000)
    shape = (50, 6000) if axis else (6000, 50)
    chunks = (50, 20) if axis else (20, 50)
    values = noise(shape)
    touched = []

    def chunk(block_info=None):
        place = block_info[None]["array-location"]
        touched.append(place[axis])
        return values[tuple(slice(*ends) for ends in place)]

    lazy = dask.array.map_blocks(chunk, dtype=np.float32, chunks=[(50,), (20,) * 300][:: 1 if axis else -1])
    assert lazy.chunksize == chunks
    touched.clear()
    sample = scaling.spread_sample(xr.DataArray(lazy, dims=dims))
    assert sample.size == 24 * 20 * 50
    assert len(touched) <= 2 * 24
    assert min(touched)[0] < 6000 / 24
    assert max(touched)[1] > 6000 * 23 / 24
    np.testing.assert_array_equal(
        np.sort(sample), np.sort(scaling.spread_sample(xr.DataArray(values, dims=dims)))
    )


def test_data_in_a_corner_only():
    values = np.full((400, 10, 20), np.nan, np.float32)
    values[3] = noise((10, 20))
    assert measure_scale(xr.DataArray(values, dims=DIMS)).high > 0


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_to_measure(value):
    volume = xr.DataArray(
        np.full((5, 6), value, np.float32), dims=("cdp", "time"), attrs={"source": "/a.sgy"}
    )
    with pytest.raises(DataError, match=r"/a\.sgy: none of the 30 samples"):
        measure_scale(volume)


def test_one_value_has_no_range():
    with pytest.raises(DataError, match="all samples but zeros have the same value 7"):
        measure_scale(xr.DataArray(np.full((5, 6), 7.0, np.float32), dims=("cdp", "time")), "range")


@pytest.mark.parametrize("kind", ["symmetric", "range"])
def test_amplitudes_too_large_to_subtract(kind):
    values = np.array([[-3e38, 3e38, 1.0], [3e38, -3e38, 2.0]], np.float32)
    with pytest.raises(DataError, match=r"from -3e\+38 to 3e\+38, further than float32 reaches"):
        measure_scale(xr.DataArray(values, dims=("cdp", "time")), kind)


@pytest.mark.parametrize(("kind", "percentile"), [("robust", 99), ("range", 50), ("range", 101)])
def test_no_such_scale(kind, percentile):
    with pytest.raises(UsageError):
        measure_scale(xr.DataArray(noise((5, 6)), dims=("cdp", "time")), kind, percentile)


def test_a_picture_of_seismic_is_grey_about_its_middle():
    amplitude = xr.DataArray(
        np.random.default_rng(2).normal(size=(300, 200)).astype(np.float32), dims=DIMS[1:]
    )
    picture = (127.5 + 40 * amplitude).clip(0, 255).round()
    drawn = measure_scale(picture, "symmetric")
    assert drawn.kind == "range"
    grey, expected = (
        drawn.to_grey(picture.values),
        measure_scale(amplitude, "symmetric").to_grey(amplitude.values),
    )
    assert abs(float(grey.mean()) - 0.5) < 0.01
    assert np.corrcoef(grey.ravel(), expected.ravel())[0, 1] > 0.99


def test_a_single_positive_value_is_no_picture():
    ones = xr.DataArray(np.ones((9, 9), np.float32), dims=DIMS[1:])
    assert measure_scale(ones, "symmetric") == AmplitudeScale("symmetric", -1.0, 1.0)
