import pytest

from geointerp.errors import DataError, UsageError
from geointerp.tiling.views import View, choose_views, sample_dim, views_of

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
