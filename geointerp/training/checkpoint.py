"""``last/``: what a training goes on from, replaced in one step, so that it is whole at any moment."""

import os
import pickle
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from geointerp.errors import ModelError, OutputError
from geointerp.training.progress import Epoch

LAST = "last"
FILE_NAME = "training.pt"


@dataclass(frozen=True)
class Checkpoint:
    """How far a training has come.

    Attributes:
        epochs: those done.
        best: number of the best of them.
        seconds: spent so far.
        state: of the session, after the last of them.
    """

    epochs: tuple[Epoch, ...]
    best: int
    seconds: float
    state: dict[str, Any]


def write_checkpoint(run: Path, checkpoint: Checkpoint) -> None:
    """Write ``last/`` of a run folder.

    A file of another name is written to the disk and then takes the place of the former one: whatever
    happens in between, one of the two is there and whole.

    Raises:
        OutputError: there is no room, or it may not be written; the former one is still there.
    """
    path = run / LAST / FILE_NAME
    partial = path.with_name(f".{FILE_NAME}.partial")
    content = {**vars(checkpoint), "epochs": [asdict(epoch) for epoch in checkpoint.epochs]}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # torch says of a full disk that its writer failed
        with suppress(OSError):
            partial.unlink()
        raise OutputError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}",
            hint="what was there before is kept: make room, and go on with --resume",
        ) from error


def has_checkpoint(run: Path) -> bool:
    """Whether a run folder holds an epoch to go on from."""
    return (run / LAST / FILE_NAME).is_file()


def read_checkpoint(run: Path) -> Checkpoint | None:
    """Return what a run folder's training goes on from; None before its first epoch is done.

    Raises:
        ModelError: the file is damaged.
    """
    path = run / LAST / FILE_NAME
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        epochs = tuple(Epoch(**{**row, "ious": tuple(row["ious"])}) for row in content["epochs"])
        return Checkpoint(epochs, content["best"], content["seconds"], content["state"])
    except (RuntimeError, pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError) as error:
        # The unpickler's own words advise to run what the file says; torch's name its source lines.
        unread = isinstance(error, pickle.UnpicklingError | RuntimeError)
        reason = "it cannot be read" if unread else str(error).partition("\n")[0] or "it ends too soon"
        raise ModelError(
            f"{path} is damaged, or not of a training: {reason}",
            hint="the best model so far lies in model/; start again with --overwrite",
        ) from error
