"""The volumes of a training folder: opened, checked, divided into splits, and cut into slices."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.evaluation.class_names import compare_classes
from geointerp.inference.live import live_traces
from geointerp.network.description import Normalisation
from geointerp.sources.open import open_label_file, open_volume
from geointerp.sources.scaling import measure_scale, spread_sample
from geointerp.tasks import LabelClass, classes_named
from geointerp.tiling.views import View, choose_views, sample_dim, widened
from geointerp.training.data.blocks import LEAST_SLICES, divide
from geointerp.training.data.classes import OUTSIDE_HINT, LabelCounts, outside, views_of_task
from geointerp.training.data.description import DatasetFile, VolumeEntry, place_in
from geointerp.training.data.found import Asked, Found, digest_of
from geointerp.training.data.label_grid import match_labels
from geointerp.training.data.problems import Problems
from geointerp.training.data.split import Item
from geointerp.training.data.volumes import LabelledVolume, VolumeSlice

_ORDER_HINT = "number the labels alike, or name the classes in the files' own order: finetune --classes"
Part = tuple[str, LabelledVolume, dict[str, slice]]
"""A split's name, a volume, and the positions of it that belong to the split."""


def open_volumes(folder: Path, dataset: DatasetFile, asked: Asked) -> Found:
    """Open and check all volumes of a set, and choose the slices of each split.

    Raises:
        DataError: something is wrong with them; the first problems are named, all are counted.
        UsageError: a volume has no such view.
    """
    problems = Problems(folder)
    volumes, names = _open_all(folder, dataset, asked, problems)
    problems.refuse()
    normalisation = asked.normalisation_for(any(map(_negative, volumes)))
    _scale(volumes, normalisation, problems)
    parts, told = _parts(volumes, asked.seed, problems)
    _warn_of_shared(folder, parts)
    problems.refuse()
    items: dict[str, list[Item]] = {}
    counts: dict[str, LabelCounts] = {}
    for split, volume, within in parts:
        items.setdefault(split, []).extend(_slices(volume, within, asked.channels))
        part = volume.counts[within.get(volume.divided_along, slice(None))].sum(axis=0)
        counts[split] = counts.get(split, 0) + part
    record = {"kind": "volumes", "seed": asked.seed, "volumes": told}
    return Found(
        items, counts, normalisation, record, digest_of(*(one.digest for one in volumes)).hex(), names
    )


def _open_all(
    folder: Path, dataset: DatasetFile, asked: Asked, problems: Problems
) -> tuple[list[LabelledVolume], tuple[str, ...]]:
    """Open all volumes that can be, and return the names that their labels give the classes."""
    volumes: list[LabelledVolume] = []
    for entry in dataset.volumes:
        try:
            volumes.append(_open(folder, entry, dataset.ignore_index, asked))
        except DataError as error:
            problems.add_error(entry.amplitude, error)
    names = {volume.grid.names for volume in volumes if volume.grid.names}
    if asked.classes is None and len(names) > 1:
        listed = " and ".join(", ".join(some) for some in sorted(names))
        problems.add("labels", f"their files name different classes: {listed}", "say which with --classes")
    named = next(iter(names), ())
    for volume in volumes:
        # A file that names no classes has those that another one names.
        _check_labels(volume, asked.classes or classes_named(volume.grid.names or named), problems)
    return volumes, named


def _open(folder: Path, entry: VolumeEntry, ignore_index: int, asked: Asked) -> LabelledVolume:
    """Open a volume and read its labels once.

    Raises:
        DataError: a file cannot be read, or the labels do not lie on the amplitudes.
    """
    amplitude = open_volume(place_in(folder, entry.amplitude), elevation=asked.elevation)
    stored = open_label_file(place_in(folder, entry.labels))
    grid = match_labels(entry.labels, amplitude, stored, ignore_index)
    cut = _views(amplitude, asked)
    volume = LabelledVolume(entry, amplitude, grid, cut)
    volume.counts, labels = grid.read_all(volume.divided_along)
    volume.digest = _digest(volume, labels)
    # Where only a part of each trace is seen, it may be zero though the trace is not.
    if sample_dim(list(grid.sizes)) in (volume.divided_along, *(view.slices for view in cut if view.slices)):
        volume.live = live_traces(amplitude)
    return volume


def _views(amplitude: xr.DataArray, asked: Asked) -> tuple[View, ...]:
    """Return the views asked for, or the task's; none whose slices are narrower than a patch.

    A training and an evaluation of its model divide a volume alike, whether or not they name the views.
    """
    dims = [str(dim) for dim in amplitude.dims]
    wanted = (asked.views or views_of_task(asked.task)) if len(dims) == 3 else None
    sizes = {str(dim): size for dim, size in amplitude.sizes.items()}
    return widened(choose_views(dims, wanted), sizes, asked.patch)


def _digest(volume: LabelledVolume, labels: bytes) -> bytes:
    """Return the sha256 of what tells a volume apart without reading all of it."""
    amplitude = volume.amplitude
    facts = {name: amplitude.attrs.get(name) for name in ("source_size", "source_headers_sha256")}
    coordinates = (amplitude[dim].values for dim in amplitude.dims)
    return digest_of(repr((asdict(volume.entry), amplitude.dims, facts)), *coordinates, labels)


def _check_labels(volume: LabelledVolume, classes: Sequence[LabelClass], problems: Problems) -> None:
    """Check the labels against the classes, of which there are none where nothing names them."""
    beyond = outside(volume.counts.sum(axis=0), classes or None)
    if beyond:
        problems.add(volume.entry.labels, beyond, OUTSIDE_HINT)
    names, wanted = volume.grid.names, [one.name for one in classes]
    told = f"{volume.entry.labels} has the classes {', '.join(names)} in this order, not {', '.join(wanted)}"
    try:
        compare_classes(names, wanted, told, _ORDER_HINT)
    except DataError as error:
        problems.add_error(volume.entry.labels, error)


def _negative(volume: LabelledVolume) -> bool:
    return bool((spread_sample(volume.amplitude) < 0).any())


def _scale(volumes: Sequence[LabelledVolume], normalisation: Normalisation, problems: Problems) -> None:
    """Give each volume its scale, measured over the whole of it as for a prediction."""
    for volume in volumes:
        try:
            volume.scale = measure_scale(volume.amplitude, normalisation.kind, normalisation.percentile)
        except DataError as error:
            problems.add_error(volume.entry.amplitude, error)


def _parts(
    volumes: Sequence[LabelledVolume], seed: int, problems: Problems
) -> tuple[list[Part], list[dict[str, Any]]]:
    """Decide which positions of each volume belong to which split, and tell it in plain values."""
    no_val = all(volume.entry.split not in ("val", "auto") for volume in volumes)
    parts: list[Part] = []
    told = []
    for number, volume in enumerate(volumes):
        split, why = volume.entry.split, "dataset.json says so"
        if split == "auto" or (split == "train" and no_val):
            why = f"divided by seed {seed}: auto"
            if split == "train":
                why = f"held back from the volumes for training by seed {seed}: no volume is for val"
            mine = _divided(volume, [seed, number], problems)
        else:
            mine = [(split, volume, {})]
        parts += mine
        told.append({"amplitude": volume.entry.amplitude, "why": why, "splits": _told(mine)})
    return parts, told


def _warn_of_shared(folder: Path, parts: Sequence[Part]) -> None:
    """Warn of slices that two splits share: a volume listed twice is judged on what it taught."""
    for (split, volume, within), (other, again, elsewhere) in combinations(parts, 2):
        names = (volume.entry.amplitude, again.entry.amplitude)
        if split == other or len({Path(place_in(folder, name)).resolve() for name in names}) > 1:
            continue
        dim = volume.divided_along
        both = np.intersect1d(volume.grid.labelled(dim, within), again.grid.labelled(dim, elsewhere))
        if both.size:
            warnings.warn(
                f"{names[1]} is listed twice: {both.size} labelled {dim} positions are for {split} and for "
                f"{other}, and figures of {other} are better than those of new data",
                stacklevel=4,
            )


def _divided(volume: LabelledVolume, seed: list[int], problems: Problems) -> list[Part]:
    """Divide a volume into blocks for training and validation."""
    dim = volume.divided_along
    labelled = volume.grid.labelled(dim, {})
    if len(labelled) < LEAST_SLICES:
        problems.add(
            volume.entry.labels,
            f"has labels on {len(labelled)} {dim} positions; {LEAST_SLICES} are needed to divide it "
            "into training, gap and validation",
            'label more, or give the volume a "split" and another volume the other',
        )
        return []
    division = divide(labelled, seed)
    return [("train", volume, {dim: division.train}), ("val", volume, {dim: division.val})]


def _told(parts: Sequence[Part]) -> dict[str, Any]:
    """Say in coordinates which slices are whose: from which to which, and each run of labelled ones."""
    told = {}
    for split, volume, within in parts:
        dim = volume.divided_along
        labelled = volume.grid.labelled(dim, within)
        runs = _runs(labelled, volume.amplitude[dim].values)
        ends = [runs[0][0], runs[-1][1]] if runs else []
        told[split] = {"dimension": dim, "from_to": ends, "labelled": int(labelled.size), "runs": runs}
    return told


def _runs(positions: NDArray[np.intp], coordinates: NDArray[Any]) -> list[list[Any]]:
    """Return the coordinates of the first and last position of each run without a gap."""
    runs = np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1)
    return [[coordinates[end].item() for end in (run[0], run[-1])] for run in runs if run.size]


def _slices(volume: LabelledVolume, within: dict[str, slice], channels: int) -> list[VolumeSlice]:
    """Return the slices of a part that hold labels, view by view."""
    slices = []
    for view in volume.views:
        numbers = [0] if view.slices is None else volume.grid.labelled(view.slices, within).tolist()
        slices += [VolumeSlice(volume, view, number, within, channels) for number in numbers]
    return slices
