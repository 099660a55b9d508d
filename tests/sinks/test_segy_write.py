"""SEG-Y that is written is read back, by geointerp, by segyio and by its byte offsets."""

import numpy as np
import pytest
import segyio

from geointerp.errors import OutputError
from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_volume

INLINES, CROSSLINES = np.arange(100, 110, 2), np.arange(300, 304)
LINES = {"inlines": INLINES, "crosslines": CROSSLINES, "sample_interval_ms": 2.5}


def amplitudes(samples=20):
    return (1000 * np.random.default_rng(0).normal(size=(5, 4, samples))).astype(np.float32)


def word(content: bytes, byte: int, width: int = 2) -> int:
    return int.from_bytes(content[byte - 1 : byte - 1 + width], "big", signed=True)


@pytest.mark.parametrize(("code", "tolerance"), [(1, 2**-20), (5, 0), (8, 0)])
def test_read_back(tmp_path, code, tolerance):
    values = np.clip(np.rint(amplitudes() / 100), -128, 127) if code == 8 else amplitudes()
    values[1, 2] = np.nan
    path = tmp_path / "a.sgy"
    write_survey(path, values, **LINES, delay_ms=40, sample_format=code)
    volume = open_volume(path)
    assert volume["inline"].values.tolist() == INLINES.tolist()
    assert volume["crossline"].values.tolist() == CROSSLINES.tolist()
    assert volume["time"].values.tolist() == (40 + 2.5 * np.arange(20)).tolist()
    np.testing.assert_allclose(volume.values, values, rtol=tolerance)
    assert not volume["trace_mask"].values[1, 2]
    assert int(volume["trace_mask"].sum()) == 19


@pytest.mark.parametrize("code", [1, 5, 8])
def test_segyio_reads_a_regular_cube(tmp_path, code):
    values = np.rint(amplitudes() / 100).clip(-128, 127)
    write_survey(tmp_path / "a.sgy", values, **LINES, sample_format=code)
    with segyio.open(tmp_path / "a.sgy") as file:
        assert file.ilines.tolist() == INLINES.tolist()
        assert file.xlines.tolist() == CROSSLINES.tolist()
        assert segyio.tools.dt(file) == 2500
        np.testing.assert_array_equal(segyio.tools.cube(file), values)


def test_every_header_word_that_other_programs_need(tmp_path):
    x, y = np.meshgrid(np.arange(4) * 25 + 600000.25, np.arange(5) * 50 + 6000000.5)
    write_survey(
        tmp_path / "a.sgy", amplitudes(), **LINES, delay_ms=8, cdp_x=x, cdp_y=y, text_lines=("ONE", "TWO")
    )
    content = (tmp_path / "a.sgy").read_bytes()
    assert len(content) == 3600 + 20 * (240 + 80)
    text = content[:3200].decode("cp037")
    assert text.startswith("C 1 ONE".ljust(80) + "C 2 TWO")
    assert "SEG Y REV1" in text
    assert [word(content, byte) for byte in (3217, 3221, 3225, 3501, 3503)] == [2500, 20, 5, 0x0100, 1]
    trace = content[3600 + 7 * 320 :]
    assert [word(trace, byte) for byte in (29, 71, 109, 115, 117)] == [1, -100, 8, 20, 2500]
    assert [word(trace, byte, 4) for byte in (1, 5, 189, 193)] == [4, 8, 102, 303]
    assert [word(trace, byte, 4) for byte in (181, 185)] == [60007525, 600005050]
    np.testing.assert_allclose(open_volume(tmp_path / "a.sgy")["cdp_x"], x)


@pytest.mark.parametrize(("largest", "scalar"), [(1e6, -100), (1e8, -10), (2e9, 1)])
def test_the_coordinate_scalar_leaves_room(tmp_path, largest, scalar):
    x = np.linspace(0, largest, 20).round().reshape(5, 4)
    write_survey(tmp_path / "a.sgy", amplitudes(), **LINES, cdp_x=x, cdp_y=x)
    assert word((tmp_path / "a.sgy").read_bytes(), 3600 + 71) == scalar
    np.testing.assert_array_equal(open_volume(tmp_path / "a.sgy")["cdp_x"], x)


def test_coordinates_of_its_own(tmp_path):
    write_survey(tmp_path / "a.sgy", amplitudes(), **LINES)
    volume = open_volume(tmp_path / "a.sgy")
    assert float(volume["cdp_x"].max()) == 75
    assert float(volume["cdp_y"].max()) == 200


def test_ibm_floats_of_every_magnitude(tmp_path):
    """Powers of two and their neighbours, where a fraction is carried to the next power of 16."""
    exact = np.float32(2.0) ** np.arange(-100, 100, dtype=np.float32)
    values = np.concatenate([exact, -exact, np.nextafter(exact, np.float32(0)), [0.0]]).astype(np.float32)
    write_survey(
        tmp_path / "a.sgy",
        values.reshape(1, 1, -1),
        inlines=[1],
        crosslines=[1],
        sample_interval_ms=4,
        sample_format=1,
    )
    read = open_volume(tmp_path / "a.sgy", sample_format=1).values.ravel()
    np.testing.assert_allclose(read, values, rtol=2**-20)
    np.testing.assert_array_equal(read[:400], values[:400])


def test_lazy_amplitudes_are_read_one_inline_at_a_time(tmp_path):
    asked = []

    class Lazy:
        shape = (5, 4, 20)

        def __getitem__(self, index):
            asked.append(index)
            return amplitudes()[index]

    write_survey(tmp_path / "a.sgy", Lazy(), **LINES)
    assert asked == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(open_volume(tmp_path / "a.sgy").values, amplitudes())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_interval_ms": 0}, "sample interval"),
        ({"sample_interval_ms": 0.0001}, "sample interval"),
        ({"sample_interval_ms": 40}, "sample interval"),
        ({"delay_ms": 2.5}, "delay"),
        ({"sample_format": 3}, "sample format 3"),
        ({"sample_format": 8}, "int8"),
        ({"inlines": [1, 2]}, "2 inlines and 4 crosslines"),
        ({"cdp_x": np.zeros((4, 5)), "cdp_y": np.zeros((4, 5))}, "coordinates of shape"),
        ({"cdp_x": np.full((5, 4), 1e10), "cdp_y": np.zeros((5, 4))}, "too large"),
    ],
)
def test_what_has_no_room_in_segy(tmp_path, change, message):
    with pytest.raises(OutputError, match=message):
        write_survey(tmp_path / "a.sgy", amplitudes(), **(LINES | change))
    assert list(tmp_path.iterdir()) == []


def test_a_trace_with_holes_is_refused_and_nothing_stays(tmp_path):
    values = amplitudes()
    values[3, 1, 5] = np.nan
    with pytest.raises(OutputError, match="inline 106"):
        write_survey(tmp_path / "a.sgy", values, **LINES)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_stays_when_writing_fails(tmp_path):
    (tmp_path / "a.sgy").write_text("precious")
    with pytest.raises(OutputError):
        write_survey(tmp_path / "a.sgy", amplitudes() * np.nan ** np.eye(20)[0], **LINES)
    assert (tmp_path / "a.sgy").read_text() == "precious"


def test_no_such_folder(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_survey(tmp_path / "none" / "a.sgy", amplitudes(), **LINES)
