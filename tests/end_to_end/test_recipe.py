"""The committed recipe gives the recorded losses: same generators, seeds and starting point."""

import csv
import importlib.util
from pathlib import Path

import pytest
import torch

from geointerp.tasks import TASKS
from geointerp.training.losses import ce_dice

SCRIPT = Path(__file__).parents[2] / "examples" / "train_starter.py"


@pytest.fixture(scope="module")
def train_starter():
    spec = importlib.util.spec_from_file_location("train_starter", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("task", TASKS)
def test_the_first_loss_is_the_recorded_one(train_starter, task):
    model = train_starter.with_lora(task, train_starter.decoder_at(task, 0))
    check_first_loss(train_starter, model, task, task)


def test_the_first_loss_of_a_path_by_itself_is_the_recorded_one(train_starter):
    model = train_starter.PathAlone(train_starter.new_path("facies"))
    check_first_loss(train_starter, model, "facies", "facies-path")


def check_first_loss(train_starter, model, task, table):
    with (train_starter.RECORDED / f"{table}.csv").open(newline="") as lines:
        recorded = float(next(csv.reader(lines))[1])
    recipe = train_starter.RECIPES[task]
    grey, label = train_starter.batches(task, recipe)(0)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = model.train()(grey)
    weights = torch.tensor(recipe.class_weights) if recipe.class_weights else None
    # Sums of bf16 products depend on the processor.
    assert ce_dice(logits, label, weights).item() == pytest.approx(recorded, rel=5e-3)


def test_a_path_that_learnt_by_itself_and_mla_begin_with_their_mean(train_starter):
    former = train_starter.with_lora("facies", train_starter.DETAIL)
    learnt = train_starter.decoder_in(train_starter.with_lora("facies", train_starter.DECODERS["facies"]))
    torch.nn.init.normal_(learnt.correct.weight)
    both = train_starter.with_path(former, learnt, "facies").eval()
    grey = train_starter.batches("facies", train_starter.RECIPES["facies"])(0)[0][:1]
    with torch.no_grad():
        # The path of `detail` still corrects nothing: this is MLA alone.
        mean = 0.5 * (former.eval()(grey) + train_starter.PathAlone(learnt).eval()(grey))
        torch.testing.assert_close(both(grey), mean)
