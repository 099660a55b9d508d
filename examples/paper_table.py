"""The paper's table with ours beside it, as CSV and Markdown."""

import csv
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TASKS = ("facies", "salt", "craters", "events", "faults")
PUBLISHED = {
    "unet": ((0.5490, 0.7693), (0.8636, 0.9112), (0.5812, 0.6265), (0.7271, 0.7865), (0.6858, 0.7439)),
    "linear": ((0.6565, 0.8732), (0.8965, 0.9374), (0.6857, 0.7481), (0.8112, 0.9033), (0.6372, 0.7519)),
    "pup": ((0.6885, 0.9102), (0.8935, 0.9357), (0.6937, 0.7529), (0.8487, 0.9210), (0.7088, 0.7793)),
    "dpt": ((0.6709, 0.8826), (0.8912, 0.9377), (0.6917, 0.7462), (0.8672, 0.9119), (0.7334, 0.7985)),
    "mla": ((0.6826, 0.8975), (0.8969, 0.9383), (0.6949, 0.7476), (0.8591, 0.9222), (0.7613, 0.8195)),
}
"""mIoU and mPA of the paper, by decoder, in the order of ``TASKS``."""

METRICS = ("mIoU", "mPA")
# How a report says it, and what the table calls it.
READINGS: dict[str, tuple[str, Callable[[dict[str, Any], str], float]]] = {
    "set": ("one confusion matrix of the whole test set", lambda report, metric: report[metric]),
    "batches": (
        "the published code's means over batches, which its figures are to be compared with",
        lambda report, metric: report["paper"][metric],
    ),
}

Reports = Mapping[tuple[str, str], Sequence[dict[str, Any]]]
"""By task and decoder, the reports of ``evaluate_model`` that are there, one a seed."""


def write_table(folder: Path, reports: Reports) -> None:
    """Write ``table.csv`` and ``table.md`` into a folder; a cell without reports has no figures of ours."""
    rows = list(_rows(reports))
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as opened:
        table = csv.DictWriter(opened, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    (folder / "table.md").write_text("\n".join(_markdown(rows)), encoding="utf-8")


def _rows(reports: Reports) -> Iterator[dict[str, Any]]:
    """Yield a row for each decoder, task, metric and reading."""
    for decoder, published in PUBLISHED.items():
        for task, figures in zip(TASKS, published, strict=True):
            for metric, theirs in zip(METRICS, figures, strict=True):
                for reading, (_, figure) in READINGS.items():
                    ours = [figure(report, metric) for report in reports.get((task, decoder), ())]
                    yield {
                        "task": task,
                        "decoder": decoder,
                        "metric": metric,
                        "reading": reading,
                        "seeds": len(ours),
                        "mean": round(statistics.mean(ours), 4) if ours else "",
                        "sd": round(statistics.stdev(ours), 4) if len(ours) > 1 else "",
                        "published": theirs,
                    }


def _markdown(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table for each metric and reading."""
    for metric in METRICS:
        for reading, (title, _) in READINGS.items():
            yield f"## {metric}: {title}\n"
            yield "Ours, mean ± standard deviation over the seeds (how many), and the published figure.\n"
            yield f"| | {' | '.join(TASKS)} |"
            yield "|---" * (1 + len(TASKS)) + "|"
            for decoder in PUBLISHED:
                wanted = (decoder, metric, reading)
                cells = [
                    _cell(row) for row in rows if (row["decoder"], row["metric"], row["reading"]) == wanted
                ]
                yield f"| {decoder} | {' | '.join(cells)} |"
            yield ""


def _cell(row: dict[str, Any]) -> str:
    theirs = f"published {row['published']:.4f}"
    if not row["seeds"]:
        return f"– · {theirs}"
    spread = "" if row["sd"] == "" else f" ± {row['sd']:.4f}"
    return f"**{row['mean']:.4f}**{spread} ({row['seeds']}) · {theirs}"
