"""A training from its settings to its run folder."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from accelerate import Accelerator

from geointerp.errors import GeointerpError
from geointerp.evaluation.metrics import metrics
from geointerp.network.description import FILE_NAME
from geointerp.network.home import RUN_MODEL, STARTER
from geointerp.network.saving import save_model
from geointerp.sinks.output import former_of, remove, whole_or_not_at_all
from geointerp.training.card import model_card
from geointerp.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from geointerp.training.data.description import files_named
from geointerp.training.pictures import draw_curves
from geointerp.training.plan import Plan, decisive, make_plan
from geointerp.training.processes import accelerated, launched
from geointerp.training.progress import Epoch, Progress, Silent
from geointerp.training.run_folder import (
    CONFIG,
    CURVES,
    begin_run,
    check_place,
    check_same,
    former_kept,
    read_config,
    write_metrics,
)
from geointerp.training.samples import draw_validation
from geointerp.training.session import Validation
from geointerp.training.settings import NO_WEIGHTS, Settings

# Drawing takes most of a second, which is long beside an epoch of a small set.
_SECONDS_BETWEEN_CURVES = 15.0


def train(settings: Settings, *, overwrite: bool, resume: bool, progress: Progress) -> None:
    """Train a model and write its run folder.

    Args:
        settings: resolved.
        overwrite: whether a run folder that exists is replaced.
        resume: whether one is gone on with.
        progress: is told of it, by the main process alone.

    Raises:
        UsageError, DataError, ModelError, OutputError, MachineError: as of ``finetune``.
    """
    with accelerated(settings.device, settings.precision) as (accelerator, machine):
        if accelerator.is_main_process:
            check_place(settings.output, _read_by(settings), overwrite=overwrite, resume=resume)
            if settings.network != "unet" and settings.weights is None and settings.backbone != STARTER:
                name = settings.backbone
                progress.note(f"the weights of '{name}' are fetched from the hub unless they have been")
        with _deterministic(settings.deterministic):
            plan = make_plan(settings, accelerator, machine)
            run = _Run(plan, progress if accelerator.is_main_process else Silent())
            if settings.channels == "neighbours" and plan.labelled.split_record["kind"] == "sections":
                run.progress.note(
                    "the sections have no neighbours and are seen three times instead: of a volume the model "
                    "will be shown neighbours that it has not learnt to use; label a volume, or leave "
                    "--channels out"
                )
            for note in plan.labelled.notes:
                run.progress.note(note)
            run.begin(resume=resume)
            main = accelerator.is_main_process
            try:
                with former_kept(settings.output, run.progress.note) if main else nullcontext():
                    run.go_on()
            except GeointerpError as error:
                if launched():
                    error.add_note(f"met by process {os.environ['RANK']} while it trained")
                raise
            if accelerator.is_main_process:
                run.draw()


def _read_by(settings: Settings) -> list[str | Path]:
    """Return the files and folders that a training reads: replacing its run folder must not take them away.

    Raises:
        DataError: ``dataset.json`` cannot be read.
    """
    data = settings.data.expanduser()
    weights = [settings.weights] if settings.weights not in (None, NO_WEIGHTS) else []
    return [data, *files_named(data.absolute()), *weights]


@dataclass
class _Run:
    """A training under way.

    Attributes:
        plan: what is trained.
        progress: is told of it.
        epochs: those done.
        best: number of the best of them, 0 before the first.
        seconds: spent before this process began.
    """

    plan: Plan
    progress: Progress
    epochs: list[Epoch] = field(default_factory=list)
    best: int = 0
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    drawn: float = field(default=float("-inf"))

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.plan.settings.output

    @property
    def accelerator(self) -> Accelerator:
        """What holds the processes together."""
        return self.plan.session.accelerator

    @property
    def elapsed(self) -> float:
        """Seconds spent in all."""
        return self.seconds + time.monotonic() - self.started

    def begin(self, *, resume: bool) -> None:
        """Make the run folder, or go on from what is in it.

        Raises:
            UsageError: what is in it was begun with other settings.
            ModelError: what is in it is damaged.
            OutputError: it cannot be written.
        """
        config, split = self.plan.config, self.plan.labelled.split_record
        before = read_config(self.folder) if resume and (self.folder / CONFIG).is_file() else None
        if before is not None:
            mine = decisive(config, self.plan.settings)
            check_same(self.folder, decisive(before, self.plan.settings), mine)
            self.plan.config["command"] = before["command"]
            self._restore(read_checkpoint(self.folder))
        elif self.accelerator.is_main_process:
            begin_run(self.folder, config, split)
        self.accelerator.wait_for_everyone()

    def _restore(self, last: Checkpoint | None) -> None:
        """Go on from ``last``; without one, no epoch was done yet."""
        if last is None:
            return
        self.plan.session.restore(last.state)
        self.epochs, self.best, self.seconds = list(last.epochs), last.best, last.seconds
        self.progress.note(f"going on after epoch {len(self.epochs)}, the best was {self.best}")

    def go_on(self) -> None:
        """Train and validate epoch after epoch, until all are done or it is time to stop."""
        settings, session = self.plan.settings, self.plan.session
        what = f"{settings.output.name} on {session.machine}"
        self.progress.start(settings.epochs, session.steps, list(self.epochs), what)
        longest = 0.0
        while len(self.epochs) < settings.epochs and not self._stops(longest):
            began = time.monotonic()
            number = len(self.epochs)
            loss = session.train_epoch(number, self.progress.step)
            with session.averaged():
                best = self._record(loss, session.validate(self.plan.validation, len(self.plan.names)))
            self._keep_last()
            self.progress.epoch(self.epochs[-1], best)  # only now can it be gone on with
            longest = max(longest, time.monotonic() - began)

    def _stops(self, longest: float) -> bool:
        """Whether to stop before the epochs are done; all processes are of one mind."""
        settings, reason = self.plan.settings, ""
        if settings.patience and len(self.epochs) - self.best >= settings.patience:
            reason = f"no better epoch than {self.best} among the last {settings.patience}"
        minutes = settings.max_minutes
        if minutes and longest and time.monotonic() - self.started + longest > 60 * minutes:
            reason = f"another epoch would exceed {minutes:g} minutes"
        voices = torch.tensor(float(bool(reason)), device=self.plan.session.machine.device)
        stops = bool(self.accelerator.reduce(voices, "sum") > 0)
        if stops:
            self.progress.note(f"stopping after epoch {len(self.epochs)}: {reason}")
        return stops

    def _record(self, train_loss: float, validation: Validation) -> bool:
        """Add the figures of an epoch, and store the network and return True if it is the best so far."""
        session, names = self.plan.session, self.plan.names
        figures = metrics(validation.confusion, names)
        number = len(self.epochs) + 1
        epoch = Epoch(
            number=number,
            rate=session.rate(number * session.steps - 1),
            train_loss=train_loss,
            val_loss=validation.loss,
            miou=figures["mIoU"] or 0.0,
            mpa=figures["mPA"] or 0.0,
            accuracy=figures["accuracy"] or 0.0,
            ious=tuple(one["iou"] for one in figures["classes"]),
        )
        self.epochs.append(epoch)
        best = not self.best or epoch.miou > self.epochs[self.best - 1].miou
        if best:
            self.best = number
            if self.accelerator.is_main_process:
                self._keep_model(epoch)
        return best

    def _keep_model(self, epoch: Epoch) -> None:
        """Write ``model/``, whole or not at all."""
        plan = self.plan
        ious = dict(zip(plan.names, epoch.ious, strict=True))
        figures = {
            "split": "val",
            "epoch": epoch.number,
            "mIoU": epoch.miou,
            "mPA": epoch.mpa,
            "accuracy": epoch.accuracy,
            "IoU": ious,
        }
        description = replace(plan.description(), metrics=figures)
        with whole_or_not_at_all(self.folder / RUN_MODEL, overwrite=True, marker=FILE_NAME) as partial:
            complete = save_model(
                partial, plan.learner.network, description, with_backbone=plan.learner.keeps_backbone
            )
            card = model_card(complete, plan.config, epoch, len(self.epochs), self.elapsed)
            # A folder's name need not be UTF-8.
            (partial / "README.md").write_text(card, encoding="utf-8", errors="backslashreplace")

    def _keep_last(self) -> None:
        """Write ``last/`` and what follows from it."""
        if not self.accelerator.is_main_process:
            return
        state = self.plan.session.state()
        write_checkpoint(self.folder, Checkpoint(tuple(self.epochs), self.best, self.elapsed, state))
        remove(former_of(self.folder))
        write_metrics(self.folder, self.epochs, self.plan.names)
        if time.monotonic() - self.drawn > _SECONDS_BETWEEN_CURVES:
            self._draw_curves()

    def _draw_curves(self) -> None:
        draw_curves(self.folder / CURVES, self.epochs, self.plan.labelled.classes, self.best)
        self.drawn = time.monotonic()

    def draw(self) -> None:
        """Draw how it went and what came of it."""
        write_metrics(self.folder, self.epochs, self.plan.names)
        self._draw_curves()
        draw_validation(self.folder, self.plan.validation, self.plan.session.machine)


@contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    """Have torch refuse or replace what rounds differently from run to run."""
    before = torch.are_deterministic_algorithms_enabled()
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
