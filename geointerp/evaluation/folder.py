"""The folder of an evaluation: the report, each image's figures, and pictures of both.

report.json             what ``--json`` prints
confusion.png           the confusion matrix, by row
per-image-iou.csv, .png IoU of each class in each image
iou-by-distance.csv, .png   mean IoU against the distance to the nearest slice of the training, where known
"""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from geointerp.evaluation.score import ImageCounts
from geointerp.sinks.output import check_free, whole_or_not_at_all
from geointerp.tasks import LabelClass

REPORT = "report.json"


def check_folder(folder: str | Path | None, *compared: str | Path, overwrite: bool = False) -> None:
    """Refuse, before any work is done, a folder that may not be written; None is no folder.

    Args:
        folder: to be written.
        compared: files and folders that are read, none of which may lie in it.
        overwrite: whether the folder of an earlier evaluation may be replaced.

    Raises:
        OutputError: it exists and may not be replaced.
    """
    if folder is None:
        return
    for source in (None, *map(str, compared)):
        check_free(Path(folder), overwrite=overwrite, source=source, marker=REPORT)


def write_folder(
    folder: Path,
    report: dict[str, Any],
    images: Sequence[ImageCounts],
    classes: Sequence[LabelClass],
    *,
    overwrite: bool = False,
) -> None:
    """Write the folder of an evaluation of labels.

    Args:
        folder: to be; appears whole or not at all.
        report: of all images together.
        images: what was counted in each.
        classes: in the order of their labels.
        overwrite: whether an earlier one may be replaced.

    Raises:
        OutputError: it exists and may not be replaced, or cannot be written.
    """
    from geointerp.evaluation import figures

    names = [one.name for one in classes]
    with whole_or_not_at_all(folder, overwrite=overwrite, marker=REPORT) as partial:
        partial.mkdir()
        write_report(partial, report)
        figures.draw_confusion(report["confusion"], names, partial / "confusion.png")
        write_rows(partial / "per-image-iou.csv", *_image_rows(images, names))
        figures.draw_image_ious(images, classes, partial / "per-image-iou.png")
        measured = [image for image in images if image.distance is not None]
        if measured:
            write_rows(partial / "iou-by-distance.csv", *_distance_rows(measured, len(names)))
            figures.draw_iou_by_distance(measured, len(names), partial / "iou-by-distance.png")


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Write ``report.json`` into a folder."""
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    # A file's name need not be UTF-8.
    (folder / REPORT).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file; a figure that does not exist (None) is an empty field."""
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _image_rows(images: Sequence[ImageCounts], names: Sequence[str]) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows: image, mIoU, the IoU of each class, and the number of samples compared."""
    rows = [
        [image.name, image.mean_iou(len(names)), *image.ious(len(names)), int(image.counts.sum())]
        for image in images
    ]
    return ["image", "mIoU", *names, "samples"], rows


def _distance_rows(images: Sequence[ImageCounts], classes: int) -> tuple[list[str], list[list[Any]]]:
    rows = [[image.name, image.distance, image.mean_iou(classes)] for image in images]
    return ["image", "distance", "mIoU"], rows
