"""``geointerp evaluate``: predicted labels against true ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geointerp.cli import options
from geointerp.cli.console import Console

if TYPE_CHECKING:
    from rich.table import Table


def command(
    ctx: typer.Context,
    prediction: Annotated[
        Path, typer.Argument(help="Predicted labels: .zarr, .nc, SEG-Y, .npy or an image.")
    ],
    truth: Annotated[Path, typer.Argument(help="True labels, likewise.")],
    tolerance: Annotated[
        float | None, typer.Option(help="Also score thin labels, forgiving this many samples.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Compare predicted labels with true ones, matched by their coordinates."""
    from geointerp.evaluation.report import evaluate

    console: Console = ctx.obj
    report = evaluate(prediction, truth, tolerance=tolerance)
    console.result(None, report)
    console.show(_class_table(report))
    console.show(_summary(report, tolerance))


def _class_table(report: dict[str, Any]) -> "Table":
    """Lay the figures of the classes out, one a row."""
    from rich.table import Table

    table = Table("class", box=None, header_style="bold", pad_edge=False)
    for heading in ("IoU", "precision", "recall", "F1", "support"):
        table.add_column(heading, justify="right")
    for one in report["classes"]:
        figures = [_figure(one[key]) for key in ("iou", "precision", "recall", "f1")]
        table.add_row(one["name"], *figures, f"{one['support']:,}")
    return table


def _summary(report: dict[str, Any], tolerance: float | None) -> str:
    """Return the figures of all classes together, a line or two."""
    names = {"mIoU": "mIoU", "mPA": "mPA", "accuracy": "pixel accuracy"}
    lines = ["   ".join(f"{name} {_figure(report[key])}" for key, name in names.items())]
    if "tolerant" in report:
        figures = report["tolerant"]
        lines.append(
            f"within {tolerance:g} samples   F1 {_figure(figures['f1'])}   "
            f"precision {_figure(figures['precision'])}   recall {_figure(figures['recall'])}"
        )
    return "\n".join(lines)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
