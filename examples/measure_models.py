"""Measure the bundled models on samples they never saw, and write the figures into their folders.

    python examples/measure_models.py [TASK ...] [--count 500] [--twins runs]

Writes the figures into models/TASK/geointerp.json, fills the cards models/NAME/README.md from their templates
in examples/cards, and prints a table. Each model is run as ``geointerp predict`` runs it: LoRA merged,
normalisation folded, fp32. The shifted samples come from other ranges than training's; a U-Net twin is one
that ``train_starter.py twin TASK`` trained.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import nn

from geointerp.evaluation.confusion import ConfusionMatrix
from geointerp.evaluation.metrics import metrics as confusion_metrics
from geointerp.evaluation.tolerant import TolerantScore
from geointerp.network.description import ModelDescription, read_description
from geointerp.network.home import STARTER, find_model
from geointerp.network.loading import load_model
from geointerp.network.unet import UNet
from geointerp.synthesis.generators import GENERATORS
from geointerp.synthesis.ranges import Ranges
from geointerp.tasks import TASKS, task_named
from geointerp.training.grey import grey_of

# Training draws from seeds above 1,000,000.
FIRST_SEED = 100
BATCH = 10
OWN_COUNT = 200  # samples of training's own ranges
CARDS = Path(__file__).parent / "cards"


def measure(
    task: str, networks: dict[str, nn.Module], ranges: Ranges, count: int
) -> dict[str, dict[str, float]]:
    """Figures of each network, and of chance, on the same ``count`` samples."""
    generator, names = GENERATORS[task], [one.name for one in task_named(task).classes]
    matrices = {name: ConfusionMatrix() for name in networks}
    lines = {name: TolerantScore(2) for name in networks}
    seconds = dict.fromkeys(networks, 0.0)
    for start in range(0, count, BATCH):
        amplitude, label = generator(BATCH, FIRST_SEED + start, recipe=ranges)
        grey, truth = grey_of(amplitude, kind=generator.scale), label.numpy()
        for name, network in networks.items():
            begun = time.process_time()
            with torch.inference_mode():
                predicted = network(grey).argmax(dim=1).to(torch.uint8).numpy()
            seconds[name] += time.process_time() - begun
            matrices[name].add(predicted, truth)
            if task == "faults":
                for one, other in zip(predicted, truth, strict=True):
                    lines[name].add_slice(one, other)
    figures = {name: figures_of(matrix, names) for name, matrix in matrices.items()}
    for name, own in figures.items():
        if task == "faults":
            own |= {
                f"{key}_at_2px": value for key, value in lines[name].report().items() if value is not None
            }
        own["cpu_seconds_per_sample"] = seconds[name] / count
    figures["chance"] = chance(next(iter(matrices.values())).of_classes(len(names)), names)
    return {name: rounded(own) for name, own in figures.items()}


def figures_of(matrix: ConfusionMatrix, names: list[str]) -> dict[str, float]:
    """Means over the classes and each class's IoU."""
    report = confusion_metrics(matrix.of_classes(len(names)), names)
    each = {f"{one['name']}_iou": one["iou"] for one in report["classes"]}
    return {"mIoU": report["mIoU"], "mPA": report["mPA"], **each}


def chance(confusion: NDArray[np.int64], names: list[str]) -> dict[str, float]:
    """What labels drawn at random as often as the classes occur would reach.

    Of a class with share ``p``, ``p²`` of all samples are hits: its IoU is ``p² / (2 p - p²) = p / (2 - p)``.
    """
    share = confusion.sum(axis=1) / confusion.sum()
    iou = share / (2.0 - share)
    each = {f"{name}_iou": float(value) for name, value in zip(names, iou, strict=True)}
    return {"mIoU": float(iou.mean()), "mPA": 1.0 / len(names), **each}


def rounded(figures: dict[str, float]) -> dict[str, float]:
    """To four digits."""
    return {name: round(float(value), 4) for name, value in figures.items()}


def twin_of(task: str, twins: Path | None) -> tuple[nn.Module, int] | None:
    """The U-Net twin and the steps it was trained for, if there is one."""
    stored = None if twins is None else twins / f"unet-{task}" / "last.pt"
    if stored is None or not stored.is_file():
        return None
    state = torch.load(stored, weights_only=True)
    network = UNet(len(task_named(task).classes), width=0.25)
    network.load_state_dict(state["model"])
    return network.eval(), int(state["step"])


def measure_model(task: str, count: int, twins: Path | None) -> None:
    """Measure one model and its twin; write models/TASK/geointerp.json."""
    networks: dict[str, nn.Module] = {task: load_model(task).network}
    twin = twin_of(task, twins)
    if twin is not None:
        networks["unet"], steps = twin
        learnt = read_description(find_model(task)).training["recipe"]["steps"]
        if steps != learnt:
            raise typer.BadParameter(f"the twin of {task} has seen {steps} batches, the model {learnt}")
    shifted = measure(task, networks, GENERATORS[task].shifted, count)
    own = measure(task, networks, GENERATORS[task].ranges, min(count, OWN_COUNT))
    metrics: dict[str, Any] = {
        **shifted[task],
        "samples": count,
        "samples_of_training_ranges": min(count, OWN_COUNT),
        "first_seed": FIRST_SEED,
        "training_ranges": own[task],
        "chance": shifted["chance"],
    }
    if twin is not None:
        metrics["unet"] = {"steps": steps, **shifted["unet"], "training_ranges": own["unet"]}
    folder = find_model(task)
    replace(read_description(folder), metrics=metrics).write(folder)


def rows(description: ModelDescription) -> list[tuple[str, ...]]:
    """The table of a card: figure, shifted, training's ranges, U-Net, chance."""
    metrics = description.metrics
    columns = (metrics, metrics["training_ranges"], metrics.get("unet", {}), metrics["chance"])
    names = [name for name in metrics["training_ranges"] if name != "cpu_seconds_per_sample"]
    return [(name, *(f"{one[name]:.3f}" if name in one else "-" for one in columns)) for name in names]


def about_twin(metrics: dict[str, Any]) -> str:
    """What a card says of the U-Net twin."""
    if "unet" not in metrics:
        return "There is no U-Net twin to compare with: no processor time was left to train one."
    unet = metrics["unet"]
    ahead = unet["mIoU"] - metrics["mIoU"]
    slower = unet["cpu_seconds_per_sample"] / metrics["cpu_seconds_per_sample"]
    side = "higher" if ahead > 0 else "lower"
    return (
        "The U-Net has a quarter of the original's channels and takes "
        f"{slower:.1f} times as long to run. It learnt\nfrom scratch on the {unet['steps']} batches "
        "of this adapter, without what the starter had seen before.\n"
        f"Its mIoU on the shifted samples is {side} by {abs(ahead):.3f}."
    )


def words_of(recipe: dict[str, Any]) -> dict[str, str]:
    """The numbers of a recipe as a card gives them."""
    words = {key: in_words(value) for key, value in recipe.items()}
    return words | {"samples": str(recipe["steps"] * recipe["batch_size"])}


def in_words(value: Any) -> str:
    """A number or some, without zeros that say nothing."""
    if isinstance(value, list):
        return ", ".join(map(in_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def fill_card(name: str) -> None:
    """Write models/NAME/README.md from its template in examples/cards."""
    description = read_description(find_model(name))
    stages = description.training.get("stages", [description.training])
    words = {f"{one['stage']}_{key}": word for one in stages for key, word in words_of(one["recipe"]).items()}
    words |= words_of(stages[-1]["recipe"])
    if description.metrics:
        words["figures"] = "\n".join("| " + " | ".join(row) + " |" for row in rows(description))
        words["count"] = str(description.metrics["samples"])
        words["own_count"] = str(description.metrics["samples_of_training_ranges"])
        words["milliseconds"] = f"{1000 * description.metrics['cpu_seconds_per_sample']:.0f}"
        words["unet"] = about_twin(description.metrics)
    card = (CARDS / f"{name}.md").read_text()
    (find_model(name) / "README.md").write_text(card.format(**words))


def main(
    tasks: Annotated[list[str] | None, typer.Argument(help="Models to measure; all by default.")] = None,
    count: Annotated[int, typer.Option(help="Shifted samples; 0 fills the cards alone.")] = 500,
    twins: Annotated[Path | None, typer.Option(help="Folder with the runs of the U-Net twins.")] = None,
) -> None:
    """Measure, write, and print."""
    for task in tasks or TASKS:
        if count:
            measure_model(task, count, twins)
        fill_card(task)
    fill_card(STARTER)
    table = Table("", "figure", "shifted", "training's ranges", "U-Net, shifted", "chance")
    for task in tasks or TASKS:
        for row in rows(read_description(find_model(task))):
            table.add_row(task, *row)
    Console().print(table)


if __name__ == "__main__":
    torch.set_num_threads(1)
    typer.run(main)
