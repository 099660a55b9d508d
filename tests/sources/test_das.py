"""DAS files and folders of them, against h5py, numpy and dascore itself."""

import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from das_files import START, noise, write_dasdae

from geointerp.errors import DataError, GeointerpError, UsageError
from geointerp.sources.das import reading
from geointerp.sources.das.recording import join
from geointerp.sources.das.scan import Piece, _units
from geointerp.sources.describe import describe
from geointerp.sources.open import open_volume

pytest.importorskip("dascore", reason="dascore is not installed")

MS = np.timedelta64(1, "ms")


@pytest.mark.parametrize("dims", [("distance", "time"), ("time", "distance")])
def test_dims_are_put_in_order_and_every_window_is_exact(tmp_path, dims):
    values = noise(7, 90)
    volume = open_volume(write_dasdae(tmp_path / "a.h5", values, dims=dims))
    assert volume.dims == ("distance", "time")
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume.values, values)
    for window in (np.s_[2:5, 17:40], np.s_[:, 89:], np.s_[6, ::7], np.s_[::3, 0], np.s_[[5, 1], 3:9]):
        np.testing.assert_array_equal(volume[window].values, values[window])
    np.testing.assert_array_equal(volume["distance"], 100 + 5.0 * np.arange(7))
    np.testing.assert_array_equal(volume["time"], START + np.arange(90) * 2 * MS)


def test_units_are_kept_and_unknown_ones_said(tmp_path):
    known = open_volume(write_dasdae(tmp_path / "a.h5", noise(3, 9)))
    unknown = open_volume(write_dasdae(tmp_path / "b.h5", noise(3, 9), units=None))
    assert known.attrs["units"] == "m/s"
    assert unknown.attrs["units"] == "unknown"
    assert known["distance"].attrs["units"] == "m"
    assert known.attrs["das"]["sampling_hz"] == 500


def test_time_from_zero_is_in_seconds(tmp_path):
    time = np.arange(50) * 0.004
    volume = open_volume(write_dasdae(tmp_path / "a.h5", noise(3, 50), time=time))
    assert volume["time"].dtype == np.float64
    assert volume["time"].attrs["units"] == "s"
    np.testing.assert_allclose(volume["time"], time, atol=1e-12)


def test_an_uneven_time_axis_is_refused(tmp_path):
    time = START + np.array([0, 2, 4, 9, 11]) * MS
    with pytest.raises(DataError, match="not evenly spaced along time"):
        open_volume(write_dasdae(tmp_path / "a.h5", noise(3, 5), time=time))


def test_complex_samples_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds complex64"):
        open_volume(write_dasdae(tmp_path / "a.h5", noise(3, 5).astype(np.complex64)))


def folder_of(tmp_path: Path, starts, values, **options) -> Path:
    """Write pieces of a recording that begin at some samples, in an order other than that of their names."""
    folder = tmp_path / "recording"
    folder.mkdir()
    for number, (start, piece) in enumerate(zip(starts, values, strict=True)):
        write_dasdae(folder / f"{9 - number}.h5", piece, start=START + start * 2 * MS, **options)
    return folder


def test_a_folder_is_one_recording_in_time_order(tmp_path):
    pieces = [noise(4, size, size) for size in (50, 30, 40)]
    folder = folder_of(tmp_path, (0, 50, 80), pieces)
    (folder / "notes.txt").write_text("about the fibre")
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    volume = open_volume(folder)
    np.testing.assert_array_equal(volume.values, np.concatenate(pieces, axis=1))
    np.testing.assert_array_equal(volume[1:3, 45:85].values, np.concatenate(pieces, axis=1)[1:3, 45:85])
    np.testing.assert_array_equal(volume["time"], START + np.arange(120) * 2 * MS)
    assert volume.chunks == ((4,), (50, 30, 40))
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_a_gap_is_nan_on_a_regular_axis(tmp_path):
    pieces = [noise(4, 50, 1), noise(4, 30, 2)]
    volume = open_volume(folder_of(tmp_path, (0, 65), pieces))
    assert volume.shape == (4, 95)
    assert np.isnan(volume[:, 50:65].values).all()
    np.testing.assert_array_equal(volume[:, :50].values, pieces[0])
    np.testing.assert_array_equal(volume[:, 65:].values, pieces[1])
    np.testing.assert_array_equal(volume["time"], START + np.arange(95) * 2 * MS)
    assert volume.attrs["das"]["gaps"] == [{"after": "9.h5", "samples": 15}]


def test_a_step_rounded_in_each_file_does_not_run_away_from_the_clock(tmp_path):
    step = np.timedelta64(500_000, "ns")  # the clock's is 500,000.4 ns
    folder = tmp_path / "recording"
    folder.mkdir()
    for number in range(6):
        start = START + np.timedelta64(round(number * 1000 * 500_000.4), "ns")
        write_dasdae(folder / f"{number}.h5", noise(2, 1000, number), start=start, step=step)
    volume = open_volume(folder)
    assert volume.shape == (2, 6000)
    assert volume["time"].values[5000] == START + np.timedelta64(2_500_002_000, "ns")
    assert np.ptp(np.diff(volume["time"].values)) <= np.timedelta64(1, "ns")


@pytest.mark.parametrize("hertz", [6000, 3000, 1500.5])
@pytest.mark.parametrize("late", [0, 12_000])
def test_a_step_of_no_whole_nanoseconds_makes_neither_gap_nor_overlap(hertz, late):
    """Files of five minutes: the step, rounded, is up to half a nanosecond off, 300,000 times and more."""
    samples = round(300 * hertz)
    step = np.timedelta64(round(1e9 / hertz), "ns")
    begins = [0, samples, 2 * samples + late]
    pieces = [
        Piece(Path(f"{n}.h5"), "DASDAE", "1", START + np.timedelta64(round(first * 1e9 / hertz), "ns"), step,
              samples, 4, 0.0, 15.0, 5.0, {})
        for n, first in enumerate(begins)
    ]  # fmt: skip
    starts, time = join(pieces)
    np.testing.assert_allclose(starts, begins, atol=1 if late and hertz % 1 else 0)
    assert time.size == starts[-1] + samples


def test_channels_may_run_backwards(tmp_path):
    import dascore

    values = noise(5, 40)
    coords = {"distance": 100 - 5.0 * np.arange(5), "time": START + np.arange(40) * 2 * MS}
    patch = dascore.Patch(data=values, coords=coords, dims=("distance", "time"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.io.write(tmp_path / "a.h5", "dasdae")
    volume = open_volume(tmp_path / "a.h5")
    for distance, row in zip(coords["distance"], values, strict=True):
        np.testing.assert_array_equal(volume.sel(distance=distance).values, row)


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        ({"values": noise(5, 30)}, "4 and 5 channels"),
        ({"step": np.timedelta64(4, "ms")}, "sampled every 2 ms and 4 ms"),
        ({"first_distance": 150.0}, "distance of 100 and 150"),
        ({"first_distance": 115.0, "distance_step": -5.0}, r"spaced by 5 and -5$"),
        ({"distance_step": 5.001}, r"spaced by 5 and 5\.001$"),
        ({"distance_units": "ft"}, "distances in m and ft"),
        ({"units": "strain/s"}, "in m/s and"),
        ({"start": START + 80 * MS}, r"2\.h5 begins at .* before .*1\.h5 ends"),
        ({"start": START}, r"begins at .* before .* ends"),
    ],
)
def test_files_that_are_no_parts_of_one_recording(tmp_path, second, wrong):
    write_dasdae(tmp_path / "1.h5", noise(4, 50))
    options = {"values": noise(4, 30), "start": START + 100 * MS} | second
    write_dasdae(tmp_path / "2.h5", **options)
    with pytest.raises(DataError, match=wrong) as caught:
        open_volume(tmp_path)
    assert "1.h5" in str(caught.value)
    assert "2.h5" in str(caught.value)


def stretch(name, start, samples=60_000, **options):
    """A stretch of a recording at 1 kHz, as a scan finds it."""
    place = {"channels": 4, "first_distance": 0.0, "last_distance": 15.0, "distance_step": 5.0} | options
    return Piece(
        path=Path(name), file_format="DASDAE", file_version="1", start=start, step=MS, samples=samples,
        facts={}, **place,
    )  # fmt: skip


def test_triggered_files_far_apart_are_no_one_recording():
    """A year between two minutes would be an axis of 236 GiB; a short gap before it is not the one named."""
    minute, year = np.timedelta64(60_000, "ms"), np.timedelta64(365, "D")
    begun = {"a.h5": START, "b.h5": START + 2 * minute, "c.h5": START + 3 * minute + year}
    pieces = [stretch(name, start) for name, start in begun.items()]
    with pytest.raises(DataError, match=r"b\.h5 and c\.h5 lie 31536000000 samples apart, .* hold 180000"):
        join(pieces)


def test_a_long_gap_in_a_short_recording_is_still_an_axis():
    starts, time = join([stretch("a.h5", START), stretch("b.h5", START + 1_000_000 * MS)])
    assert (starts.tolist(), time.size) == ([0, 1_000_000], 1_060_000)
    np.testing.assert_array_equal(time, START + np.arange(1_060_000) * MS)


@pytest.mark.parametrize("channels", [0, 4])
def test_files_may_differ_in_the_rounding_of_distances(channels):
    last, step = 15.0 * (1 + 1e-8), 5.0 * (1 + 1e-8)
    other = stretch(
        "b.h5", START + 60_000 * MS, first_distance=1e-9, last_distance=last, distance_step=step,
        channels=channels,
    )  # fmt: skip
    starts, _ = join([stretch("a.h5", START, channels=channels), other])
    assert starts.tolist() == [0, 60_000]
    further = stretch("b.h5", START + 60_000 * MS, channels=channels, last_distance=15.001)
    with pytest.raises(DataError, match=r"end at a distance of 15 and 15\.001$"):
        join([stretch("a.h5", START, channels=channels), further])


def uneven(path, channels, samples=50, start=START):
    """A file whose channels lie at distances of one's choice."""
    import dascore

    coords = {"distance": np.array(channels, float), "time": start + np.arange(samples) * 2 * MS}
    patch = dascore.Patch(noise(len(channels), samples), coords, ("distance", "time"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.set_units("m/s", distance="m").io.write(path, "dasdae")


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        ([0, 1, 5, 9], None),
        ([0, 1, 9], "are not one recording: 4 and 3 channels"),
        ([0, 1, 3, 5, 9], "are not one recording: 4 and 5 channels"),
        ([0, 2, 5, 9], "are not one recording: channel 2 lies at 1 and 2"),
    ],
)
def test_unevenly_spaced_channels_are_compared_one_by_one(tmp_path, second, wrong):
    uneven(tmp_path / "a.h5", [0, 1, 5, 9])
    uneven(tmp_path / "b.h5", second, start=START + 100 * MS)
    if wrong is None:
        assert open_volume(tmp_path).shape == (4, 100)
    else:
        with pytest.raises(DataError, match=wrong):
            open_volume(tmp_path)


def test_strain_has_the_unit_1():
    from dascore.units import get_quantity

    assert _units(get_quantity("m/m")) == "1"
    assert _units(get_quantity("m/s")) == "m/s"


def test_a_link_that_leads_nowhere_is_no_silent_gap(tmp_path):
    write_dasdae(tmp_path / "a.h5", noise(3, 9))
    (tmp_path / "b.h5").symlink_to(tmp_path / "moved" / "b.h5")
    with pytest.raises(
        DataError, match=r"b\.h5 lies among files of a recording, but what it leads to is not"
    ):
        open_volume(tmp_path)


def test_of_two_recordings_in_one_file_neither_can_be_moved_elsewhere(tmp_path):
    piece = Piece(tmp_path / "a.h5", "f", "1", START, 2 * MS, 50, 7, 0.0, 6.0, 1.0, {})
    with pytest.raises(DataError, match=r"before .* ends") as caught:
        join([piece, piece])
    assert "the file holds several recordings" in caught.value.hint


def test_a_truncated_file_in_a_folder_is_named(tmp_path):
    write_dasdae(tmp_path / "1.h5", noise(40, 500))
    (tmp_path / "2.h5").write_bytes((tmp_path / "1.h5").read_bytes()[:5000])
    with pytest.raises(DataError, match=r"2\.h5"):
        open_volume(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_a_file_among_them_that_is_none_is_no_silent_gap(tmp_path, content):
    write_dasdae(tmp_path / "1.h5", noise(4, 50))
    write_dasdae(tmp_path / "3.h5", noise(4, 50), start=START + 200 * MS)
    (tmp_path / "2.HDF5").write_bytes(content)
    with pytest.raises(
        DataError, match=rf"2\.HDF5 lies among .* its {len(content)} bytes do not begin"
    ) as caught:
        open_volume(tmp_path)
    assert "move it elsewhere" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("kept", "wrong"),
    [
        (60, r"a\.tdms has 60 bytes, and as its head says, 2365440$"),
        (1_000_000, "has 1000000 bytes"),
        (2_365_440 - 100 * 2304, "has 2135040 bytes"),  # whole samples: a shorter recording to dascore
    ],
)
def test_a_truncated_tdms_file(real_data, tmp_path, kept, wrong):
    content = (real_data / "das" / "iDAS005_tdms_example.626.tdms").read_bytes()
    (tmp_path / "a.tdms").write_bytes(content[:kept])
    with pytest.raises(DataError, match=wrong) as caught:
        open_volume(tmp_path / "a.tdms").compute()
    assert "a.tdms" in str(caught.value)
    assert "truncated or still being written" in str(caught.value.hint)


def test_a_tdms_file_of_nothing_but_its_mark(tmp_path):
    (tmp_path / "a.tdms").write_bytes(b"TDSm" + bytes(60))
    with pytest.raises(DataError, match=r"a\.tdms .*DAS recording") as caught:
        open_volume(tmp_path / "a.tdms")
    assert "truncated or still being written" in str(caught.value.hint)


def test_a_folder_is_known_by_its_files(tmp_path):
    """The hash of the headers changes with a name, a size or a header, and with nothing else."""
    folder = folder_of(tmp_path, (0, 50, 80), [noise(4, size, size) for size in (50, 30, 40)])

    def known() -> str:
        return open_volume(folder).attrs["source_headers_sha256"]

    first = known()
    assert len(first) == 64
    (folder / "notes.txt").write_text("about the fibre")
    (folder / "9.h5").touch()
    assert known() == first
    (folder / "9.h5").rename(folder / "a.h5")
    renamed = known()
    (folder / "a.h5").unlink()
    fewer = known()
    write_dasdae(folder / "a.h5", noise(4, 45))
    assert len({first, renamed, fewer, known()}) == 4


def test_a_file_that_changes_while_it_is_open(tmp_path):
    volume = open_volume(write_dasdae(tmp_path / "a.h5", noise(4, 50)))
    (tmp_path / "a.h5").unlink()
    write_dasdae(tmp_path / "a.h5", noise(4, 40), start=START + 10 * MS)
    with pytest.raises(DataError, match=r"no longer holds 50 samples"):
        volume.values  # noqa: B018


class FaultyPartialReads:
    """Reads like dascore's Febus reader: whole files right, parts of them one sample late."""

    def __init__(self, read):
        self.read, self.partial, self.whole = read, 0, 0

    def __call__(self, path, *, time=None, **kind):
        kind = {"file_format": "DASDAE", "file_version": "1"}
        spool = self.read(path, **kind)
        if time is None:
            self.whole += 1
            return spool
        self.partial += 1
        coord = spool[0].get_coord("time")
        part = spool[0].select(time=time)
        first = int(np.searchsorted(coord.values, part.get_coord("time").values[0]))
        late = (
            spool[0]
            .transpose("distance", "time")
            .data[:, first + 1 : first + 1 + part.coord_shapes["time"][0]]
        )
        return [
            part.transpose("distance", "time").new(
                data=np.pad(late, ((0, 0), (0, part.coord_shapes["time"][0] - late.shape[1])))
            )
        ]


@pytest.fixture
def faulty(monkeypatch):
    import dascore

    reads = FaultyPartialReads(dascore.read)
    monkeypatch.setattr(dascore, "read", reads)
    return reads


def as_format(monkeypatch, name: str) -> None:
    import dascore

    scan = dascore.scan

    def renamed(path, **options):
        return [attrs.update(file_format=name, file_version="2") for attrs in scan(path, **options)]

    monkeypatch.setattr(dascore, "scan", renamed)


@pytest.mark.parametrize("name", ["febus", "Febus", "febus_mtx_h5"])
def test_febus_is_never_read_in_part(tmp_path, monkeypatch, faulty, name):
    values = noise(6, 400)
    path = write_dasdae(tmp_path / "a.h5", values)
    as_format(monkeypatch, name)
    volume = open_volume(path)
    np.testing.assert_array_equal(volume[2:4, 100:150].values, values[2:4, 100:150])
    np.testing.assert_array_equal(volume[:, 399:].values, values[:, 399:])
    assert faulty.partial == 0
    assert faulty.whole <= 2  # once for the channels, once for the samples, which are kept


def test_the_fault_would_be_seen_in_another_format(tmp_path, faulty):
    """The reader above is faulty indeed: without the rule for Febus its fault reaches the samples."""
    values = noise(6, 400)
    volume = open_volume(write_dasdae(tmp_path / "a.h5", values))
    assert not np.array_equal(volume[:, 100:150].values, values[:, 100:150])
    assert faulty.partial > 0


def test_a_partial_read_of_another_length_is_not_trusted(tmp_path, monkeypatch):
    """A selection that misses a sample at its end is noticed, and the file read whole instead."""
    import dascore

    values = noise(6, 400)
    path = write_dasdae(tmp_path / "a.h5", values)
    volume = open_volume(path)
    read = dascore.read

    def short(path, *, time=None, **kind):
        spool = read(path, time=time, **kind)
        return spool if time is None else [spool[0].select(time=(0, -1), samples=True)]

    monkeypatch.setattr(dascore, "read", short)
    np.testing.assert_array_equal(volume[:, 100:150].values, values[:, 100:150])


def test_threads_read_at_once(tmp_path):
    pieces = [noise(4, 200, seed) for seed in range(8)]
    volume = open_volume(folder_of(tmp_path, range(0, 1600, 200), pieces))
    parts = volume.data.compute(scheduler="threads", num_workers=8)
    np.testing.assert_array_equal(parts, np.concatenate(pieces, axis=1))


def test_options_of_others_are_refused(tmp_path):
    path = write_dasdae(tmp_path / "a.h5", noise(3, 9))
    with pytest.raises(UsageError, match="a DAS recording: --band chooses a band"):
        open_volume(path, band=1)
    with pytest.raises(UsageError, match="is not SEG-Y: --endian"):
        open_volume(path, endian="big")


def test_without_dascore_the_extra_is_named(tmp_path, monkeypatch):
    path = write_dasdae(tmp_path / "a.h5", noise(3, 9))
    (tmp_path / "a.tdms").write_bytes(b"TDSm" + bytes(60))
    monkeypatch.setitem(__import__("sys").modules, "dascore", None)
    for file in (path, tmp_path / "a.tdms"):
        with pytest.raises(GeointerpError, match="dascore") as caught:
            open_volume(file)
        assert "pip install 'geointerp[das]'" in str(caught.value.hint)


def test_described(tmp_path):
    facts = describe(write_dasdae(tmp_path / "a.h5", noise(3, 9)))
    assert facts["das"]["file_format"] == "DASDAE"
    assert facts["units"] == "m/s"
    assert facts["axes"]["time"] == {
        "first": "2024-05-01T10:00:00.000000000",
        "last": "2024-05-01T10:00:00.016000000",
        "step": 0.002,
        "count": 9,
        "units": "s",
    }


@pytest.mark.parametrize(
    ("name", "shape", "units", "kind"),
    [
        ("deformation_rate_event_1.hdf5", (225, 900), "m/s", "DASDAE"),
        ("dispersion_event.h5", (101, 2500), "m/s", "DASDAE"),
        ("iDAS005_tdms_example.626.tdms", (1152, 1000), "unknown", "TDMS"),
        ("silixa_h5_1.hdf5", (3840, 100), "unknown", "Silixa_H5"),
        ("terra15_v5_test_file.hdf5", (43, 2060), "m/s", "TERRA15"),
    ],
)
def test_real_files_against_dascore(real_data, name, shape, units, kind):
    import dascore

    path = real_data / "das" / name
    volume = open_volume(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch = dascore.read(path)[0].transpose("distance", "time")
    assert volume.shape == shape
    assert volume.attrs["units"] == units
    assert volume.attrs["das"]["file_format"] == kind
    np.testing.assert_array_equal(volume.values, patch.data.astype(np.float32))
    for first, stop in ((0, 1), (17, 60), (shape[1] - 3, shape[1])):
        np.testing.assert_array_equal(
            volume[:, first:stop].values, patch.data[:, first:stop].astype(np.float32)
        )
    np.testing.assert_array_equal(volume["time"].values, patch.get_coord("time").values)
    np.testing.assert_allclose(volume["distance"].values, patch.get_coord("distance").values)


@pytest.mark.parametrize(
    ("name", "where"), [("silixa_h5_1.hdf5", "Acoustic"), ("terra15_v5_test_file.hdf5", "data_product/data")]
)
def test_real_files_against_h5py(real_data, name, where):
    path = real_data / "das" / name
    with h5py.File(path) as file:
        stored = file[where][...]
    np.testing.assert_array_equal(open_volume(path).values, stored.T.astype(np.float32))


def test_real_time_axis_against_the_file(real_data):
    path = real_data / "das" / "deformation_rate_event_1.hdf5"
    time = open_volume(path)["time"].values
    with h5py.File(path) as file:
        found = []
        file.visititems(lambda name, item: found.append(item[...]) if name.endswith("_coord_time") else None)
    assert np.abs(time.astype(np.int64) - found[0].astype(np.int64)).max() <= 1


def test_the_formats_that_are_read_whole_are_those_of_febus():
    assert reading._READ_WHOLE == ("febus",)
