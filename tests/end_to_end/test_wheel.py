"""The wheel holds what the program needs away from its source tree."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    pytest.importorskip("hatchling", reason="hatchling is needed to build the wheel")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_whole_package(contents: set[str]):
    files = [path for path in (ROOT / "geointerp").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= contents
    assert {"page.html", "page.css", "controls.js"} <= {path.name for path in files}


def test_the_wheel_holds_every_bundled_model(contents: set[str]):
    files = [path for path in (ROOT / "models").rglob("*") if path.is_file()]
    expected = {f"geointerp/{path.relative_to(ROOT).as_posix()}" for path in files}
    assert expected <= contents


def test_the_wheel_holds_nothing_else(contents: set[str]):
    assert {name.split("/")[0].split("-")[0] for name in contents} == {"geointerp"}
