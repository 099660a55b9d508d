"""The labelled sections of one split, read when they are asked for and kept as far as there is room."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import dask
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import get_worker_info

from geointerp.errors import DataError
from geointerp.inference.reader import between_neighbours
from geointerp.sources.scaling import AmplitudeScale
from geointerp.tasks import NOTHING
from geointerp.training.data.classes import count_labels

CACHE_BYTES = 1 << 30
Position = tuple[str, str, Any]
_WHOLE = slice(None)


@dataclass
class Sample:
    """A section, ready for a network.

    Attributes:
        name: which one.
        grey: float32 (channels, rows, columns) in [0, 1].
        labels: uint8 (rows, columns); 255 is ignored.
        valid: bool (rows, columns), where there are data; elsewhere grey is 0.5 and the label 255.
    """

    name: str
    grey: NDArray[np.float32]
    labels: NDArray[np.uint8]
    valid: NDArray[np.bool_]


@dataclass(frozen=True)
class Held:
    """A section as it is kept in memory.

    Attributes:
        values: uint8 or float32 (channels, rows, columns): amplitudes, or grey where its item has no scale.
        labels: uint8 (rows, columns).
        valid: bool (rows, columns); None where there are data everywhere.
    """

    values: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.uint8]
    valid: NDArray[np.bool_] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes it takes."""
        return self.values.nbytes + self.labels.nbytes + (0 if self.valid is None else self.valid.nbytes)


class Item(Protocol):
    """A section that can be read.

    Attributes:
        name: which one.
        shape: rows and columns.
        scale: from its amplitudes to grey; None where reading gives grey.
        position: volume, view and coordinate of the slice; None for a section of its own.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def shape(self) -> tuple[int, int]: ...  # noqa: D102
    @property
    def scale(self) -> AmplitudeScale | None: ...  # noqa: D102
    @property
    def position(self) -> Position | None: ...  # noqa: D102
    def read(self) -> Held: ...  # noqa: D102


@dataclass
class Shelf:
    """Keeps what was read first, up to a number of bytes, and beyond it only what was read last.

    The last is what a crop asks for several times, and all that there is where a single section is larger
    than the room.

    Nothing is taken off the shelf: sections are drawn at random, so what came last is no likelier to be
    wanted than what came first, and the worker processes of a loader go on sharing what was read before
    they were made. What they read themselves divides among them.
    """

    room: int = CACHE_BYTES
    nbytes: int = 0
    kept: dict[object, Held] = field(default_factory=dict)
    last: tuple[object, Held] | None = None

    def get(self, key: object, read: Callable[[], Held]) -> Held:
        """Return what belongs to ``key``, read now if it is not there."""
        last = self.last  # once: another thread may replace it
        held = last[1] if last is not None and last[0] == key else self.kept.get(key)
        if held is None:
            worker = get_worker_info()
            with _own_threads():
                held = read()
            if self.nbytes + held.nbytes <= self.room // (worker.num_workers if worker else 1):
                self.kept[key] = held
                self.nbytes += held.nbytes
            else:
                self.last = key, held
        return held


@contextmanager
def _own_threads() -> Iterator[None]:
    """Let dask read in a thread of this process: a forked worker inherits a pool without its threads."""
    if get_worker_info() is None:
        yield
        return
    with ThreadPoolExecutor(1) as pool, dask.config.set(pool=pool):
        yield


class Split:
    """The sections of one split, in order.

    Attributes:
        items: the sections.
        channels: 1, or 3 for a slice between its neighbours.
        classes: how many classes there are.
    """

    def __init__(self, items: Sequence[Item], *, channels: int, classes: int, shelf: Shelf) -> None:
        """Take the sections and what keeps them."""
        self.items = tuple(items)
        self.channels = channels
        self.classes = classes
        self._shelf = shelf

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Sample:
        return self.window(number, _WHOLE, _WHOLE)

    def __iter__(self) -> Iterator[Sample]:
        return (self[number] for number in range(len(self)))

    def shape(self, number: int) -> tuple[int, int]:
        """Return rows and columns of a section; nothing is read."""
        return self.items[number].shape

    def name(self, number: int) -> str:
        """Return the name of a section: its file below the data folder, or volume and slice."""
        return self.items[number].name

    def position(self, number: int) -> Position | None:
        """Return (volume, view, coordinate) of a slice of a volume, None for a section of its own."""
        return self.items[number].position

    def window(self, number: int, rows: slice, columns: slice) -> Sample:
        """Return a part of a section."""
        item = self.items[number]
        held = self._shelf.get(item, item.read)
        labels = held.labels[rows, columns].copy()
        valid = np.ones(labels.shape, bool) if held.valid is None else held.valid[rows, columns]
        grey = held.values[:, rows, columns].astype(np.float32)
        if item.scale is not None:
            grey = item.scale.to_grey(grey)
        if len(grey) < self.channels:  # a section of its own has no neighbours
            grey = between_neighbours(grey, valid[None], np.array([0]))[0]
        return Sample(item.name, grey, labels, valid)

    def labels(self, number: int, rows: slice = _WHOLE, columns: slice = _WHOLE) -> NDArray[np.uint8]:
        """Return the labels of a part of a section, uint8; not to be written to."""
        item = self.items[number]
        return self._shelf.get(item, item.read).labels[rows, columns]


def label_counts(split: Split) -> NDArray[np.int64]:
    """Count the samples of each class over a whole split: int64 (classes,); 255 is left out."""
    if not len(split):
        raise DataError("a split without sections has no labels to count")
    counts = sum(count_labels(split.labels(number)) for number in range(len(split)))
    return np.asarray(counts, np.int64)[: min(split.classes, NOTHING)]
