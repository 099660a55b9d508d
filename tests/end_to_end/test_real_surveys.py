"""The program on real SEG-Y, with no options but the model and where to write."""

import json

import numpy as np
import pytest
import xarray as xr

# From the files' descriptions: lines, first and last time in ms, traces that are there.
SURVEYS = {
    "penobscot_xl1155.sgy": ({"inline": (1000, 1600), "crossline": (1155, 1155)}, (0, 6000), 601),
    "31_81_PR.sgy": ({"cdp": (101, 634)}, (0, 6000), 534),
    "F3_very_small.sgy": ({"inline": (200, 210), "crossline": (400, 410)}, (0, 1848), 121),
    "f3-lsb.sgy": ({"inline": (111, 133), "crossline": (875, 892)}, (4, 300), 414),
    "f3-withdead.sgy": ({"inline": (111, 133), "crossline": (875, 892)}, (4, 300), 239),
    "ex1_missing_traces_75x71x26.segy": (None, None, 4938),
}
PRESTACK = "viking_small.segy"


@pytest.fixture(scope="module")
def predicted(start, real_data, tmp_path_factory):
    """All of them and one prestack file, predicted in one go: the run, and its folder."""
    folder = tmp_path_factory.mktemp("real")
    paths = [str(real_data / "seismic" / name) for name in (*SURVEYS, PRESTACK)]
    options = ("--task", "faults", "-o", "out", "--json")
    return start(folder, "predict", "-", *options, stdin="\n".join(paths)), folder


def test_each_survey_has_its_result_and_the_prestack_file_its_error(predicted, real_data):
    done, _ = predicted
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["input"] for one in results] == [str(real_data / "seismic" / name) for name in SURVEYS]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert PRESTACK in errors[0]
    assert "offset" in errors[0]
    assert errors[1] == "error: 1 of 7 inputs failed"
    assert done.returncode == 1


@pytest.mark.parametrize("name", SURVEYS)
def test_a_store_has_the_coordinates_and_the_mask_of_its_survey(predicted, name):
    _, folder = predicted
    lines, times, traces = SURVEYS[name]
    store = folder / "out" / f"{name.rpartition('.')[0]}.faults.zarr"
    labels = xr.open_zarr(store, consolidated=False, mask_and_scale=False)
    mask = labels["trace_mask"].values
    assert int(mask.sum()) == traces
    if lines is not None:
        assert labels["labels"].dims == (*lines, "time")
        for dim, (first, last) in lines.items():
            assert labels[dim].dtype == np.int32
            np.testing.assert_array_equal(labels[dim].values, np.arange(first, last + 1))
        np.testing.assert_array_equal(labels["time"].values, np.arange(times[0], times[1] + 1, 4))
    assert (labels["labels"].values[~mask] == 255).all()
    assert set(np.unique(labels["labels"].values[mask])) <= {0, 1, 255}
    assert (labels["labels"].values[mask] != 255).mean() > 0.9


def test_missing_traces_of_an_irregular_survey(predicted):
    _, folder = predicted
    store = folder / "out" / "ex1_missing_traces_75x71x26.faults.zarr"
    labels = xr.open_zarr(store, consolidated=False)
    assert labels["labels"].shape == (75, 71, 26)
    assert int((~labels["trace_mask"]).sum()) == 75 * 71 - 4938


def test_a_prestack_file_alone_is_status_1(program, real_data):
    done = program("info", real_data / "seismic" / PRESTACK)
    assert (done.returncode, done.stdout) == (1, "")
    assert "prestack" in done.stderr
    assert "hint: " in done.stderr
