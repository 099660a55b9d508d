"""Every trace of every real file, against a reader of numpy alone."""

from pathlib import Path

import numpy as np
import pytest
from segy_files import assert_every_trace, header_word, read_every_trace

from geointerp.errors import PrestackError
from geointerp.sources.open import open_volume

LINES = (189, 193)


@pytest.mark.parametrize(
    ("name", "code", "endian", "line_bytes", "shape", "ends", "interval", "present"),
    [
        ("penobscot_xl1155.sgy", 1, ">", LINES, (601, 1, 1501), (1000, 1600, 1155, 1155, 0, 6000), 4, 601),
        ("31_81_PR.sgy", 1, ">", (21,), (534, 1501), (101, 634, 0, 6000), 4, 534),
        ("F3_very_small.sgy", 1, ">", LINES, (11, 11, 463), (200, 210, 400, 410, 0, 1848), 4, 121),
        ("f3_sparse.sgy", 1, ">", LINES, (23, 26, 36), (200, 640, 700, 1200, 400, 1100), 20, 598),
        ("f3.sgy", 3, ">", LINES, (23, 18, 75), (111, 133, 875, 892, 4, 300), 4, 414),
        ("f3-lsb.sgy", 3, "<", LINES, (23, 18, 75), (111, 133, 875, 892, 4, 300), 4, 414),
        ("f3-withdead.sgy", 1, ">", LINES, (23, 18, 75), (111, 133, 875, 892, 4, 300), 4, 239),
        ("f3-ebcidctest.sgy", 1, ">", LINES, (2, 100, 463), (105, 106, 300, 399, 0, 1848), 4, 200),
        (
            "ex1_missing_traces_75x71x26.segy",
            5,
            ">",
            LINES,
            (75, 71, 26),
            (11352, 11500, 2442, 2582, 0, 100),
            4,
            4938,
        ),
    ],
)
def test_every_trace_is_where_its_header_says(
    real_data, name, code, endian, line_bytes, shape, ends, interval, present
):
    path = real_data / "seismic" / name
    volume = open_volume(path)
    lines = ("inline", "crossline") if len(line_bytes) == 2 else ("cdp",)
    assert volume.dims == (*lines, "time")
    assert volume.shape == shape
    assert tuple(float(volume[dim][end]) for dim in volume.dims for end in (0, -1)) == ends
    assert np.allclose(np.diff(volume["time"]), interval)
    assert int(volume["trace_mask"].sum()) == present
    traces = read_every_trace(path, samples=shape[-1], code=code, endian=endian)
    assert len(traces) == present
    assert_every_trace(volume, traces, line_bytes, endian)
    assert volume.attrs["segy"]["endianness"] == {">": "big", "<": "little"}[endian]


def test_coordinates_have_their_scalar_applied(real_data):
    path = real_data / "seismic" / "F3_very_small.sgy"
    volume = open_volume(path)
    for header, _ in read_every_trace(path, samples=463, code=1):
        trace = volume.sel(inline=header_word(header, 189), crossline=header_word(header, 193))
        assert header_word(header, 71, width=2) == -10
        assert float(trace["cdp_x"]) == header_word(header, 181) / 10
        assert float(trace["cdp_y"]) == header_word(header, 185) / 10


def test_coordinates_that_are_the_same_for_all_traces_are_none(real_data):
    volume = open_volume(real_data / "seismic" / "31_81_PR.sgy")
    assert np.isnan(volume["cdp_x"]).all()
    assert np.isnan(volume["cdp_y"]).all()


def test_missing_traces_have_no_coordinates(real_data):
    volume = open_volume(real_data / "seismic" / "f3-withdead.sgy")
    np.testing.assert_array_equal(np.isnan(volume["cdp_x"]), ~volume["trace_mask"])


def test_little_endian_and_big_endian_copies_agree(real_data):
    little, big = (open_volume(real_data / "seismic" / name) for name in ("f3-lsb.sgy", "f3.sgy"))
    np.testing.assert_array_equal(little.values, big.values)
    np.testing.assert_array_equal(little["cdp_x"], big["cdp_x"])


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("penobscot_xl1155.sgy", "ASCII"), ("31_81_PR.sgy", "EBCDIC"), ("f3-lsb.sgy", "EBCDIC")],
)
def test_text_header_is_readable(real_data, name, encoding):
    about = open_volume(real_data / "seismic" / name).attrs["segy"]
    assert about["text_encoding"] == encoding
    assert about["text_header"].startswith("C")
    assert "�" not in about["text_header"]


def test_prestack_shots_are_refused(real_data):
    with pytest.raises(
        PrestackError, match=r"viking_small\.segy is prestack: .* offset \(byte 37\)"
    ) as caught:
        open_volume(real_data / "seismic" / "viking_small.segy")
    assert "at CDP" in caught.value.message
    assert "stack" in str(caught.value.hint)


def test_source_is_recorded(real_data: Path):
    import hashlib

    path = real_data / "seismic" / "f3.sgy"
    content = path.read_bytes()
    headers = b"".join(content[start : start + 240] for start in range(3600, len(content), 390))
    volume = open_volume(path)
    assert volume.attrs["source"] == str(path)
    assert volume.attrs["source_size"] == 165060
    assert volume.attrs["source_headers_sha256"] == hashlib.sha256(content[:3600] + headers).hexdigest()
    assert volume.attrs["format"] == "SEG-Y"
