"""Reports of evaluations laid out for people."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def class_table(report: dict[str, Any]) -> "Table":
    """Lay the figures of the classes out, one a row."""
    from rich.table import Table

    table = Table("class", box=None, header_style="bold", pad_edge=False)
    for heading in ("IoU", "precision", "recall", "F1", "support"):
        table.add_column(heading, justify="right")
    for one in report["classes"]:
        figures = [figure(one[key]) for key in ("iou", "precision", "recall", "f1")]
        table.add_row(one["name"], *figures, f"{one['support']:,}")
    return table


def label_summary(report: dict[str, Any], tolerance: float | None) -> str:
    """Return the figures of all classes together, a line or a few."""
    names = {"mIoU": "mIoU", "mPA": "mPA", "accuracy": "pixel accuracy"}
    lines = ["   ".join(f"{name} {figure(report[key])}" for key, name in names.items())]
    if "tolerant" in report:
        figures = report["tolerant"]
        lines.append(f"within {tolerance:g} samples   {_scores(figures)}")
    if "paper" in report:
        paper = report["paper"]
        means = "   ".join(f"{key} {figure(paper[key])}" for key in ("mIoU", "mPA", "F1"))
        lines.append(f"as published, means over batches of {paper['batch_size']}   {means}")
    if "split" in report:
        lines.append(_of_split(report))
    return "\n".join(lines)


def crater_summary(report: dict[str, Any]) -> str:
    """Return the figures of a catalogue, three lines."""
    unit = {"pixels": "px"}.get(report["units"], report["units"])
    errors = ", ".join(
        f"{what} {'–' if report[key] is None else format(report[key], '.3g')} {unit}"
        for what, key in (("position", "median_position_error"), ("diameter", "median_diameter_error"))
    )
    counts = (
        f"{report['predicted']:,} craters predicted, {report['true']:,} true, {report['matched']:,} found"
    )
    return "\n".join((counts, _scores(report), f"median error of those found: {errors}"))


def figure(value: float | None) -> str:
    """Write a fraction with four decimals, or a dash where it does not exist."""
    return "–" if value is None else f"{value:.4f}"


def _scores(figures: dict[str, Any]) -> str:
    names = {"f1": "F1", "precision": "precision", "recall": "recall"}
    return "   ".join(f"{name} {figure(figures[key])}" for key, name in names.items())


def _of_split(report: dict[str, Any]) -> str:
    """Say what was evaluated, and what speaks against taking it for the model's worth."""
    caution = {"val": ", which chose the epoch", "train": ", which the model may have been trained on"}
    return f"{report['images']:,} images of '{report['split']}'{caution.get(report['split'], '')}"
