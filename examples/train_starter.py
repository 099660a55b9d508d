"""Train the bundled starter backbone and the five task models from synthetic data, from scratch.

    python examples/train_starter.py backbone       # the encoder learns faults, from nothing
    python examples/train_starter.py joint          # the encoder goes on with all five tasks at once
    python examples/train_starter.py adapt faults   # LoRA and decoder on the frozen encoder, for each task
    python examples/measure_models.py               # figures on unseen samples, into the cards

Each stage can be stopped at any moment and started again with the same command: it goes on from
runs/<stage>/last.pt. Every batch is drawn from its step's own seed, so a run is the same however often
it was interrupted. The losses of the bundled models are in models/<name>/losses.csv.
"""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
import typer
from timm.layers import set_fused_attn
from torch import Tensor, nn

from geointerp.network.backbone import create_backbone
from geointerp.network.bundle import BACKBONE, save_backbone, save_model
from geointerp.network.checkpoint import load_backbone_weights
from geointerp.network.decoders import create_decoder
from geointerp.network.description import (
    BackboneInfo,
    DecoderInfo,
    ModelDescription,
    Normalisation,
    read_description,
)
from geointerp.network.home import STARTER, models_home
from geointerp.network.lora import add_lora
from geointerp.network.segmenter import Segmenter
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.faults import CLEAR, DEFAULT, SHIFTED
from geointerp.synthesis.generators import GENERATORS
from geointerp.synthesis.ranges import Ranges
from geointerp.tasks import TASKS, task_named
from geointerp.training.grey import PERCENTILE, grey_of
from geointerp.training.joint import JointSegmenter
from geointerp.training.loop import Batch, Recipe, train

TILE = (224, 224)
DECODER = DecoderInfo("mla", width=0.5)
# What the encoder sees in its first stage, until which step. It began on the hardest sections, learnt
# slowly, and was given clear ones; then ordinary ones, at first with faults labelled that the noise hides.
PLAIN = replace(DEFAULT, flaws=0.0)
NO_MATTER_HOW_FAINT = replace(PLAIN, audible=-100.0)
CURRICULUM: tuple[tuple[int, Ranges], ...] = (
    (913, SHIFTED),
    (1038, replace(NO_MATTER_HOW_FAINT, half_width=1.25)),
    (1700, CLEAR),
    (2695, NO_MATTER_HOW_FAINT),
)
# Samples of each task in a batch of the second stage. The first has taught it faults.
SHARES = {"faults": 3, "salt": 4, "facies": 5, "craters": 5, "events": 4}
# Batches of the stages, and everything the models are measured on, come from seeds that lie apart.
FIRST_SEED = {"backbone": 1_000_000, "joint": 3_000_000, "adapt": 2_000_000}

FIRST_STAGE = Recipe(steps=3600, rate=1e-3, warmup=200, decay=800, seed=1)
SECOND_STAGE = Recipe(steps=1000, batch_size=sum(SHARES.values()), rate=6e-4, warmup=40, decay=300, seed=1)
ADAPTING = Recipe(steps=150, rate=5e-4, warmup=20, decay=110, seed=1)
# Faults are one sample in thirty: unweighted, the network would rather miss one than invent one.
ADAPTERS = {task: ADAPTING for task in TASKS} | {"faults": replace(ADAPTING, class_weights=(1.0, 3.0))}

app = typer.Typer(add_completion=False, help=__doc__)


def tiles(task: str, count: int, seed: int, ranges: Ranges) -> tuple[Tensor, Tensor]:
    """Fresh samples of a task as grey tiles, a little too weak or too strong, and their labels."""
    generator = GENERATORS[task]
    amplitude, label = generator(count, seed, height=TILE[0], width=TILE[1], recipe=ranges)
    return grey_of(amplitude, Draw(seed).log_uniform(0.6, 1.8, count), generator.scale), label


def first_seed(stage: str, recipe: Recipe) -> int:
    """The seed of a stage's first batch."""
    return FIRST_SEED[stage] + 100_000 * recipe.seed


def one_task(stage: str, task: str, recipe: Recipe) -> Batch:
    """The batches of a stage that sees one task."""

    def batch(step: int) -> tuple[Tensor, Tensor]:
        ranges = GENERATORS[task].ranges if stage == "adapt" else first_stage_ranges(step)
        return tiles(task, recipe.batch_size, first_seed(stage, recipe) + step, ranges)

    return batch


def all_tasks(recipe: Recipe) -> Batch:
    """The batches of the second stage: some samples of each task."""

    def batch(step: int) -> tuple[Tensor, Tensor]:
        seed = first_seed("joint", recipe) + step
        parts = [tiles(task, share, seed, GENERATORS[task].ranges) for task, share in SHARES.items()]
        return torch.cat([grey for grey, _ in parts]), torch.cat([label for _, label in parts])

    return batch


def first_stage_ranges(step: int) -> Ranges:
    """What the sections of a step are drawn from."""
    return next((ranges for until, ranges in CURRICULUM if step < until), PLAIN)


def new_decoder(task: str) -> nn.Module:
    """The decoder of a task, random."""
    return create_decoder(DECODER.name, 192, len(task_named(task).classes), DECODER.width)


def new_joint() -> JointSegmenter:
    """The starter with a random decoder for each task."""
    return JointSegmenter(create_backbone(STARTER, TILE), {task: new_decoder(task) for task in SHARES}, SHARES)


def description(name: str, stages: list[dict[str, Any]], **changes: Any) -> ModelDescription:
    """What a model folder says of itself."""
    scale = GENERATORS[name].scale if name in GENERATORS else "symmetric"
    training = {
        "data": "synthetic sections and images (geointerp.synthesis), each seen once",
        "script": "examples/train_starter.py",
        "stages": stages,
    }
    return ModelDescription(
        name=name, normalisation=Normalisation(scale, PERCENTILE), tile=TILE, training=training, **changes
    )


def stage(command: str, recipe: Recipe, ranges: dict[str, Any]) -> dict[str, Any]:
    """A stage of training as a model folder records it."""
    seed = first_seed(command.split()[0], recipe)
    return {"command": command, "recipe": asdict(recipe), "first_seed": seed, "ranges": ranges}


@app.command()
def backbone(steps: int = FIRST_STAGE.steps, runs: Path = Path("runs")) -> None:
    """Teach the encoder faults, from random weights."""
    recipe = replace(FIRST_STAGE, steps=steps)
    torch.manual_seed(recipe.seed)
    model = Segmenter(create_backbone(STARTER, TILE), new_decoder("faults"))
    train(model, one_task("backbone", "faults", recipe), recipe, runs / "backbone")


@app.command()
def joint(steps: int = SECOND_STAGE.steps, runs: Path = Path("runs")) -> None:
    """Go on with all five tasks; write models/starter."""
    recipe = replace(SECOND_STAGE, steps=steps)
    torch.manual_seed(recipe.seed)
    model = new_joint()
    learnt = torch.load(runs / "backbone" / "last.pt", weights_only=True)["model"]
    model.segmenters["faults"].load_state_dict(learnt)
    train(model, all_tasks(recipe), recipe, runs / "joint", criterion=model.loss)
    starter = models_home() / STARTER
    first = {f"until step {until}": ranges.as_dict() for until, ranges in CURRICULUM}
    stages = [
        stage("backbone", FIRST_STAGE, first | {"to the end": PLAIN.as_dict()}),
        stage("joint", recipe, {task: GENERATORS[task].ranges.as_dict() for task in SHARES}),
    ]
    own = description(
        STARTER, stages, task=None, classes=(), backbone=BackboneInfo(STARTER, ""), decoder=None
    )
    encoder = model.segmenters["faults"].backbone
    save_backbone(starter, encoder, own)
    shutil.copy(runs / "joint" / "losses.csv", starter / "losses_joint.csv")


@app.command()
def adapt(task: str, steps: int = ADAPTING.steps, runs: Path = Path("runs")) -> None:
    """Adapt the frozen starter to a task with LoRA and a decoder; write models/TASK."""
    about = task_named(task)
    recipe = replace(ADAPTERS[task], steps=steps)
    torch.manual_seed(recipe.seed)
    together = new_joint()
    # The decoder goes on from where the joint training left it; the encoder is the stored one, in float16.
    together.load_state_dict(torch.load(runs / "joint" / "last.pt", weights_only=True)["model"])
    segmenter = together.segmenters[task]
    starter = models_home() / STARTER
    load_backbone_weights(segmenter.backbone, starter / BACKBONE)
    model = add_lora(segmenter, rank=8, alpha=8.0)
    train(model, one_task("adapt", task, recipe), recipe, runs / task)
    own = description(
        task,
        [stage(f"adapt {task}", recipe, GENERATORS[task].ranges.as_dict())],
        task=task,
        classes=about.classes,
        backbone=read_description(starter).backbone,
        decoder=DECODER,
        views=about.views,
    )
    save_model(models_home() / task, model, own, torch.float16)
    shutil.copy(runs / task / "losses.csv", models_home() / task)


if __name__ == "__main__":
    # Measured on a CPU in bf16: the fused attention's backward pass takes twice the time of the plain one.
    set_fused_attn(False)
    app()
