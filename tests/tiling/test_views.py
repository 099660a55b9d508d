import pytest

from geointerp.errors import DataError, UsageError
from geointerp.tiling.views import View, choose_views, sample_dim, views_of, widened

VOLUME = ("inline", "crossline", "time")


def test_views_of_a_volume():
    assert views_of(VOLUME) == (
        View("inline", "inline", "time", "crossline"),
        View("crossline", "crossline", "time", "inline"),
        View("time", "time", "inline", "crossline"),
    )


@pytest.mark.parametrize(("dims", "name", "rows", "columns"), [
    (("cdp", "time"), "section", "time", "cdp"),
    (("cdp", "depth"), "section", "depth", "cdp"),
    (("time", "distance"), "section", "time", "distance"),
    (("distance", "time"), "section", "time", "distance"),
    (("y", "x"), "image", "y", "x"),
    (("row", "column"), "image", "row", "column"),
])  # fmt: skip
def test_two_dimensions_are_one_slice(dims, name, rows, columns):
    assert views_of(dims) == (View(name, None, rows, columns),)


def test_views_come_in_the_order_asked_for():
    assert [view.name for view in choose_views(VOLUME, ("time", "inline"))] == ["time", "inline"]
    assert [view.name for view in choose_views(VOLUME, None)] == ["inline"]


def test_time_means_depth_where_there_is_depth():
    assert choose_views(("inline", "crossline", "depth"), ("time",))[0].slices == "depth"


@pytest.mark.parametrize(("sizes", "names", "found"), [
    ((601, 1, 1501), ("inline",), ["crossline"]),
    ((601, 1, 1501), ("inline", "crossline"), ["crossline"]),
    ((1, 601, 1501), ("inline",), ["inline"]),
    ((1, 601, 1501), ("crossline", "time"), ["inline", "time"]),
    ((11, 11, 463), ("inline",), ["inline"]),
    ((100, 80, 463), ("inline", "time"), ["inline", "time"]),
    ((2, 100, 463), ("inline",), ["inline"]),
])  # fmt: skip
def test_a_volume_of_one_line_is_read_as_that_section(sizes, names, found):
    shape = dict(zip(VOLUME, sizes, strict=True))
    assert [view.name for view in widened(choose_views(VOLUME, names), shape, 14)] == found


def test_a_single_slice_stays_however_narrow():
    views = views_of(("cdp", "time"))
    assert widened(views, {"cdp": 1, "time": 100}, 14) == views


def test_the_dimension_of_samples():
    assert sample_dim(VOLUME) == "time"
    assert sample_dim(("y", "x")) is None


@pytest.mark.parametrize(("dims", "names", "said"), [
    (VOLUME, ("cdp",), "no view 'cdp'"),
    (VOLUME, ("inline", "inline"), "twice"),
    (("cdp", "time"), ("inline",), r"\(cdp, time\) have no view 'inline'"),
])  # fmt: skip
def test_views_that_are_not_there_are_refused(dims, names, said):
    with pytest.raises(UsageError, match=said):
        choose_views(dims, names)


@pytest.mark.parametrize("dims", [("time",), ("shot", "inline", "crossline", "time")])
def test_only_two_or_three_dimensions_are_cut(dims):
    with pytest.raises(DataError, match=f"{len(dims)} dimensions"):
        views_of(dims)
