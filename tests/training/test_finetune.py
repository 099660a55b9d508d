"""A whole training, of small networks on a small set."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from accelerate import Accelerator

import geointerp
from geointerp.errors import DataError, MachineError, OutputError, UsageError
from geointerp.inference.device import Machine
from geointerp.inference.slices import label_slices
from geointerp.network.checkpoint import file_sha256
from geointerp.sinks.output import former_of
from geointerp.training.data import open_labelled
from geointerp.training.progress import Epoch, Silent
from geointerp.training.run_folder import begin_run, check_same, former_kept

SMALL: dict[str, Any] = {
    "task": "faults",
    "network": "unet",
    "width": 1 / 16,
    "tile": 32,
    "batch_size": 4,
    "epochs": 3,
    "precision": "fp32",
    "device": "cpu",
}
Train = Callable[..., Path]


class Witness(Silent):
    """Remembers what it was told, and may break off."""

    def __init__(self, steps: int | None = None) -> None:
        self.left = steps
        self.notes: list[str] = []
        self.epochs: list[Epoch] = []

    def step(self, loss: float) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

    def epoch(self, epoch: Epoch, best: bool) -> None:
        self.epochs.append(epoch)

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.fixture
def train(labelled_set: Path, tmp_path: Path) -> Train:
    """Fine-tunes a small U-Net on the small set."""

    def run(name: str = "run", **settings: Any) -> Path:
        return geointerp.finetune(labelled_set, output=tmp_path / name, **{**SMALL, **settings})

    return run


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as table:
        return list(csv.DictReader(table))


def test_a_run_folder_holds_everything(train: Train, labelled_set: Path) -> None:
    # Without a task, whose sections may have either polarity, bright is bright.
    run = train(task=None, classes="background,band", epochs=20, lr=0.02)
    assert {path.name for path in run.iterdir()} == {
        "model", "last", "config.yaml", "split.json", "metrics.csv", "curves.png", "samples.png"
    }  # fmt: skip
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["settings"]["lr"] == 0.02
    assert config["settings"]["tile"] == [32, 32]
    assert config["augmentation"]["flip_rows"] == 0
    assert config["augmentation"]["zoom"] > 1
    assert config["versions"]["torch"] == torch.__version__.split("+")[0]
    # A third of the samples: sqrt(2) times the weight of the two thirds.
    weights = config["class_weights"]
    assert weights["band"] / weights["background"] == pytest.approx(2**0.5, rel=1e-4)
    assert config["data"]["splits"] == {"train": 4, "val": 2}
    assert set(json.loads((run / "split.json").read_text())["splits"]) == {"train", "val"}
    table = rows(run)
    assert [row["epoch"] for row in table] == [str(number) for number in range(1, 21)]
    best = max(table, key=lambda row: float(row["mIoU"]))
    assert float(best["mIoU"]) > 0.8
    about = json.loads((run / "model" / "geointerp.json").read_text())
    assert about["metrics"]["epoch"] == int(best["epoch"])
    assert about["metrics"]["mIoU"] == pytest.approx(float(best["mIoU"]), abs=1e-6)
    card = (run / "model" / "README.md").read_text()
    assert f"{float(best['mIoU']):.4f}" in card
    assert config["data"]["fingerprint"][:16] in card
    for picture in ("curves.png", "samples.png"):
        assert (run / picture).read_bytes().startswith(b"\x89PNG")


def test_the_stored_model_gives_the_figures_that_it_claims(train: Train, labelled_set: Path) -> None:
    run = train(epochs=6, lr=0.02)
    model = geointerp.load_model(run)  # the run folder stands for its best model
    split = open_labelled(labelled_set, task="faults").splits["val"]
    samples = [split[number] for number in range(len(split))]
    labels = label_slices(
        model.network,
        [sample.grey for sample in samples],
        classes=2,
        tile=(32, 32),
        overlap=model.description.overlap,
        patch=model.description.patch,
        machine=Machine(torch.device("cpu"), "fp32"),
    )
    both = np.concatenate([found.ravel() for found in labels])
    truth = np.concatenate([sample.labels.ravel() for sample in samples])
    ious = [((both == c) & (truth == c)).sum() / ((both == c) | (truth == c)).sum() for c in (0, 1)]
    assert model.description.metrics["mIoU"] == pytest.approx(np.mean(ious), abs=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{}, {"ema": 0.9}, {"network": "vit", "width": 0.25, "tile": 56, "dropout": 0.2, "decoder": "pup"}],
    ids=["unet", "averaged", "lora"],
)
def test_a_run_that_was_cut_off_goes_on_exactly(train: Train, settings: dict[str, Any]) -> None:
    whole = train("whole", **settings)
    steps = round(60 * 70 / settings.get("tile", 32) ** 2)  # four sections, batches of four
    with pytest.raises(KeyboardInterrupt):
        train("cut", progress=Witness(steps + steps // 2), **settings)
    assert len(rows(whole.with_name("cut"))) == 1
    witness = Witness()
    again = train("cut", resume=True, progress=witness, **settings)
    assert [epoch.number for epoch in witness.epochs] == [2, 3]
    assert (again / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()
    for weights in (whole / "model").glob("*.safetensors"):
        assert file_sha256(again / "model" / weights.name) == file_sha256(weights)


def test_a_run_that_is_complete_is_not_trained_on(train: Train) -> None:
    run = train()
    before = (run / "last" / "training.pt").stat().st_mtime_ns
    witness = Witness()
    assert train(resume=True, progress=witness) == run
    assert witness.epochs == []
    assert (run / "last" / "training.pt").stat().st_mtime_ns == before


def test_a_run_cut_off_in_its_first_epoch_begins_again(train: Train) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(progress=Witness(1))
    assert len(rows(train(resume=True))) == 3


def test_other_settings_are_no_resumption(train: Train) -> None:
    run = train(epochs=1)
    before = (run / "metrics.csv").read_bytes()
    with pytest.raises(UsageError, match=r"lr was 0.001 and is 0.5; seed was 0 and is 3"):
        train(epochs=1, resume=True, lr=0.5, seed=3)
    assert (run / "metrics.csv").read_bytes() == before
    assert train(epochs=1, resume=True, max_minutes=5, patience=7, workers=0) == run


def test_changed_data_are_told_of_without_their_hashes(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        check_same(tmp_path, {"data": "a" * 64, "lr": 0.1}, {"data": "b" * 64, "lr": 0.1})
    assert str(refused.value.message) == f"{tmp_path} was begun with other settings: data changed since"


def test_what_is_there_is_not_overwritten_unless_asked(train: Train, tmp_path: Path) -> None:
    run = train(epochs=1)
    with pytest.raises(OutputError, match="exists") as refused:
        train(epochs=1)
    assert "--resume" in str(refused.value.hint)
    with pytest.raises(UsageError):
        train(epochs=1, overwrite=True, tile=33)  # refused before anything is removed
    assert (run / "metrics.csv").is_file()
    assert len(rows(train(epochs=2, overwrite=True))) == 2
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("kept")
    with pytest.raises(OutputError, match="something else"):
        train("other", overwrite=True)
    assert (tmp_path / "other" / "mine.txt").read_text() == "kept"


def test_a_run_that_holds_what_is_learnt_from_is_not_replaced(train: Train, tmp_path: Path) -> None:
    run, data = train(epochs=1), tmp_path / "volumes"
    data.mkdir()
    labels = np.random.default_rng(0).integers(0, 2, (12, 40, 40)).astype(np.uint8)
    np.save(data / "amplitude.npy", labels.astype(np.float32))
    np.save(run / "predicted.npy", labels)
    (tmp_path / "link").symlink_to(run)
    inside = "link/predicted.npy"
    for entry in (
        {"amplitude": "amplitude.npy", "labels": f"../{inside}"},
        {"amplitude": str(tmp_path / inside), "labels": "amplitude.npy"},
    ):
        (data / "dataset.json").write_text(json.dumps({"volumes": [entry]}))
        with pytest.raises(OutputError, match=r"run holds the input, .*predicted\.npy"):
            geointerp.finetune(data, output=run, overwrite=True, **SMALL)
    vit = {"network": "vit", "weights": str(run / "model" / "weights.safetensors"), "width": 1.0}
    with pytest.raises(OutputError, match=r"run holds the input, .*weights\.safetensors"):
        train(overwrite=True, **vit)
    assert (run / "predicted.npy").is_file()
    assert not former_of(run).exists()


def test_a_run_is_replaced_only_once_the_new_one_has_done_an_epoch(train: Train, tmp_path: Path) -> None:
    run = train(epochs=1)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    witness = Witness(steps=1)
    with pytest.raises(KeyboardInterrupt):
        train(epochs=1, seed=4, overwrite=True, progress=witness)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert any("again what it was" in note for note in witness.notes)
    killed = former_of(run)
    run.rename(killed)  # as SIGKILL in the first epoch of what replaces it leaves them
    begin_run(run, {"command": "killed"}, {})
    with pytest.raises(KeyboardInterrupt):
        train(epochs=1, seed=4, overwrite=True, progress=Witness(steps=1))
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert len(rows(train(epochs=2, seed=4, overwrite=True))) == 2
    assert [path.name for path in tmp_path.iterdir() if "run" in path.name] == [run.name]


def test_a_run_that_has_an_epoch_is_not_given_up_for_what_it_replaced(tmp_path: Path) -> None:
    """What it replaced may not have been removed whole."""
    run, notes = tmp_path / "run", list[str]()
    (run / "last").mkdir(parents=True)
    (run / "last" / "training.pt").write_text("an epoch")
    former_of(run).mkdir()
    with pytest.raises(KeyboardInterrupt), former_kept(run, notes.append):
        raise KeyboardInterrupt
    assert (run / "last" / "training.pt").is_file()
    assert not notes


def test_the_same_seed_gives_the_same_model_and_another_does_not(train: Train) -> None:
    one, two, other = (
        file_sha256(train(f"run{n}", seed=seed, deterministic=True) / "model" / "unet.safetensors")
        for n, seed in enumerate((5, 5, 6))
    )
    assert one == two != other
    assert not torch.are_deterministic_algorithms_enabled()


def test_it_stops_when_nothing_gets_better(train: Train) -> None:
    witness = Witness()
    run = train(epochs=30, lr=1e-9, patience=2, progress=witness)
    table = rows(run)
    best = json.loads((run / "model" / "geointerp.json").read_text())["metrics"]["epoch"]
    assert len(table) == best + 2 < 30
    assert any("no better epoch" in note for note in witness.notes)


def test_it_keeps_within_its_minutes(train: Train) -> None:
    witness = Witness()
    run = train(epochs=30, max_minutes=1e-4, progress=witness)
    assert len(rows(run)) == 1
    assert any("would exceed 0.0001 minutes" in note for note in witness.notes)
    assert (run / "samples.png").is_file()
    assert len(rows(train(epochs=30, max_minutes=1e-4, resume=True))) == 2


def test_two_trainings_in_one_process_may_differ_in_precision(train: Train) -> None:
    for precision in ("bf16", "fp32"):
        run = train(precision, epochs=1, precision=precision)
        assert yaml.safe_load((run / "config.yaml").read_text())["machine"]["precision"] == precision


def test_classes_of_ones_own_and_three_channels(train: Train) -> None:
    run = train(task=None, classes="rock,band", channels="neighbours", epochs=1)
    about = geointerp.load_model(run).description
    assert [one.name for one in about.classes] == ["rock", "band"]
    assert about.task is None
    assert about.channels == "neighbours"
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["augmentation"]["flip_columns"] == 0.5
    assert config["augmentation"]["zoom"] == 1  # what fills the slice is known by its depth


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"tile": 40}, UsageError, "multiple of the model's patch of 16"),
        ({"network": "gan"}, UsageError, "no network is called 'gan'"),
        ({"loss": "hinge"}, UsageError, "no loss is called 'hinge'"),
        ({"weights": "none"}, UsageError, "a U-Net has no backbone"),
        ({"epochs": 0}, UsageError, "--epochs is 0"),
        ({"lr": -1.0}, UsageError, "--lr is -1"),
        ({"ema": 1.0}, UsageError, "--ema is 1"),
        ({"weight_decay": float("nan")}, UsageError, "--weight-decay is nan"),
        ({"views": "sideways"}, UsageError, "no view 'sideways'"),
        ({"task": "gold"}, UsageError, "no task is called 'gold'"),
        ({"device": "cuda:99"}, MachineError, "cuda:99"),
        ({"precision": "fp16"}, MachineError, "fp16 needs a GPU"),
        ({"weight_decay": 1e30, "epochs": 1, "batch_size": 99}, DataError, "training has diverged"),
        ({"lr": 1e30, "epochs": 9, "clip": 1e9}, DataError, "the loss became"),
    ],
)
def test_what_cannot_be_is_refused(
    train: Train, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        train(**settings)


def test_a_loss_that_is_none_in_one_process_stops_all(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_another(self: Accelerator, tensor: torch.Tensor, reduction: str) -> torch.Tensor:
        return tensor + float("nan")

    monkeypatch.setattr(Accelerator, "reduce", with_another)
    with pytest.raises(DataError, match="the loss became nan in step 1"):
        train(epochs=1)


def test_who_trains_is_told_what_validates(labelled_set: Path, tmp_path: Path) -> None:
    shutil.copytree(labelled_set / "train", tmp_path / "data" / "train")
    witness = Witness()
    geointerp.finetune(tmp_path / "data", output=tmp_path / "run", progress=witness, **SMALL | {"epochs": 1})
    assert [note for note in witness.notes if "held back from the training sections by seed 0" in note]
    shutil.copytree(labelled_set / "val", tmp_path / "data" / "val")
    for file in (tmp_path / "data" / "val" / "labels").iterdir():
        np.save(file, np.load(file) * 0)
    geointerp.finetune(tmp_path / "data", output=tmp_path / "two", progress=witness, **SMALL | {"epochs": 1})
    assert "'val' has no labels of fault: the epoch is chosen without regard to them" in witness.notes


def test_nothing_is_written_for_data_at_fault(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no folder"):
        geointerp.finetune(tmp_path / "none", output=tmp_path / "run", **SMALL)
    assert not (tmp_path / "run").exists()


def test_two_processes_give_one_run(labelled_set: Path, tmp_path: Path) -> None:
    words = [
        *("--data", labelled_set, "-o", tmp_path / "run", "--task", "faults", "--network", "unet"),
        *("--width", "0.0625", "--tile", "32", "--epochs", "2", "--batch-size", "4", "--precision", "fp32"),
        *("--device", "cpu"),
    ]
    # The flag has accelerate start several processes, GPUs or not; with --cpu it leaves that to mpirun.
    launch = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "-m", "geointerp", "finetune"]
    done = subprocess.run(
        [sys.executable, "-m", *launch, *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(geointerp.__file__).parents[1])},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(tmp_path / "run")]
    assert done.stderr.count("epoch 2/2") == 1
    assert len(rows(tmp_path / "run")) == 2
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["processes"] == 2
    assert geointerp.load_model(tmp_path / "run").description.metrics["mIoU"] > 0
