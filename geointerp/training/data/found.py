"""What is asked of a training folder, of either kind, and what is found in it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.network.description import Elevation, Normalisation
from geointerp.tasks import LabelClass
from geointerp.training.data.classes import LabelCounts
from geointerp.training.data.split import Item


@dataclass(frozen=True)
class Asked:
    """What is asked of a folder.

    Attributes:
        seed: decides what is held back where the folder does not.
        task: one of the five, or None.
        classes: None to learn them from the labels.
        normalisation: how amplitudes become grey; None to decide by the amplitudes.
        views: the slices a 3D volume is read as; None for the task's.
        channels: 1, or 3 for a slice between its neighbours.
        elevation: what elevation models are read as: ``hillshade`` or ``raw``; None for raw.
        patch: pixels of the network's patch, the least that a volume's slices may be wide.
    """

    seed: int
    task: str | None
    classes: tuple[LabelClass, ...] | None
    normalisation: Normalisation | None
    views: tuple[str, ...] | None
    channels: int
    elevation: Elevation | None = None
    patch: int = 14

    def normalisation_for(self, negative: bool) -> Normalisation:
        """Return how amplitudes become grey, decided once for a set.

        Args:
            negative: whether values lie below zero: amplitudes, whose zero is mid-grey. Pictures have none,
                and the zero of the elevations that show craters means nothing.
        """
        if self.normalisation is not None:
            return self.normalisation
        return Normalisation("symmetric" if negative and self.task != "craters" else "range")


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Attributes:
        items: the sections of each split.
        counts: samples of each label value in each split, int64 (256,).
        normalisation: how amplitudes become grey.
        record: what went into which split, and why; JSON-friendly.
        digest: sha256 of names and contents.
        names: of the classes, where the label files carry them.
    """

    items: Mapping[str, Sequence[Item]]
    counts: Mapping[str, LabelCounts]
    normalisation: Normalisation
    record: dict[str, Any] = field(default_factory=dict)
    digest: str = ""
    names: tuple[str, ...] = ()

    @property
    def all_counts(self) -> LabelCounts:
        """Samples of each label value in the whole set."""
        counts: LabelCounts = np.sum(list(self.counts.values()), axis=0, dtype=np.int64)
        return counts


def digest_of(*parts: str | bytes | NDArray[Any]) -> bytes:
    """Return the sha256 of texts, bytes and arrays one after the other, kinds and sizes included."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        array = np.frombuffer(content, np.uint8) if isinstance(content, bytes) else content
        digest.update(f"{array.dtype.str}{array.shape}:".encode())
        digest.update(array.tobytes())
    return digest.digest()
