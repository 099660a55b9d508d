import numpy as np
import pytest
from labelled import BIN, survey

from geointerp.errors import DataError, UsageError
from geointerp.products.stick_files import check_sticks, write_sticks
from geointerp.products.sticks import find_sticks, longest_path


def plane(shape=(20, 60, 90), at=(25.0, 0.4, -0.35)):
    """A fault: the crossline position of the plane is at[0] + at[1] inline + at[2] (sample - 45)."""
    i, j, k = np.indices(shape)
    off = j - (at[0] + at[1] * i + at[2] * (k - 45))
    return ((np.abs(off) <= 1.2) & (k >= 20) & (k < 80)).astype(np.uint8)


def written(labels, path, form, **options):
    write_sticks(labels, find_sticks(labels, min_size=50, **options), path, form)
    return [line.split() for line in path.read_text().splitlines()]


def test_sticks_lie_on_the_plane_of_the_fault(tmp_path):
    labels = survey(plane())["labels"]
    rows = written(labels, tmp_path / "a.txt", "charisma")
    assert {row[0] for row in rows} == {"INLINE-"}
    assert {row[6] for row in rows} == {"fault_1"}
    assert sorted({int(row[7]) for row in rows}) == list(range(1, 21))
    inline, crossline, x, y, z = np.array([row[1:6] for row in rows], float).T
    # The plane in map coordinates, from x and y alone by the inverse of the bins' steps.
    i, j = np.linalg.solve(BIN.T, [x - 1000, y - 2000])
    np.testing.assert_allclose([i, j], [inline - 100, (crossline - 300) / 2], atol=1e-3)
    off = j - (25 + 0.4 * i - 0.35 * ((z - 1000) / 4 - 45))
    assert np.abs(off).max() < 1.3
    assert np.abs(off).mean() < 0.6
    for number in range(1, 21):
        stick = z[[int(row[7]) == number for row in rows]]
        assert (np.diff(stick) > 0).all()
        assert stick[0] <= 1000 + 4 * 23
        assert stick[-1] >= 1000 + 4 * 76


def test_opendtect_has_x_y_z_and_the_number_of_the_stick(tmp_path):
    labels = survey(plane())["labels"]
    charisma = written(labels, tmp_path / "a.txt", "charisma", every=5)
    opendtect = written(labels, tmp_path / "b.txt", "opendtect", every=5)
    assert [row[:3] for row in opendtect] == [row[3:6] for row in charisma]
    assert {row[1] for row in charisma} == {"100", "105", "110", "115"}
    assert {row[3] for row in opendtect} == {"1", "2", "3", "4"}


def test_sticks_bear_the_name_of_their_class(tmp_path):
    values = plane() | 2 * plane(at=(55.0, 0.0, 0.05))
    labels = survey(values, meanings="background normal Störung")["labels"]
    rows = written(labels, tmp_path / "a.txt", "charisma", every=5)
    names = {row[6]: np.mean([float(one[2]) for one in rows if one[6] == row[6]]) for row in rows}
    assert names.keys() == {"normal_1", "Störung_2"}
    assert names["normal_1"] < names["Störung_2"]  # crosslines


def test_two_faults_and_a_speck():
    values = plane() | plane(at=(55.0, 0.0, 0.05))
    values[3, 2, 3:10] = 1
    sticks = find_sticks(survey(values)["labels"], min_size=50)
    assert {stick.fault for stick in sticks} == {1, 2}
    assert len(sticks) == 40
    assert [stick.fault for stick in sticks] == sorted(stick.fault for stick in sticks)


def test_a_single_crossline_is_picked_as_the_section_it_is(tmp_path):
    section = plane()[4].astype(np.uint8)
    labels = survey(section[:, None, :])["labels"]
    rows = written(labels, tmp_path / "a.txt", "charisma")
    assert {row[2] for row in rows} == {"300"}
    inline, z = np.array([[row[1], row[5]] for row in rows], float).T
    off = inline - 100 - (25 + 1.6 - 0.35 * ((z - 1000) / 4 - 45))
    assert np.abs(off).max() < 1.3


def test_crossing_faults_give_a_stick_each():
    k, j = np.indices((80, 80))
    cross = ((np.abs(j - k) <= 1) | (np.abs(j + k - 79) <= 1)).astype(np.uint8)
    sticks = find_sticks(survey(cross[None].repeat(20, axis=0))["labels"], min_size=50)
    assert len(sticks) >= 2 * 20
    for stick in sticks:
        traces, samples = stick.points.T
        assert (np.minimum(np.abs(traces - samples), np.abs(traces + samples - 79)) <= 2).all()


def test_the_longest_path_leaves_branches_aside():
    trunk = [(row, 10) for row in range(20)]
    branch = [(8, 11 + step) for step in range(5)]
    points = np.array([*branch, *trunk])
    path = points[longest_path(points)]
    assert sorted(map(tuple, path.tolist())) == trunk
    assert abs(path[0, 0] - path[-1, 0]) == 19


def test_what_sticks_cannot_be_written_of_is_refused():
    labels = survey(plane(), coordinates=False)["labels"]
    with pytest.raises(DataError, match="cdp_x and cdp_y are missing") as caught:
        check_sticks(labels, "opendtect")
    assert "--x-byte" in caught.value.hint
    line = survey(plane())["labels"][0].rename(crossline="cdp").drop_vars("inline")
    with pytest.raises(UsageError, match="2D line"):
        check_sticks(line, "charisma")
    check_sticks(line, "opendtect")
    with pytest.raises(UsageError, match="no form 'petrel'"):
        check_sticks(line, "petrel")


def test_a_line_has_sticks_too(tmp_path):
    line = survey(plane())["labels"][4].rename(crossline="cdp").drop_vars("inline")
    rows = np.array(written(line, tmp_path / "a.txt", "opendtect"), float)
    i, j = np.linalg.solve(BIN.T, [rows[:, 0] - 1000, rows[:, 1] - 2000])
    np.testing.assert_allclose(i, 4, atol=1e-3)
    assert np.abs(j - (25 + 1.6 - 0.35 * ((rows[:, 2] - 1000) / 4 - 45))).max() < 1.3
    rows_by_default = written(line, tmp_path / "b.txt", None)
    assert rows_by_default == [row.split() for row in (tmp_path / "a.txt").read_text().splitlines()]
    check_sticks(line, None)


def test_points_of_traces_without_coordinates_are_left_out(tmp_path):
    labels = survey(plane())["labels"]
    whole = written(labels, tmp_path / "a.txt", "charisma")
    lost = int(whole[len(whole) // 2][2])
    for name in ("cdp_x", "cdp_y"):
        labels[name].values[:, (lost - 300) // 2] = 0.0
    assert written(labels, tmp_path / "b.txt", "charisma") == [row for row in whole if int(row[2]) != lost]


def test_depths_are_in_the_unit_of_the_map(tmp_path):
    labels = survey(plane())["labels"].rename(time="depth")
    metres = np.array(written(labels, tmp_path / "a.txt", "opendtect"), float)
    feet = {name: (labels[name].dims, labels[name].values, {"units": "ft"}) for name in ("cdp_x", "cdp_y")}
    found = np.array(written(labels.assign_coords(feet), tmp_path / "b.txt", "opendtect"), float)
    np.testing.assert_allclose(found[:, :2], metres[:, :2])
    np.testing.assert_allclose(found[:, 2], metres[:, 2] / 0.3048, atol=1e-3)


def test_sticks_in_degrees_lie_where_their_traces_lie(tmp_path):
    """A step of 12.5 m is 1e-4 of a degree, of which two decimals would leave nothing."""
    labels = survey(plane())["labels"]
    lines = np.meshgrid(np.arange(20), np.arange(60), indexing="ij")
    steps = {"cdp_x": (4.0, 1.1e-4, 0.3e-4), "cdp_y": (52.0, -0.2e-4, 1.0e-4)}
    places = {
        name: first + down * lines[0] + across * lines[1] for name, (first, down, across) in steps.items()
    }
    for name, values in places.items():
        labels = labels.assign_coords({name: (("inline", "crossline"), values, {"units": "degrees"})})
    rows = np.array([row[1:5] for row in written(labels, tmp_path / "a.txt", "charisma")], float)
    trace = tuple(np.column_stack([rows[:, 0] - 100, (rows[:, 1] - 300) / 2]).astype(int).T)
    np.testing.assert_allclose(rows[:, 2], places["cdp_x"][trace], rtol=0, atol=1e-8)
    np.testing.assert_allclose(rows[:, 3], places["cdp_y"][trace], rtol=0, atol=1e-8)


@pytest.mark.parametrize("unknown", [0.0, np.nan])
def test_a_survey_whose_coordinates_are_all_unknown_has_no_place_for_sticks(unknown):
    labels = survey(plane())["labels"]
    labels["cdp_x"].values[:] = labels["cdp_y"].values[:] = 0.0
    labels["cdp_y"].values[3:] = unknown
    with pytest.raises(DataError, match="those of all traces are 0 or missing") as caught:
        check_sticks(labels, None)
    assert "--x-byte" in caught.value.hint


def test_sticks_without_a_point_on_the_map_do_not_count_as_written(tmp_path):
    labels = survey(plane())["labels"]
    sticks = find_sticks(labels, min_size=50)
    assert write_sticks(labels, sticks, tmp_path / "a.txt", None) == len(sticks) == 20
    for name in ("cdp_x", "cdp_y"):
        labels[name].values[4:11] = 0.0
    assert write_sticks(labels, sticks, tmp_path / "b.txt", None) == 13
    numbers = {line.split()[7] for line in (tmp_path / "b.txt").read_text().splitlines()}
    assert len(numbers) == 13
