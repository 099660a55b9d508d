"""Measure the bundled fault model on sections it never saw, and write the figures into its folder.

    python examples/measure_faults.py [--count 500]

Writes the figures into models/faults/geointerp.json and the cards models/{faults,starter}/README.md, and
prints a table. The model is run as ``geointerp predict`` runs it: LoRA merged, normalisation folded, fp32.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import typer
from rich.console import Console
from rich.table import Table

from geointerp.evaluation.confusion import ConfusionMatrix
from geointerp.evaluation.metrics import metrics as confusion_metrics
from geointerp.evaluation.tolerant import TolerantScore
from geointerp.network.bundle import load_model
from geointerp.network.description import ModelDescription, read_description
from geointerp.network.home import find_model
from geointerp.synthesis.faults import DEFAULT, WIDE, FaultRecipe, fault_sections
from geointerp.synthesis.survey import SURVEY
from geointerp.training.grey import grey_of

# Training draws from seeds above 1,000,000.
FIRST_SEED = 100
BATCH = 10
CARDS = Path(__file__).parent / "cards"


def measure(count: int, recipe: FaultRecipe) -> dict[str, Any]:
    """Figures on ``count`` sections drawn from ``recipe``."""
    network = load_model("faults").network
    matrix, tolerant, seconds = ConfusionMatrix(), TolerantScore(2), 0.0
    for start in range(0, count, BATCH):
        amplitude, label = fault_sections(BATCH, FIRST_SEED + start, recipe=recipe)
        grey = grey_of(amplitude)
        begun = time.perf_counter()
        with torch.inference_mode():
            predicted = network(grey).argmax(dim=1).to(torch.uint8).numpy()
        seconds += time.perf_counter() - begun
        matrix.add(predicted, label.numpy())
        for one, truth in zip(predicted, label.numpy(), strict=True):
            tolerant.add_slice(one, truth)
    figures = confusion_metrics(matrix.of_classes(2), ["background", "fault"])
    return figures | {"tolerant": tolerant.report(), "seconds_per_section": seconds / count}


def flat(figures: dict[str, Any]) -> dict[str, float]:
    """The figures a card gives, rounded."""
    fault = figures["classes"][1]
    chosen = {
        "f1_at_2px": figures["tolerant"]["f1"],
        "precision_at_2px": figures["tolerant"]["precision"],
        "recall_at_2px": figures["tolerant"]["recall"],
        "mIoU": figures["mIoU"],
        "mPA": figures["mPA"],
        "fault_iou": fault["iou"],
    }
    return {name: round(float(value), 4) for name, value in chosen.items()}


def fill_card(name: str, description: ModelDescription, **values: Any) -> None:
    """Write models/<name>/README.md from its template in examples/cards."""
    card = (CARDS / f"{name}.md").read_text()
    recipe = description.training["recipe"]
    words = {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in recipe.items()}
    (find_model(name) / "README.md").write_text(card.format(**words, **values))


def main(count: int = 500) -> None:
    """Measure on the ranges of training, on those of a survey and on harder ones; write, and print."""
    ranges = {"training's ranges": DEFAULT, "a survey's ranges": SURVEY, "harder ranges": WIDE}
    figures = {name: flat(measure(count, recipe)) for name, recipe in ranges.items()}
    own, survey, harder = figures.values()
    folder = find_model("faults")
    description = read_description(folder)
    metrics: dict[str, Any] = {**own, "sections": count, "first_seed": FIRST_SEED}
    replace(description, metrics={**metrics, "survey": survey, "harder": harder}).write(folder)
    rows = "\n".join(
        f"| {name} | " + " | ".join(f"{one[name]:.3f}" for one in figures.values()) + " |" for name in own
    )
    samples = description.training["recipe"]["steps"] * description.training["recipe"]["batch_size"]
    fill_card("faults", description, figures=rows, count=count, samples=samples)
    starter = read_description(find_model("starter"))
    seen = starter.training["recipe"]["steps"] * starter.training["recipe"]["batch_size"]
    fill_card("starter", starter, samples=seen)
    table = Table(f"{count} unseen sections each", *ranges)
    for name in own:
        table.add_row(name, *(f"{one[name]:.3f}" for one in figures.values()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
