import numpy as np
import pytest
from labelled import BIN, survey

from geointerp.products.bodies import body_table
from geointerp.products.horizons import write_horizon
from geointerp.products.spacing import spacing_of

CENTRE, AXES = (15.0, 20.0, 30.0), (9.0, 12.0, 17.0)
AREA = abs(np.linalg.det(BIN))


def ellipsoid(shape=(32, 42, 64)):
    place = np.indices(shape)
    return sum(((p - c) / a) ** 2 for p, c, a in zip(place, CENTRE, AXES, strict=True)) <= 1


def salt(values, **options):
    return survey(np.asarray(values, np.uint8), "salt", "background salt", **options)["labels"]


def test_an_ellipsoid_is_measured():
    table = body_table(salt(ellipsoid()), min_size=100)
    row = {name: column[0] for name, column in table.columns.items()}
    samples, traces = 4 / 3 * np.pi * np.prod(AXES), np.pi * AXES[0] * AXES[1]
    assert len(table) == 1
    assert row["samples"] == pytest.approx(samples, rel=0.02)
    assert row["volume_m2_ms"] == pytest.approx(samples * AREA * 4, rel=0.02)
    assert row["area_m2"] == pytest.approx(traces * AREA, rel=0.03)
    assert (row["inline_min"], row["inline_max"]) == (106, 124)
    assert (row["crossline_min"], row["crossline_max"]) == (300 + 2 * 8, 300 + 2 * 32)
    assert (row["time_min"], row["time_max"]) == (1000 + 4 * 13, 1000 + 4 * 47)
    x, y = (1000, 2000) + np.array(CENTRE[:2]) @ BIN
    assert (row["x"], row["y"]) == (pytest.approx(x), pytest.approx(y))


def test_a_velocity_turns_time_into_depth():
    table = body_table(salt(ellipsoid()), min_size=100, velocity=4500)
    samples = 4 / 3 * np.pi * np.prod(AXES)
    assert table.columns["volume_m3"][0] == pytest.approx(samples * AREA * 0.004 / 2 * 4500, rel=0.02)
    deep = salt(ellipsoid()).rename(time="depth")
    depth = body_table(deep, min_size=100).columns
    assert depth["volume_m3"][0] == pytest.approx(samples * AREA * 4, rel=0.02)


def test_bodies_are_counted_by_size_without_coordinates():
    values = ellipsoid()
    values[0:3, 0:3, 0:12] = True
    values[31, 41, 60:] = True
    table = body_table(salt(values, coordinates=False), min_size=100)
    assert table.columns["samples"].tolist() == [ellipsoid().sum(), 108]
    assert table.columns["traces"].tolist() == [ellipsoid().any(axis=2).sum(), 9]
    assert np.isnan(table.columns["volume_m2_ms"]).all()
    assert table.points is None


def test_blocks_make_no_difference():
    whole, chunked = salt(ellipsoid()), salt(ellipsoid()).chunk(inline=4)
    for mine, theirs in zip(
        body_table(whole, min_size=1).columns.values(),
        body_table(chunked, min_size=1).columns.values(),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_top_and_base_are_where_the_ellipsoid_begins_and_ends(tmp_path):
    labels = salt(ellipsoid())
    found = {}
    for end in ("top", "base"):
        count = write_horizon(labels, tmp_path / end, end=end, min_size=100)
        found[end] = np.loadtxt(tmp_path / end)
        assert len(found[end]) == count == ellipsoid().any(axis=2).sum()
    inline, crossline, z = found["top"].T
    i, j = inline - 100, (crossline - 300) / 2
    room = 1 - ((i - CENTRE[0]) / AXES[0]) ** 2 - ((j - CENTRE[1]) / AXES[1]) ** 2
    half = AXES[2] * np.sqrt(np.maximum(room, 0))
    np.testing.assert_array_less(np.abs(z - (1000 + 4 * (CENTRE[2] - half))), 4.001)
    np.testing.assert_array_less(np.abs(found["base"][:, 2] - (1000 + 4 * (CENTRE[2] + half))), 4.001)


@pytest.mark.parametrize("up", [False, True])
def test_where_the_data_end_is_no_top_and_no_base(tmp_path, up):
    """Cut where it is widest, the ellipsoid has tops alone, or bases."""
    upper, lower = salt(ellipsoid()[:, :, :31]), salt(ellipsoid()[:, :, 30:])
    traces = ellipsoid().any(axis=2).sum()
    for labels, ends in ((upper, {"top": traces, "base": 0}), (lower, {"top": 0, "base": traces})):
        for end, expected in ends.items():
            written = labels[:, :, ::-1] if up else labels
            assert write_horizon(written, tmp_path / end, end=end, min_size=1) == expected


@pytest.mark.parametrize(
    ("unit", "metres", "depth_unit"),
    [("ft", 0.3048, "m"), ("ft", 0.3048, "ft"), ("m", 1, "m"), (None, 1, "m"), (None, 0.3048, "ft")],
)
def test_horizons_in_depth_are_in_the_unit_of_the_map(tmp_path, unit, metres, depth_unit):
    deep = salt(ellipsoid()).rename(time="depth")
    depth = deep["depth"] * (1 if depth_unit == "m" else 1 / 0.3048)
    deep = deep.assign_coords(depth=depth.assign_attrs(units=depth_unit))
    for name in ("cdp_x", "cdp_y"):
        deep[name].attrs |= {"units": unit} if unit else {}
    write_horizon(deep, tmp_path / "deep", end="top", min_size=100)
    write_horizon(salt(ellipsoid()), tmp_path / "metres", end="top", min_size=100)
    found, expected = np.loadtxt(tmp_path / "deep"), np.loadtxt(tmp_path / "metres")
    np.testing.assert_array_equal(found[:, :2], expected[:, :2])
    np.testing.assert_allclose(found[:, 2], expected[:, 2] / metres, atol=1e-3)


def test_a_horizon_of_a_line_in_blocks(tmp_path):
    line = salt(ellipsoid())[:, 20].rename(inline="cdp").drop_vars("crossline")
    write_horizon(line, tmp_path / "a", end="top", min_size=10)
    write_horizon(line.chunk(cdp=5), tmp_path / "b", end="top", min_size=10)
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()
    first = (tmp_path / "a").read_text().splitlines()[0].split()
    assert first == ["106", f"{1000 + 4 * CENTRE[2]:.3f}"]


def test_the_bins_of_a_line_of_one_crossline_are_unknown():
    assert np.isnan(spacing_of(salt(ellipsoid()[:, :1])).bin)
    line = salt(ellipsoid())[:, 20].rename(inline="cdp").drop_vars("crossline")
    assert spacing_of(line).bin == pytest.approx(np.hypot(*BIN[0]))


def test_units_and_the_direction_of_an_axis_do_not_change_a_size():
    whole = spacing_of(salt(ellipsoid()))
    labels = salt(ellipsoid())
    feet = {
        name: (labels[name].dims, labels[name].values / 0.3048, {"units": "ft"})
        for name in ("cdp_x", "cdp_y")
    }
    assert spacing_of(labels.assign_coords(feet)).bin == pytest.approx(whole.bin)
    seconds = labels.assign_coords(time=("time", labels["time"].values / 1000, {"units": "s"}))
    assert spacing_of(seconds).interval == pytest.approx(4)
    assert spacing_of(labels[:, :, ::-1]).interval == whole.interval
    assert np.isnan(spacing_of(labels[:, :, 5:6]).interval)
    deep = labels.rename(time="depth").assign_coords(depth=("depth", -np.arange(64.0), {"units": "ft"}))
    assert (spacing_of(deep).interval, spacing_of(deep).unit) == (pytest.approx(0.3048), "m")


def test_the_top_is_above_the_base_on_an_axis_that_runs_upwards(tmp_path):
    labels = salt(ellipsoid())
    for end in ("top", "base"):
        write_horizon(labels, tmp_path / f"{end} down", end=end, min_size=100)
        write_horizon(labels[:, :, ::-1], tmp_path / f"{end} up", end=end, min_size=100)
        assert (tmp_path / f"{end} up").read_text() == (tmp_path / f"{end} down").read_text()


def test_the_smaller_depth_is_the_least_on_an_axis_that_descends():
    values = np.zeros((4, 5, 20), np.uint8)
    values[1:3, 1:4, 5:11] = 1
    labels = salt(values)
    dim = labels.dims[-1]
    columns = body_table(labels.assign_coords({dim: 200.0 - 10.0 * np.arange(20)}), min_size=1).columns
    assert (columns[f"{dim}_min"][0], columns[f"{dim}_max"][0]) == (100.0, 150.0)


def test_traces_filled_in_at_the_origin_do_not_change_the_bin():
    labels = survey(np.zeros((20, 30, 4), np.uint8))["labels"]
    expected = spacing_of(labels).bin
    for name in ("cdp_x", "cdp_y"):
        labels[name].values[::7, ::6] = 0.0
    assert spacing_of(labels).bin == pytest.approx(expected, rel=1e-9)


def test_the_top_of_heights_that_fall_is_the_highest(tmp_path):
    labels = salt(ellipsoid()).rename(time="depth")
    heights = labels.assign_coords(depth=("depth", -10.0 * np.arange(64)))
    for end, sign in (("top", -1), ("base", 1)):
        write_horizon(heights, tmp_path / end, end=end, min_size=100)
        rows = np.loadtxt(tmp_path / end)
        middle = rows[(rows[:, 0] == 100 + CENTRE[0]) & (rows[:, 1] == 300 + 2 * CENTRE[1])]
        assert middle[0, 2] == -10 * (CENTRE[2] + sign * AXES[2])


def test_traces_without_coordinates_do_not_move_a_centre():
    values = np.zeros((12, 10, 20), np.uint8)
    values[2:9, 3:8, 5:15] = 1
    labels = salt(values)
    expected = body_table(labels, min_size=1).columns
    for name, unknown in (("cdp_x", 0.0), ("cdp_y", 0.0), ("cdp_x", np.nan)):
        labels[name].values[[3, 7], [4, 6]] = unknown  # opposite each other about the middle
    found = body_table(labels, min_size=1).columns
    for name in ("x", "y"):
        np.testing.assert_allclose(found[name], expected[name])
    labels["cdp_x"].values[2:9, 3:8] = np.nan
    assert np.isnan(body_table(labels, min_size=1).columns["x"][0])


def along(steps, azimuth=0.0, traces=400):
    """Labels of a line whose traces lie so many metres along an azimuth, from a place as in UTM."""
    labels = survey(np.zeros((1, traces, 4), np.uint8))["labels"][0].rename(crossline="cdp")
    direction = np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))
    for name, first, share in zip(("cdp_x", "cdp_y"), (457_310.0, 6_782_200.0), direction, strict=True):
        labels = labels.assign_coords({name: ("cdp", first + share * np.asarray(steps))})
    return labels.drop_vars("inline")


TRACES = np.arange(400)


@pytest.mark.parametrize("azimuth", [0, 30, 90])
@pytest.mark.parametrize("step", [3.125, 6.25, 12.5])
@pytest.mark.parametrize("traces", [100, 400])
def test_whole_metres_do_not_round_the_distance_between_traces(step, azimuth, traces):
    labels = along(step * TRACES[:traces], azimuth, traces)
    for name in ("cdp_x", "cdp_y"):
        labels[name].values[:] = np.round(labels[name].values)
    assert spacing_of(labels).bin == pytest.approx(step, rel=5e-3)


@pytest.mark.parametrize("shared", [2, 3])
def test_traces_that_share_a_position_are_not_no_distance_apart(shared):
    assert spacing_of(along(25.0 * (TRACES // shared), 30)).bin == pytest.approx(25 / shared, rel=1e-6)
    short = spacing_of(along(25.0 * (np.arange(13) // shared), 30, 13)).bin
    assert short == pytest.approx(25 / shared, rel=1e-6)


@pytest.mark.parametrize("unknown", [0.0, np.nan])
@pytest.mark.parametrize("first", [True, False])
def test_traces_without_coordinates_do_not_change_the_distance(unknown, first):
    labels = along(25.0 * TRACES, 30)
    lost = TRACES < 240 if first else np.random.default_rng(2).random(400) < 0.6
    for name in ("cdp_x", "cdp_y"):
        labels[name].values[lost] = unknown
    assert spacing_of(labels).bin == pytest.approx(25, rel=1e-9)


def test_the_distance_is_unknown_where_one_trace_or_none_has_coordinates():
    labels = along(25.0 * TRACES)
    for name in ("cdp_x", "cdp_y"):
        labels[name].values[1:] = 0.0
    assert np.isnan(spacing_of(labels).bin)
    degrees = along(25.0 * TRACES)
    for name in ("cdp_x", "cdp_y"):
        degrees[name].attrs["units"] = "degrees"
    assert np.isnan(spacing_of(degrees).bin)


def test_a_bent_line_is_as_long_as_its_traces_are_apart():
    """Along a quarter of a circle of 3.2 km, 12.5 m apart."""
    labels = along(0.0 * TRACES)
    angle = 12.5 * TRACES / 3200
    labels["cdp_x"].values[:] += 3200 * np.cos(angle)
    labels["cdp_y"].values[:] += 3200 * np.sin(angle)
    assert spacing_of(labels).bin == pytest.approx(12.5, rel=5e-3)
