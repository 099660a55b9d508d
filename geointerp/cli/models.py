"""``geointerp models``: what is bundled."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geointerp.cli import options
from geointerp.cli.console import Console

if TYPE_CHECKING:
    from rich.table import Table


def command(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Show the card of this model, bundled or a folder.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """List the bundled models, or show the card of one."""
    from geointerp.network.home import find_model, list_models

    console: Console = ctx.obj
    folders = [find_model(name)] if name else list_models()
    facts = [describe_model(folder) for folder in folders]
    for folder, one in zip(folders, facts, strict=True):
        console.result(folder, one)
    if name:
        _show_card(console, folders[0])
    else:
        console.show(_table(facts))


def describe_model(folder: Path) -> dict[str, Any]:
    """Return name, task, classes, size in bytes and measured metrics of a model folder.

    Raises:
        ModelError: the folder's description cannot be read.
    """
    from geointerp.network.description import read_description

    description = read_description(folder)
    return {
        "name": description.name,
        "task": description.task,
        "classes": [one.name for one in description.classes],
        "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "metrics": description.metrics,
    }


def _table(facts: Iterable[dict[str, Any]]) -> "Table":
    """Lay the models out, one a row."""
    from rich.filesize import decimal
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("model", "task", "classes", "size", "measured"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    for one in facts:
        figures = _in_words(one["metrics"])
        table.add_row(
            one["name"], one["task"] or "–", ", ".join(one["classes"]), decimal(one["bytes"]), figures
        )
    return table


def _in_words(metrics: dict[str, Any]) -> str:
    """Return the figures that are single numbers, those a table has room for."""
    return ", ".join(f"{name} {value:.3g}" for name, value in metrics.items() if isinstance(value, float))


def _show_card(console: Console, folder: Path) -> None:
    """Show the model card, README.md."""
    from rich.markdown import Markdown

    card = folder / "README.md"
    if card.is_file():
        console.show(Markdown(card.read_text(encoding="utf-8")))
    else:
        console.warning(f"{folder} has no card (README.md)")
