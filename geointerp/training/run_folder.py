"""The run folder: what a training was told, how it went, and what came of it.

config.yaml    every setting, resolved; what gives the classes, their weights and the augmentations; versions
split.json     which slices are in which split
metrics.csv    a row an epoch; without times, so that two runs of one training can be compared
curves.png     the same drawn
samples.png    input, truth and prediction of validation slices, by the best model
model/         the best model so far: a model folder
last/          what ``--resume`` goes on from
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import yaml

from geointerp import __version__
from geointerp.errors import DataError, OutputError, UsageError
from geointerp.sinks.output import check_free, former_of, partial_of, put_in_place, remove
from geointerp.training.checkpoint import has_checkpoint
from geointerp.training.progress import Epoch

CONFIG = "config.yaml"
SPLIT = "split.json"
METRICS = "metrics.csv"
CURVES = "curves.png"
SAMPLES = "samples.png"
_HASH = re.compile("[0-9a-f]{64}")
_LIBRARIES = ("torch", "timm", "peft", "accelerate")


def versions() -> dict[str, str]:
    """Return what the training was computed with."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"geointerp": __version__, "python": python_version(), **libraries}


def check_place(run: Path, read: Iterable[str | Path], *, overwrite: bool, resume: bool) -> None:
    """Refuse a run folder that may not be written to, or that holds something that is ``read``.

    Raises:
        OutputError: something is there that is neither to be replaced nor to be gone on with.
    """
    if resume and (run / CONFIG).is_file():
        return
    try:
        for source in read:
            check_free(run, overwrite=overwrite, source=str(source), marker=CONFIG)
    except OutputError as error:
        if overwrite or not (run / CONFIG).is_file():
            raise
        raise OutputError(error.message, hint="--overwrite replaces it, --resume goes on with it") from None


def begin_run(run: Path, config: dict[str, Any], split: dict[str, Any]) -> None:
    """Write the folder with what is known before the first step.

    What was there is kept as ``former_of(run)``, see ``former_kept``.

    Raises:
        OutputError: it cannot be written.
    """
    partial, former = partial_of(run), former_of(run)
    try:
        if former.exists() and not has_checkpoint(run):  # what replaced it was killed before its first epoch
            remove(run)
            former.rename(run)
        remove(partial)
        partial.mkdir(parents=True)
        (partial / SPLIT).write_text(json.dumps(split, indent=2) + "\n")
        told = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        (partial / CONFIG).write_text(told, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{run} cannot be written: {error.strerror or error}",
            hint="give -o a place that exists, has room, and that you may write to",
        ) from error
    put_in_place(partial, run)


@contextmanager
def former_kept(run: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Give a run that is replaced its place back if the new one ends before it has come to anything.

    Args:
        run: the run folder; what was there before lies at ``former_of(run)`` until the new one removes it.
        note: is told of it.
    """
    try:
        yield
    except BaseException:
        former = former_of(run)
        if former.exists() and not has_checkpoint(run):
            remove(run)
            former.rename(run)
            note(f"{run} is again what it was before: the new training had done no epoch yet")
        raise


def read_config(run: Path) -> dict[str, Any]:
    """Return what ``config.yaml`` of a run folder says.

    Raises:
        DataError: it is missing or no such file.
    """
    try:
        config = yaml.safe_load((run / CONFIG).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{run / CONFIG} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise DataError(f"{run / CONFIG} is no list of settings")
    return config


def check_same(run: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse to go on with a training that was begun otherwise.

    Args:
        run: the run folder.
        before: what decided the result then.
        now: what decides it now, by the same names.

    Raises:
        UsageError: names what differs, and both values, but for hashes.
    """
    differ = [
        _difference(name, before.get(name), value) for name, value in now.items() if before.get(name) != value
    ]
    if differ:
        raise UsageError(
            f"{run} was begun with other settings: {'; '.join(differ)}",
            hint="--resume goes on with the same; for a new training give another -o, or --overwrite",
        )


def _difference(name: str, then: Any, now: Any) -> str:
    """Say what has changed; of hashes that it has, for nobody can read them."""
    if isinstance(then, str) and isinstance(now, str) and _HASH.fullmatch(then) and _HASH.fullmatch(now):
        return f"{name} changed since"
    return f"{name} was {then} and is {now}"


def write_metrics(run: Path, epochs: Iterable[Epoch], classes: Sequence[str]) -> None:
    """Write ``metrics.csv``: six decimals, empty where a class is neither there nor predicted."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    figures = ("epoch", "lr", "train_loss", "val_loss", "mIoU", "mPA", "accuracy")
    table.writerow((*figures, *(f"IoU {name}" for name in classes)))
    for one in epochs:
        values = (one.train_loss, one.val_loss, one.miou, one.mpa, one.accuracy, *one.ious)
        table.writerow((one.number, f"{one.rate:.6g}", *("" if v is None else f"{v:.6f}" for v in values)))
    partial = run / f".{METRICS}.partial"
    partial.write_text(text.getvalue(), encoding="utf-8")
    partial.replace(run / METRICS)
