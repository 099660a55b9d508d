"""How far a slice lies from those a model was trained on: near slices look alike, and flatter the model.

What was trained on is read from ``split.json`` of the run folder, which says of each volume along which
dimension its slices were divided, and which of them had labels to learn from.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xarray as xr

from geointerp.errors import DataError, UsageError

_SPLIT = "split.json"


@dataclass(frozen=True)
class TrainingBlock:
    """The slices of one volume that a model was trained on.

    Attributes:
        volume: its file, as the data set names it.
        dimension: that the volume is divided along.
        runs: coordinates of the first and last slice of each run of neighbouring slices that had labels: one
            for a block labelled throughout, many for one that was labelled every so many slices.
    """

    volume: str
    dimension: str
    runs: tuple[tuple[float, float], ...]

    def distance(self, coordinate: float) -> float:
        """Return the distance of a slice to the nearest one learnt from, in the coordinate's unit."""
        return float(min(max(first - coordinate, coordinate - last, 0) for first, last in self.runs))

    def facing(self, labels: xr.DataArray) -> xr.DataArray:
        """Return labels with the dimension of the block first, to be cut as the model saw them.

        Raises:
            UsageError: they have no such dimension, or are a single slice.
        """
        if self.dimension not in labels.dims:
            raise UsageError(
                f"the model was trained on slices along {self.dimension}, "
                f"and the labels have ({', '.join(map(str, labels.dims))})",
                hint="leave --model out: without it no distances are needed",
            )
        if labels.ndim == 2:
            raise UsageError(
                "labels of two dimensions are one slice: none lies nearer the training than another",
                hint="leave --model out",
            )
        return labels.transpose(self.dimension, ...)


def training_blocks(run: Path) -> dict[str, TrainingBlock]:
    """Return the blocks of the volumes that a model was trained on, by volume; none for a set of sections.

    Args:
        run: the run folder, or the model folder in it.

    Raises:
        DataError: the record of the splits cannot be read.
    """
    blocks: dict[str, TrainingBlock] = {}
    with _record_of(run) as record:
        for block in (block for one in record.get("volumes", ()) for block in _block(one)):
            # The labels of a volume may stand in several files.
            before = blocks.get(block.volume)
            same = before is not None and before.dimension == block.dimension
            blocks[block.volume] = replace(block, runs=before.runs + block.runs) if before and same else block
    return blocks


def training_sections(run: Path) -> set[str]:
    """Return the names of the sections a model was trained on; none for volumes, or where it is not told.

    Args:
        run: as of ``training_blocks``.

    Raises:
        DataError: as of ``training_blocks``.
    """
    with _record_of(run) as record:
        return set(record.get("splits", {}).get("train", {}).get("sections", ()))


@contextmanager
def _record_of(run: Path) -> Iterator[dict[str, Any]]:
    """Give the record of a run's splits, empty where there is none; what it lacks is an error within."""
    place = next((folder for folder in (run, run.parent) if (folder / _SPLIT).is_file()), None)
    try:
        yield json.loads((place / _SPLIT).read_bytes()) if place else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{run}: {_SPLIT} does not say what was trained on: {error}") from None


def only_block(run: Path) -> TrainingBlock:
    """Return the block of a model that was trained on a single volume.

    Raises:
        DataError: it was trained on none, or on several, of which it cannot be told which is meant.
    """
    blocks = training_blocks(run)
    if len(blocks) != 1:
        raise DataError(
            f"{run} was trained on {len(blocks)} volumes: distances are counted from the slices of one",
            hint="leave --model out: without it no distances are needed",
        )
    return next(iter(blocks.values()))


def _block(volume: dict[str, Any]) -> list[TrainingBlock]:
    """Return the block of training slices of a volume's record, none where nothing of it was trained on."""
    part = volume["splits"].get("train")
    if not part or not part["runs"]:
        return []
    # Ends are in the order of positions: coordinates may descend.
    runs = tuple((float(min(ends)), float(max(ends))) for ends in part["runs"])
    return [TrainingBlock(volume["amplitude"], part["dimension"], runs)]
