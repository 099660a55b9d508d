import numpy as np
import pytest
import xarray as xr
from PIL import Image

from geointerp.errors import DataError, UsageError
from geointerp.sinks.classes import classes_of
from geointerp.sinks.picture import colour_labels, draw
from geointerp.tasks import LabelClass

FAULT_RED = (230, 25, 75)
SALT_ORANGE = (245, 130, 49)
NO_DATA = (191, 209, 230)


def array(shape, dims, **attrs):
    coords = {dim: 10.0 * np.arange(size) for dim, size in zip(dims, shape, strict=True)}
    return xr.DataArray(np.zeros(shape, np.uint8), coords, dims, attrs=attrs)


def grey(labels, seed=0):
    noise = np.random.default_rng(seed).normal(size=labels.shape).astype(np.float32)
    return xr.DataArray(noise, labels.coords, labels.dims)


def drawn(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def near(pixels, colour, within=60):
    """Where a picture has a colour, or one that grey shines through a little."""
    return np.abs(pixels - colour).max(axis=2) < within


def middle(mask):
    """Row and column of the middle of what is marked."""
    return np.array([places.mean() for places in np.nonzero(mask)])


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
    assert [one.name for one in classes_of(nameless.where(nameless == 255))] == ["0"]


def test_the_names_and_colours_of_the_model_come_first():
    named = array((2, 2), ("row", "column"), flag_meanings="background salt_body")
    told = {
        "classes": [{"name": "background", "colour": "#000000"}, {"name": "salt body", "colour": "#123456"}]
    }
    assert classes_of(named, told) == [
        LabelClass("background", "#000000"),
        LabelClass("salt body", "#123456"),
    ]


def reddish(path):
    """The share of pixels that are nearly the red of faults, in each third of the picture's width."""
    pixels = drawn(path)
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


@pytest.mark.parametrize(
    ("dims", "first_above"),
    [(("cdp", "time"), True), (("distance", "time"), True), (("column", "row"), True), (("x", "y"), False)],
)
def test_time_runs_down_and_north_is_up(tmp_path, dims, first_above):
    """Salt at the first rows and columns, a fault at the last."""
    across, down = dims
    labels = array((40, 40), dims, flag_meanings="background salt fault")
    labels[:10, :10] = 1
    labels[30:, 30:] = 2
    labels = labels if down == "time" else labels.transpose(down, across)
    draw(grey(labels), labels, tmp_path / "a.png")
    pixels = drawn(tmp_path / "a.png")[:-80]  # without the legend
    salt, fault = middle(near(pixels, SALT_ORANGE)), middle(near(pixels, FAULT_RED))
    assert (salt[0] < fault[0]) == first_above
    assert salt[1] < fault[1]


def test_an_image_keeps_its_proportions(tmp_path):
    labels = array((30, 60), ("row", "column"), flag_meanings="background fault") + np.uint8(1)
    draw(grey(labels), labels.assign_attrs(flag_meanings="background fault"), tmp_path / "a.png")
    rows, columns = np.nonzero(near(drawn(tmp_path / "a.png")[:-80], FAULT_RED))
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(2, rel=0.02)


def test_a_fault_one_sample_wide_stays_whole_when_thousands_of_samples_share_a_panel(tmp_path):
    labels = array((4000, 3000), ("cdp", "time"), flag_meanings="background fault")
    labels[1237] = 1
    draw(grey(labels), labels, tmp_path / "a.png")
    red = near(drawn(tmp_path / "a.png")[:-80], FAULT_RED)
    rows = np.flatnonzero(red.any(axis=1))
    assert len(rows) == np.ptp(rows) + 1 > 500
    assert (red[rows].sum(axis=1) >= 1).all()
    (places,) = np.nonzero(red.any(axis=0))
    assert np.ptp(places) < 5


def test_the_slice_asked_for_is_drawn_and_no_other(tmp_path):
    labels = array((6, 20, 30), ("inline", "crossline", "time"), flag_meanings="background fault")
    labels[2] = 1
    volume = grey(labels)
    shares = {}
    for at in ("inline=20", "inline=30", "inline=30,inline=20"):
        draw(volume, labels, tmp_path / "a.png", at=at)
        shares[at] = near(drawn(tmp_path / "a.png")[:-80], FAULT_RED).mean()
    assert shares["inline=20"] > 0.3
    assert shares["inline=30"] == 0
    assert 0.15 < shares["inline=30,inline=20"] < shares["inline=20"]


def test_a_slice_outside_the_data_is_refused_and_nothing_written(tmp_path):
    labels = array((6, 20, 30), ("inline", "crossline", "time"))
    with pytest.raises(UsageError, match="inline=60"):
        draw(grey(labels), labels, tmp_path / "a.png", at="inline=60")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("moved", [500.0, 5.0])
def test_labels_are_never_drawn_over_another_line(tmp_path, moved):
    """Another survey's lines, or lines between these, have amplitudes of their own."""
    labels = array((6, 20, 30), ("inline", "crossline", "time"))
    other = grey(labels).assign_coords(inline=labels["inline"] + moved)
    with pytest.raises(DataError, match="the labels have inline 30, the input none nearer than"):
        draw(other, labels, tmp_path / "a.png", at="inline=30")
    truth = labels.assign_coords(inline=other["inline"])
    with pytest.raises(DataError, match="the labels have inline 30"):
        draw(grey(labels), labels, tmp_path / "a.png", at="inline=30", truth=truth)
    assert not list(tmp_path.iterdir())


def test_an_input_of_other_dimensions_is_told_of(tmp_path):
    labels = array((6, 20, 30), ("inline", "crossline", "time"))
    with pytest.raises(
        DataError, match=r"the labels have the dimensions inline, .* the input has row, column"
    ):
        draw(array((20, 30), ("row", "column")), labels, tmp_path / "a.png")


def test_a_slice_may_lie_at_a_rounded_coordinate(tmp_path):
    labels = array((6, 20, 30), ("inline", "crossline", "time"))
    rounded = grey(labels).assign_coords(time=(labels["time"] / 3).astype(np.float32))
    draw(rounded, labels.assign_coords(time=labels["time"] / 3), tmp_path / "a.png", at="time=53")
    assert (tmp_path / "a.png").exists()


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 4), (1, 5, 1)])
def test_nothing_predicted_is_veiled_and_tiny_volumes_are_drawn(tmp_path, shape):
    labels = array(shape, ("inline", "crossline", "time")) + np.uint8(255)
    draw(grey(labels), labels, tmp_path / "a.png")
    assert near(drawn(tmp_path / "a.png")[:-80], NO_DATA, within=50).mean() > 0.2


def test_a_long_line_is_drawn_wide_with_its_panels_below_each_other(tmp_path):
    labels = array((3000, 100), ("cdp", "time"), flag_meanings="background salt")
    labels[:, :50] = 1
    draw(grey(labels), labels, tmp_path / "a.png")
    pixels = drawn(tmp_path / "a.png")[:-80]
    rows, columns = np.nonzero(near(pixels, SALT_ORANGE))
    assert rows.min() > pixels.shape[0] / 2
    assert np.ptp(columns) > 0.8 * pixels.shape[1]


def test_eight_facies_are_drawn_in_their_order(tmp_path):
    bands = np.repeat(np.arange(8, dtype=np.uint8), 20)[:, None] + np.zeros((1, 90), np.uint8)
    labels = array(bands.shape, ("row", "column")).copy(data=bands)
    draw(labels * np.float32(0), labels, tmp_path / "a.png")
    pixels = drawn(tmp_path / "a.png")
    colours = [one.colour for one in classes_of(labels)]
    mixed = [0.45 * np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) + 0.55 * 127 for c in colours]
    heights = [middle(near(pixels, colour, within=6))[0] for colour in mixed[:-1]]
    assert heights == sorted(heights)
    assert np.diff(heights) == pytest.approx(np.diff(heights).mean(), rel=0.1)


def test_dates_run_down_the_page(tmp_path):
    times = np.datetime64("2024-05-01T10:00:00", "ns") + np.arange(40) * np.timedelta64(5, "ms")
    labels = array((30, 40), ("distance", "time"), flag_meanings="background fault").assign_coords(time=times)
    labels[:, 30:] = 1
    draw(grey(labels), labels, tmp_path / "a.png")
    pixels = drawn(tmp_path / "a.png")[:-80]
    assert middle(near(pixels, FAULT_RED))[0] > 0.7 * pixels.shape[0]


def test_a_missing_sample_is_a_hole_of_one_sample(tmp_path):
    labels = array((6, 6), ("row", "column"), flag_meanings="background fault")
    labels[4, 1] = 1
    data = grey(labels)
    data[2, 3] = np.nan
    draw(data, labels, tmp_path / "a.png")
    pixels = drawn(tmp_path / "a.png")
    cell = near(pixels, FAULT_RED).sum()
    assert near(pixels, NO_DATA, within=4).sum() == pytest.approx(2 * cell, rel=0.1)  # in both panels


def test_a_volume_whose_lines_are_in_no_order_is_drawn_as_the_one_in_order(tmp_path):
    labels = array((6, 20, 30), ("inline", "crossline", "time"), flag_meanings="background fault")
    labels[2:, 5:9, 3:12] = 1
    volume = grey(labels)
    order = {"inline": [3, 0, 4, 1, 5, 2], "crossline": np.random.default_rng(4).permutation(20)}
    draw(volume, labels, tmp_path / "a.png", at="inline=30,crossline=60,time=50")
    shuffled = volume.isel(order), labels.isel(order)
    draw(*shuffled, tmp_path / "b.png", at="inline=30,crossline=60,time=50")
    np.testing.assert_array_equal(drawn(tmp_path / "b.png"), drawn(tmp_path / "a.png"))
