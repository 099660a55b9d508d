"""The sections of a training folder: found, read, checked and scaled."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from geointerp.errors import DataError
from geointerp.network.description import Normalisation
from geointerp.tasks import NOTHING, LabelClass
from geointerp.training.data.classes import LabelCounts
from geointerp.training.data.description import DatasetFile
from geointerp.training.data.found import Asked, Found, digest_of
from geointerp.training.data.layout import find_pairs
from geointerp.training.data.problems import Problems
from geointerp.training.data.sections import Section, check_section, section_scale
from geointerp.training.data.split import Shelf

Sections = dict[str, list[Section]]


def open_sections(folder: Path, dataset: DatasetFile, asked: Asked, shelf: Shelf) -> Found:
    """Find, read and check all sections of a folder.

    Args:
        folder: the data set.
        dataset: what it says of itself.
        asked: what is asked of it.
        shelf: keeps what is read, as far as it has room.

    Raises:
        DataError: something is wrong with them; the first problems are named, all are counted.
    """
    problems = Problems(folder)
    pairs, reasons = find_pairs(folder, asked.seed, problems)
    sections = {
        split: [Section(pair, dataset.ignore_index, dataset.shape, asked.elevation) for pair in part]
        for split, part in pairs.items()
    }
    counts, negative, digest = _check(sections, asked.classes, shelf, problems)
    problems.refuse()
    normalisation = asked.normalisation_for(negative)
    flat = _scale(sections, normalisation, shelf)
    record = _record(sections, reasons, asked.seed) | ({"single_valued": flat} if flat else {})
    return Found(dict(sections), counts, normalisation, record, digest)


def _check(
    sections: Sections, classes: Sequence[LabelClass] | None, shelf: Shelf, problems: Problems
) -> tuple[dict[str, LabelCounts], bool, str]:
    """Read every section; returns each split's labels, whether a value is negative, and the sha256."""
    counts = {split: np.zeros(NOTHING + 1, np.int64) for split in sections}
    negative, digests = False, []
    for split, section in ((split, section) for split, part in sections.items() for section in part):
        try:
            held = shelf.get(section, section.read)
        except DataError as error:
            problems.add_error(section.name, error)
            continue
        counts[split] += check_section(section, held, classes, problems)
        negative |= bool(held.values.min() < 0)
        digests.append(digest_of(section.name, held.values, held.labels))
    return counts, negative, digest_of(*digests).hex()


def _scale(sections: Sections, normalisation: Normalisation, shelf: Shelf) -> list[str]:
    """Give each section its scale; returns the names of those that hold a single value."""
    flat = []
    for section in chain.from_iterable(sections.values()):
        held = shelf.get(section, section.read)
        section.scale, measured = section_scale(held, normalisation.kind, normalisation.percentile)
        if not measured:
            flat.append(section.name)
    return flat


def _record(sections: Sections, reasons: dict[str, str], seed: int) -> dict[str, Any]:
    """Tell in plain values which sections are in which split, and why."""
    splits = {
        split: {"why": reasons[split], "sections": [section.name for section in part]}
        for split, part in sections.items()
    }
    return {"kind": "sections", "seed": seed, "splits": splits}
