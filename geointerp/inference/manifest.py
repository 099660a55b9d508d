"""The record of what is written: one line when a prediction starts, one for each block after its data are.

The first line says what decides the result (model, plan, input, options); a prediction is resumed only
where all of it is the same. The chunks themselves say nothing: a block that holds nothing has none.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geointerp.errors import OutputError

if sys.platform != "win32":
    import fcntl

FILE_NAME = "geointerp-manifest.jsonl"


@dataclass(frozen=True)
class Record:
    """A block that is written.

    Attributes:
        view: number of the view.
        block: number of the block.
        tiles: how many went through the network.
        counts: pixels of each class; empty for all but the last view.
    """

    view: int
    block: int
    tiles: int
    counts: list[int]


@dataclass
class Manifest:
    """The records so far, and the file they stand in; without a file, in memory only."""

    path: Path | None = None
    records: dict[tuple[int, int], Record] = field(default_factory=dict)

    def __contains__(self, place: tuple[int, int]) -> bool:
        """Whether the block (view, block) is written."""
        return place in self.records

    def add(self, record: Record) -> None:
        """Record a block whose data are written.

        Raises:
            OutputError: the disk is full, say.
        """
        self.records[record.view, record.block] = record
        if self.path is None:
            return
        try:
            _append(self.path, vars(record))
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written: {error.strerror or error}",
                hint="what is done is kept: go on with --resume",
            ) from error

    @property
    def tiles(self) -> int:
        """Tiles that went through the network, in all runs."""
        return sum(record.tiles for record in self.records.values())

    def counts(self, classes: int) -> list[int]:
        """Return the predicted pixels of each class."""
        rows = [record.counts for record in self.records.values() if record.counts]
        return [sum(row[number] for row in rows) for number in range(classes)]


def begin(path: Path | None, settings: dict[str, Any]) -> Manifest:
    """Start a manifest: its first line holds the settings and their hash.

    Raises:
        OutputError: another run has started one there since its place was cleared.
    """
    if path is not None:
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            raise at_work(path) from None
        _append(path, {"key": key(settings), "settings": settings})
    return Manifest(path)


def records_something(path: Path) -> bool:
    """Whether a run that was interrupted left a manifest with a block in it."""
    return path.is_file() and path.read_bytes().count(b"\n") > 1


def resume(path: Path, settings: dict[str, Any]) -> Manifest | None:
    """Read a manifest back; None where it is missing or was cut off in its first line.

    A last line that was cut off is removed: its block counts as not written.

    Raises:
        OutputError: the settings are not those it was begun with; names those that differ.
    """
    lines = _whole_lines(path)
    if not lines:
        return None
    header = json.loads(lines[0])
    if header["key"] != key(settings):
        raise OutputError(
            f"{path.parent} was begun with other settings: {differences(header['settings'], settings)}",
            hint="use the former settings, or --overwrite without --resume to start again",
        )
    records = [Record(**json.loads(line)) for line in lines[1:]]
    return Manifest(path, {(record.view, record.block): record for record in records})


def begun_with(path: Path, settings_key: str) -> bool:
    """Whether a manifest is there that was begun with the settings of this hash."""
    try:
        with path.open() as file:
            return bool(json.loads(file.readline())["key"] == settings_key)
    except (OSError, ValueError, KeyError):
        return False


@contextmanager
def held(path: Path | None) -> Iterator[None]:
    """Keep a manifest to oneself, where the system has locks for that; the lock ends with the process.

    Raises:
        OutputError: another run is at work on it.
    """
    if path is None or not path.is_file() or sys.platform == "win32":
        yield
        return
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise at_work(path) from None
        except OSError:
            pass  # some network file systems have no locks
        yield


def at_work(path: Path) -> OutputError:
    """Return the error of a second run on the output that a manifest is of."""
    return OutputError(f"another run is at work on {path.parent}", hint="wait for it, or give another output")


def key(settings: dict[str, Any]) -> str:
    """Return the hash of the settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Say which settings differ: ``precision was "bf16" and is "fp32"``."""
    now = json.loads(json.dumps(now))
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return "; ".join(
        f"{name} was {json.dumps(before.get(name))} and is {json.dumps(now.get(name))}" for name in names
    )


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _whole_lines(path: Path) -> list[str]:
    """Return the lines that end, having cut off the rest of the file."""
    if not path.is_file():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return whole.decode().splitlines()
