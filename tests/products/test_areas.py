import numpy as np
import pytest
from labelled import BIN, MOON, RADIUS, image, raster, survey

from geointerp.products.areas import area_table


def test_every_class_is_counted_and_what_was_not_predicted_is_not():
    values = np.random.default_rng(1).integers(0, 3, (6, 7, 8)).astype(np.uint8)
    values[2] = 255
    labels = survey(values, "facies", "parallel chaotic channel mound")["labels"]
    table = area_table(labels, velocity=2000).columns
    counts = [int((values == value).sum()) for value in range(4)]
    assert table["class"].tolist() == ["parallel", "chaotic", "channel", "mound"]
    assert table["samples"].tolist() == counts
    np.testing.assert_allclose(table["fraction"], np.array(counts) / sum(counts))
    np.testing.assert_allclose(table["volume_m3"], np.array(counts) * abs(np.linalg.det(BIN)) * 4)


def test_the_pixels_of_a_globe_add_up_to_its_surface():
    x, y = np.arange(-179.5, 180), np.arange(89.5, -90, -1)
    values = np.zeros((180, 360), np.uint8)
    values[:90] = 1
    table = area_table(raster(values, x, y, MOON)["labels"]).columns
    np.testing.assert_allclose(table["area_m2"], 2 * np.pi * RADIUS**2, rtol=1e-9)


def test_an_image_has_no_area():
    assert set(area_table(image(np.zeros((3, 4), np.uint8))["labels"]).columns) == {
        "class",
        "samples",
        "fraction",
    }


@pytest.mark.parametrize("step", [3, 100])
def test_a_line_in_blocks(step):
    line = survey(np.ones((9, 9, 9), np.uint8))["labels"][:, 4].rename(inline="cdp").drop_vars("crossline")
    table = area_table(line.chunk(cdp=step)).columns
    assert table["area_m_ms"].tolist() == [0, pytest.approx(81 * 4 * 25)]
