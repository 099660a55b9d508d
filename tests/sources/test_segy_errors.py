"""Files that cannot be read: one clear error each, never a wrong cube."""

import warnings

import numpy as np
import pytest
from segy_files import Written, grid

from geointerp.errors import DataError, DuplicateTracesError, PrestackError, SegyError, UsageError
from geointerp.sources.open import open_volume

LINES, ACROSS = grid(np.arange(100, 106), np.arange(300, 305))


def small(**how) -> Written:
    return Written(LINES, ACROSS, **how)


def error_of(path, kind=SegyError, **options):
    with pytest.raises(kind) as caught:
        open_volume(path, **options)
    assert type(caught.value) is kind
    assert str(path) in caught.value.message
    return caught.value


def test_empty(tmp_path):
    path = tmp_path / "a.sgy"
    path.write_bytes(b"")
    assert "is empty (0 bytes)" in error_of(path, DataError).message


@pytest.mark.parametrize("text", ["inline,crossline,time\n" * 400, "hello\n", "Größe: 3 m\n" * 700])
def test_text(tmp_path, text):
    path = tmp_path / "a.sgy"
    path.write_text(text, encoding="utf-8")
    assert "is a text file" in error_of(path).message


@pytest.mark.parametrize("size", [3000, 3600, 3840, 100_000])
def test_only_zeros(tmp_path, size):
    path = tmp_path / "a.sgy"
    path.write_bytes(bytes(size))
    message = error_of(path).message
    assert ("holds only zeros" in message) if size > 3840 else (f"has {size} bytes" in message)


def test_too_short(tmp_path):
    path = tmp_path / "a.sgy"
    path.write_bytes(small().file_header()[:3500])
    message = error_of(path).message
    assert "3500 bytes" in message
    assert "3840" in message


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("count", [1, 30])
def test_seismic_unix(tmp_path, endian, count):
    how = Written(LINES[:count], ACROSS[:count], endian=endian, samples=200)
    path = how.write(tmp_path / "a.sgy")
    path.write_bytes(path.read_bytes()[3600:])
    error = error_of(path)
    assert "Seismic Unix" in error.message
    assert f"{count} traces of 200 samples" in error.message
    assert "segywrite" in str(error.hint)


@pytest.mark.parametrize("cut", [1, 100, 359, 361])
def test_truncated(tmp_path, cut):
    path = small().write(tmp_path / "a.sgy")
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    message = error_of(path).message
    assert str(len(content) - cut) in message
    assert "30 samples" in message
    assert "360 bytes" in message


def test_more_bytes_than_traces(tmp_path):
    path = small().write(tmp_path / "a.sgy")
    path.write_bytes(path.read_bytes() + b"\x00" * 17)
    assert "30 such traces and 17 bytes more" in error_of(path).message


def test_a_sample_count_that_contradicts_size_and_trace_headers(tmp_path):
    message = error_of(small(declared_samples=100).write(tmp_path / "a.sgy")).message
    assert "binary header says 100" in message
    assert "trace headers say 30" in message


def test_a_sample_count_that_contradicts_trace_headers_behind_further_text(tmp_path):
    message = error_of(small(declared_samples=100, extended_text=1).write(tmp_path / "a.sgy")).message
    assert "binary header says 100" in message
    assert "trace headers say 30" in message


def test_a_sample_count_that_fits_the_size_by_accident(tmp_path):
    """30 traces of 30 samples are as many bytes as 12 of 165; the trace headers know better."""
    how = small(declared_samples=165)
    assert 30 * (240 + 4 * 30) == 12 * (240 + 4 * 165)
    assert "binary header says 165" in error_of(how.write(tmp_path / "a.sgy")).message


def test_no_sample_count(tmp_path):
    path = small(declared_samples=0, trace_samples=0).write(tmp_path / "a.sgy")
    assert "no sample count" in error_of(path).message


@pytest.mark.parametrize("code", [4, 14, 99])
def test_a_sample_format_that_is_not_read(tmp_path, code):
    path = small(declared_format=code).write(tmp_path / "a.sgy")
    error = error_of(path)
    assert f"sample format code {code}" in error.message
    assert "--sample-format" in str(error.hint)
    assert open_volume(path, sample_format="ieee").shape == (6, 5, 30)


def test_a_sample_format_of_another_width_is_named(tmp_path):
    error = error_of(small(sample_format=3, declared_format=1).write(tmp_path / "a.sgy"))
    assert "--sample-format int16" in str(error.hint)


@pytest.mark.parametrize("interval", [0, -4000])
def test_sample_interval(tmp_path, interval):
    path = small(interval=interval).write(tmp_path / "a.sgy")
    error = error_of(path)
    assert f"sample interval is {interval} µs" in error.message
    assert "--sample-interval" in str(error.hint)
    volume = open_volume(path, sample_interval=2)
    assert volume["time"].values.tolist() == (2.0 * np.arange(30)).tolist()


def test_delays_that_differ(tmp_path):
    delay = np.where(np.arange(30) < 20, 0, 100)
    message = error_of(small(words={109: (delay, "i2")}).write(tmp_path / "a.sgy")).message
    assert "0 ms in trace 1 and 100 ms in trace 21" in message
    assert "10 of 30" in message


def test_the_delay_of_dead_traces_does_not_count(tmp_path):
    dead = np.arange(30) % 7 == 0
    words = {109: (np.where(dead, 0, 100), "i2"), 29: (np.where(dead, 2, 1), "i2")}
    volume = open_volume(small(words=words).write(tmp_path / "a.sgy"))
    assert float(volume["time"][0]) == 100


def test_duplicates_name_the_first_pair(tmp_path):
    lines, across = np.insert(LINES, 20, LINES[7]), np.insert(ACROSS, 20, ACROSS[7])
    error = error_of(Written(lines, across).write(tmp_path / "a.sgy"), DuplicateTracesError)
    assert "traces 8 and 21" in error.message
    assert f"inline {LINES[7]}, crossline {ACROSS[7]}" in error.message
    assert "--duplicates first" in str(error.hint)


def test_duplicates_on_a_line(tmp_path):
    cdp = np.append(np.arange(1, 31), 5)
    path = Written(np.zeros(31), cdp, line_bytes=(189, 21)).write(tmp_path / "a.sgy")
    error = error_of(path, DuplicateTracesError)
    assert "traces 5 and 31" in error.message
    assert "CDP 5" in error.message


@pytest.mark.parametrize(
    ("byte", "name"), [(37, "the offset"), (25, "the trace number within the ensemble"), (13, "channel")]
)
def test_prestack_in_a_survey(tmp_path, byte, name):
    values = np.tile(np.arange(4) * 100 + 50, 30)
    how = Written(np.repeat(LINES, 4), np.repeat(ACROSS, 4), words={byte: (values, "i4")})
    error = error_of(how.write(tmp_path / "a.sgy"), PrestackError)
    assert f"(byte {byte})" in error.message
    assert name in error.message
    assert "50 to 350" in error.message
    assert "inline 100, crossline 300" in error.message


@pytest.mark.parametrize("rule", ["first", "last", "mean"])
def test_prestack_is_no_matter_of_duplicates(tmp_path, rule):
    how = Written(np.repeat(LINES, 2), np.repeat(ACROSS, 2), words={37: (np.tile([100, 200], 30), "i4")})
    error_of(how.write(tmp_path / "a.sgy"), PrestackError, duplicates=rule)


def test_shots_without_cdp_numbers(tmp_path):
    words = {9: (LINES, "i4"), 13: (ACROSS, "i4"), 37: (ACROSS * 25, "i4")}
    path = Written(np.zeros(30), np.zeros(30), words=words).write(tmp_path / "a.sgy")
    assert "(byte 37)" in error_of(path, PrestackError).message


def test_no_line_numbers_at_all(tmp_path):
    how = Written(np.zeros(30), np.zeros(30), words={5: (np.arange(30) + 1, "i4")})
    path = how.write(tmp_path / "a.sgy")
    error = error_of(path)
    assert "tell the 30 traces apart" in error.message
    assert "--cdp-byte 5" in str(error.hint)
    assert open_volume(path, cdp_byte=5).sizes["cdp"] == 30


def test_line_numbers_of_absurd_size(tmp_path):
    rng = np.random.default_rng(0)
    words = {61: (rng.integers(0, 2**31, 30), "i4"), 65: (rng.integers(0, 2**31, 30), "i4")}
    path = small(words=words).write(tmp_path / "a.sgy")
    message = error_of(path, inline_byte=61, crossline_byte=65).message
    assert "positions for 30 traces" in message


def test_bytes_that_leave_most_positions_empty_are_warned_of(tmp_path):
    # Channels 1 to 30 where crossline numbers are expected: each inline has its own five.
    path = small(words={13: (np.arange(1, 31), "i4")}).write(tmp_path / "a.sgy")
    with pytest.warns(UserWarning, match=r"bytes 189/13 leave 83% of 6 x 30 positions"):
        assert open_volume(path, inline_byte=189, crossline_byte=13).shape == (6, 30, 30)
    with warnings.catch_warnings(action="error"):
        assert open_volume(path, inline_byte=189, crossline_byte=193).shape == (6, 5, 30)


@pytest.mark.parametrize(
    "options",
    [
        {"inline_byte": 189},
        {"inline_byte": 0, "crossline_byte": 5},
        {"inline_byte": 238, "crossline_byte": 5},
        {"x_byte": 3},
        {"endian": "middle"},
        {"duplicates": "median"},
        {"sample_format": "ibn"},
        {"sample_format": 4},
        {"sample_interval": 0},
        {"sample_interval": float("nan")},
        {"cdp_byte": 21, "inline_byte": 189, "crossline_byte": 193},
        {"iline_byte": 189},
    ],
)
def test_impossible_options(tmp_path, options):
    path = small().write(tmp_path / "a.sgy")
    with pytest.raises(UsageError):
        open_volume(path, **options)


def test_a_byte_order_forced_wrongly_is_an_error(tmp_path):
    error_of(small().write(tmp_path / "a.sgy"), endian="little")


def test_a_file_that_shrinks_while_it_is_open(tmp_path):
    from geointerp.errors import DataError

    path = small().write(tmp_path / "a.sgy")
    volume = open_volume(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match="has become shorter"):
        volume.load()


def test_line_numbers_far_from_the_rest_are_named(tmp_path):
    path = Written(*grid(np.array([1, 2, 3, 1_000_000]), np.arange(5))).write(tmp_path / "a.sgy")
    error = error_of(path)
    assert "189/193 span 1000000 x 5 = 5000000 positions for 20 traces" in error.message
    assert "far from the rest" in error.hint
