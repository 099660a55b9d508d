"""``dataset.json``: what a training folder says of itself."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from geointerp.errors import DataError, UsageError
from geointerp.sinks.pairs import DESCRIPTION
from geointerp.sources.remote import is_url
from geointerp.tasks import NOTHING, task_named


def _known_task(name: str) -> str:
    try:
        return task_named(name).name
    except UsageError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None


SplitName = Annotated[
    Literal["train", "val", "test", "auto"],
    BeforeValidator(
        lambda name: "auto" if name is None else "val" if name in ("valid", "validation") else name
    ),
]
TaskName = Annotated[str, AfterValidator(_known_task)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class VolumeEntry:
    """A volume of the set.

    Attributes:
        amplitude: file of amplitudes: below the folder, absolute, from the home folder (``~/``), or a URL.
        labels: file of the labels, likewise.
        split: which split it belongs to; ``auto`` divides it into blocks of slices.
    """

    amplitude: str
    labels: str
    split: SplitName = "auto"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class DatasetFile:
    """The content of ``dataset.json``; all of it is optional.

    Attributes:
        task: one of the five.
        classes: names, in the order of the label values.
        ignore_index: a label value that counts as unknown, besides 255.
        shape: rows and columns of headerless ``.dat`` files.
        volumes: of a set made of volumes.
    """

    task: TaskName | None = None
    classes: tuple[str, ...] | None = None
    ignore_index: int = NOTHING
    shape: tuple[int, int] | None = None
    volumes: tuple[VolumeEntry, ...] = ()


def read_dataset_file(folder: Path) -> DatasetFile:
    """Read ``dataset.json`` of a folder; without one, nothing is said.

    Raises:
        DataError: it cannot be read, is no JSON object, or a field is missing or wrong.
    """
    path = folder / DESCRIPTION
    try:
        return TypeAdapter(DatasetFile).validate_python(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return DatasetFile()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(
            f"{path}: {where}: {first['msg']}" if where else f"{path} holds no JSON object",
            hint='its fields are task, classes, ignore_index, shape and volumes: [{"amplitude": …, '
            '"labels": …, "split": "train"}]',
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} is no readable JSON: {error}", hint="mend it, or take it away to go by the files' names"
        ) from None


def files_named(folder: Path) -> list[str]:
    """Return the files on this machine that ``dataset.json`` of a folder names, which may lie anywhere.

    Raises:
        DataError: it cannot be read.
    """
    volumes = read_dataset_file(folder).volumes if folder.is_dir() else ()
    names = [name for entry in volumes for name in (entry.amplitude, entry.labels)]
    return [place_in(folder, name) for name in names if not is_url(name)]


def place_in(folder: Path, name: str) -> str:
    """Return where a file that ``dataset.json`` names lies: a URL as it is, else a path from the folder."""
    if is_url(name):
        return name
    return str(folder / (Path(name).expanduser() if name.startswith("~/") else name))
