"""Labels written with the headers of their survey: every byte of these is held against the template's."""

import numpy as np
import pytest
import segyio
import xarray as xr
from sources.segy_files import WIDTHS, Written, grid

from geointerp.errors import DataError
from geointerp.sinks.segy_labels import write_segy_labels
from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_label_file, open_volume

LINES = grid(np.arange(100, 112, 2), np.arange(300, 307))
REAL = {
    "31_81_PR.sgy": ">",
    "F3_very_small.sgy": ">",
    "ex1_missing_traces_75x71x26.segy": ">",
    "f3-ebcidctest.sgy": ">",
    "f3-lsb.sgy": "<",
    "f3-withdead.sgy": ">",
    "f3.sgy": ">",
    "f3_sparse.sgy": ">",
    "penobscot_xl1155.sgy": ">",
}


def labels_of(volume, region=None):
    """Random labels with the coordinates of a volume, as predict returns them."""
    volume = volume.sel(region or {})
    values = np.random.default_rng(5).integers(0, 2, volume.shape, dtype=np.uint8)
    values[~volume["trace_mask"].values] = 255
    attrs = {"flag_meanings": "background fault"}
    labels = xr.DataArray(values, volume.drop_vars("trace_mask").coords, volume.dims, attrs=attrs)
    return xr.Dataset({"labels": labels, "trace_mask": volume["trace_mask"]})


def split(path, samples, width, first=3600, header=240):
    """File header, trace headers (traces, bytes) and stored samples (traces, bytes)."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    traces = content[first:].reshape(-1, header + samples * width)
    return content[:first], traces[:, :header], traces[:, header:]


def changed_bytes(before, after):
    """The bytes that differ, counted from 1."""
    return set((np.flatnonzero(before != after) + 1).tolist())


def assert_same_headers(template, written, samples, widths, first=3600, header=240):
    """All bytes are kept but one line of text and the format code; returns the samples that were stored."""
    head, headers, _ = split(template, samples, widths[0], first, header)
    new_head, new_headers, stored = split(written, samples, widths[1], first, header)
    np.testing.assert_array_equal(headers, new_headers)
    text = {byte for byte in changed_bytes(head, new_head) if byte <= 3200}
    assert len({(byte - 1) // 80 for byte in text}) == 1
    assert changed_bytes(head, new_head) - text <= {3225, 3226}
    return stored


@pytest.mark.parametrize(("form", "kind"), [(1, None), (5, "f4"), (8, "i1")])
@pytest.mark.parametrize("endian", [">", "<"])
@pytest.mark.parametrize("unsorted", [False, True])
def test_headers_stay_and_labels_come_back(tmp_path, form, kind, endian, unsorted):
    order = np.random.default_rng(2).permutation(42) if unsorted else np.arange(42)
    order = order[order != 17]
    template = Written(
        LINES[0][order],
        LINES[1][order],
        sample_format=3,
        endian=endian,
        extended_text=2,
        words={73: (np.arange(41) * 100, "i4"), 77: (7, "i4"), 231: (np.arange(41), "i4"), 109: (200, "i2")},
    ).write(tmp_path / "a.sgy")
    volume = open_volume(template)
    labels = labels_of(volume)
    labels["labels"][1, 2] = 255
    out = tmp_path / "b.sgy"
    write_segy_labels(labels.chunk(inline=4), out, template=template, sample_format=form)
    stored = assert_same_headers(template, out, 30, (2, WIDTHS[form]), first=3600 + 6400)
    again = open_volume(out)
    expected = labels["labels"].values.astype(np.float32)
    expected[expected == 255] = -1 if form == 8 else 255
    np.testing.assert_array_equal(again.values[volume["trace_mask"]], expected[volume["trace_mask"]])
    np.testing.assert_array_equal(again["trace_mask"], volume["trace_mask"])
    for name in ("inline", "crossline", "time", "cdp_x", "cdp_y"):
        np.testing.assert_array_equal(again[name], volume[name])
    np.testing.assert_array_equal(open_label_file(out), labels["labels"].where(volume["trace_mask"]))
    if kind:
        raw = stored.view(f"{endian}{kind}")[np.argsort(order)]
        np.testing.assert_array_equal(raw, expected[volume["trace_mask"]])


def test_segyio_opens_it_strictly(tmp_path):
    template = Written(*LINES, sample_format=1).write(tmp_path / "a.sgy")
    labels = labels_of(open_volume(template))
    for form in (1, 5, 8):
        write_segy_labels(labels, tmp_path / "b.sgy", template=template, sample_format=form)
        with segyio.open(tmp_path / "b.sgy") as file:
            np.testing.assert_array_equal(segyio.tools.cube(file), labels["labels"].values)
            assert int(file.format) == form


@pytest.mark.parametrize("name", REAL)
def test_real_surveys_keep_their_headers(tmp_path, real_data, name):
    template, out = real_data / "seismic" / name, tmp_path / "b.sgy"
    volume = open_volume(template)
    labels = labels_of(volume)
    write_segy_labels(labels, out, template=template)
    with template.open("rb") as file:
        code = int.from_bytes(file.read(3226)[3224:], "big" if REAL[name] == ">" else "little")
    samples = volume.shape[-1]
    stored = assert_same_headers(template, out, samples, (WIDTHS[code], 4)).view(f"{REAL[name]}f4")
    again = open_volume(out)
    mask = volume["trace_mask"].values
    assert len(stored) == mask.sum()
    np.testing.assert_array_equal(again["trace_mask"], mask)
    np.testing.assert_array_equal(again.values[mask], labels["labels"].values[mask])
    for dim in volume.coords:
        np.testing.assert_array_equal(again[dim], volume[dim])
    assert "GEOINTERP" in again.attrs["segy"]["text_header"]
    assert again.attrs["segy"]["text_encoding"] == volume.attrs["segy"]["text_encoding"]


@pytest.mark.parametrize("interval", [0.001, 0.02])
@pytest.mark.parametrize("last", [None, 20])
def test_samples_a_microsecond_apart(tmp_path, interval, last):
    """As of acoustic models in a tank: each sample is found, and those of another interval are not."""
    values = np.random.default_rng(0).normal(size=(4, 5, 30)).astype(np.float32)
    lines = {"inlines": np.arange(4) + 1, "crosslines": np.arange(5) + 1}
    write_survey(tmp_path / "a.sgy", values, **lines, sample_interval_ms=interval)
    labels = labels_of(open_volume(tmp_path / "a.sgy")).isel(time=slice(last))
    write_segy_labels(labels, tmp_path / "b.sgy", template=tmp_path / "a.sgy")
    again = open_volume(tmp_path / "b.sgy")
    np.testing.assert_array_equal(again.values, labels["labels"].values)
    np.testing.assert_array_equal(again["time"], labels["time"])
    between = labels.assign_coords(time=labels["time"] + interval / 2)
    with pytest.raises(DataError, match="is another survey"):
        write_segy_labels(between, tmp_path / "c.sgy", template=tmp_path / "a.sgy")


def test_a_region_keeps_its_traces_and_its_time(tmp_path):
    template = Written(*LINES, words={109: (200, "i2")}).write(tmp_path / "a.sgy")
    region = {"inline": slice(104, 108), "crossline": slice(302, 305), "time": slice(212, 260)}
    labels = labels_of(open_volume(template), region)
    out = tmp_path / "b.sgy"
    write_segy_labels(labels, out, template=template)
    again = open_volume(out)
    assert again.shape == (3, 4, 13)
    np.testing.assert_array_equal(again.values, labels["labels"].values)
    for dim in ("inline", "crossline", "time"):
        np.testing.assert_array_equal(again[dim], labels[dim])
    head, headers, _ = split(template, 30, 4)
    new_head, new_headers, _ = split(out, 13, 4)
    assert {byte for byte in changed_bytes(head, new_head) if byte > 3200} == {3222}
    kept = [row * 7 + column for row in (2, 3, 4) for column in (2, 3, 4, 5)]
    assert changed_bytes(headers[kept][0], new_headers[0]) == {109, 110, 116} - {109}
    with segyio.open(out) as file:
        assert file.samples.tolist() == again["time"].values.tolist()


def test_a_time_between_milliseconds_gets_a_scalar(tmp_path):
    template = Written(*LINES, interval=2500, words={109: (40, "i2")}).write(tmp_path / "a.sgy")
    labels = labels_of(open_volume(template), {"time": slice(42.4, 60)})
    write_segy_labels(labels, tmp_path / "b.sgy", template=template)
    assert open_volume(tmp_path / "b.sgy")["time"].values.tolist() == labels["time"].values.tolist()
    assert labels["time"].values[0] == 42.5


@pytest.mark.parametrize("scalars", [(0, -10), (-10, 0), (12345, -10)])
def test_a_region_has_its_time_whatever_the_scalars_of_single_traces(tmp_path, scalars):
    """The first trace is dead, and its header need not be that of the others."""
    dead, live = scalars
    first = np.arange(42) == 0
    words = {
        29: (np.where(first, 2, 1), "i2"),
        109: (np.where(first, 0, 40), "i2"),
        215: (np.where(first, dead, live), "i2"),
    }
    template = Written(*LINES, words=words).write(tmp_path / "a.sgy")
    volume = open_volume(template)
    labels = labels_of(volume, {"time": slice(float(volume["time"][3]), None)})
    write_segy_labels(labels, tmp_path / "b.sgy", template=template)
    assert open_volume(tmp_path / "b.sgy")["time"].values.tolist() == labels["time"].values.tolist()


def test_a_text_header_without_a_blank_line_loses_its_38th(tmp_path):
    text = "".join(f"C{number:2d} LINE {number}".ljust(80) for number in range(1, 41))
    template = Written(*LINES, text=text, ascii_text=True).write(tmp_path / "a.sgy")
    write_segy_labels(labels_of(open_volume(template)), tmp_path / "b.sgy", template=template, title="MINE")
    lines = open_volume(tmp_path / "b.sgy").attrs["segy"]["text_header"].split("\n")
    assert lines[37].startswith("C38 GEOINTERP")
    assert "MINE: 255 NO DATA; 0 BACKGROUND 1 FAULT" in lines[37]
    assert [line for line in lines if line != lines[37]] == [
        text[start : start + 80] for start in range(0, 3200, 80) if start != 37 * 80
    ]


def test_another_survey_is_refused_with_both_numbers(tmp_path):
    template = Written(*LINES).write(tmp_path / "a.sgy")
    volume = open_volume(template)
    labels = labels_of(volume)
    moved = labels.assign_coords(inline=labels["inline"] + 1)
    with pytest.raises(DataError, match=r"its 6 inline values run from 100 to 110, the labels' 6 from 101"):
        write_segy_labels(moved, tmp_path / "b.sgy", template=template)
    fewer = Written(LINES[0][:-1], LINES[1][:-1]).write(tmp_path / "c.sgy")
    with pytest.raises(DataError, match=r"41 traces lie where the labels have 42"):
        write_segy_labels(labels, tmp_path / "b.sgy", template=fewer)
    line = labels.isel(inline=0, drop=True).rename(crossline="cdp")
    with pytest.raises(DataError, match="dimensions"):
        write_segy_labels(line, tmp_path / "b.sgy", template=template)


def test_labels_with_gaps_in_time_are_refused(tmp_path):
    template = Written(*LINES).write(tmp_path / "a.sgy")
    labels = labels_of(open_volume(template)).isel(time=slice(None, None, 2))
    with pytest.raises(DataError, match="15 time samples, not all that lie between"):
        write_segy_labels(labels, tmp_path / "b.sgy", template=template)


def test_a_mask_may_have_its_dimensions_in_another_order(tmp_path):
    template = Written(*LINES).write(tmp_path / "a.sgy")
    labels = labels_of(open_volume(template))
    turned = labels.assign(trace_mask=labels["trace_mask"].transpose())
    write_segy_labels(turned, tmp_path / "b.sgy", template=template)
    np.testing.assert_array_equal(open_volume(tmp_path / "b.sgy").values, labels["labels"].values)


def test_a_cut_of_revision_2_says_what_it_holds(tmp_path):
    words = {3513: (42, "u8"), 3529: (1, "i4"), 3273: (4000.0, "f8")}
    template = Written(*LINES, revision=b"\x02\x00", binary_words=words).write(tmp_path / "a.sgy")
    template.write_bytes(template.read_bytes() + b"\x40" * 3200)
    labels = labels_of(open_volume(template), {"inline": slice(104, 108)})
    out = tmp_path / "b.sgy"
    write_segy_labels(labels, out, template=template)
    head = out.read_bytes()[:3600]
    assert int.from_bytes(head[3512:3520], "big") == labels["trace_mask"].sum()
    assert int.from_bytes(head[3528:3532], "big") == 0
    np.testing.assert_array_equal(open_volume(out).values, labels["labels"].values)
    labels = labels_of(open_volume(template, sample_interval=2.5))
    write_segy_labels(labels, out, template=template, sample_interval=2.5)
    np.testing.assert_array_equal(open_volume(out)["time"], np.arange(30) * 2.5)


def test_an_interval_without_room_is_refused(tmp_path):
    template = Written(*LINES).write(tmp_path / "a.sgy")
    labels = labels_of(open_volume(template, sample_interval=40))
    with pytest.raises(DataError, match="no room for a sample interval of 40"):
        write_segy_labels(labels, tmp_path / "b.sgy", template=template, sample_interval=40)


def test_an_interval_in_metres_is_written_in_the_feet_of_the_file(tmp_path):
    words = {3255: (2, "i2")}
    template = Written(*LINES, text="C 1 DOMAIN: DEPTH", binary_words=words).write(tmp_path / "a.sgy")
    labels = labels_of(open_volume(template, sample_interval=5))
    write_segy_labels(labels, tmp_path / "b.sgy", template=template, sample_interval=5)
    np.testing.assert_allclose(open_volume(tmp_path / "b.sgy")["depth"], labels["depth"], rtol=1e-4)


def test_an_interval_that_was_given_is_written(tmp_path):
    template = Written(*LINES, interval=0).write(tmp_path / "a.sgy")
    labels = labels_of(open_volume(template, sample_interval=2))
    write_segy_labels(labels, tmp_path / "b.sgy", template=template, sample_interval=2)
    assert open_volume(tmp_path / "b.sgy")["time"].values.tolist() == labels["time"].values.tolist()
