"""Generated files of every kind: each trace against the one its header names."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from segy_files import WIDTHS, Written, assert_every_trace, grid, read_every_trace

from geointerp.errors import SegyError
from geointerp.sources.open import open_volume

INLINES, CROSSLINES = np.arange(100, 106), np.arange(300, 305)


def small(**how) -> Written:
    return Written(*grid(INLINES, CROSSLINES), **how)


def traces_of(path, how: Written, **layout):
    return read_every_trace(path, samples=how.samples, code=how.sample_format, endian=how.endian, **layout)


@pytest.mark.parametrize("endian", [">", "<"])
@pytest.mark.parametrize("code", sorted(WIDTHS))
def test_every_sample_format_in_both_byte_orders(tmp_path, code, endian):
    how = small(sample_format=code, endian=endian)
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume.shape == (6, 5, 30)
    assert_every_trace(volume, traces_of(path, how), (189, 193), endian)


@pytest.mark.parametrize("pair", [(189, 193), (5, 21), (9, 21), (9, 13), (17, 13), (213, 217), (221, 225)])
def test_line_numbers_are_found_at_every_known_place(tmp_path, pair):
    how = small(line_bytes=pair)
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    about = volume.attrs["segy"]
    assert (about["inline_byte"], about["crossline_byte"]) == pair
    assert_every_trace(volume, traces_of(path, how), pair)


@pytest.mark.parametrize("pair", [(49, 53), (61, 65)])
def test_line_numbers_anywhere_by_option(tmp_path, pair):
    how = small(line_bytes=pair, words={1: (np.arange(30) + 1, "i4")})
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path, inline_byte=pair[0], crossline_byte=pair[1])
    assert_every_trace(volume, traces_of(path, how), pair)


def test_swapped_bytes_swap_the_dims(tmp_path):
    path = small().write(tmp_path / "a.sgy")
    swapped = open_volume(path, inline_byte=193, crossline_byte=189)
    np.testing.assert_array_equal(swapped.values, open_volume(path).values.swapaxes(0, 1))


def test_the_standard_place_wins_over_a_sequence_number(tmp_path):
    """Byte 5 numbers the traces and byte 21 repeats the crossline: unique, but no grid."""
    lines, across = grid(INLINES, CROSSLINES)
    how = small(words={5: (np.arange(30) + 1, "i4"), 9: (lines, "i4"), 21: (across, "i4")})
    about = open_volume(how.write(tmp_path / "a.sgy")).attrs["segy"]
    assert (about["inline_byte"], about["crossline_byte"]) == (189, 193)
    assert "189/193" in about["why"]["lines"]


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(np.arange(30)[::-1], id="reversed"),
        pytest.param(np.arange(30).reshape(6, 5).T.ravel(), id="crossline order"),
        pytest.param(np.arange(30).reshape(6, 5)[::-1].ravel(), id="inlines reversed"),
        pytest.param(np.arange(30).reshape(6, 5)[:, ::-1].ravel(), id="crosslines reversed"),
        pytest.param(np.random.default_rng(3).permutation(30), id="unsorted"),
    ],
)
def test_any_order_of_traces(tmp_path, order):
    lines, across = grid(INLINES, CROSSLINES)
    how = Written(lines[order], across[order])
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume["trace_mask"].all()
    assert_every_trace(volume, traces_of(path, how), (189, 193))


def test_a_missing_line_keeps_its_place(tmp_path):
    lines, across = grid(np.array([100, 104, 106, 108]), np.array([300, 303, 309]))
    path = Written(lines, across).write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume["inline"].values.tolist() == [100, 102, 104, 106, 108]
    assert volume["crossline"].values.tolist() == [300, 303, 306, 309]
    assert not volume["trace_mask"].sel(inline=102).any()
    assert np.isnan(volume.sel(crossline=306).values).all()


def test_negative_line_numbers(tmp_path):
    lines, across = grid(np.arange(-3, 3), np.arange(-10, 10, 5))
    how = Written(lines, across)
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume["inline"].values.tolist() == [-3, -2, -1, 0, 1, 2]
    assert_every_trace(volume, traces_of(path, how), (189, 193))


@pytest.mark.parametrize("cdp_byte", [21, 61])
def test_a_line_by_cdp(tmp_path, cdp_byte):
    cdp = np.delete(np.arange(500, 540, 2), [4, 9])[::-1]
    how = Written(np.zeros(18), cdp, line_bytes=(189, cdp_byte), words={5: (np.arange(18) + 1, "i4")})
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path) if cdp_byte == 21 else open_volume(path, cdp_byte=cdp_byte)
    assert volume.dims == ("cdp", "time")
    assert volume["cdp"].values.tolist() == list(range(500, 540, 2))
    assert_every_trace(volume, traces_of(path, how), (cdp_byte,))


def test_a_crooked_line_through_a_survey_is_a_line(tmp_path):
    """Line numbers along a diagonal fill next to nothing of their grid; the CDP numbers are dense."""
    count = np.arange(40)
    how = Written(1000 + count, 2000 + 2 * count, words={21: (count + 1, "i4")})
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    assert volume.dims == ("cdp", "time")
    assert volume["trace_mask"].all()


@pytest.mark.parametrize("jump", [True, False])
def test_a_line_whose_cdp_numbers_jump_or_repeat_is_a_line(tmp_path, jump):
    """A stack that keeps field record and channel, which lie on a grid."""
    records, channels = grid(np.arange(200), np.arange(4))
    cdp = np.arange(800) + np.where(jump and np.arange(800) >= 400, 5000, 0)
    if not jump:
        cdp[500:] -= 1
    words = {9: (records + 1, "i4"), 13: (channels + 1, "i4"), 21: (cdp + 100, "i4")}
    path = Written(np.zeros(800), np.zeros(800), words=words).write(tmp_path / "a.sgy")
    if jump:
        assert open_volume(path).sizes["cdp"] == 5800
        return
    with pytest.raises(SegyError, match="599"):
        open_volume(path)
    assert open_volume(path, duplicates="first").sizes["cdp"] == 799


@pytest.mark.parametrize(("lines", "across", "repeated"), [(8, 200, 0), (8, 200, 3), (60, 60, 0)])
def test_a_survey_that_numbers_all_its_positions_is_no_line(tmp_path, lines, across, repeated):
    inline, crossline = grid(np.arange(100, 100 + lines), np.arange(1, 1 + across))
    kept = np.abs(inline - 100 - crossline * lines / across) < (8 if lines == across else 1000)
    inline, crossline = inline[kept], crossline[kept]
    inline[inline.size - repeated :], crossline[inline.size - repeated :] = inline[0], crossline[0]
    words = {9: (inline, "i4"), 13: (crossline, "i4"), 21: ((inline - 100) * 1000 + crossline, "i4")}
    nothing = np.zeros(inline.size)
    path = Written(nothing, nothing, words=words).write(tmp_path / "a.sgy")
    volume = open_volume(path, duplicates="first")
    assert dict(volume.sizes) == {"inline": lines, "crossline": across, "time": 30}


def test_a_single_trace(tmp_path):
    how = Written(np.array([7]), np.array([9]))
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume.shape == (1, 1, 30)
    assert_every_trace(volume, traces_of(path, how), (189, 193))


@pytest.mark.parametrize(
    ("delay", "scalar", "first"),
    [(0, 0, 0), (4, 0, 4), (400, 1, 400), (-100, 0, -100), (25, -10, 2.5), (3, 100, 300), (12, 7, 12)],
)
def test_delay_recording_time(tmp_path, delay, scalar, first):
    how = small(words={109: (delay, "i2"), 215: (scalar, "i2")})
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    assert volume["time"].values.tolist() == (first + 4.0 * np.arange(30)).tolist()
    assert volume.attrs["segy"]["delay_ms"] == first


@pytest.mark.parametrize("rubbish", [0, 100, 12345])
def test_live_traces_alone_tell_the_delay(tmp_path, rubbish):
    live = np.arange(30) % 7 > 0  # the first is dead
    words = {
        29: (np.where(live, 1, 2), "i2"),
        109: (np.where(live, 125, 3), "i2"),
        215: (np.where(live, -10, rubbish), "i2"),
    }
    volume = open_volume(small(words=words).write(tmp_path / "a.sgy"))
    assert float(volume["time"][0]) == 12.5


def test_a_delay_that_differs_is_told_by_the_traces_that_have_it(tmp_path):
    words = {29: (np.where(np.arange(30) == 0, 2, 1), "i2"), 109: (np.where(np.arange(30) == 9, 8, 4), "i2")}
    with pytest.raises(SegyError, match="is 4 ms in trace 2 and 8 ms in trace 10; 1 of 30 traces"):
        open_volume(small(words=words).write(tmp_path / "a.sgy"))


def test_padding_does_not_make_coordinates_of_a_constant(tmp_path):
    live = np.arange(30) % 7 > 0
    x, y = np.where(live, np.arange(30) * 7 + 1000, 0), np.where(live, np.arange(30) * 11 + 2000, 0)
    words = {
        29: (np.where(live, 1, 2), "i2"),
        **{byte: (np.where(live, 5, 0), "i4") for byte in (181, 185)},
        73: (x, "i4"),
        77: (y, "i4"),
    }
    volume = open_volume(small(words=words).write(tmp_path / "a.sgy"))
    assert volume.attrs["segy"]["x_byte"] == 73
    np.testing.assert_array_equal(volume["cdp_x"].values.ravel()[live], x[live])


def test_a_line_number_at_213_is_no_time_scalar(tmp_path):
    how = small(line_bytes=(213, 217), words={109: (8, "i2")})
    assert float(open_volume(how.write(tmp_path / "a.sgy"))["time"][0]) == 8.0


@pytest.mark.parametrize(
    ("scalar", "factor"), [(1, 1), (0, 1), (10, 10), (-10, 0.1), (-100, 0.01), (100, 100)]
)
def test_coordinate_scalar(tmp_path, scalar, factor):
    x, y = np.arange(30) * 7 + 1000, np.arange(30) * 11 + 2000
    how = small(words={71: (scalar, "i2"), 181: (x, "i4"), 185: (y, "i4")})
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    np.testing.assert_allclose(volume["cdp_x"].values.ravel(), x * factor)
    np.testing.assert_allclose(volume["cdp_y"].values.ravel(), y * factor)
    assert volume["cdp_x"].dtype == np.float64


@pytest.mark.parametrize(("x_step", "y_step"), [(25, 0), (0, 25)])
def test_coordinates_along_an_axis_are_kept(tmp_path, x_step, y_step):
    x, y = np.arange(30) * x_step, np.arange(30) * y_step
    volume = open_volume(small(words={181: (x, "i4"), 185: (y, "i4")}).write(tmp_path / "a.sgy"))
    np.testing.assert_array_equal(volume["cdp_x"].values.ravel(), x)
    np.testing.assert_array_equal(volume["cdp_y"].values.ravel(), y)


def test_coordinates_at_bytes_of_choice(tmp_path):
    x, y = np.arange(30) + 5, np.arange(30) + 6
    how = small(words={181: (1, "i4"), 73: (x, "i4"), 77: (y, "i4"), 201: (y, "i4"), 205: (x, "i4")})
    path = how.write(tmp_path / "a.sgy")
    assert open_volume(path).attrs["segy"]["x_byte"] == 73  # 181/185 is the same for all traces
    volume = open_volume(path, x_byte=201, y_byte=205)
    np.testing.assert_array_equal(volume["cdp_x"].values.ravel(), y)


@pytest.mark.parametrize("declared", [2, -1])
def test_extended_text_headers(tmp_path, declared):
    how = small(extended_text=2, declared_extended_text=declared)
    path = how.write(tmp_path / "a.sgy")
    assert_every_trace(open_volume(path), traces_of(path, how, first=3600 + 6400), (189, 193))


def test_a_text_header_count_that_lies_is_ignored(tmp_path):
    how = small(declared_extended_text=3)
    path = how.write(tmp_path / "a.sgy")
    assert_every_trace(open_volume(path), traces_of(path, how), (189, 193))


def test_further_trace_headers_of_revision_2(tmp_path):
    how = small(revision=b"\x02\x00", extra_headers=1)
    path = how.write(tmp_path / "a.sgy")
    assert_every_trace(open_volume(path), traces_of(path, how, header=480), (189, 193))


@pytest.mark.parametrize("endian", [">", "<"])
@pytest.mark.parametrize(("whole", "extended"), [(333, 1000 / 3), (0, 62.5), (1, 50_000.0)])
def test_the_interval_that_revision_2_stores_as_a_fraction(tmp_path, endian, whole, extended):
    binary = {3273: (extended, "f8")}
    how = small(
        revision=b"\x02\x00", endian=endian, interval=whole, binary_words=binary, words={117: (0, "i2")}
    )
    time = open_volume(how.write(tmp_path / "a.sgy"))["time"].values
    np.testing.assert_allclose(time, np.arange(30) * extended / 1000, rtol=1e-12)
    how = small(interval=2000, binary_words=binary)  # revision 1 knows no such word
    np.testing.assert_array_equal(open_volume(how.write(tmp_path / "b.sgy"))["time"], np.arange(30) * 2.0)


@pytest.mark.parametrize(("declared", "there"), [(1, 1), (3, 3), (2, 0)])
def test_text_after_the_last_trace_of_revision_2(tmp_path, declared, there):
    how = small(revision=b"\x02\x00", binary_words={3529: (declared, "i4")})
    path = how.write(tmp_path / "a.sgy")
    traces = traces_of(path, how)
    path.write_bytes(path.read_bytes() + b"\x40" * 3200 * there)
    assert_every_trace(open_volume(path), traces, (189, 193))


def test_more_samples_than_32767(tmp_path):
    how = Written(*grid(np.arange(1, 3), np.arange(1, 3)), samples=40000)
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume.sizes["time"] == 40000
    assert_every_trace(volume, traces_of(path, how), (189, 193))


@pytest.mark.parametrize("endian", [">", "<"])
@pytest.mark.parametrize(("true", "said"), [(1, 5), (5, 1)])
def test_a_float_format_that_lies(tmp_path, true, said, endian):
    how = small(sample_format=true, declared_format=said, endian=endian)
    path = how.write(tmp_path / "a.sgy")
    names = {1: "ibm", 5: "ieee"}
    warning = (
        rf"a\.sgy: .* format {said} \({names[said]}\), but .* {names[true]} .*--sample-format {names[said]}"
    )
    with pytest.warns(UserWarning, match=warning):
        volume = open_volume(path)
    with pytest.warns(UserWarning, match=warning):
        open_volume(path)  # from the cache
    assert "but the samples are" in volume.attrs["segy"]["why"]["sample_format"]
    assert_every_trace(volume, traces_of(path, how), (189, 193), endian)
    forced = open_volume(path, sample_format=said)
    assert not np.array_equal(forced.values, volume.values)


def test_a_float_format_stands_where_the_samples_decide_nothing(tmp_path):
    """Velocities from 1100 to 1900 m/s: as IBM floats they would be normalised too."""
    how = small()
    path = how.write(tmp_path / "a.sgy")
    content = bytearray(path.read_bytes())
    velocity = np.random.default_rng(0).uniform(1100, 1900, (30, 30)).astype(">f4")
    for trace in range(30):
        start = 3600 + trace * 360 + 240
        content[start : start + 120] = velocity[trace].tobytes()
    path.write_bytes(content)
    volume = open_volume(path)
    assert volume.attrs["segy"]["sample_format"] == "ieee"
    np.testing.assert_array_equal(volume.values.reshape(30, 30), velocity.astype(np.float32))


def ibm_words(amplitudes: np.ndarray) -> np.ndarray:
    """Encode as normalised IBM floats."""
    exponent = np.floor(np.log2(np.abs(amplitudes)) / 4).astype(int) + 1
    fraction = np.floor(np.abs(amplitudes) / 16.0**exponent * 2**24).astype(np.int64)
    return (np.signbit(amplitudes).astype(np.int64) << 31) | ((exponent + 64) << 24) | fraction


@pytest.mark.parametrize("smoothing", [1, 9])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.1, 0.2])
@pytest.mark.parametrize("scale", [0.3, 1.0, 220.0, 1500.0])
def test_ibm_numbers_that_are_not_normalised_stay_ibm(tmp_path, scale, share, smoothing):
    """The same amplitude may be written with a fraction 16 times smaller: that does not make it IEEE."""
    how = small(sample_format=1, samples=200)
    path = how.write(tmp_path / "a.sgy")
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(30, 200 + smoothing - 1))
    amplitudes = scale * np.array(
        [np.convolve(one, np.hanning(smoothing + 2)[1:-1], "valid") for one in noise]
    )
    words = ibm_words(amplitudes)
    chosen = rng.random(words.shape) < share
    shifted = (words & 0x80000000) | ((((words >> 24) & 0x7F) + 1) << 24) | ((words & 0xFFFFFF) >> 4)
    stored = np.where(chosen, shifted, words).astype(">u4")
    content = bytearray(path.read_bytes())
    for trace in range(30):
        start = 3600 + trace * (240 + 800) + 240
        content[start : start + 800] = stored[trace].tobytes()
    path.write_bytes(content)
    volume = open_volume(path)  # and does not warn
    assert volume.attrs["segy"]["sample_format"] == "ibm"
    np.testing.assert_allclose(volume.values.reshape(30, 200), amplitudes, rtol=2e-5)


@pytest.mark.parametrize("name", ["F3_very_small.sgy", "penobscot_xl1155.sgy"])
@pytest.mark.parametrize("share", [0.01, 0.03, 0.1])
def test_real_ibm_numbers_that_are_not_normalised_stay_ibm(tmp_path, real_data, name, share):
    original = open_volume(real_data / "seismic" / name)
    samples = original.sizes["time"]
    content = np.frombuffer((real_data / "seismic" / name).read_bytes(), np.uint8).copy()
    traces = content[3600:].reshape(-1, 240 + 4 * samples)
    words = np.ascontiguousarray(traces[:, 240:]).view(">u4").astype(np.int64)
    chosen = np.random.default_rng(5).random(words.shape) < share
    chosen &= words != 0
    shifted = (words & 0x80000000) | ((((words >> 24) & 0x7F) + 1) << 24) | ((words & 0xFFFFFF) >> 4)
    traces[:, 240:] = np.where(chosen, shifted, words).astype(">u4").view(np.uint8)
    (tmp_path / name).write_bytes(content.tobytes())
    volume = open_volume(tmp_path / name)
    assert volume.attrs["segy"]["sample_format"] == "ibm"
    np.testing.assert_allclose(volume.values, original.values, rtol=2e-5)


@pytest.mark.parametrize("name", ["F3_very_small.sgy", "penobscot_xl1155.sgy"])
def test_real_amplitudes_as_ieee_that_say_ibm(tmp_path, real_data, name):
    original = open_volume(real_data / "seismic" / name)
    content = np.frombuffer((real_data / "seismic" / name).read_bytes(), np.uint8).copy()
    traces = content[3600:].reshape(-1, 240 + 4 * original.sizes["time"])
    values = original.values.reshape(len(traces), -1)
    traces[:, 240:] = values.astype(">f4").view(np.uint8)
    (tmp_path / name).write_bytes(content.tobytes())
    with pytest.warns(UserWarning, match="sample format 1"):
        volume = open_volume(tmp_path / name)
    np.testing.assert_array_equal(volume.values, original.values)


def test_the_trace_headers_may_keep_an_older_sample_count(tmp_path):
    how = small(trace_samples=462)
    path = how.write(tmp_path / "a.sgy")
    assert_every_trace(open_volume(path), traces_of(path, how), (189, 193))


def test_the_first_trace_gives_a_sample_count_the_binary_header_lacks(tmp_path):
    how = small(declared_samples=0)
    path = how.write(tmp_path / "a.sgy")
    assert_every_trace(open_volume(path), traces_of(path, how), (189, 193))


@pytest.mark.parametrize("endian", [">", "<"])
@pytest.mark.parametrize("declared", [2, -1])
def test_the_first_trace_stands_behind_extended_text_headers(tmp_path, endian, declared):
    how = small(
        declared_samples=0,
        extended_text=2,
        declared_extended_text=declared,
        endian=endian,
        words={117: (2000, "i2")},
    )
    path = how.write(tmp_path / "a.sgy")
    for _ in range(2):  # read from the file, and from the cache
        with pytest.warns(UserWarning, match="4000 µs; the first trace header says 2000 µs; the former is"):
            volume = open_volume(path)
    assert_every_trace(volume, traces_of(path, how, first=3600 + 6400), (189, 193), endian)
    assert volume.attrs["segy"]["why"]["sample_interval"].endswith("; the first trace header says 2000 µs")


def test_a_sample_interval_by_option_is_in_metres(tmp_path):
    """Feet are the unit of the file's own numbers, not of what the user says."""
    how = small(
        text="C 1 VERTICAL DOMAIN: DEPTH",
        interval=10000,
        binary_words={3255: (2, "i2")},
        words={109: (100, "i2")},
    )
    path = how.write(tmp_path / "a.sgy")
    np.testing.assert_allclose(open_volume(path)["depth"], 0.3048 * (100 + 10 * np.arange(30)))
    given = open_volume(path, sample_interval=5)["depth"]
    np.testing.assert_allclose(given, 30.48 + 5.0 * np.arange(30))


def test_depth_where_the_text_header_says_so(tmp_path):
    how = small(text="C 1 VERTICAL DOMAIN: DEPTH", interval=5000)
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    assert volume.dims[-1] == "depth"
    assert volume["depth"].values.tolist() == (5.0 * np.arange(30)).tolist()


@pytest.mark.parametrize(("unit", "system", "metres"), [
    ("FEET", 0, 0.3048), ("FEET", 2, 0.3048), ("METRES", 2, 1.0), ("METRES", 0, 1.0),
])  # fmt: skip
def test_the_unit_of_depth_is_that_of_the_text_header(tmp_path, unit, system, metres):
    how = small(text=f"C 1 VERTICAL UNITS: {unit}", interval=5000, binary_words={3255: (system, "i2")})
    volume = open_volume(how.write(tmp_path / "a.sgy"))
    np.testing.assert_allclose(volume["depth"], metres * 5.0 * np.arange(30))
    assert volume["cdp_x"].attrs == ({"units": "ft"} if system == 2 else {})


@pytest.mark.parametrize(("text", "metres"), [
    ("DOMAIN: DEPTH\nC 2 SAMPLE UNITS: FEET", 0.3048),
    ("DOMAIN: DEPTH (FEET)", 0.3048),
    ("Z AXIS: DEPTH IN FT", 0.3048),
    ("DOMAIN: DEPTH   VERTICAL UNITS: METRES", 1.0),
    ("DOMAIN: DEPTH  WATER DEPTH IN FEET: 300", None),
    ("DOMAIN: DEPTH\nC 2 GUN DEPTH (FT): 20", None),
    ("GUN DEPTH (FT): 20\nC 2 VERTICAL UNITS: METRES", 1.0),
    ("DEPTH DOMAIN IN FEET", 0.3048),
    ("DATA TYPE: DEPTH FEET", 0.3048),
    ("DOMAIN: DEPTH\nC 2 TAU-P DOMAIN TIME VARIANT MUTE", None),
    ("F-X DOMAIN  TIME GATE 1 S\nC 2 DOMAIN: DEPTH", None),
    ("DATA TYPE: DEPTH MIGRATED STACK", None),
])  # fmt: skip
@pytest.mark.parametrize("feet", [False, True])
def test_what_the_text_says_of_the_unit_wins(tmp_path, text, metres, feet):
    words = {3255: (2 if feet else 1, "i2")}
    lines = "".join(f"C 1 {line}".ljust(80) for line in text.split("\nC 2 "))
    volume = open_volume(small(text=lines, interval=5000, binary_words=words).write(tmp_path / "a.sgy"))
    expected = (0.3048 if feet else 1.0) if metres is None else metres
    np.testing.assert_allclose(volume["depth"], expected * 5.0 * np.arange(30))


@pytest.mark.parametrize("text", [
    "DATA TYPE: DEPTH MIGRATION, CONVERTED TO TIME",
    "DATA TYPE: PSDM (DEPTH) SCALED TO TIME",
    "DATA TYPE: DEPTH MIGRATION (PSDM) SCALED TO TIME",
    "DATA TYPE: DEPTH MIGRATION  OUTPUT IN TWT",
    "DATA TYPE: DEPTH MIGRATED STACK\nC 2 DOMAIN: TIME  UNITS: MS",
    "VERTICAL UNITS: MS   DATA TYPE: DEPTH",
])  # fmt: skip
def test_time_where_the_text_header_says_so(tmp_path, text):
    lines = "".join(f"C 1 {line}".ljust(80) for line in text.split("\nC 2 "))
    volume = open_volume(small(text=lines).write(tmp_path / "a.sgy"))
    assert volume.dims[-1] == "time"
    assert volume["time"].values.tolist() == (4.0 * np.arange(30)).tolist()


def test_duplicates_first_last_and_mean(tmp_path):
    lines, across = grid(INLINES, CROSSLINES)
    how = Written(np.append(lines, [102, 102]), np.append(across, [303, 303]))
    path = how.write(tmp_path / "a.sgy")
    traces = traces_of(path, how)
    three = [amplitudes for header, amplitudes in (traces[13], traces[30], traces[31])]
    for rule, expected in (
        ("first", three[0]),
        ("last", three[2]),
        ("mean", np.mean(three, axis=0, dtype=np.float64)),
    ):
        volume = open_volume(path, duplicates=rule)
        np.testing.assert_allclose(volume.sel(inline=102, crossline=303), expected, rtol=1e-6)
        np.testing.assert_array_equal(volume.sel(inline=103, crossline=300), traces[15][1])


def test_a_dead_trace_that_repeats_a_live_one_counts_for_nothing(tmp_path):
    lines, across = grid(INLINES, CROSSLINES)
    dead = np.append(np.ones(30, int), 2)
    dead[13] = 2
    how = Written(np.append(lines, 102), np.append(across, 303), words={29: (dead, "i2")})
    path = how.write(tmp_path / "dead_first.sgy")
    live = traces_of(path, how)[13][1]
    assert not np.array_equal(live, traces_of(path, how)[30][1])
    dead[13], dead[30] = 1, 2
    path = how.write(tmp_path / "dead_last.sgy")
    for rule in ("first", "last", "mean"):
        volume = open_volume(path, duplicates=rule)
        np.testing.assert_array_equal(volume.sel(inline=102, crossline=303), traces_of(path, how)[13][1])


def test_the_options_given_are_recorded(tmp_path):
    path = small().write(tmp_path / "a.sgy")
    assert open_volume(path, endian=None).attrs["segy"]["options"] == {}
    given = {"inline_byte": 189, "crossline_byte": 193, "sample_format": "ieee", "sample_interval": 2.0}
    for duplicates in ("first", "mean"):
        about = open_volume(path, duplicates=duplicates, endian=None, **given).attrs["segy"]
        assert about["options"] == given | {"duplicates": duplicates}


@st.composite
def surveys(draw: st.DrawFn) -> Written:
    """A survey with holes, of any order, steps, formats, byte order and known bytes."""
    starts = [draw(st.integers(-50, 5000)) for _ in range(2)]
    steps = [draw(st.integers(1, 7)) for _ in range(2)]
    sizes = [draw(st.integers(2, 7)) for _ in range(2)]
    axes = [start + step * np.arange(size) for start, step, size in zip(starts, steps, sizes, strict=True)]
    lines, across = grid(*axes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kept = rng.permutation(lines.size)[: draw(st.integers(max(2, lines.size // 5), lines.size))]
    assume(lines[kept].any() and across[kept].any())  # nothing but zeros counts as not filled in
    if draw(st.booleans()):
        kept = np.sort(kept)
    return Written(
        lines[kept],
        across[kept],
        samples=draw(st.integers(1, 40)),
        endian=draw(st.sampled_from("><")),
        sample_format=draw(st.sampled_from(sorted(WIDTHS))),
        revision=draw(st.sampled_from([b"\x00\x00", b"\x01\x00"])),
        ascii_text=draw(st.booleans()),
        seed=draw(st.integers(0, 1000)),
    )


@given(how=surveys())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_survey_with_holes(tmp_path, how):
    path = how.write(tmp_path / "a.sgy")
    volume = open_volume(path)
    assert volume.dims == ("inline", "crossline", "time")
    assert_every_trace(volume, traces_of(path, how), (189, 193), how.endian)
