"""The page in a real browser: what it draws is what the arrays hold."""

import numpy as np
import pytest
import xarray as xr
from browser import CHROMEDRIVER, CHROMIUM, open_browser
from scipy.ndimage import map_coordinates

from geointerp.sinks.page import write_page

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="chromium and chromedriver are needed, and not on PATH"
)
DIMS = ("inline", "crossline", "time")
SHAPE = (7, 11, 13)
RED, ORANGE, NO_DATA = (230, 25, 75), (245, 130, 49), (191, 209, 230)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    pytest.importorskip("selenium", reason="selenium drives the browser")
    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def labels():
    values = np.random.default_rng(5).choice([0, 0, 1, 2, 255], SHAPE).astype(np.uint8)
    coords = {"inline": 101 + np.arange(7), "crossline": 300 + 2 * np.arange(11), "time": 4.0 * np.arange(13)}
    return xr.DataArray(values, coords, DIMS, attrs={"flag_meanings": "background fault salt"})


@pytest.fixture(scope="module")
def volume(labels):
    return labels.copy(data=np.random.default_rng(6).normal(size=SHAPE).astype(np.float32))


@pytest.fixture(scope="module")
def page(tmp_path_factory, labels, volume):
    path = tmp_path_factory.mktemp("page") / "a result.html"
    told = {"source": {"path": "/data/</script><script>document.title='gone'</script>.sgy"}, "task": "faults"}
    write_page(xr.Dataset({"labels": labels}, attrs={"geointerp": told}), path, volume=volume)
    return path


@pytest.fixture
def viewer(browser, page):
    browser.open(page)
    browser.click("#lines")
    return browser


def greys_of(values, limit, shape):
    """What a canvas of some shape shows of amplitudes: straight lines between the middles of the cells."""
    places = [
        (np.arange(dots) + 0.5) * cells / dots - 0.5 for dots, cells in zip(shape, values.shape, strict=True)
    ]
    greys = np.rint(np.clip((values + limit) / (2 * limit), 0, 1) * 254) / 254 * 255
    return map_coordinates(greys, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")


def coloured(labels, hidden=()):
    """The colour of each label at full opacity, and which of them have one."""
    colours = np.zeros((*labels.shape, 3), int)
    for value, colour in ((1, RED), (2, ORANGE), (255, NO_DATA)):
        if value not in hidden:
            colours[labels == value] = colour
    return colours, colours.any(axis=-1)


def slices(array, at):
    """What each of the three panels shows, rows first."""
    inline, crossline, time = at
    return array[inline].T, array[:, crossline].T, array[:, :, time]


@pytest.mark.parametrize("at", [(0, 0, 0), (6, 10, 12), (3, 7, 2)])
def test_the_sliders_cut_where_they_say(viewer, labels, volume, at):
    for dim, index in zip(DIMS, at, strict=True):
        viewer.slide(f"cut-{dim}", index)
    shown = [viewer.run(f"return document.querySelector('label[for=cut-{dim}]').textContent") for dim in DIMS]
    assert shown == [f"inline {101 + at[0]}", f"crossline {300 + 2 * at[1]}", f"time {4 * at[2]} ms"]
    limit = np.percentile(volume.values, [1, 99])
    viewer.slide("opacity", 0)
    for panel, values in enumerate(slices(volume.values, at)):
        found = viewer.canvas(panel)
        expected = greys_of(values, max(-limit[0], limit[1]), found.shape[:2])
        np.testing.assert_allclose(found[..., 0], expected, atol=32)  # smoothed in sixteenths, both ways
        assert np.abs(found[..., 0] - expected).mean() < 3
        assert (found[..., :3] == found[..., :1]).all()
    viewer.slide("opacity", 100)
    for panel, values in enumerate(slices(labels.values, at)):
        colours, plain = coloured(values)
        found = viewer.cells(panel, *values.shape)[..., :3]
        np.testing.assert_allclose(found[plain], colours[plain], atol=1)
        assert (found[~plain] == found[~plain][:, :1]).all()  # the background is clear: grey shines through


def test_a_class_can_be_hidden(viewer, labels):
    viewer.slide("opacity", 100)
    viewer.click("#classes label:nth-of-type(1) input")
    viewer.slide("cut-inline", 4)
    values = labels.values[4].T
    colours, plain = coloured(values, hidden=(1,))
    found = viewer.cells(0, *values.shape)[..., :3]
    np.testing.assert_allclose(found[plain], colours[plain], atol=1)
    assert (found[values == 1] == found[values == 1][:, :1]).all()


def test_a_press_in_a_slice_cuts_the_others_there(viewer):
    viewer.run(
        "const canvas = document.querySelectorAll('#panels canvas')[0], box = canvas.getBoundingClientRect();"
        "canvas.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true,"
        " clientX: box.left + box.width * 8.5 / 11, clientY: box.top + box.height * 3.5 / 13}))"
    )
    viewer.settle()
    assert viewer.run("return [...document.querySelectorAll('.slider input')].map(one => +one.value)")[
        1:
    ] == [8, 3]


def test_what_lies_under_the_pointer_is_told(viewer, labels, volume):
    from selenium.webdriver import ActionChains

    viewer.slide("cut-inline", 2)
    canvas = viewer.driver.find_elements("css selector", "#panels canvas")[0]
    width, height = canvas.size["width"], canvas.size["height"]
    for crossline, time in ((1, 4), (9, 11), (5, 5)):
        x, y = (crossline + 0.5) / 11 - 0.5, (time + 0.5) / 13 - 0.5
        ActionChains(viewer.driver).move_to_element_with_offset(canvas, x * width, y * height).perform()
        words = viewer.run("return document.getElementById('readout').textContent").split(" · ")
        assert words[:3] == ["inline 103", f"crossline {300 + 2 * crossline}", f"time {4 * time} ms"]
        value = labels.values[2, crossline, time]
        assert words[4] == {0: "background", 1: "fault", 2: "salt"}.get(value, "nothing predicted")
        limit = np.percentile(volume.values, [1, 99])
        clipped = np.clip(
            volume.values[2, crossline, time], -max(-limit[0], limit[1]), max(-limit[0], limit[1])
        )
        assert float(words[3].removeprefix("amplitude ≈ ")) == pytest.approx(clipped, abs=0.02)


def test_the_sliders_are_worked_by_keys(viewer):
    from selenium.webdriver.common.keys import Keys

    viewer.slide("cut-time", 6)
    slider = viewer.driver.find_element("id", "cut-time")
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") == "time 32 ms"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (320, True)])
def test_the_page_suits_every_screen_asks_for_nothing_and_has_no_complaint(browser, page, width, dark):
    browser.open(page, width, 800, dark=dark)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 150) == dark
    assert browser.requests() == [page.as_uri()]
    assert browser.complaints() == []
    assert browser.run("return document.title") == "script>.sgy · geointerp"


def test_a_thin_fault_is_seen_whole_in_a_picture_larger_than_the_screen(browser, tmp_path):
    values = np.zeros((3000, 2000), np.uint8)
    values[:, 777] = 1
    labels = xr.DataArray(
        values, {"row": np.arange(3000), "column": np.arange(2000)}, ("row", "column"),
        attrs={"flag_meanings": "background fault"},
    )  # fmt: skip
    write_page(xr.Dataset({"labels": labels}), tmp_path / "page.html", volume=labels.astype(np.float32))
    browser.open(tmp_path / "page.html")
    browser.slide("opacity", 100)
    found = browser.canvas(0)[..., :3]
    assert found.shape[1] < 1000
    red = np.abs(found - RED).max(axis=2) < 3
    assert red.any(axis=1).all()
    (columns,) = np.nonzero(red.any(axis=0))
    assert columns.mean() / found.shape[1] == pytest.approx(777.5 / 2000, abs=0.005)
    assert np.ptp(columns) <= 2


def test_a_picture_is_zoomed_and_moved_by_keys_and_buttons(browser, tmp_path):
    from selenium.webdriver.common.keys import Keys

    values = np.zeros((40, 60), np.uint8)
    values[18:22, 28:32] = 1
    labels = xr.DataArray(
        values, {"y": np.arange(40.0), "x": np.arange(60.0)}, ("y", "x"),
        attrs={"flag_meanings": "background crater"},
    )  # fmt: skip
    write_page(xr.Dataset({"labels": labels}), tmp_path / "page.html", volume=None)
    browser.open(tmp_path / "page.html")

    def share():
        pixels = browser.canvas(0)
        return (np.abs(pixels[..., :3] - (240, 50, 230)).max(axis=2) < 3).mean() if pixels.size else None

    browser.slide("opacity", 100)
    whole = share()
    assert whole == pytest.approx(16 / 2400, rel=0.05)
    browser.click("[data-zoom=in]")
    assert share() == pytest.approx(whole * 1.5**2, rel=0.05)
    canvas = browser.driver.find_element("css selector", "#panels canvas")
    canvas.send_keys("+", "+", "+", "+")
    browser.settle()
    assert share() == pytest.approx(min(1, whole * 1.5**10), rel=0.05)
    canvas.send_keys(*[Keys.ARROW_RIGHT] * 40)
    browser.settle()
    assert share() == 0
    canvas.send_keys("0")
    browser.settle()
    assert share() == whole
    assert browser.complaints() == []
