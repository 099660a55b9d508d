"""PRODML files written by h5py as the standard lays them out (Energistics PRODML 2.0 and 2.1, DAS)."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from das_files import noise

from geointerp.errors import DataError
from geointerp.products.events import event_table
from geointerp.sources.open import open_volume

pytest.importorskip("dascore", reason="dascore is not installed")

START = np.datetime64("2024-05-01T10:00:00", "us")
STEP = np.timedelta64(2000, "us")
UNITS = {  # the attributes that name units, by version
    "2.0": {
        "SpatialSamplingIntervalUnit": "m",
        "GaugeLengthUnit": "m",
        "PulseWidthUnit": "ns",
        "PulseRateUnit": "Hz",
    },
    "2.1": {
        "SpatialSamplingInterval.uom": "m",
        "GaugeLength.uom": "m",
        "PulseWidth.uom": "ns",
        "PulseRate.uom": "Hz",
    },
}


def write_prodml(
    path: Path,
    values: np.ndarray,
    *,
    version: str = "2.1",
    time_first: bool = True,
    start: np.datetime64 = START,
    spacing_unit: str = "m",
) -> Path:
    """Write raw data, given as (distance, time): an acquisition, one raw array, the times of its samples."""
    times = start + np.arange(values.shape[1]) * STEP
    with h5py.File(path, "w") as file:
        acquisition = file.create_group("Acquisition")
        acquisition.attrs.update(
            {
                "schemaVersion": version,
                "uuid": "b7f5f0a0-0d4c-4a52-8f3c-1f0a7a3f2d11",
                "NumberOfLoci": values.shape[0],
                "StartLocusIndex": 20,
                "SpatialSamplingInterval": 5.0,
                "GaugeLength": 10.0,
                "PulseRate": 500.0,
                "PulseWidth": 50.0,
                "MeasurementStartTime": f"{start}+00:00",
                **{
                    name: spacing_unit if name.startswith("SpatialSampling") else unit
                    for name, unit in UNITS[version].items()
                },
            }
        )
        raw = acquisition.create_group("Raw[0]")
        raw.attrs.update({"NumberOfLoci": values.shape[0], "OutputDataRate": 500.0, "RawDataUnit": "rad"})
        data = raw.create_dataset("RawData", data=values.T if time_first else values)
        data.attrs["Dimensions"] = ["time", "locus"] if time_first else ["locus", "time"]
        stamps = raw.create_dataset("RawDataTime", data=times.astype(np.int64))
        stamps.attrs.update({"PartStartTime": f"{times[0]}+00:00", "PartEndTime": f"{times[-1]}+00:00"})
    return path


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.parametrize("time_first", [True, False])
@pytest.mark.parametrize("dtype", ["f4", "i2"])
def test_samples_and_coordinates(tmp_path, version, time_first, dtype):
    values = (noise(6, 200) * 1000).astype(dtype)
    volume = open_volume(write_prodml(tmp_path / "a.h5", values, version=version, time_first=time_first))
    assert volume.attrs["format"] == f"DAS: PRODML {version}"
    assert (volume.dims, volume.dtype) == (("distance", "time"), np.float32)
    np.testing.assert_array_equal(volume.values, values.astype(np.float32))
    for window in (np.s_[2:5, 17:40], np.s_[:, 199:], np.s_[3, ::7]):
        np.testing.assert_array_equal(volume[window].values, values[window].astype(np.float32))
    np.testing.assert_array_equal(volume["distance"], 100 + 5.0 * np.arange(6))
    np.testing.assert_array_equal(volume["time"], START + np.arange(200) * STEP)
    assert volume["distance"].attrs["units"] == "m"
    assert volume.attrs["units"] == "rad"
    assert volume.attrs["das"]["sampling_hz"] == 500
    assert volume.attrs["das"]["gauge_length"] == 10


def test_distances_in_feet_are_metres(tmp_path):
    """As the contract has it; an event's velocity comes out in m/s, converted once."""
    values = np.zeros((80, 400), np.float32)
    paths = [write_prodml(tmp_path / f"{u}.h5", values, version="2.0", spacing_unit=u) for u in ("m", "ft")]
    metres, feet = map(open_volume, paths)
    np.testing.assert_allclose(feet["distance"], 0.3048 * (100 + 5.0 * np.arange(80)))
    assert feet["distance"].attrs["units"] == "m"
    assert (metres.attrs["das"]["distance_units"], feet.attrs["das"]["distance_units"]) == ("m", "ft")
    arrival = np.arange(80) * 2 + 100  # 5 m or 5 ft in 4 ms
    band = (np.abs(np.arange(400) - arrival[:, None]) <= 5).astype(np.uint8)
    for volume, metre in ((metres, 1), (feet, 0.3048)):
        labels = volume.copy(data=band).assign_attrs(flag_meanings="background event")
        table = event_table(labels.to_dataset(name="labels"), min_size=20).columns
        assert table["velocity_m_s"][0] == pytest.approx(1250 * metre, rel=0.01)
        assert table["distance_max"][0] == pytest.approx(495 * metre)


def test_a_folder_of_files_is_one_recording(tmp_path):
    pieces = [noise(4, 50, 1), noise(4, 30, 2)]
    write_prodml(tmp_path / "b.h5", pieces[0])
    write_prodml(tmp_path / "a.h5", pieces[1], start=START + 65 * STEP)
    volume = open_volume(tmp_path)
    assert volume.shape == (4, 95)
    np.testing.assert_array_equal(volume[:, :50].values, pieces[0])
    assert np.isnan(volume[:, 50:65].values).all()
    np.testing.assert_array_equal(volume[:, 65:].values, pieces[1])


def test_a_truncated_file(tmp_path):
    path = write_prodml(tmp_path / "a.h5", noise(40, 500))
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(DataError, match=r"a\.h5"):
        open_volume(path).compute()


def test_an_acquisition_without_samples(tmp_path):
    path = write_prodml(tmp_path / "a.h5", noise(4, 50))
    with h5py.File(path, "a") as file:
        del file["Acquisition/Raw[0]/RawData"]
    with pytest.raises(DataError, match=r"a\.h5"):
        open_volume(path)
