"""Train the bundled starter backbone and the five task models from synthetic data, from scratch.

    python examples/train_starter.py backbone       # the encoder learns faults, from nothing
    python examples/train_starter.py faults         # LoRA and decoder on the frozen encoder
    python examples/train_starter.py adapt salt     # the same for salt, facies, craters and events
    python examples/train_starter.py twin salt      # a U-Net on the same batches, to compare with
    python examples/measure_models.py               # figures on unseen samples, into the cards

Each stage can be stopped at any moment and started again with the same command: it goes on from
runs/<stage>/last.pt. Every batch is drawn from its step's own seed, so a run is the same however often
it was interrupted. The losses of the bundled models are in models/<name>/losses.csv. The adapters of the
four later tasks start from what is bundled, the starter and the fault model's decoder, so that each can be
trained again by itself; they ran with OMP_NUM_THREADS=1.
"""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from peft import PeftModel
from timm.layers import set_fused_attn
from torch import Tensor

from geointerp.network.backbone import create_backbone
from geointerp.network.bundle import BACKBONE, load_adapter, save_backbone, save_model
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
from geointerp.network.unet import UNet
from geointerp.synthesis import salt
from geointerp.synthesis.craters import SPARSE
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.events import EVEN, FELT_ALIKE
from geointerp.synthesis.faults import CLEAR, DEFAULT, SHIFTED
from geointerp.synthesis.generators import GENERATORS, Generator
from geointerp.synthesis.ranges import Ranges
from geointerp.tasks import TASKS, task_named
from geointerp.training.grey import PERCENTILE, grey_of
from geointerp.training.loop import Batch, Recipe, train

TILE = (224, 224)
DECODER = DecoderInfo("mla", width=0.5)
# What a stage sees first, until which step. The encoder began on the hardest sections, learnt slowly, and was
# given clear ones; then ordinary ones, at first with faults labelled that the noise hides. A look at real
# pictures brought more craters and walls of light and shadow, and fibres that are coupled unevenly.
NO_MATTER_HOW_FAINT = replace(DEFAULT, audible=-100.0)
CURRICULA: dict[str, tuple[tuple[int, Ranges], ...]] = {
    "backbone": (
        (913, SHIFTED),
        (1038, replace(NO_MATTER_HOW_FAINT, half_width=1.25)),
        (1700, CLEAR),
        (2695, NO_MATTER_HOW_FAINT),
    ),
    "salt": ((600, salt.CLEAR),),
    "craters": ((169, SPARSE),),
    "events": ((301, EVEN), (735, FELT_ALIKE)),
}
# Batches of the stages, and everything the models are measured on, come from seeds that lie apart.
FIRST_SEED = {
    "backbone": 1_000_000,
    "faults": 2_000_000,
    "salt": 3_000_000,
    "facies": 4_000_000,
    "craters": 5_000_000,
    "events": 6_000_000,
}

ADAPTING = Recipe(steps=600, batch_size=8, rate=1e-3, warmup=30, decay=300, seed=1)
RECIPES = dict.fromkeys(TASKS, ADAPTING) | {
    "salt": replace(ADAPTING, steps=720, decay=120),
    "craters": replace(ADAPTING, steps=840, decay=340),
    "events": replace(ADAPTING, steps=905, decay=170),
    "facies": replace(ADAPTING, steps=890, decay=290),
    "backbone": Recipe(steps=3600, rate=1e-3, warmup=200, decay=800, seed=1),
    # Faults are one sample in thirty: unweighted, the network would rather miss one than invent one.
    "faults": Recipe(steps=300, rate=5e-4, warmup=30, decay=240, seed=1, class_weights=(1.0, 3.0)),
}
# The starter has seen faults alone: other tasks ask more of LoRA.
RANK = dict.fromkeys(TASKS, 16) | {"faults": 8}
# A U-Net of a quarter of the original's channels costs as much to run as the starter with a decoder.
TWIN_WIDTH = 0.25

Steps = Annotated[int, typer.Option(help="Batches in all; 0: as many as the recipe says.")]

app = typer.Typer(add_completion=False, help=__doc__)


def recipe_of(stage: str, steps: int) -> Recipe:
    """The recipe of a stage, for as many steps as asked."""
    return replace(RECIPES[stage], steps=steps or RECIPES[stage].steps)


def batches(stage: str, recipe: Recipe) -> Batch:
    """The batch of a step: fresh samples, scaled a little too weak or too strong."""
    generator = generator_of(stage)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        seed = first_seed(stage, recipe) + step
        amplitude, label = generator(
            recipe.batch_size, seed, height=TILE[0], width=TILE[1], recipe=ranges(stage, step)
        )
        factor = Draw(seed).log_uniform(0.6, 1.8, recipe.batch_size)
        return grey_of(amplitude, factor, generator.scale), label

    return batch


def first_seed(stage: str, recipe: Recipe) -> int:
    """The seed of a stage's first batch."""
    return FIRST_SEED[stage] + 100_000 * recipe.seed


def ranges(stage: str, step: int) -> Ranges:
    """What the samples of a step are drawn from."""
    stretches = CURRICULA.get(stage, ())
    return next((ranges for until, ranges in stretches if step < until), generator_of(stage).ranges)


def generator_of(stage: str) -> Generator:
    """What a stage learns from."""
    return GENERATORS["faults" if stage == "backbone" else stage]


def new_segmenter(task: str) -> Segmenter:
    """The starter with a decoder for ``task``, random."""
    classes = len(task_named(task).classes)
    return Segmenter(
        create_backbone(STARTER, TILE), create_decoder(DECODER.name, 192, classes, DECODER.width)
    )


def description(stage: str, recipe: Recipe, **changes: Any) -> ModelDescription:
    """What a model folder says of itself."""
    command = stage if stage in ("backbone", "faults") else f"adapt {stage}"
    return ModelDescription(
        tile=TILE,
        training={
            "data": "synthetic samples (geointerp.synthesis), each seen once",
            "script": f"examples/train_starter.py {command}",
            "recipe": asdict(recipe),
            "ranges": [
                {"until_step": until, **ranges.as_dict()} for until, ranges in CURRICULA.get(stage, ())
            ]
            + [{"until_step": recipe.steps, **ranges(stage, recipe.steps).as_dict()}],
            "first_seed": first_seed(stage, recipe),
        },
        **changes,
    )


@app.command()
def backbone(steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Learn the encoder from nothing; write models/starter."""
    recipe = recipe_of("backbone", steps)
    torch.manual_seed(recipe.seed)
    model = new_segmenter("faults")
    train(model, batches("backbone", recipe), recipe, runs / "backbone")
    starter = models_home() / STARTER
    own = description(
        "backbone",
        recipe,
        name=STARTER,
        task=None,
        classes=(),
        backbone=BackboneInfo(STARTER, ""),
        decoder=None,
        normalisation=Normalisation("symmetric", PERCENTILE),
    )
    save_backbone(starter, model.backbone, own)
    shutil.copy(runs / "backbone" / "losses.csv", starter)


@app.command()
def faults(steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Adapt the frozen starter to faults; the decoder goes on from the encoder's training."""
    segmenter = new_segmenter("faults")
    segmenter.load_state_dict(torch.load(runs / "backbone" / "last.pt", weights_only=True)["model"])
    adapt_to("faults", with_lora("faults", segmenter), recipe_of("faults", steps), runs)


@app.command()
def adapt(task: str, steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Adapt the frozen starter to another task; the decoder goes on from that of the fault model."""
    adapt_to(task, with_lora(task, from_fault_model(task)), recipe_of(task, steps), runs)


def from_fault_model(task: str) -> Segmenter:
    """A segmenter with the decoder of the bundled fault model, but for its last layer."""
    torch.manual_seed(RECIPES[task].seed)
    segmenter = new_segmenter(task)
    fault_model, _ = load_adapter(models_home() / "faults")
    learnt = fault_model.get_base_model().decoder.modules_to_save["default"].state_dict()
    own = segmenter.decoder.state_dict()
    segmenter.decoder.load_state_dict({k: w if "classify" in k else learnt[k] for k, w in own.items()})
    return segmenter


def with_lora(task: str, segmenter: Segmenter) -> PeftModel:
    """``segmenter`` on the stored starter, frozen, with LoRA beside it."""
    torch.manual_seed(RECIPES[task].seed)
    load_backbone_weights(segmenter.backbone, models_home() / STARTER / BACKBONE)
    return add_lora(segmenter, rank=RANK[task], alpha=float(RANK[task]))


def adapt_to(task: str, model: PeftModel, recipe: Recipe, runs: Path) -> None:
    """Train LoRA and decoder; write models/TASK."""
    train(model, batches(task, recipe), recipe, runs / task)
    about = task_named(task)
    own = description(
        task,
        recipe,
        name=task,
        task=task,
        classes=about.classes,
        backbone=read_description(models_home() / STARTER).backbone,
        decoder=DECODER,
        normalisation=Normalisation(GENERATORS[task].scale, PERCENTILE),
        views=about.views,
        # Four in five of its pictures show the ground in sunlight.
        elevation="hillshade" if task == "craters" else None,
    )
    save_model(models_home() / task, model, own, torch.float16)
    shutil.copy(runs / task / "losses.csv", models_home() / task)


@app.command()
def twin(task: str, steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Train a U-Net on the batches of a task's adapter, to compare with; it stays in runs/unet-TASK."""
    recipe = recipe_of(task, steps)
    torch.manual_seed(recipe.seed)
    network = UNet(len(task_named(task).classes), width=TWIN_WIDTH)
    train(network, batches(task, recipe), recipe, runs / f"unet-{task}")


if __name__ == "__main__":
    # Measured on a CPU in bf16: the fused attention's backward pass takes twice the time of the plain one.
    set_fused_attn(False)
    app()
