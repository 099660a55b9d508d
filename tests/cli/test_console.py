import json
import warnings
from pathlib import Path

import pytest

from geointerp.cli.console import Console
from geointerp.cli.progress import TileProgress


@pytest.fixture
def console():
    return Console()


def test_results_are_paths_on_stdout(console, capsys):
    console.result(Path("a [b].zarr"), {"output": "a"})
    console.result(None, {"output": "a"})
    assert capsys.readouterr() == ("a [b].zarr\n", "")


def test_results_are_one_json_object_a_line(console, capsys):
    console.json = True
    console.result(Path("a.zarr"), {"output": "a.zarr", "tiles": 3, "classes": ["é"]})
    out, err = capsys.readouterr()
    assert json.loads(out) == {"output": "a.zarr", "tiles": 3, "classes": ["é"]}
    assert (out.count("\n"), err) == (1, "")


def test_people_read_stderr_and_long_lines_stay_whole(console, capsys):
    path = "/very" * 60 + "/long [bold]path.sgy"
    console.error(f"{path}: 3 traces, not 4", "count them")
    console.note("tiles")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: {path}: 3 traces, not 4\nhint: count them\ntiles\n"


def test_quiet_leaves_only_errors(console, capsys):
    console.quiet = True
    console.note("a")
    console.warning("b")
    console.show("c")
    console.error("d")
    assert capsys.readouterr().err == "error: d\n"


def test_warnings_of_libraries_for_programmers_are_kept_from_users(console, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = console.python_warning
        warnings.warn("the survey looks odd", UserWarning, stacklevel=1)
        warnings.warn("use something newer", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: the survey looks odd\n"


def test_progress_draws_no_bar_off_a_terminal(capsys, monkeypatch):
    # As on CI systems: colours are wanted, and stderr is a pipe.
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    with TileProgress(Console()) as progress:
        progress.start(10, "inline slices")
        progress.advance(10)
        progress.note("the last batch was halved")
    out, err = capsys.readouterr()
    assert out == ""
    assert "inline slices" not in err
    assert "the last batch was halved" in err


def test_progress_shows_rate_and_time_left_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with TileProgress(Console()) as progress:
        progress.start(40, "inline slices")
        progress.advance(20)
        progress.advance(10)
    out, err = capsys.readouterr()
    assert out == ""
    assert "inline slices" in err
    assert "30/40" in err
    assert "tiles/s" in err
