import numpy as np
import pytest
import xarray as xr
from PIL import Image

from geointerp.sinks.picture import classes_of, colour_labels, draw, middle_slices
from geointerp.tasks import LabelClass

FAULT_RED = (230, 25, 75)


def array(shape, dims, **attrs):
    coords = {dim: 10.0 * np.arange(size) for dim, size in zip(dims, shape, strict=True)}
    return xr.DataArray(np.zeros(shape, np.uint8), coords, dims, attrs=attrs)


def test_a_volume_is_cut_through_the_middle_of_each_dimension():
    cuts = middle_slices(array((3, 5, 9), ("inline", "crossline", "time")))
    assert [cut.title for cut in cuts] == ["inline 10", "crossline 20", "time 40 ms"]
    assert [(cut.rows, cut.columns) for cut in cuts] == [
        ("time", "crossline"),
        ("time", "inline"),
        ("inline", "crossline"),
    ]


def test_a_single_line_is_drawn_as_the_section_it_is():
    (cut,) = middle_slices(array((5, 1, 9), ("inline", "crossline", "time")))
    assert (cut.at, cut.rows, cut.columns) == ({"crossline": 0.0}, "time", "inline")


@pytest.mark.parametrize(
    ("dims", "rows"), [(("cdp", "time"), "time"), (("row", "column"), "row"), (("y", "x"), "y")]
)
def test_what_is_2d_is_drawn_as_a_whole(dims, rows):
    (cut,) = middle_slices(array((3, 5), dims))
    assert (cut.rows, cut.at) == (rows, {})


def test_background_and_unknown_are_clear():
    classes = [LabelClass("background", "#ffffff"), LabelClass("fault", "#e6194b")]
    picture = colour_labels(np.array([[0, 1, 255]], np.uint8), classes)
    assert picture.shape == (1, 3, 4)
    assert (picture[0, :, 3] > 0).tolist() == [False, True, False]
    np.testing.assert_allclose(picture[0, 1, :3] * 255, FAULT_RED)
    np.testing.assert_array_equal(picture, colour_labels(np.array([[0, 1, np.nan]], np.float32), classes))


def test_classes_have_the_colours_of_the_tasks():
    named = array((2, 2), ("row", "column"), flag_meanings="background salt other")
    assert [one.colour for one in classes_of(named)][:2] == ["#ffffff", "#f58231"]
    nameless = array((2, 2), ("row", "column")).copy(data=np.array([[0, 2], [255, 1]], np.uint8))
    assert [one.name for one in classes_of(nameless)] == ["0", "1", "2"]


def reddish(path):
    """The share of pixels that are nearly the red of faults, in each third of the picture's width."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    red = (pixels[..., 0] > 180) & (pixels[..., 1] < 90) & (pixels[..., 2] < 130)
    return [third.mean() for third in np.array_split(red, 3, axis=1)]


def test_prediction_and_truth_are_laid_over_the_input(tmp_path):
    volume = array((24, 30), ("cdp", "time")).astype(np.float32)
    labels = array((24, 30), ("cdp", "time"), flag_meanings="background fault")
    labels[8:12] = 1
    truth = labels.copy(data=np.zeros((24, 30), np.uint8))
    truth[:, 5:20] = 1
    draw(volume, labels, tmp_path / "a.png", truth=truth)
    below, predicted, true = reddish(tmp_path / "a.png")
    assert below == 0
    assert 0.05 < predicted < true


def test_a_region_is_drawn_alone(tmp_path):
    volume = array((24, 30, 8), ("inline", "crossline", "time")).astype(np.float32)
    labels = array((24, 30, 8), ("inline", "crossline", "time"), flag_meanings="background fault")
    part = labels[10:14, 3:9, 2:]
    part[:] = 1
    draw(volume, part, tmp_path / "a.png")
    assert max(reddish(tmp_path / "a.png")) > 0.4
