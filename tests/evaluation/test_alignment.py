import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError
from geointerp.evaluation.alignment import align, shared_positions


def labelled(inlines, crosslines, times):
    """Labels whose value is a function of the coordinates alone."""
    shape = len(inlines), len(crosslines), len(times)
    values = np.asarray(inlines)[:, None, None] * 31 + np.asarray(crosslines)[:, None] * 7 + np.asarray(times)
    coords = {"inline": inlines, "crossline": crosslines, "time": times}
    return xr.DataArray((values % 200).astype(np.uint8).reshape(shape), coords, list(coords))


def test_values_at_the_same_place_meet():
    whole = labelled(np.arange(100, 120), np.arange(300, 360, 2), np.arange(0, 400, 4.0))
    part = labelled(np.arange(90, 110, 3), np.arange(320, 340), np.arange(40, 80, 8.0))
    with pytest.warns(UserWarning, match="positions are the same, and only these are compared") as told:
        mine, theirs = align(whole, part)
    assert str(told[0].message).startswith("only 3 of the prediction's 20 and the truth's 7 inline positions")
    assert mine.shape == (3, 10, 5)
    np.testing.assert_array_equal(mine.values, theirs.values)
    np.testing.assert_array_equal(mine["inline"].values, [102, 105, 108])


def test_dimension_order_and_direction_do_not_matter():
    mine = labelled(np.arange(3), np.arange(10, 14), np.arange(0, 20, 4.0))
    theirs = mine.transpose("time", "inline", "crossline")[::-1, :, ::-1]
    first, second = align(mine, theirs)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.shape == mine.shape


def test_rounding_of_the_sample_interval_does_not_matter():
    exact = np.arange(50) * 4.0
    mine, theirs = shared_positions(exact, exact + 1e-4)
    np.testing.assert_array_equal(mine, np.arange(50))
    np.testing.assert_array_equal(theirs, np.arange(50))
    assert shared_positions(exact, exact + 2)[0].size == 0


@pytest.mark.parametrize("sizes", [(1, 1), (1, 5), (5, 1)])
def test_single_coordinates(sizes):
    mine, theirs = shared_positions(np.arange(sizes[0]) + 7, np.arange(sizes[1]) + 7)
    assert (mine.tolist(), theirs.tolist()) == ([0], [0])


def test_datetimes():
    times = np.datetime64("2024-01-01T00:00:00") + np.arange(6) * np.timedelta64(10, "ms")
    mine, theirs = shared_positions(times, times[2:])
    assert (mine.tolist(), theirs.tolist()) == ([2, 3, 4, 5], [0, 1, 2, 3])


def test_no_overlap_names_both_ranges():
    here, there = labelled([1, 2], [5, 6], [0.0, 4.0]), labelled([11, 12], [5, 6], [0.0, 4.0])
    with pytest.raises(DataError, match="share no inline: the prediction has 1 to 2, the truth 11 to 12"):
        align(here, there)


def test_other_dimensions_are_refused():
    line = xr.DataArray(np.zeros((2, 3)), {"cdp": [3, 4], "time": [0, 4, 8]}, ["cdp", "time"])
    with pytest.raises(DataError, match=r"\(inline, crossline, time\), the truth \(cdp, time\)"):
        align(labelled([1, 2], [5, 6], [0.0, 4.0]), line)


def test_an_array_without_coordinates_is_matched_by_position():
    mine = labelled([101, 102], [5, 6, 7], [0.0, 4.0])
    bare = xr.DataArray(mine.values, dims=("inline", "crossline", "time"))
    _, theirs = align(mine, bare)
    np.testing.assert_array_equal(theirs.values, mine.values)
    with pytest.raises(DataError, match=r"\(2, 3, 2\), the truth \(2, 2, 2\)"):
        align(mine, bare[:, :2])


def test_a_part_of_an_image_is_found_in_the_whole():
    image = xr.DataArray(np.arange(20).reshape(4, 5), dims=("row", "column"))
    region = image.assign_coords(row=np.arange(4), column=np.arange(5))[2:, 1:]
    mine, theirs = align(region, image)
    np.testing.assert_array_equal(mine.values, theirs.values)
    with pytest.raises(DataError, match=r"\(3, 5\), the truth \(4, 5\)"):
        align(image[:3], image)


def test_descending_unsigned_numbers_have_their_own_step():
    mine, theirs = np.array([10, 9, 8], np.uint16), np.array([60.0, 9.0])
    assert [at.tolist() for at in shared_positions(mine, theirs)] == [[1], [1]]


def test_dates_do_not_meet_numbers():
    dates = np.datetime64("2024-05-01", "ns") + np.arange(3)
    with pytest.raises(DataError, match="dates on an axis"):
        shared_positions(dates, np.arange(3.0))


@pytest.mark.parametrize("sizes", [(64, 64), (64, 50)])
@pytest.mark.parametrize("dims", [("cdp", "time"), ("distance", "time")])
def test_a_picture_of_a_section_lies_as_it_is_drawn(sizes, dims):
    values = np.random.default_rng(0).integers(0, 3, sizes, dtype=np.uint8)
    stored = xr.DataArray(
        values, {dim: 7.0 + np.arange(size) for dim, size in zip(dims, sizes, strict=True)}, dims
    )
    picture = xr.DataArray(values.T, dims=("row", "column"), attrs={"format": "PNG"})
    for mine, theirs in (align(stored, picture), align(picture, stored)):
        assert mine.dims == dims
        np.testing.assert_array_equal(mine.values, values)
        np.testing.assert_array_equal(theirs.values, values)
    bare = xr.DataArray(values, dims=("row", "column"), attrs={"format": "NumPy"})
    np.testing.assert_array_equal(align(stored, bare)[1].values, values)


def test_regions_that_begin_at_the_corner_are_regions_too():
    coords = {"row": np.arange(100), "column": np.arange(100)}
    values = np.arange(10_000).reshape(100, 100) % 200
    image = xr.DataArray(values, coords, ("row", "column"), attrs={"format": "PNG"})
    store = image.assign_attrs(format="Zarr")
    with pytest.raises(DataError, match="share no row"):
        align(store[:50], store[50:])
    mine, theirs = align(store[:50, :80], image)
    np.testing.assert_array_equal(mine.values, theirs.values)
    assert mine.shape == (50, 80)


def test_labels_of_a_bare_array_only_count_their_samples():
    truth = labelled(np.arange(1, 5), np.arange(1, 4), 4.0 * np.arange(6))
    truth.attrs["format"] = "SEG-Y"
    counted = labelled(np.arange(4), np.arange(3), np.arange(6.0))
    counted.attrs |= {"format": "Zarr", "prediction": {"source": {"format": "NumPy"}}}
    mine, theirs = align(counted, truth)
    assert mine.shape == theirs.shape == (4, 3, 6)
    np.testing.assert_array_equal(theirs.values, truth.values)


def test_regions_of_a_picture_lie_in_it_by_their_rows_and_columns():
    picture = xr.DataArray(np.arange(200).reshape(10, 20), dims=("row", "column"), attrs={"format": "PNG"})
    told = {"format": "Zarr", "prediction": {"source": {"format": "PNG"}}}
    stored = picture.assign_coords(row=np.arange(10), column=np.arange(20)).assign_attrs(told)
    region = stored[3:8, 5:]
    for one, other in ((region, picture), (picture, region), (region, stored[2:9])):
        mine, theirs = align(one, other)
        np.testing.assert_array_equal(mine.values, region.values)
        np.testing.assert_array_equal(theirs.values, region.values)
    with pytest.raises(DataError, match="share no row"):
        align(stored[:5], stored[5:])
    with pytest.raises(DataError, match=r"\(5, 15\), the truth \(10, 20\)"):
        align(region.assign_attrs(format="PNG"), picture)
