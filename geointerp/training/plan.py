"""A training with everything decided: data, network and what ``config.yaml`` says of them."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from accelerate import Accelerator
from torch import Tensor

from geointerp.inference.device import Machine
from geointerp.network.description import ModelDescription
from geointerp.tiling.views import choose_views
from geointerp.training.augmentation import Augmentation
from geointerp.training.batches import Batches
from geointerp.training.data import Crops, LabelledData, Split, label_counts, open_labelled
from geointerp.training.learner import Learner, create_learner, patch_size
from geointerp.training.losses import class_weights, create_loss
from geointerp.training.run_folder import versions
from geointerp.training.session import OVERLAP, Session
from geointerp.training.settings import Settings
from geointerp.training.tile import are_objects, fitting_batch, fitting_tile

_GPU_WORKERS = 4
_VOLUME = ("inline", "crossline", "time")


@dataclass(frozen=True)
class Plan:
    """What is trained on what.

    Attributes:
        settings: resolved.
        labelled: the data.
        learner: the network.
        session: what trains it.
        config: what ``config.yaml`` says.
    """

    settings: Settings
    labelled: LabelledData
    learner: Learner
    session: Session
    config: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Of the classes."""
        return [one.name for one in self.labelled.classes]

    @property
    def validation(self) -> Split:
        """The slices that the best epoch is chosen by."""
        return self.labelled.split("val")

    def description(self) -> ModelDescription:
        """Return the model folder's account of the model, without its figures."""
        settings, labelled, learner = self.settings, self.labelled, self.learner
        told = ("command", "versions", "data", "class_weights", "augmentation")
        return ModelDescription(
            name=settings.output.resolve().name,
            task=labelled.task,
            classes=labelled.classes,
            backbone=learner.backbone,
            decoder=learner.decoder,
            normalisation=labelled.normalisation,
            channels=settings.channels,
            tile=settings.size,
            fixed_tile=True,
            overlap=OVERLAP,
            views=labelled.views,
            elevation=settings.elevation,
            patch=learner.patch,
            training={**{name: self.config[name] for name in told}, "settings": settings.decisive()},
            network=settings.network,
            method="full" if settings.network == "unet" else settings.method,
        )


def make_plan(settings: Settings, accelerator: Accelerator, machine: Machine) -> Plan:
    """Open the data, checking all of them, and build the network; nothing is written.

    Raises:
        UsageError: the settings do not fit each other, or the data.
        DataError: something is wrong with the data.
        ModelError: weights are missing or of something else.
    """
    labelled = open_labelled(
        settings.data,
        task=settings.task,
        classes=settings.classes,
        seed=settings.seed,
        views=settings.views,
        channels=settings.channels,
        elevation=settings.elevation,
        patch=patch_size(settings),
    )
    # Sections, lines and recordings have no views themselves: these are how the model will cut volumes.
    choose_views(_VOLUME, labelled.views)
    training, _ = labelled.split("train"), labelled.split("val")
    settings = _fitted(settings, labelled, accelerator.num_processes)
    learner = create_learner(settings, len(labelled.classes))
    augmentation = _augmentation(settings, labelled)
    batches = Batches(
        Crops(training, settings.size, augmentation, settings.seed),
        settings.batch,
        seed=settings.seed,
        workers=_workers(settings, machine),
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    weighted = settings.class_weights and settings.loss != "dice"  # which counts every class alike
    weights = class_weights(label_counts(training)).to(machine.device) if weighted else None
    loss = create_loss(settings.loss, weights)
    session = Session(settings, learner, batches, loss, accelerator, machine)
    config = _config(settings, labelled, learner, weights) | {
        "machine": {"device": machine.device.type, "precision": machine.precision},
        "processes": accelerator.num_processes,
        "augmentation": augmentation.as_dict(),
    }
    return Plan(settings, labelled, learner, session, config)


def _fitted(settings: Settings, labelled: LabelledData, processes: int) -> Settings:
    """Decide the tile and the batch by the data, where they are left open."""
    training = labelled.split("train")
    shapes = [training.shape(number) for number in range(len(training))]
    tile = settings.tile or fitting_tile(labelled.classes, shapes, patch_size(settings))
    return replace(settings, tile=tile, batch_size=settings.batch_size or fitting_batch(tile, processes))


def _augmentation(settings: Settings, labelled: LabelledData) -> Augmentation:
    if not settings.augment:
        return Augmentation.none()
    fit = Augmentation.for_task(labelled.task, labelled.normalisation)
    # What fills the slice is known by its depth too, which stretching would change.
    return fit if are_objects(labelled.classes) else replace(fit, zoom=1.0)


def _workers(settings: Settings, machine: Machine) -> int:
    """Processes that cut crops: on a processor they would only take time from the training."""
    if settings.workers is not None:
        return settings.workers
    return 0 if machine.device.type == "cpu" else _GPU_WORKERS


def _config(
    settings: Settings, labelled: LabelledData, learner: Learner, weights: Tensor | None
) -> dict[str, Any]:
    """Return everything that was told or decided, as YAML has it."""
    names = [one.name for one in labelled.classes]
    rounded = [round(weight, 6) for weight in weights.tolist()] if weights is not None else [1.0] * len(names)
    return {
        "command": settings.command,
        "versions": versions(),
        "settings": settings.as_dict(),
        "backbone": asdict(learner.backbone) if learner.backbone else None,
        "data": {
            "folder": str(labelled.folder),
            "fingerprint": labelled.fingerprint,
            "task": labelled.task,
            "views": list(labelled.views),
            "normalisation": asdict(labelled.normalisation),
            "splits": {name: len(split) for name, split in labelled.splits.items()},
        },
        "class_weights": dict(zip(names, rounded, strict=True)),
    }


def decisive(config: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return what a training that goes on has in common with the one that began, from its ``config``."""
    told = config.get("settings") or {}
    return {
        **{name: told.get(name) for name in settings.decisive()},
        "data": (config.get("data") or {}).get("fingerprint"),
        "backbone's weights": (config.get("backbone") or {}).get("sha256"),
        "machine": config.get("machine"),
        "processes": config.get("processes"),
    }
