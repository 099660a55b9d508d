import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geointerp.errors import UsageError
from geointerp.tiling.regions import parse_region, region_slices

COORDS = {"inline": np.arange(100, 201, 5), "time": np.arange(4.0, 304.0, 4.0)}


def test_a_region_is_read():
    assert parse_region("inline=100:200, time=0:1500.5") == {"inline": (100, 200), "time": (0, 1500.5)}
    assert parse_region("y=-20:-3") == {"y": (-20, -3)}
    assert parse_region("time=:1500,inline=7:") == {"time": (None, 1500), "inline": (7, None)}


def test_dates_are_read_in_spite_of_their_colons():
    first, last = parse_region("time=2024-05-01T10:00:00:2024-05-01T10:00:30")["time"]
    assert first == np.datetime64("2024-05-01T10:00:00")
    assert last - first == np.timedelta64(30, "s")
    coords = np.datetime64("2024-05-01T09:59:50") + np.arange(60) * np.timedelta64(1, "s")
    assert region_slices({"time": coords}, {"time": (first, last)}) == {"time": slice(10, 41)}


def test_an_end_of_dates_may_be_left_out():
    date = np.datetime64("2024-05-01T10:00:00")
    assert parse_region(f"time={date}:") == {"time": (date, None)}
    assert parse_region(f"time=:{date}") == {"time": (None, date)}
    assert parse_region("time=:") == {"time": (None, None)}


@pytest.mark.parametrize(("text", "said", "hint"), [
    ("inline", "'inline' in the region is no range", "write inline=100:200,"),
    ("=1:2", "cannot be read from '=1:2'", "write inline=100:200,"),
    ("time=0:9,inline=5", "'inline=5' in the region is no range", "write inline=5:5"),
    ("inline=1:2:3", "'inline=1:2:3' in the region is no range", "write inline=100:200,"),
    ("inline=100-200", "'inline=100-200' in the region is no range", "write inline=100:200,"),
    ("inline=", "'inline=' in the region is no range", "write inline=100:200,"),
    ("time=2024-05-01T10:00:00", "is no range", "write time=2024-05-01T10:00:00:2024-05-01T10:00:00"),
    ("inline=1:2,inline=3:4", "names inline twice", "predict one range after the other"),
    ("inline=a:b", "'a' in the region 'inline=a:b' is neither a number nor a date", ""),
    ("inline=1:nan", "'nan' in the region 'inline=1:nan' is neither", ""),
    ("time=NaT:", "'NaT' in the region 'time=NaT:' is neither", ""),
])  # fmt: skip
def test_what_is_no_region_is_refused(text, said, hint):
    with pytest.raises(UsageError, match=said) as raised:
        parse_region(text)
    assert (raised.value.hint or "").startswith(hint)
    assert bool(raised.value.hint) == bool(hint)


@given(st.integers(90, 210), st.integers(90, 210), st.booleans())
def test_ends_are_included_in_ascending_and_descending_coordinates(first, last, descending):
    values = COORDS["inline"][::-1] if descending else COORDS["inline"]
    expected = [value for value in values if first <= value <= last]
    if not expected:
        with pytest.raises(UsageError, match="inline runs from 100 to 200"):
            region_slices({"inline": values}, {"inline": (first, last)})
        return
    chosen = region_slices({"inline": values}, {"inline": (first, last)})["inline"]
    np.testing.assert_array_equal(values[chosen], expected)


def test_open_ends_reach_to_the_end_of_the_data():
    assert region_slices(COORDS, {"time": (None, 8)}) == {"time": slice(0, 2)}
    assert region_slices(COORDS, {"time": (296, None)}) == {"time": slice(73, 75)}


def test_an_empty_region_names_what_was_asked_and_what_there_is():
    with pytest.raises(UsageError, match="time=2000:3000 holds nothing: time runs from 4 to 300"):
        region_slices(COORDS, parse_region("time=2000:3000"))
    with pytest.raises(
        UsageError, match=r"inline=101:104 holds nothing: inline runs from 95 to 110 in steps of 5$"
    ):
        region_slices({"inline": np.arange(95, 115, 5)}, parse_region("inline=101:104"))
    falling = np.arange(110, 90, -5, np.uint16)
    with pytest.raises(UsageError, match=r"inline=101:104 holds nothing: .* from 95 to 110 in steps of 5$"):
        region_slices({"inline": falling}, parse_region("inline=101:104"))
    with pytest.raises(UsageError, match=r"inline=3:4 holds nothing: inline runs from 1 to 7$"):
        region_slices({"inline": np.array([7, 2, 1])}, parse_region("inline=3:4"))
    with pytest.raises(UsageError, match="names 'cdp'"):
        region_slices(COORDS, parse_region("cdp=1:2"))


def test_numbers_do_not_suit_dates():
    dates = np.datetime64("2024-05-01") + np.arange(3) * np.timedelta64(1, "D")
    with pytest.raises(UsageError, match="time"):
        region_slices({"time": dates}, {"time": (0.0, 1500.0)})


@pytest.mark.parametrize("text", ["", " ", ","])
def test_an_empty_region_is_refused(text):
    with pytest.raises(UsageError, match="the region is empty"):
        parse_region(text)


def test_ends_the_wrong_way_round_are_named():
    with pytest.raises(UsageError, match="holds nothing") as error:
        region_slices({"inline": np.arange(10, 20)}, {"inline": (15, 12)})
    assert error.value.hint == "write the smaller end first"


@pytest.mark.parametrize("step", [0.001, 0.004, 0.1, 0.333, 1.2])
def test_an_end_is_included_however_it_is_rounded(step):
    values = step * np.arange(2000)
    for k in range(1, 1999):
        asked = parse_region(f"time=0:{values[k]:.10g}")
        assert region_slices({"time": values}, asked) == {"time": slice(0, k + 1)}


def test_a_region_of_values_that_are_not_in_order_is_refused():
    inline = np.r_[10:20, 0:10]
    with pytest.raises(UsageError, match="inline=5:14 is not in one piece"):
        region_slices({"inline": inline}, parse_region("inline=5:14"))
    assert region_slices({"inline": inline}, parse_region("inline=12:14")) == {"inline": slice(2, 5)}
