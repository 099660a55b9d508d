"""How many labels does it take? The bundled starter against random weights and a U-Net, fine-tuned alike.

    python examples/label_efficiency.py -o labels

Synthetic sections of a task, from the *shifted* ranges that no bundled model was trained on, stand for
somebody's survey. Each network is fine-tuned, as ``geointerp finetune`` does it, on 10, 30, 100 and 300 of
them, for the same number of steps, and scored on 100 others. Random weights learn all over: LoRA on random
weights learns nothing. Writes ``label_efficiency.csv`` and ``.png``; what has a report is not trained again.
"""

import csv
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure

from geointerp.evaluation.of_model import evaluate_model
from geointerp.synthesis.generators import GENERATORS
from geointerp.training.finetune import finetune

SIZES = (10, 30, 100, 300)
STARTS: dict[str, dict[str, Any]] = {
    "starter": {"width": 0.5},
    "random weights": {"weights": "none", "method": "full", "width": 0.5},
    "U-Net": {"network": "unet", "width": 0.25},
}
BATCH = 8
AT_ONCE = 10
# Seeds of each split; those of training lie above 1,000,000.
SPLITS = {"train": 50_000, "val": 60_000, "test": 70_000}
COUNTS = {"val": 10, "test": 100}


def write_data(folder: Path, task: str, size: int) -> None:
    """Write ``size`` training sections, the same ones first for any size, and the others."""
    generator = GENERATORS[task]
    for split, seed in SPLITS.items():
        for kind in ("images", "labels"):
            (folder / split / kind).mkdir(parents=True)
        for first in range(0, COUNTS.get(split, size), AT_ONCE):
            amplitudes, labels = generator(AT_ONCE, seed + first, recipe=generator.shifted)
            for number, pair in enumerate(zip(amplitudes, labels, strict=True), first):
                for kind, values in zip(("images", "labels"), pair, strict=True):
                    np.save(folder / split / kind / f"{number:03d}.npy", values.numpy())


def score(task: str, start: str, size: int, steps: int, output: Path) -> float:
    """Mean IoU on the test sections of a network fine-tuned on ``size`` sections for about ``steps``."""
    data, place = output / "data" / str(size), output / "runs" / f"{start}-{size}".replace(" ", "-")
    report = place / "report" / "report.json"
    if not report.is_file():
        epochs = max(1, round(steps / (size // BATCH)))
        learning = {"epochs": epochs, "batch_size": BATCH, "resume": True, **STARTS[start]}
        finetune(data, task=task, output=place / "run", **learning)
        evaluate_model(place / "run", data, split="test", output=place / "report")
    return float(json.loads(report.read_text())["mIoU"])


def draw(task: str, figures: dict[str, list[float]], path: Path) -> None:
    """Draw mean IoU against the number of labelled sections, a line a network."""
    figure = Figure(figsize=(5.0, 3.6), layout="constrained")
    axes = figure.subplots()
    for name, line in figures.items():
        axes.plot(SIZES[: len(line)], line, marker="o", label=name)
    axes.set_xscale("log", base=10)
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.minorticks_off()
    axes.set_xlabel("labelled sections")
    axes.set_ylabel(f"mIoU of {task} on 100 others")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for data, runs and figures.")],
    task: Annotated[str, typer.Option(help="Which of the five.")] = "salt",
    steps: Annotated[int, typer.Option(min=1, help="Batches of 8 that each network learns from.")] = 150,
) -> None:
    """Train and score what is not there yet; write the table and the figure."""
    figures: dict[str, list[float]] = {start: [] for start in STARTS}
    for size in SIZES:
        if not (output / "data" / str(size)).exists():
            write_data(output / "data" / str(size), task, size)
        for start, line in figures.items():
            line.append(score(task, start, size, steps, output))
            print(f"{start}, {size} sections: mIoU {line[-1]:.3f}", flush=True)
        with (output / "label_efficiency.csv").open("w", newline="") as table:
            csv.writer(table).writerows(
                [["sections", *figures], *zip(SIZES, *figures.values(), strict=False)]
            )
        draw(task, figures, output / "label_efficiency.png")


if __name__ == "__main__":
    typer.run(main)
