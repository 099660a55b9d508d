"""Run the paper's table (Guo et al., arXiv 2408.12396): five tasks x U-Net, linear, PUP, DPT and MLA.

    python examples/reproduce_paper.py --data ZENODO_FOLDER -o table --backbone dinov2-small --seeds 3

ZENODO_FOLDER holds the published sets (Zenodo 12798750) as they are: seismicFace, geobody, crater, das and
deepFault, each with train and valid. What the paper calls valid is its test set, and is never looked at here
before the end: a tenth of the training images, drawn anew for each seed, is held out to choose the epoch.

Into the output folder go ``table.md`` and ``table.csv``, our figures (mean ± standard deviation over the
seeds) beside the published ones, rewritten after each training, and the run folder and report of each
training. What has a report is not trained again, and a training that was interrupted goes on.

Images are neither shrunk nor enlarged: training sees crops at the tile size, and whole images are labelled
from tiles, as ``geointerp predict`` does it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from paper_table import PUBLISHED, write_table

from geointerp.cli.console import Console
from geointerp.cli.funnel import run
from geointerp.cli.training_table import TrainingTable
from geointerp.errors import DataError, UsageError

FOLDERS = {
    "facies": "seismicFace",
    "salt": "geobody",
    "craters": "crater",
    "events": "das",
    "faults": "deepFault",
}
app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Cell:
    """One training: a cell of the table and a seed."""

    task: str
    decoder: str
    seed: int

    def folder(self, output: Path) -> Path:
        """Where its run folder ``run`` and its evaluation ``report`` lie."""
        return output / "cells" / self.task / self.decoder / f"seed{self.seed}"

    def report(self, output: Path) -> dict[str, Any] | None:
        """Return its figures on the test set, None where it is not done."""
        path = self.folder(output) / "report" / "report.json"
        return json.loads(path.read_text()) if path.is_file() else None


@app.command()
def main(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option(help="Folder of the published sets.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the table and all runs.")],
    tasks: Annotated[str, typer.Option(help="Which, with commas.")] = ",".join(FOLDERS),
    decoders: Annotated[str, typer.Option(help="Which, with commas; unet too.")] = ",".join(PUBLISHED),
    backbone: Annotated[str, typer.Option(help="Of all but the U-Net.")] = "dinov2-small",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings a cell.")] = 3,
    epochs: Annotated[int, typer.Option(min=1)] = 100,
    batch_size: Annotated[int, typer.Option(min=1)] = 8,
    tile: Annotated[int, typer.Option(help="Side of a crop; a multiple of 14, for a U-Net of 16.")] = 224,
    width: Annotated[float, typer.Option(help="Factor on the channels of decoders and U-Net.")] = 1.0,
    device: str = "auto",
    precision: str = "auto",
) -> None:
    """Train and test what is asked for and not done yet, and write the table."""
    console: Console = ctx.obj
    settings = {
        "backbone": backbone,
        "epochs": epochs,
        "batch_size": batch_size,
        "tile": tile,
        "width": width,
        "precision": precision,
    }
    wanted = _asked("task", tasks, FOLDERS), _asked("decoder", decoders, PUBLISHED)
    for task in wanted[0]:
        published_parts(data, task)
    keep_settings(output, settings)
    cells = [
        Cell(task, decoder, seed) for seed in range(seeds) for task in wanted[0] for decoder in wanted[1]
    ]
    for number, cell in enumerate(cells, 1):
        if cell.report(output) is None:
            console.note(f"{number} of {len(cells)}: {cell.task}, {cell.decoder}, seed {cell.seed}")
            with TrainingTable(console) as progress:
                carry_out(cell, data, output, progress, device=device, **settings)
        write_table(output, all_reports(output))
    for name in ("table.md", "table.csv"):
        console.result(output / name, {"output": str(output / name)})


def carry_out(
    cell: Cell,
    data: Path,
    output: Path,
    progress: TrainingTable,
    *,
    backbone: str,
    device: str,
    **settings: Any,
) -> None:
    """Train one network and score its best epoch on the test set."""
    # Here, so that a slip of the command line is told at once.
    from geointerp.evaluation.of_model import evaluate_model
    from geointerp.training.finetune import finetune

    folder, place = as_three_splits(data, cell.task, output), cell.folder(output)
    vit = {"backbone": backbone, "decoder": cell.decoder}
    network = {"network": "unet"} if cell.decoder == "unet" else vit
    training = {"task": cell.task, "seed": cell.seed, "device": device, **network, **settings}
    finetune(folder, output=place / "run", resume=True, progress=progress, **training)
    evaluate_model(
        place / "run",
        folder,
        split="test",
        paper_metrics=True,
        device=device,
        precision=settings["precision"],
        output=place / "report",
    )


def published_parts(data: Path, task: str) -> tuple[Path, Path]:
    """Return the folders of a task's training and test images.

    Raises:
        DataError: one is missing.
    """
    parts = data / FOLDERS[task] / "train", data / FOLDERS[task] / "valid"
    for part in parts:
        if not part.is_dir():
            raise DataError(f"{part} is missing", hint="unpack Zenodo 12798750 there, or leave out the task")
    return parts


def as_three_splits(data: Path, task: str, output: Path) -> Path:
    """Return a folder in which the published ``valid`` is called ``test``; it links to the images.

    With no ``val`` in it, a tenth of ``train`` is held out by the seed of the training.
    """
    train, test = published_parts(data, task)
    folder = output / "data" / task
    folder.mkdir(parents=True, exist_ok=True)
    links = {"train": train, "test": test}
    if (train.parent / "dataset.json").is_file():
        links["dataset.json"] = train.parent / "dataset.json"
    for name, target in links.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target.resolve())
    return folder


def keep_settings(output: Path, settings: dict[str, Any]) -> None:
    """Write down what all cells have in common, or see that it is the same as when the table was begun.

    Raises:
        UsageError: it is not.
    """
    path = output / "settings.json"
    before = json.loads(path.read_text()) if path.is_file() else settings
    differ = [
        f"{name} was {before.get(name)} and is {now}"
        for name, now in settings.items()
        if before.get(name) != now
    ]
    if differ:
        raise UsageError(f"{output} was begun otherwise: {', '.join(differ)}", hint="give another -o")
    output.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=2) + "\n")


def all_reports(output: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the reports of all cells that are done, whatever was asked for this time."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for path in sorted((output / "cells").glob("*/*/seed*")):
        cell = Cell(path.parts[-3], path.parts[-2], int(path.name.removeprefix("seed")))
        if (report := cell.report(output)) is not None:
            found.setdefault((cell.task, cell.decoder), []).append(report)
    return found


def _asked(what: str, words: str, known: dict[str, Any]) -> list[str]:
    """Return the words of a list with commas.

    Raises:
        UsageError: one is not known.
    """
    names = [word.strip() for word in words.split(",") if word.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"no {what} is called '{name}'", hint=f"there is {', '.join(known)}")
    return names


if __name__ == "__main__":
    raise SystemExit(run(app, Console()))
