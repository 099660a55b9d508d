"""The bundled models do on unseen data what their cards say."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from geointerp.network.home import models_home
from geointerp.tasks import TASKS

# The survey of `make demo`.
SHAPE, SEED = "96,192,288", "2024"
COUNT = 24


def test_the_faults_of_the_demo_survey_are_found(program):
    assert program("synth", "survey", "-o", "survey.sgy", "--shape", SHAPE, "--seed", SEED).returncode == 0
    done = program("predict", "survey.sgy", "--task", "faults", "-o", "faults.zarr")
    assert (done.returncode, done.stdout) == (0, "faults.zarr\n"), done.stderr
    done = program("evaluate", "faults.zarr", "survey_faults.sgy", "--tolerance", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tolerant"]["f1"] >= 0.80


@pytest.mark.parametrize("task", TASKS)
def test_unseen_samples_are_labelled(program, tmp_path, task):
    """mIoU over a few samples from training's ranges comes near the card's figure for hundreds."""
    metrics = json.loads((models_home() / task / "geointerp.json").read_text())["metrics"]
    assert program("synth", task, "-o", "data", "--count", str(COUNT), "--seed", "11").returncode == 0
    images = sorted((tmp_path / "data").glob("*/images/*.npy"))
    done = program("predict", "-", "--task", task, "-o", "out", stdin="\n".join(map(str, images)))
    assert done.returncode == 0, done.stderr
    stores = [tmp_path / line for line in done.stdout.split()]
    truth = [np.load(image.parent.parent / "labels" / image.name) for image in images]
    found = mean_iou(stores, truth, len(TASKS[task].classes))
    assert found >= metrics["training_ranges"]["mIoU"] - 0.1
    assert found >= metrics["chance"]["mIoU"] + 0.2


def mean_iou(stores: list[Path], truth: list[np.ndarray], classes: int) -> float:
    predicted = np.stack(
        [xr.open_zarr(store, consolidated=False, mask_and_scale=False)["labels"].values for store in stores]
    )
    true = np.stack(truth)
    known = (predicted != 255) & (true != 255)
    predicted, true = predicted[known], true[known]
    each = [
        ((predicted == k) & (true == k)).sum() / ((predicted == k) | (true == k)).sum()
        for k in range(classes)
    ]
    return float(np.mean(each))


@pytest.mark.parametrize("name", ["starter", *TASKS])
def test_models_are_small_and_honest(name):
    folder = models_home() / name
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size <= (12e6 if name == "starter" else 3e6)
    card = (folder / "README.md").read_text()
    assert "What it cannot do" in card
    assert "{" not in card, "a placeholder of the template is left"


def test_all_models_together_are_small():
    assert sum(path.stat().st_size for path in models_home().rglob("*") if path.is_file()) <= 30e6
