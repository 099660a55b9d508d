"""A model on a split of labelled data: the report that ``geointerp evaluate --model`` prints."""

import warnings
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.evaluation.folder import check_folder, write_folder
from geointerp.evaluation.nearness import TrainingBlock, training_blocks, training_sections
from geointerp.evaluation.paper import paper_batch
from geointerp.evaluation.score import Score

if TYPE_CHECKING:
    from geointerp.inference.device import Machine
    from geointerp.inference.progress import Progress
    from geointerp.network.description import ModelDescription
    from geointerp.network.loading import LoadedModel
    from geointerp.training.data import LabelledData, Sample, Split


def evaluate_model(
    model: str | Path,
    data: str | Path,
    *,
    split: str = "test",
    tolerance: float | None = None,
    paper_metrics: bool = False,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    output: str | Path | None = None,
    overwrite: bool = False,
    progress: "Progress | None" = None,
) -> dict[str, Any]:
    """Score a model on a split of labelled data, whose images it reads as it was trained to.

    Args:
        model: a run folder, a model folder or the name of a bundled model.
        data: a folder of labelled data.
        split: ``train``, ``val`` or ``test``. The best epoch was chosen by ``val``, so its figures flatter.
        tolerance: adds precision, recall and F1 of thin labels that forgive this distance, in samples.
        paper_metrics: adds the averages of the published code (see ``geointerp.evaluation.paper``).
        batch_size: images in a batch of those; as published for the model's task, or 1, by default.
        device: ``auto``, ``cpu``, ``cuda[:N]`` or ``mps``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        output: a folder for the report and its pictures (see ``geointerp.evaluation.folder``).
        overwrite: whether it may be replaced.
        progress: is told of it.

    Returns:
        What ``evaluate`` returns, after ``model, data, split, images`` (how many) and
        ``trained_on_this_data`` (whether the fingerprints agree; None where the model keeps none).

    Raises:
        UsageError: an option is at fault.
        DataError: the data are at fault, have no such split, or other classes than the model.
        ModelError: there is no such model, or it is damaged.
        OutputError: the output exists.
        MachineError: the device is not there or too small.
    """
    from geointerp.inference.device import choose_machine
    from geointerp.network.loading import load_model
    from geointerp.training.data.description import files_named

    folder = Path(data).expanduser().absolute()
    check_folder(output, folder, *files_named(folder), overwrite=overwrite)
    machine, score = choose_machine(device, precision), Score(tolerance)
    loaded = load_model(model)
    check_folder(output, loaded.path, overwrite=overwrite)
    about = loaded.description
    batch = paper_batch(paper_metrics, batch_size, about.task)
    labelled = _open(Path(data), about, split)
    part = labelled.split(split)
    same = _same_data(about, labelled)
    if same and split == "train":
        warnings.warn(
            f"{model} was trained on this split: its figures say how well it remembers", stacklevel=2
        )
    learnt = about.training.get("data", {}).get("folder")
    if same is False and split != "train" and learnt and Path(learnt).resolve() == folder.resolve():
        _warn_of_known_names(loaded.path, part, model, split)
    blocks = training_blocks(loaded.path) if same else {}
    _add_all(score, loaded, part, machine, blocks, progress)
    report = {
        "model": str(model),
        "data": str(data),
        "split": split,
        "images": len(part),
        "trained_on_this_data": same,
        **score.report([one.name for one in about.classes], batch),
    }
    if output is not None:
        write_folder(Path(output), report, score.images, about.classes, overwrite=overwrite)
    return report


def _warn_of_known_names(run: Path, part: "Split", model: str | Path, split: str) -> None:
    """Warn where a set has changed since, and images that were learnt from may now be in another split."""
    learnt = training_sections(run)
    known = sum(part.name(number) in learnt for number in range(len(part)))
    if known:
        warnings.warn(
            f"{model} was trained on {known} of the {len(part)} images in '{split}': the data have changed "
            "since, and the splits were drawn anew; its figures flatter",
            stacklevel=3,
        )


def _open(data: Path, about: "ModelDescription", split: str) -> "LabelledData":
    """Open the data as the model was trained to see them.

    Raises:
        DataError: something is wrong with them, or they say that their classes are others.
    """
    from geointerp.training.data import open_labelled

    names = [one.name for one in about.classes]
    labelled = open_labelled(
        data,
        task=about.task,
        classes=names,
        seed=about.training.get("settings", {}).get("seed", 0),
        views=about.views or None,
        channels=about.channels,
        normalisation=about.normalisation,
        elevation=about.elevation,
        patch=about.patch,
        only=split,
    )
    theirs = _named_classes(labelled.folder)
    # A whole data set of other classes is refused; of the label files of volumes each was compared.
    if theirs and theirs != names and not _same_data(about, labelled):
        raise DataError(
            f"the classes of {data} are {', '.join(theirs)}; those of the model '{about.name}' are "
            f"{', '.join(names)}",
            hint="evaluate it on data with its own classes, in the same order",
        )
    return labelled


def _named_classes(folder: Path) -> list[str]:
    """Return the classes that a data set says it has; none where it says nothing."""
    from geointerp.training.data.classes import known_classes
    from geointerp.training.data.description import read_dataset_file

    told = read_dataset_file(folder)
    return [one.name for one in known_classes(None, told.classes, told.task) or ()]


def _same_data(about: "ModelDescription", labelled: "LabelledData") -> bool | None:
    """Tell by the fingerprints whether a model was trained on these data; None where it keeps none."""
    data = about.training.get("data")
    fingerprint = data.get("fingerprint") if isinstance(data, dict) else None
    return None if fingerprint is None else bool(fingerprint == labelled.fingerprint)


def _add_all(
    score: Score,
    model: "LoadedModel",
    part: "Split",
    machine: "Machine",
    blocks: dict[str, TrainingBlock],
    progress: "Progress | None",
) -> None:
    """Label all images of a split, in order, and add them to the score."""
    from geointerp.inference.progress import Silent
    from geointerp.inference.slices import label_slices

    about, told = model.description, progress or Silent()
    # Images are read some batches ahead of their labels; their truth waits here, and is not read twice.
    waiting: deque[Sample] = deque()
    told.start(len(part), f"{about.name} on {machine}")
    predictions = label_slices(
        model.network,
        _greys(part, waiting),
        classes=len(about.classes),
        tile=about.tile,
        overlap=about.overlap,
        patch=about.patch,
        machine=machine,
    )
    for number, prediction in enumerate(predictions):
        sample = waiting.popleft()
        score.add(sample.name, prediction, sample.labels, _distance(part.position(number), blocks))
        told.advance(1)


def _greys(part: "Split", waiting: "deque[Sample]") -> Iterator[NDArray[np.float32]]:
    for sample in part:
        waiting.append(sample)
        yield sample.grey


def _distance(position: tuple[str, str, Any] | None, blocks: dict[str, TrainingBlock]) -> float | None:
    """Return how far a slice lies from the training's, None for what is no slice along their dimension."""
    if position is None:
        return None
    volume, view, coordinate = position
    block = blocks.get(volume)
    return block.distance(coordinate) if block is not None and block.dimension == view else None
