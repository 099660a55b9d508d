import csv

import numpy as np
import pytest
from labelled import recording

from geointerp.products.events import event_table
from geointerp.sinks.tables import write_table

DISTANCE = 10.0 * np.arange(80)
TIMES = np.datetime64("2024-05-01T10:00:00", "ns") + np.arange(500) * np.timedelta64(10, "ms")


def moveout(apex, start, velocity, half=0.04):
    """A band of ±40 ms about the straight arrivals of a wave that reaches ``apex`` (m) at ``start`` (s)."""
    arrival = start + np.abs(DISTANCE - apex)[:, None] / velocity
    return np.abs(0.01 * np.arange(500) - arrival) <= half


def test_a_wave_has_its_start_apex_and_velocity():
    table = event_table(recording(moveout(300.0, 1.0, 400.0), DISTANCE, TIMES), min_size=20)
    row = {name: column[0] for name, column in table.columns.items()}
    assert len(table) == 1
    assert row["class"] == "event"
    assert abs(row["start_time"] - TIMES[96]) <= np.timedelta64(10, "ms")
    assert abs(row["end_time"] - TIMES[226]) <= np.timedelta64(10, "ms")
    assert (row["distance_min"], row["distance_max"], row["channels"]) == (0, 790, 80)
    assert row["apex_distance"] == pytest.approx(300, abs=20)
    assert abs(row["apex_time"] - TIMES[100]) <= np.timedelta64(30, "ms")
    assert row["velocity_m_s"] == pytest.approx(400, rel=0.03)
    assert "peak_probability" not in row


@pytest.mark.parametrize("velocity", [250.0, 1000.0, 3000.0])
def test_a_wave_from_one_end(velocity):
    values = moveout(790.0, 0.5, velocity)
    table = event_table(recording(values, DISTANCE, 0.01 * np.arange(500)), min_size=20)
    assert table.columns["velocity_m_s"][0] == pytest.approx(velocity, rel=0.05)
    assert table.columns["apex_distance"][0] == pytest.approx(790, abs=20)
    assert table.columns["start_time"][0] == pytest.approx(0.46)


def test_a_velocity_is_in_m_s_whatever_the_units():
    values = recording(moveout(790.0, 0.5, 1000.0), DISTANCE / 0.3048, 10.0 * np.arange(500))
    values["distance"].attrs["units"], values["time"].attrs["units"] = "ft", "ms"
    table = event_table(values, min_size=20)
    assert table.columns["velocity_m_s"][0] == pytest.approx(1000, rel=0.05)


def test_a_velocity_withstands_outliers():
    values = moveout(0.0, 0.5, 300.0)
    values[20:28, 40:300] = True
    table = event_table(recording(values, DISTANCE, TIMES), min_size=20)
    assert table.columns["velocity_m_s"][0] == pytest.approx(300, rel=0.05)


def test_a_wave_that_comes_everywhere_at_once_has_no_velocity():
    values = np.zeros((80, 500), bool)
    values[:, 100:110] = True
    table = event_table(recording(values, DISTANCE, TIMES), min_size=20)
    assert np.isnan(table.columns["velocity_m_s"][0])


def test_dead_channels_do_not_divide_an_event():
    values = moveout(300.0, 1.0, 400.0).astype(np.uint8)
    values[[10, 30, 31, 32]] = 255
    table = event_table(recording(values, DISTANCE, TIMES), min_size=20)
    assert table.columns["channels"].tolist() == [76]
    assert table.columns["distance_max"].tolist() == [790]
    assert table.columns["velocity_m_s"][0] == pytest.approx(400, rel=0.03)


def test_events_come_in_the_order_of_time_with_their_probability():
    first, second = moveout(0.0, 0.3, 800.0), moveout(790.0, 3.0, 800.0)
    probability = np.where(second, 0.7, np.where(first, 0.9, 0.95))
    probability[5, np.flatnonzero(second[5])[0]] = 0.8
    for chunks in ({}, {"distance": 7, "time": 500}):
        made = recording(first | second, DISTANCE, TIMES, probability).chunk(chunks)
        table = event_table(made, min_size=20)
        np.testing.assert_allclose(table.columns["peak_probability"], [0.9, 0.8])
        assert (np.diff(table.columns["start_time"]) > np.timedelta64(0)).all()
        assert table.columns["event"].tolist() == [1, 2]


def test_times_in_seconds_and_distances_in_float32_are_written_as_they_are(tmp_path):
    """Seconds since 1970 keep their parts; 0.1 as float32 is no 0.10000000149."""
    values = np.zeros((3, 50), np.uint8)
    values[:, 10:30] = 1
    probability = np.where(values, np.float32(0.9), np.float32(0.1))
    distance, times = np.float32(0.1) * np.arange(1, 4, dtype=np.float32), 1.7e9 + 0.01 * np.arange(50)
    table = event_table(recording(values, distance, times, probability), min_size=20)
    write_table(table, tmp_path / "a", ".csv")
    (row,) = csv.DictReader((tmp_path / "a").read_text().splitlines())
    assert (row["start_time"], row["end_time"]) == ("1700000000.1", "1700000000.29")
    assert (row["distance_min"], row["peak_probability"]) == ("0.1", "0.9")


def test_no_event_is_an_empty_list():
    table = event_table(recording(np.zeros((80, 500)), DISTANCE, TIMES), min_size=20)
    assert len(table) == 0
    assert table.columns["start_time"].dtype == TIMES.dtype


def test_an_event_of_a_class_without_name_or_probability_is_listed():
    values = moveout(300.0, 1.0, 400.0)
    made = recording(2 * values, DISTANCE, TIMES, np.where(values, 0.9, 0.1))
    columns = event_table(made, min_size=20).columns
    assert columns["class"].tolist() == ["2"]
    assert np.isnan(columns["peak_probability"]).all()
