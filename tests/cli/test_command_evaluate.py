import json
from pathlib import Path

import numpy as np
import pytest

from geointerp.evaluation.report import evaluate


@pytest.fixture
def pair(run) -> tuple[str, str]:
    rng = np.random.default_rng(10)
    for name in ("prediction.npy", "truth.npy"):
        np.save(name, (rng.random((3, 20, 30)) < 0.1).astype(np.uint8))
    return "prediction.npy", "truth.npy"


def test_json_is_what_python_returns(run, pair):
    done = run("evaluate", *pair, "--json", "--tolerance", "2", "--quiet")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == evaluate(*map(Path, pair), tolerance=2)


def test_people_get_a_table_on_stderr(run, pair):
    done = run("evaluate", *pair, "--tolerance", "2")
    assert (done.status, done.out) == (0, "")
    report = evaluate(*map(Path, pair), tolerance=2)
    assert f"mIoU {report['mIoU']:.4f}" in done.err
    assert f"within 2 samples   F1 {report['tolerant']['f1']:.4f}" in done.err
    assert "precision" in done.err


def test_absent_classes_are_dashes_and_null(run):
    np.save("a.npy", np.array([[0, 2], [2, 0]], np.uint8))
    done = run("evaluate", "a.npy", "a.npy", "--json")
    assert json.loads(done.out)["classes"][1]["iou"] is None
    assert "–" in done.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("a.npy", "missing.npy"), 1, "missing.npy does not exist"),
        (("a.npy",), 2, "there is nothing to compare"),
        (("a.npy", "b.npy"), 1, "(2, 2), the truth (3, 2)"),
        (("a.npy", "a.npy", "--tolerance", "-1"), 2, "the tolerance is -1"),
        (("a.npy", "a.npy", "--tolerance", "two"), 2, "--tolerance"),
    ],
)
def test_errors_have_their_status(run, words, status, said):
    np.save("a.npy", np.zeros((2, 2), np.uint8))
    np.save("b.npy", np.zeros((3, 2), np.uint8))
    done = run("evaluate", *words)
    assert (done.status, done.out) == (status, "")
    assert said in done.err


@pytest.fixture
def sections(tmp_path) -> Path:
    """A labelled data set of two sections a split, in the folder of ``run``."""
    rng = np.random.default_rng(11)
    for split in ("train", "val", "test"):
        for number in range(2):
            for kind, values in (
                ("images", rng.normal(size=(60, 60)).astype(np.float32)),
                ("labels", rng.integers(0, 2, (60, 60)).astype(np.uint8)),
            ):
                (tmp_path / "data" / split / kind).mkdir(parents=True, exist_ok=True)
                np.save(tmp_path / "data" / split / kind / f"{number}.npy", values)
    return Path("data")


@pytest.fixture
def catalogues(run) -> tuple[str, str]:
    Path("found.csv").write_text("longitude,latitude,diameter_m\n10,20,9000\n11,20,4000\n50,1,8000\n")
    Path("truth.csv").write_text("Long,Lat,Diameter (km)\n10.01,20,9.5\n11,20,4.5\n-30,1,8\n")
    return "found.csv", "truth.csv"


def test_a_folder_is_written_and_named_on_stdout(run, pair):
    done = run("evaluate", *pair, "-o", "out", "--paper-metrics", "--batch-size", "2")
    assert (done.status, done.out) == (0, "out\n")
    report = json.loads(Path("out/report.json").read_text())
    assert report == evaluate(*map(Path, pair), paper_metrics=True, batch_size=2)
    assert report["paper"]["batch_size"] == 2
    assert f"means over batches of 2   mIoU {report['paper']['mIoU']:.4f}" in done.err
    names = {"confusion.png", "per-image-iou.csv", "per-image-iou.png", "report.json"}
    assert {path.name for path in Path("out").iterdir()} == names
    assert run("evaluate", *pair, "-o", "out").status == 1
    assert run("evaluate", *pair, "-o", "out", "--overwrite", "--quiet").status == 0


def test_a_tolerance_of_nothing_is_a_tolerance(run, pair):
    done = run("evaluate", *pair, "--tolerance", "0", "--json")
    assert json.loads(done.out)["tolerant"] == evaluate(*map(Path, pair), tolerance=0)["tolerant"]


def test_a_model_is_scored_on_labelled_data(run, sections, untrained_model):
    words = (
        "evaluate",
        "--model",
        untrained_model,
        "--data",
        sections,
        "--device",
        "cpu",
        "--precision",
        "fp32",
    )
    done = run(*words, "--json", "--paper-metrics", "--tolerance", "1", "-o", "out")
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert (report["split"], report["images"], report["paper"]["batch_size"]) == ("test", 2, 6)
    assert np.sum(report["confusion"]) == 2 * 60 * 60
    assert "2 images of 'test'" in done.err
    assert json.loads(Path("out/report.json").read_text()) == report
    val = run(*words, "--split", "val", "--json")
    assert json.loads(val.out)["split"] == "val"
    assert "2 images of 'val', which chose the epoch" in val.err
    assert json.loads(val.out)["confusion"] != report["confusion"]


def test_distances_come_of_the_run_beside_two_files(run, pair):
    part = {"train": {"dimension": "inline", "runs": [[0, 0]]}}
    Path("split.json").write_text(json.dumps({"volumes": [{"amplitude": "a", "splits": part}]}))
    done = run("evaluate", *pair, "--model", ".", "-o", "out", "--quiet")
    assert (done.status, done.err) == (0, "")
    rows = Path("out/iou-by-distance.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["0.0", "1.0", "2.0"]


def test_catalogues_are_matched(run, catalogues):
    done = run("evaluate", *catalogues, "--json", "-o", "out")
    report = json.loads(done.out)
    assert (report["predicted"], report["true"], report["matched"], report["units"]) == (3, 3, 2, "km")
    assert "3 craters predicted, 3 true, 2 found" in done.err
    assert "F1 0.6667   precision 0.6667   recall 0.6667" in done.err
    assert {path.name for path in Path("out").iterdir()} == {"matches.csv", "report.json"}
    larger = json.loads(run("evaluate", *catalogues, "--json", "--min-diameter", "5").out)
    assert (larger["predicted"], larger["true"], larger["matched"]) == (2, 2, 1)
    mars = json.loads(run("evaluate", *catalogues, "--json", "--radius", "3389.5").out)
    assert (report["radius_km"], mars["radius_km"]) == (1737.4, 3389.5)
    assert run("evaluate", *catalogues, "--radius", "0").status == 2


def test_a_bare_diameter_needs_its_unit(run):
    Path("a.csv").write_text("long,lat,diameter\n1621.9,716.8,4.3\n")
    refused = run("evaluate", "a.csv", "a.csv")
    assert (refused.status, refused.out) == (1, "")
    assert "hint: positions of up to 1621.9 and 716.8 are pixels: say --units pixels" in refused.err
    done = run("evaluate", "a.csv", "a.csv", "--units", "pixels", "--json")
    assert json.loads(done.out)["f1"] == 1.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.csv", "b.csv", "--tolerance", "2"), "--tolerance means nothing for two catalogues"),
        (("a.csv", "b.csv", "--model", "m"), "--model means nothing for two catalogues"),
        (("a.gpkg", "b.csv"), "a.gpkg: catalogues of craters are compared as .csv"),
        (("a.npy", "b.npy", "--units", "m"), "--units means nothing for two files of labels"),
        (("a.npy", "b.npy", "--split", "val"), "--split means nothing for two files of labels"),
        (("a.npy", "b.npy", "--batch-size", "2"), "the batch size belongs to --paper-metrics"),
        (("--model", "m", "--data", "d", "--min-diameter", "2"), "--min-diameter means nothing for a model"),
        (("--model", "m"), "there is nothing to compare"),
        (("a.npy", "--model", "m", "--data", "d"), "there is nothing to compare"),
        ((), "there is nothing to compare"),
    ],
)
def test_options_of_another_form_are_refused(run, words, said):
    done = run("evaluate", *words)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
