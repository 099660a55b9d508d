"""Each option that says how SEG-Y is read, through both commands that have it."""

import json
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from conftest import Run

TOGETHER: list[dict[str, Any]] = [
    {"inline_byte": 189, "crossline_byte": 193},
    {"x_byte": 181, "y_byte": 185},
    {"cdp_byte": 21},
    {"endian": "big"},
    {"sample_format": "ieee"},
    {"sample_interval": 2.0},
    {"duplicates": "first"},
]


def words_of(options: dict[str, Any]) -> list[str]:
    """The options as they are typed."""
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]


@pytest.mark.parametrize("options", TOGETHER)
def test_info_reads_as_it_is_told(run: Run, survey: Path, options: dict[str, Any]) -> None:
    done = run("info", survey, *words_of(options), "--json")
    assert done.status == 0
    assert json.loads(done.out)["segy"]["options"] == options


def test_line_numbers_may_change_places(run: Run, survey: Path) -> None:
    done = run("info", survey, "--inline-byte", "193", "--crossline-byte", "189", "--json")
    assert json.loads(done.out)["shape"] == [30, 4, 60]


def test_predict_reads_as_it_is_told(run: Run, survey: Path, untrained_model: Path) -> None:
    options = {name: value for some in TOGETHER if "cdp_byte" not in some for name, value in some.items()}
    done = run(
        "predict", survey, "--model", untrained_model, "--tile", "28", "-o", "a.zarr", *words_of(options)
    )
    assert done.status == 0
    store = xr.open_zarr("a.zarr", consolidated=False)
    assert store.attrs["geointerp"]["reading"] == options
    assert store["time"].values[:2].tolist() == [100, 102]
