"""Axes as others store them, put in order as a store is opened."""

import numpy as np
import pytest
import xarray as xr

from geointerp.sources.arrangement import arranged
from geointerp.sources.open import open_volume

VALUES = np.random.default_rng(1).normal(size=(3, 4, 5)).astype(np.float32)
DIMS = ("inline", "crossline", "time")


def volume(dims=DIMS, **coords):
    plain = {"inline": [7, 8, 9], "crossline": [20, 22, 24, 26], dims[2]: 4.0 * np.arange(5)}
    return xr.DataArray(VALUES, plain | coords, dims, name="amplitude")


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_what_is_stored_backwards_is_opened_forwards(tmp_path, suffix):
    whole = volume()
    mask = xr.DataArray(np.arange(12).reshape(3, 4) != 5, dims=DIMS[:2])
    stored = whole.assign_coords(trace_mask=mask)[::-1, ::-1, ::-1].to_dataset()
    path = tmp_path / f"a{suffix}"
    stored.to_netcdf(path, engine="h5netcdf") if suffix == ".nc" else stored.to_zarr(path, consolidated=False)
    opened = open_volume(path)
    for dim in DIMS:
        np.testing.assert_array_equal(opened[dim], whole[dim])
    np.testing.assert_array_equal(opened["trace_mask"], mask)
    np.testing.assert_array_equal(opened.values, np.where(mask.values[..., None], VALUES, np.nan))


@pytest.mark.parametrize(
    ("values", "attrs", "turned"),
    [
        ([0, 4, 8, 12, 16], {}, False),
        ([16, 12, 8, 4, 0], {}, True),
        ([-16, -12, -8, -4, 0], {}, True),  # two-way times as heights, the deepest first
        ([0, -4, -8, -12, -16], {}, False),
        ([900, 800, 700, 600, 500], {"positive": "up"}, False),
        ([500, 600, 700, 800, 900], {"positive": "up"}, True),
        ([0, 8, 4, 12, 16], {}, False),  # in no order
    ],
)
@pytest.mark.parametrize("dim", ["time", "depth"])
def test_samples_run_downwards(dim, values, attrs, turned):
    found = arranged(volume(("inline", "crossline", dim), **{dim: (dim, values, attrs)}))
    np.testing.assert_array_equal(found.values, VALUES[..., ::-1] if turned else VALUES)
    np.testing.assert_array_equal(found[dim], values[::-1] if turned else values)


@pytest.mark.parametrize(
    ("units", "metres"), [("ft", 0.3048), ("km", 1000), ("m", 1), (None, 1), ("fathom", 1)]
)
def test_depths_are_metres(units, metres):
    attrs = {} if units is None else {"units": units}
    found = arranged(volume(("inline", "crossline", "depth"), depth=("depth", 4.0 * np.arange(5), attrs)))
    np.testing.assert_allclose(found["depth"], metres * 4.0 * np.arange(5))
    assert found["depth"].attrs.get("units") == (units if units in (None, "fathom") else "m")


@pytest.mark.parametrize("kind", ["u2", "u4", "u8", "i1"])
def test_descending_lines_of_any_kind_ascend(kind):
    found = arranged(volume()[::-1].assign_coords(inline=np.array([30, 20, 10], kind)))
    assert found["inline"].values.tolist() == [10, 20, 30]
    np.testing.assert_array_equal(found.values, VALUES)


@pytest.mark.parametrize(
    ("units", "step"), [("s", 0.004), ("Seconds", 0.004), ("ms", 4), ("us", 4000), (None, 4), ("ticks", 4)]
)
def test_times_are_milliseconds(units, step):
    attrs = {} if units is None else {"units": units}
    found = arranged(volume(time=("time", step * np.arange(5), attrs)))
    np.testing.assert_allclose(found["time"], [0, 4, 8, 12, 16], rtol=1e-12)
    assert found["time"].attrs.get("units") == (units if units in (None, "ticks") else "ms")


def test_a_recording_keeps_its_seconds():
    time = ("time", 0.004 * np.arange(5), {"units": "s"})
    recording = xr.DataArray(VALUES[0], {"distance": [9.0, 6, 3, 0], "time": time}, ("distance", "time"))
    assert arranged(recording).identical(recording)


@pytest.mark.parametrize(
    ("attrs", "step"),
    [
        ({"units": "ms"}, 4.0),
        ({"units": "nanoseconds", "dtype": "timedelta64[ns]"}, 4_000_000),
        ({"units": "seconds", "dtype": "timedelta64[ns]"}, 0.004),
    ],
)
def test_times_of_a_recording_are_seconds_and_its_distances_metres(attrs, step):
    coords = {
        "distance": ("distance", np.arange(4) * 10, {"units": "ft"}),
        "time": ("time", step * np.arange(5), attrs),
    }
    found = arranged(xr.DataArray(VALUES[0], coords, ("distance", "time")))
    np.testing.assert_allclose(found["time"], 0.004 * np.arange(5), rtol=1e-15)
    assert found["time"].attrs == {"units": "s"}
    np.testing.assert_allclose(found["distance"], 3.048 * np.arange(4))
    assert found["distance"].attrs == {"units": "m"}
    np.testing.assert_array_equal(found, VALUES[0])


def test_whole_line_numbers_are_int32_and_others_stay():
    found = arranged(volume(inline=[7.0, 8.0, 9.0], crossline=[20.0, 20.5, 21.0, 21.5]))
    assert (found["inline"].dtype, found["crossline"].dtype) == (np.int32, np.float64)
