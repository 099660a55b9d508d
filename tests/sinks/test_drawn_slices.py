import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError, UsageError
from geointerp.sinks.slices import axis_name, beneath, choose_slices, unit_of, upright

VOLUME = ("inline", "crossline", "time")


def array(shape, dims, **attrs):
    coords = {dim: 10.0 * np.arange(size) for dim, size in zip(dims, shape, strict=True)}
    return xr.DataArray(np.zeros(shape, np.uint8), coords, dims, attrs=attrs)


def test_a_volume_with_nothing_to_see_is_cut_through_the_middle_of_each_dimension():
    cuts = choose_slices(array((3, 5, 9), VOLUME))
    assert [cut.title for cut in cuts] == ["inline 10", "crossline 20", "time 40 ms"]
    assert [(cut.rows, cut.columns) for cut in cuts] == [
        ("time", "crossline"),
        ("time", "inline"),
        ("inline", "crossline"),
    ]


def test_a_volume_is_cut_where_much_is_labelled():
    labels = array((9, 12, 15), VOLUME)
    labels[6:8, 2:4, 10:14] = 1
    labels[1, 9, 3] = 1
    assert [list(cut.at.values()) for cut in choose_slices(labels)] == [[60], [30], [100]]


def test_where_the_background_is_rare_it_is_what_there_is_to_see():
    labels = array((9, 12, 15), VOLUME) + np.uint8(1)
    labels[:2] = 255
    labels[7, 3, 4] = 0
    assert [list(cut.at.values()) for cut in choose_slices(labels)] == [[70], [30], [40]]


def test_a_large_volume_is_judged_by_a_part_of_it():
    labels = array((500, 400, 300), VOLUME)
    labels[300:420, :, 200:] = 1
    chosen = {dim: value for cut in choose_slices(labels) for dim, value in cut.at.items()}
    assert 3000 <= chosen["inline"] < 4200
    assert chosen["time"] >= 2000
    assert chosen["crossline"] == pytest.approx(2000, abs=30)


def test_the_slices_asked_for_are_the_nearest_there_are():
    cuts = choose_slices(array((3, 5, 9), VOLUME), "inline=14, time = 36.1,time=80")
    assert [cut.at for cut in cuts] == [{"inline": 10}, {"time": 40}, {"time": 80}]
    assert [cut.at for cut in choose_slices(array((3, 5, 9), VOLUME), {"inline": 16})] == [{"inline": 20}]


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("inline=21", "inline=21"),
        ("time=-0.5", "time=-0.5"),
        ("inline=nan", "inline=nan"),
        ("inline=one", "'inline=one'"),
        ("inline", "'inline'"),
        ("depth=3", "depth=3"),
        ({"time": 81}, "time=81"),
        ("inline=10,", "''"),
    ],
)
def test_a_slice_that_cannot_be_is_refused(at, says):
    with pytest.raises(UsageError, match=says) as refused:
        choose_slices(array((3, 5, 9), VOLUME), at)
    assert refused.value.hint


def test_the_range_is_named_where_a_slice_lies_outside():
    with pytest.raises(UsageError) as refused:
        choose_slices(array((3, 5, 9), VOLUME), "crossline=41")
    assert "crossline runs from 0 to 40" in str(refused.value.hint)


def test_a_section_has_no_slices_to_ask_for():
    with pytest.raises(UsageError, match="two dimensions, cdp and time"):
        choose_slices(array((3, 5), ("cdp", "time")), "cdp=10")


def test_a_single_line_is_drawn_as_the_section_it_is():
    (cut,) = choose_slices(array((5, 1, 9), VOLUME))
    assert (cut.at, cut.rows, cut.columns) == ({"crossline": 0.0}, "time", "inline")


@pytest.mark.parametrize(
    ("dims", "rows"),
    [
        (("cdp", "time"), "time"),
        (("distance", "time"), "time"),
        (("row", "column"), "row"),
        (("y", "x"), "y"),
    ],
)
def test_what_is_2d_is_drawn_as_a_whole(dims, rows):
    (cut,) = choose_slices(array((3, 5), dims))
    assert (cut.rows, cut.at) == (rows, {})


@pytest.mark.parametrize("y", [[1.0, 2, 3], [3.0, 2, 1]])
@pytest.mark.parametrize("x", [[10.0, 20], [20.0, 10]])
def test_a_map_has_north_up_and_east_to_the_right(y, x):
    raster = xr.DataArray(np.add.outer(y, x), {"y": y, "x": x}, ("y", "x"))
    drawn = upright(raster, choose_slices(raster)[0])
    assert drawn.values.tolist() == [[13, 23], [12, 22], [11, 21]]


def test_units_are_those_of_the_coordinates_or_what_the_dimensions_imply():
    assert [unit_of(array((3, 5), ("cdp", "time")), dim) for dim in ("cdp", "time")] == ["", "ms"]
    assert [unit_of(array((3, 5), ("distance", "time")), dim) for dim in ("distance", "time")] == ["m", "s"]
    named = array((3, 5), ("y", "x"))
    named["x"].attrs["units"] = "degrees_east"
    named["y"].attrs["units"] = "metre"
    assert [axis_name(named, dim) for dim in ("x", "y")] == ["x (°)", "y (m)"]


def test_dates_are_read_as_seconds_after_the_first():
    start = np.datetime64("2024-05-01T10:00:00.250", "ns")
    times = start + np.arange(4) * np.timedelta64(1, "s")
    recording = xr.DataArray(np.zeros((2, 4)), {"distance": [0.0, 1], "time": times}, ("distance", "time"))
    assert axis_name(recording, "time") == "time (s after 2024-05-01 10:00:00.250)"


def test_labels_lie_on_a_part_of_the_input():
    volume, labels = array((9, 9, 9), VOLUME), array((9, 9, 9), VOLUME)[2:4, 3:, :5]
    assert beneath(volume, labels).coords.equals(labels.coords)
    with pytest.raises(
        DataError, match="inline 2 x crossline 6 x time 5, the input beneath them is inline 1 x"
    ):
        beneath(volume[::2], labels)
    with pytest.raises(DataError, match="dimensions"):
        beneath(volume[0], labels)


@pytest.mark.parametrize("at", ["inline=12", "crossline=31", "time=8"])
def test_lines_in_no_order_are_drawn_where_they_belong(at):
    ordered = array((5, 6, 7), VOLUME).copy(data=np.arange(210).reshape(5, 6, 7))
    (cut,) = choose_slices(ordered, at)
    expected = upright(ordered, cut)
    shuffled = ordered.isel(inline=[3, 0, 4, 1, 2], crossline=[5, 1, 2, 0, 4, 3])
    assert choose_slices(shuffled, at) == [cut]
    assert upright(shuffled, cut).identical(expected)
    assert upright(shuffled.chunk(inline=2), cut).compute().identical(expected)


@pytest.mark.parametrize("kind", [np.float32, np.uint16, np.int64])
def test_the_nearest_line_is_found_among_numbers_of_any_kind(kind):
    volume = array((5, 6, 7), VOLUME).copy(data=np.arange(210).reshape(5, 6, 7))
    (cut,) = choose_slices(volume, "inline=20")
    coarse = volume[1::2].assign_coords(inline=np.array([11, 31], kind))  # 9 and 11 away
    np.testing.assert_array_equal(upright(coarse, cut).T, volume[1])
