"""The command through the real command line; what a training does is tested beside the package."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import Run

from geointerp.cli.console import Console
from geointerp.cli.training_table import TrainingTable
from geointerp.training.progress import Epoch

SMALL = ("--task", "faults", "--network", "unet", "--width", "0.0625", "--tile", "32", "--epochs", "1")
CHEAP = ("--batch-size", "4", "--precision", "fp32", "--device", "cpu")


def config(run: str = "out") -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((Path(run) / "config.yaml").read_text())
    return loaded


def test_it_gives_the_run_folder_and_a_line_an_epoch(run: Run, labelled_set: Path) -> None:
    words = ("--data", labelled_set, *SMALL, *CHEAP, "--epochs", "2")
    done = run("finetune", *words, "-o", "out")
    assert done.status == 0
    assert done.out == "out\n"
    assert "epoch 2/2" in done.err
    assert "val mIoU 0." in done.err
    assert config()["command"] == "geointerp finetune " + " ".join([*map(str, words), "-o", "out"])
    # The run folder stands for its model.
    section = labelled_set / "val" / "images" / "0.npy"
    predicted = run("predict", section, "--model", "out", "-o", "labels.npy")
    assert predicted.status == 0, predicted.err
    assert np.load("labels.npy").shape == (60, 70)


def test_json_and_quiet(run: Run, labelled_set: Path) -> None:
    done = run("finetune", "--data", labelled_set, *SMALL, *CHEAP, "--json", "--quiet")
    assert done.err == ""
    facts = json.loads(done.out)
    assert facts["output"] == str(Path("runs") / "faults")
    assert facts["classes"] == ["background", "fault"]
    assert (facts["epochs"], facts["best_epoch"], facts["task"]) == (1, 1, "faults")
    assert 0 <= facts["mIoU"] <= 1
    assert set(facts["IoU"]) == {"background", "fault"}


def test_every_option_of_the_encoder_reaches_the_training(run: Run, labelled_set: Path) -> None:
    words = ("--backbone", "vit_tiny_patch16_224", "--weights", "none", "--decoder", "pup", "--width", "0.1")
    words += ("--method", "lora", "--rank", "4", "--alpha", "2", "--dropout", "0.1", "--tile", "32x48")
    words += ("--channels", "neighbours", "--views", "inline", "--classes", "rock,band", "--epochs", "1")
    done = run("finetune", "--data", labelled_set, *words, *CHEAP, "-o", "out")
    assert done.status == 0, done.err
    expected = {
        "backbone": "vit_tiny_patch16_224", "weights": "none", "decoder": "pup", "width": 0.1, "rank": 4,
        "method": "lora", "alpha": 2.0, "dropout": 0.1, "tile": [32, 48], "channels": "neighbours",
        "views": ["inline"], "classes": ["rock", "band"], "task": None, "epochs": 1, "batch_size": 4,
        "precision": "fp32", "device": "cpu",
    }  # fmt: skip
    assert expected.items() <= config()["settings"].items()
    adapter = json.loads(Path("out/model/adapter_config.json").read_text())
    assert (adapter["r"], adapter["lora_alpha"], adapter["lora_dropout"]) == (4, 2.0, 0.1)


def test_every_option_of_the_training_reaches_it(run: Run, labelled_set: Path) -> None:
    words = ("--lr", "0.002", "--weight-decay", "0.1", "--warmup", "0.2", "--clip", "2", "--loss", "focal")
    words += ("--no-class-weights", "--no-augment", "--ema", "0.9", "--patience", "3", "--max-minutes", "9")
    words += ("--seed", "4", "--deterministic", "--workers", "1")
    done = run("finetune", "--data", labelled_set, *SMALL, *CHEAP, *words, "-o", "out")
    assert done.status == 0, done.err
    expected = {
        "lr": 0.002, "weight_decay": 0.1, "warmup": 0.2, "clip": 2.0, "loss": "focal", "ema": 0.9,
        "class_weights": False, "augment": False, "patience": 3, "max_minutes": 9.0, "seed": 4,
        "deterministic": True, "workers": 1, "network": "unet",
    }  # fmt: skip
    assert expected.items() <= config()["settings"].items()
    assert config()["class_weights"] == {"background": 1.0, "fault": 1.0}
    assert config()["augmentation"]["flip_columns"] == config()["augmentation"]["noise"] == 0


def test_a_run_is_kept_resumed_or_replaced(run: Run, labelled_set: Path) -> None:
    words = ("finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out")
    assert run(*words).status == 0
    refused = run(*words)
    assert refused.status == 1
    assert refused.err.splitlines()[-2:] == [
        "error: out exists",
        "hint: --overwrite replaces it, --resume goes on with it",
    ]
    assert run(*words, "--resume").status == 0
    other = run(*words, "--resume", "--lr", "0.5")
    assert other.status == 2
    assert "lr was 0.001 and is 0.5" in other.err
    assert run(*words, "--overwrite", "--lr", "0.5").status == 0


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--tile", "33"), 2, "a tile of 33 x 33 samples is no multiple of the model's patch of 16"),
        (("--tile", "big"), 2, "--tile cannot be read: 'big'"),
        (("--backbone", "dinov2-small"), 2, "a U-Net has no backbone"),
        (("--classes", "one"), 2, "--classes gives 1 classes"),
        (("--device", "cuda:99"), 1, "cuda:99 was asked for"),
        (("--lr", "0"), 2, "--lr is 0"),
    ],
)
def test_what_is_wrong_is_one_line(
    run: Run, labelled_set: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    done = run("finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out", *words)
    assert done.status == status
    assert done.out == ""
    assert f"error: {message}" in done.err
    assert "Traceback" not in done.err
    assert not Path("out").exists()


def test_missing_weights_and_data_are_named(run: Run, labelled_set: Path) -> None:
    words = ("--task", "faults", "--tile", "56", *CHEAP, "-o", "out")
    missing = run("finetune", "--data", labelled_set, *words, "--weights", "gone.safetensors")
    assert missing.status == 1
    assert "error: no weights at gone.safetensors" in missing.err
    empty = run("finetune", "--data", "nowhere", *words)
    assert empty.status == 1
    assert "nowhere is no folder" in empty.err


def test_other_processes_leave_the_talking_to_the_first(
    run: Run, labelled_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    done = run("finetune", "--data", "nowhere", *SMALL, *CHEAP, "-o", "out")
    assert (done.status, done.out, done.err) == (1, "", "")
    done = run(
        "finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out", "--lr", "1e30", "--clip", "1e9"
    )
    assert (done.status, done.out) == (1, "")
    assert "error: the loss became" in done.err


@pytest.mark.parametrize(("where", "what"), [
    ("accelerate.Accelerator.prepare", "the network"),
    ("geointerp.training.session.Session._step", "4 tiles of 32 x 32 a step"),
])  # fmt: skip
def test_too_little_memory_says_for_what(
    where: str, what: str, run: Run, labelled_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(where, full)
    done = run("finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out")
    assert done.status == 1
    assert f"error: cpu has too little memory for {what}\nhint: " in done.err


def interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupt_says_how_to_go_on(
    run: Run, labelled_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(TrainingTable, "step", interrupt)
        done = run("finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out")
    assert done.status == 130
    assert done.err.splitlines()[-2:] == ["error: interrupted", "hint: go on with --resume"]
    assert run("finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out", "--resume").status == 0


def test_an_interrupt_before_anything_is_begun_has_nothing_to_go_on_with(
    run: Run, labelled_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out")
    with monkeypatch.context() as patch:
        patch.setattr("geointerp.training.trainer.make_plan", interrupt)
        done = run(*words)
    assert (done.status, done.err.splitlines()[-1]) == (130, "error: interrupted")
    assert not Path("out").exists()


def test_an_interrupt_that_gives_a_former_run_its_place_back_does_not_recommend_to_go_on_with_it(
    run: Run, labelled_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("finetune", "--data", labelled_set, *SMALL, *CHEAP, "-o", "out")
    assert run(*words).status == 0
    before = Path("out/metrics.csv").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(TrainingTable, "step", interrupt)
        done = run(*words, "--overwrite", "--seed", "7")
    assert (done.status, done.err.splitlines()[-1]) == (130, "error: interrupted")
    assert "out is again what it was before" in done.err
    assert Path("out/metrics.csv").read_bytes() == before
    with monkeypatch.context() as patch:
        patch.setattr("geointerp.training.trainer._Run.draw", interrupt)
        done = run(*words, "--overwrite", "--seed", "7")
    assert done.err.splitlines()[-2:] == ["error: interrupted", "hint: go on with --resume"]


def test_the_table_of_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Console, "shows_bars", True)
    monkeypatch.setenv("COLUMNS", "100")
    with TrainingTable(Console()) as table:
        table.start(2, 3, [], "mine on cpu in fp32")
        for loss in (1.0, 2.0, 3.0):
            table.step(loss)
        table.epoch(Epoch(1, 1e-3, 2.0, 1.5, 0.625, 0.75, 0.8, (0.5, 0.75)), best=True)
        table.step(1.25)
    err = capsys.readouterr().err
    assert "val mIoU" in err
    assert "0.6250" in err
