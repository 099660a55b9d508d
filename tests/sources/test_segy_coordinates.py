"""Where line numbers and map coordinates change places, and what unit the coordinates are in."""

import numpy as np
import pytest
from segy_files import Written, assert_every_trace, grid, read_every_trace

from geointerp.products.spacing import spacing_of
from geointerp.sources.open import open_volume

INLINES, CROSSLINES = np.arange(100, 130), np.arange(300, 340)


def on_the_map(rotation: float, step: float = 25.0) -> tuple[np.ndarray, np.ndarray]:
    """Easting and northing of the traces of 30 x 40 lines, whole metres."""
    lines, across = grid(INLINES, CROSSLINES)
    along, aside = step * (lines - 100), step * (across - 300)
    x = 500_000 + along * np.cos(rotation) - aside * np.sin(rotation)
    y = 6_000_000 + along * np.sin(rotation) + aside * np.cos(rotation)
    return np.rint(x).astype(np.int32), np.rint(y).astype(np.int32)


@pytest.mark.parametrize("rotation", [0.0, 0.4])
@pytest.mark.parametrize("sequence", [False, True])
@pytest.mark.parametrize("also_at_17", [False, True])
def test_lines_and_coordinates_that_changed_places(tmp_path, rotation, sequence, also_at_17):
    x, y = on_the_map(rotation)
    lines, across = grid(INLINES, CROSSLINES)
    words = {189: (x, "i4"), 193: (y, "i4")}
    if sequence:
        words[21] = (np.arange(1, 1201), "i4")
    if also_at_17:
        words |= {17: (lines, "i4"), 13: (across, "i4")}
    how = Written(lines, across, line_bytes=(181, 185), words=words)
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert_every_trace(volume, read_every_trace(path, samples=30, code=5), (181, 185))
    np.testing.assert_array_equal(volume["cdp_x"].values.ravel(), x)
    np.testing.assert_array_equal(volume["cdp_y"].values.ravel(), y)


@pytest.mark.parametrize("rotation", [0.0, 0.4])
@pytest.mark.parametrize("step", [1.0, 25.0])
def test_the_standards_places_stay_what_they_are(tmp_path, rotation, step):
    x, y = on_the_map(rotation, step)
    how = Written(*grid(INLINES, CROSSLINES), words={181: (x, "i4"), 185: (y, "i4")})
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert_every_trace(volume, read_every_trace(path, samples=30, code=5), (189, 193))
    np.testing.assert_array_equal(volume["cdp_x"].values.ravel(), x)


def test_dead_traces_with_empty_headers_say_nothing_of_the_unit(tmp_path):
    lines, across = np.zeros(50), np.arange(50)
    dead = across < 2
    words = {
        21: (across + 1, "i4"),
        29: (np.where(dead, 2, 1), "i2"),
        89: (np.where(dead, 0, 2), "i2"),
        181: (np.where(dead, 0, 18000 + across), "i4"),
        185: (np.where(dead, 0, 190000 + across), "i4"),
    }
    volume = open_volume(Written(lines, lines, words=words).write(tmp_path / "a.sgy"))
    assert volume["cdp_x"].attrs["units"] == "degrees"
    np.testing.assert_allclose(volume["cdp_x"][2:], (18000 + across[2:]) / 3600)
    np.testing.assert_allclose(volume["cdp_y"][2:], (190000 + across[2:]) / 3600)
    assert np.isnan(volume["cdp_x"][:2]).all()
    assert np.isnan(volume["cdp_y"][:2]).all()


def test_coordinates_that_only_count_are_no_lines(tmp_path):
    """Every tenth line of a survey, with positions in bins."""
    lines, across = grid(10 * INLINES, 10 * CROSSLINES)
    how = Written(lines, across, words={181: (lines // 10, "i4"), 185: (across // 10, "i4")})
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    np.testing.assert_array_equal(volume["inline"], 10 * INLINES)
    np.testing.assert_array_equal(volume["cdp_x"].values.ravel(), lines // 10)


def test_line_numbers_are_never_coordinates(tmp_path):
    x, y = on_the_map(0.4)
    words = {189: (x, "i4"), 193: (y, "i4")}
    path = Written(*grid(INLINES, CROSSLINES), line_bytes=(181, 185), words=words).write(tmp_path / "a.sgy")
    volume = open_volume(path, inline_byte=181, crossline_byte=185)
    np.testing.assert_array_equal(volume["cdp_x"].values.ravel(), x)
    assert spacing_of(volume).bin == pytest.approx(625, rel=0.01)


@pytest.mark.parametrize("channels", [2, 4, 8])
@pytest.mark.parametrize("record", [9, 17])
def test_a_stack_that_kept_record_and_channel_is_a_line(tmp_path, channels, record):
    number = np.arange(400)
    words = {21: (number + 1, "i4"), 13: (1 + number % channels, "i4")}
    how = Written(1000 + number // channels, number + 1, line_bytes=(record, 21), words=words)
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    assert volume.dims == ("cdp", "time")
    assert volume.sizes["cdp"] == 400


def test_a_survey_by_record_and_channel_beats_a_running_number(tmp_path):
    lines, across = grid(INLINES, CROSSLINES)
    how = Written(lines, across, line_bytes=(9, 13), words={21: (np.arange(1, 1201), "i4")})
    assert open_volume(how.write(tmp_path / "a.sgy")).shape == (30, 40, 30)


@pytest.mark.parametrize(
    ("code", "stored", "degrees"),
    [
        (2, (-95 * 360000 - 150, 29 * 360000 + 4500), (-95 - 1.5 / 3600, 29 + 45 / 3600)),
        (3, (-9525, 2975), (-95.25, 29.75)),
        (4, (-95_15_30_00, 29_45_06_50), (-95 - 15 / 60 - 30 / 3600, 29 + 45 / 60 + 6.5 / 3600)),
    ],
)
def test_angles_are_degrees_and_no_lengths(tmp_path, code, stored, degrees):
    lines, across = grid(INLINES, CROSSLINES)
    spread = {181: (stored[0] + 0 * lines, "i4"), 185: (stored[1] + (lines + across) % 2, "i4")}
    how = Written(
        lines, across, words=spread | {71: (-100, "i2"), 89: (code, "i2")}, binary_words={3255: (1, "i2")}
    )
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    at = volume.isel(inline=0, crossline=0)
    assert (float(at["cdp_x"]), float(at["cdp_y"])) == pytest.approx(degrees, abs=1e-9)
    assert volume["cdp_x"].attrs["units"] == volume["cdp_y"].attrs["units"] == "degrees"
    assert np.isnan(spacing_of(volume).bin)


def test_coordinates_off_the_globe_are_lengths_whatever_the_code(tmp_path):
    x, y = on_the_map(0.4)
    words = {181: (x, "i4"), 185: (y, "i4"), 89: (2, "i2")}
    how = Written(*grid(INLINES, CROSSLINES), words=words, binary_words={3255: (1, "i2")})
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    np.testing.assert_array_equal(volume["cdp_y"].values.ravel(), y)
    assert volume["cdp_x"].attrs["units"] == "m"


@pytest.mark.parametrize(
    ("text", "dim"),
    [
        ("DOMAIN: DEPTH", "depth"),
        ("DATA TYPE: DEPTH   FIRST SAMPLE TIME 0", "depth"),
        ("DEPTH DOMAIN, SAMPLE INTERVAL 5 M", "depth"),
        ("DATA TYPE: DEPTH MIGRATION CONVERTED TO TIME", "time"),
        ("DOMAIN: DEPTH TO TIME CONVERTED", "time"),
        ("TIME, CONVERTED FROM DEPTH DOMAIN", "time"),
        ("WATER DEPTH IN TRACE HEADERS", "time"),
    ],
)
def test_depth_is_what_the_whole_phrase_says(tmp_path, text, dim):
    path = Written(*grid(INLINES, CROSSLINES), text=f"C 1 {text}").write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume.dims[-1] == dim
    assert dim in volume.attrs["segy"]["why"]["domain"].lower()


@pytest.mark.parametrize(
    ("options", "filled", "said"),
    [
        ({}, True, "bytes 181/185 are the first known place where traces differ"),
        ({}, False, "none: traces differ at none of 181/185"),
        ({"x_byte": 73, "y_byte": 77}, True, "given"),
    ],
)
def test_why_the_coordinates_are_read_where_they_are(tmp_path, options, filled, said):
    x, y = on_the_map(0.4)
    words = {byte: (values if filled else 0 * values, "i4") for byte, values in ((181, x), (185, y))}
    path = Written(*grid(INLINES, CROSSLINES), words=words).write(tmp_path / "a.sgy")
    assert open_volume(path, **options).attrs["segy"]["why"]["coordinates"].startswith(said)
