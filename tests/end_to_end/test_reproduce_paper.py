"""The paper's table, run on tiny sets that are laid out exactly as the published ones."""

import csv
import json
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "reproduce_paper.py"
SHAPE = (42, 56)
QUICK = ("--backbone", "starter", "--epochs", "1", "--batch-size", "4", "--tile", "112", "--width", "0.05")
CPU = ("--device", "cpu", "--precision", "fp32")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Sections with a bright body, as <i>.dat from 0: float32 from 0 to 255, and int8, without headers."""
    folder, rng = tmp_path_factory.mktemp("zenodo"), np.random.default_rng(1)
    for name, kinds in (("geobody", ("input", "target")), ("das", ("image", "label"))):
        for split, count in (("train", 10), ("valid", 3)):
            for kind in kinds:
                (folder / name / split / kind).mkdir(parents=True)
            for number in range(count):
                label = np.zeros(SHAPE, np.int8)
                label[:, rng.integers(5, 25) : rng.integers(30, 50)] = 1
                image = (60 + 120 * label + rng.normal(0, 15, SHAPE)).clip(0, 255).astype("<f4")
                for kind, values in zip(kinds, (image, label), strict=True):
                    values.tofile(folder / name / split / kind / f"{number}.dat")
        # The published sections are known by their size; these are smaller.
        (folder / name / "dataset.json").write_text(json.dumps({"shape": SHAPE}))
    return folder


def started(environment, folder, *words):
    """The script as users start it."""
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, check=False, timeout=240
    )


@pytest.fixture
def script(monkeypatch, capsys, tmp_path):
    """The script in this process, where torch need not be imported again."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    from reproduce_paper import Console, app, run

    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)}
    yield lambda *words: (run(app, Console(), [str(word) for word in words]), *capsys.readouterr())
    for one, handler in before.items():
        signal.signal(one, handler)


def rows_of(table):
    with table.open(encoding="utf-8") as opened:
        return {(r["task"], r["decoder"], r["metric"], r["reading"]): r for r in csv.DictReader(opened)}


def test_the_table_is_run_cell_by_cell(script, published, tmp_path):
    words = ("--data", published, "-o", "table", *QUICK, *CPU)
    status, out, err = script(*words, "--tasks", "salt,events", "--decoders", "linear", "--seeds", "1")
    assert (status, out) == (0, "table/table.md\ntable/table.csv\n"), err
    first = {path: path.read_bytes() for path in tmp_path.glob("table/cells/*/*/*/report/report.json")}
    assert [path.parts[-5:-2] for path in sorted(first)] == [
        ("events", "linear", "seed0"),
        ("salt", "linear", "seed0"),
    ]
    report = json.loads((tmp_path / "table/cells/salt/linear/seed0/report/report.json").read_text())
    assert (report["split"], report["images"], report["trained_on_this_data"]) == ("test", 3, True)
    assert report["paper"]["batch_size"] == 32
    split = json.loads((tmp_path / "table/cells/salt/linear/seed0/run/split.json").read_text())["splits"]
    held_out = {name: [Path(one).parts[0] for one in part["sections"]] for name, part in split.items()}
    assert held_out == {"train": ["train"] * 9, "val": ["train"], "test": ["test"] * 3}

    status, _, err = script(*words, "--tasks", "salt", "--decoders", "linear,unet", "--seeds", "2")
    assert status == 0, err
    assert "1 of 4" not in err
    assert "4 of 4: salt, unet, seed 1" in err
    assert {path: path.read_bytes() for path in first} == first
    rows = rows_of(tmp_path / "table" / "table.csv")
    assert len(rows) == 25 * 4
    reports = [
        json.loads(path.read_text()) for path in tmp_path.glob("table/cells/salt/linear/*/report/report.json")
    ]
    ours = rows["salt", "linear", "mIoU", "batches"]
    values = [report["paper"]["mIoU"] for report in reports]
    assert (ours["seeds"], float(ours["published"])) == ("2", 0.8965)
    assert float(ours["mean"]) == pytest.approx(statistics.mean(values), abs=1e-4)
    assert float(ours["sd"]) == pytest.approx(statistics.stdev(values), abs=1e-4)
    assert (
        rows["events", "linear", "mPA", "set"]["seeds"],
        rows["events", "linear", "mPA", "set"]["sd"],
    ) == ("1", "")
    assert rows["facies", "mla", "mIoU", "set"]["mean"] == ""
    text = (tmp_path / "table" / "table.md").read_text(encoding="utf-8")
    assert (
        f"| linear | – · published 0.6565 | **{float(ours['mean']):.4f}** ± {float(ours['sd']):.4f} (2)"
        in text
    )


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--tasks", "salt,horizons"), 2, "no task is called 'horizons'"),
        (("--decoders", "segformer"), 2, "no decoder is called 'segformer'"),
        (("--tasks", "facies"), 1, "seismicFace/train is missing"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is(script, published, tmp_path, words, status, said):
    found, out, err = script("--data", published, "-o", "table", *words)
    assert (found, out) == (status, "")
    assert said in err
    assert not (tmp_path / "table").exists()


def test_a_table_has_the_same_settings_throughout(environment, published, tmp_path):
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "settings.json").write_text('{"backbone": "dinov2-base"}')
    done = started(environment, tmp_path, "--data", published, "-o", "table", "--tasks", "salt", *QUICK)
    assert (done.returncode, done.stdout) == (2, "")
    assert "backbone was dinov2-base and is starter" in done.stderr
