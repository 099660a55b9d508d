"""Train the bundled starter backbone and the five task models from synthetic data, from scratch.

    python examples/train_starter.py backbone       # the encoder learns faults, from nothing
    python examples/train_starter.py joint          # the encoder goes on with all five tasks at once
    python examples/train_starter.py path facies    # a decoder's convolutional path by itself
    python examples/train_starter.py adapt salt     # LoRA and the decoder further, on the frozen encoder
    python examples/train_starter.py twin salt      # a U-Net on the same batches, to compare with
    python examples/measure_models.py               # figures on unseen samples, into the cards

Each stage can be stopped at any moment and started again with the same command: it goes on from
runs/<stage>/last.pt. Every batch is drawn from its step's own seed, so a run is the same however often it
was interrupted. The losses of the bundled models are in examples/losses. Adapters start from what
is bundled, the starter and examples/joint_decoder.safetensors, so that each can be trained again by itself.
All but the first stage ran with OMP_NUM_THREADS=1, facies from batch 6000 on with 2.
"""

import shutil
from dataclasses import asdict, replace
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from peft import PeftModel
from safetensors.torch import load_file, save_file
from timm.layers import set_fused_attn
from torch import Tensor, nn

from geointerp.network.backbone import create_backbone
from geointerp.network.bundle import BACKBONE
from geointerp.network.checkpoint import load_backbone_weights
from geointerp.network.decoders import create_decoder
from geointerp.network.decoders.texture import TextureDecoder
from geointerp.network.description import (
    BackboneInfo,
    DecoderInfo,
    ModelDescription,
    Normalisation,
    read_description,
)
from geointerp.network.home import STARTER, models_home
from geointerp.network.lora import add_lora
from geointerp.network.saving import save_backbone, save_model
from geointerp.network.segmenter import Segmenter
from geointerp.network.unet import UNet
from geointerp.synthesis.crater_recipe import CraterRecipe
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.facies import FaciesRecipe
from geointerp.synthesis.faults import CLEAR, EARLIER, SHIFTED, FaultRecipe
from geointerp.synthesis.generators import GENERATORS
from geointerp.synthesis.ranges import Ranges
from geointerp.synthesis.salt import SaltRecipe
from geointerp.tasks import TASKS, task_named
from geointerp.training.grey import PERCENTILE, grey_of
from geointerp.training.loop import LAST, LOSSES, Batch, Recipe, train
from geointerp.training.losses import ce_dice

TILE = (224, 224)
MLA = DecoderInfo("mla", width=0.5)
DETAIL = DecoderInfo("detail", width=0.5)
PYRAMID = DecoderInfo("pyramid", width=0.5)
TEXTURE = DecoderInfo("texture", width=0.5)
DECODERS = dict.fromkeys(TASKS, DETAIL) | {"salt": PYRAMID, "facies": TEXTURE}
# Until when the adapter of a task has `detail`. Beside an MLA that has learnt, a new path finds little
# to learn: facies goes on with one that has learnt by itself.
DETAIL_UNTIL = {"facies": 6000}
OF_PATH = ("to_", "join_", "correct")  # how the weights of a decoder's convolutional path are called
RECORDED = Path(__file__).with_name("losses")  # of the bundled models: a table a stage
JOINT_DECODER = Path(__file__).with_name("joint_decoder.safetensors")  # its logits: the classes of all tasks
# What the stages before the adapters were drawn from. The adapters of salt and facies were short on noisier
# sections than they had seen, and went on with wider ranges; a fan's deepest layers are no longer blank then.
CLEARER_FACIES = FaciesRecipe(
    faults=(0, 3),
    throw=(5.0, 25.0),
    lift=(0.0, 14.0),
    decibels=(4.0, 18.0),
    thickness=(40.0, 150.0),
    fan=(2.5, 6.0),
    foreset=(0.25, 1.0),
    contortion=(5.0, 14.0),
    faint=(0.0, 0.12),
)
AT_FIRST: dict[str, Ranges] = {
    "craters": CraterRecipe(patches=0.0, lasting=True),
    "faults": EARLIER,
    "salt": SaltRecipe(decibels=(4.0, 16.0), flaws=0.12, inside=(0.0, 0.35), boundary=(1.0, 5.0)),
    "facies": replace(CLEARER_FACIES, decibels=(5.0, 18.0), flaws=0.12, reach=190.0),
}
# What a stage sees first, until which step. The encoder began on the hardest sections, learnt slowly, and was
# given clear ones; then ordinary ones, at first with faults labelled that the noise hides.
NO_MATTER_HOW_FAINT = replace(EARLIER, audible=-100.0)
HARDEST = replace(SHIFTED, audible=-100.0)
CURRICULA: dict[str, tuple[tuple[int, Ranges], ...]] = {
    "backbone": (
        (913, HARDEST),
        (1038, replace(NO_MATTER_HOW_FAINT, half_width=1.25)),
        (1700, CLEAR),
        (2695, NO_MATTER_HOW_FAINT),
    ),
    # With more sections that sink into noise the adapter missed the steep, dim part of a real fault.
    "faults": ((3000, FaultRecipe(sunk=0.35)),),
    "salt": (
        (4475, AT_FIRST["salt"]),
        (7500, SaltRecipe(decibels=(3.0, 16.0), inside=(0.0, 0.35), boundary=(1.0, 5.0))),
    ),
    "facies": ((3500, AT_FIRST["facies"]), (6000, CLEARER_FACIES)),
}
# A picture of the Moon has dark and bright parts: a tile of it may take a small share of its range, and lie
# at an end of it. Samples of these stages are up to so many times weaker than the whole.
FROM_LARGER = {"craters": 4.0}
# Batches of the stages, and everything the models are measured on, come from seeds that lie apart.
FIRST_SEED = {
    "backbone": 1_000_000,
    "faults": 2_000_000,
    "salt": 3_000_000,
    "facies": 4_000_000,
    "craters": 5_000_000,
    "events": 6_000_000,
    "joint": 7_000_000,
}

ADAPTING = Recipe(steps=1000, batch_size=8, rate=1e-3, warmup=30, decay=500, seed=1)
RECIPES = dict.fromkeys(TASKS, ADAPTING) | {
    "backbone": Recipe(steps=3600, rate=1e-3, warmup=200, decay=800, seed=1),
    # Two samples of each task a step.
    "joint": Recipe(steps=3200, batch_size=10, rate=5e-4, warmup=100, decay=800, seed=1),
    "salt": replace(ADAPTING, steps=11000, decay=1500, restarts=(3000, 7000)),
    "facies": replace(ADAPTING, steps=9000, decay=1500, restarts=(3500, 6000)),
    "craters": replace(ADAPTING, steps=3600, decay=1500),
    "facies-path": replace(ADAPTING, steps=4000, decay=1500),
    "events": replace(ADAPTING, steps=400, decay=200),
    # Faults are one sample in thirty: unweighted, the network would rather miss one than invent one.
    "faults": replace(ADAPTING, steps=5500, decay=1200, restarts=(3000,), class_weights=(1.0, 3.0)),
}
RANK = 16
# A U-Net of a quarter of the original's channels takes about as long as the starter with its decoder: in fp32
# 1.05 to 1.2 times, in bf16 0.8 times.
TWIN_WIDTH = 0.25

Steps = Annotated[int, typer.Option(help="Batches in all; 0: as many as the recipe says.")]

app = typer.Typer(add_completion=False, help=__doc__)


def recipe_of(stage: str, steps: int) -> Recipe:
    """The recipe of a stage, for as many steps as asked."""
    recipe = RECIPES[stage]
    steps = steps or recipe.steps
    return replace(recipe, steps=steps, restarts=tuple(one for one in recipe.restarts if one < steps))


def batches(task: str, recipe: Recipe, stage: str = "") -> Batch:
    """The batch of a step: fresh samples, scaled as parts of something larger.

    Args:
        task: whose samples.
        recipe: its batch size and seed.
        stage: whose seeds and ranges are used; those of the task's adapter by default.
    """
    generator = GENERATORS[task]

    def batch(step: int) -> tuple[Tensor, Tensor]:
        seed = first_seed(stage or task, recipe) + step
        amplitude, label = generator(
            recipe.batch_size, seed, height=TILE[0], width=TILE[1], recipe=ranges(stage or task, task, step)
        )
        factor, offset = exposure(Draw(seed), stage or task, recipe.batch_size)
        return grey_of(amplitude, factor, generator.scale, offset=offset), label

    return batch


def exposure(draw: Draw, stage: str, count: int) -> tuple[Tensor, Tensor | None]:
    """How weak samples are for the whole they were cut from, and where in its range they lie.

    Args:
        draw: begun with the seed of the batch.
        stage: whose samples.
        count: samples.

    Returns:
        Factor and offset for ``grey_of``, each float32 (count,), or no offset.
    """
    # With the sample's own seed these are the draws of its relief and hills: the runs were recorded so.
    if stage not in FROM_LARGER:
        return draw.log_uniform(0.6, 1.8, count), None
    factor = draw.log_uniform(0.6, FROM_LARGER[stage], count)
    return factor, draw.uniform(-1.0, 1.0, count) * (1.0 - 1.0 / factor).clamp_min(0.0)


def first_seed(stage: str, recipe: Recipe) -> int:
    """The seed of a stage's first batch."""
    return FIRST_SEED[stage] + 100_000 * recipe.seed


def ranges(stage: str, task: str, step: int) -> Ranges:
    """What the samples of a task are drawn from at a step of a stage."""
    last = GENERATORS[task].ranges
    if stage in ("backbone", "joint"):
        last = AT_FIRST.get(task, last)
    return next((ranges for until, ranges in CURRICULA.get(stage, ()) if step < until), last)


def joint_batches(recipe: Recipe) -> Batch:
    """The batch of a step: as many samples of each task, in the order of ``TASKS``."""
    share = replace(recipe, batch_size=recipe.batch_size // len(TASKS))
    parts = [batches(task, share, "joint") for task in TASKS]

    def batch(step: int) -> tuple[Tensor, Tensor]:
        grey, label = zip(*(part(step) for part in parts), strict=True)
        return torch.cat(grey), torch.cat(label)

    return batch


def joint_loss(logits: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of the tasks' losses; each task has its samples and its classes of the logits for itself."""
    samples = logits.tensor_split(len(TASKS))
    own = [part[:, classes] for part, classes in zip(samples, classes_of_tasks().values(), strict=True)]
    pairs = zip(own, target.tensor_split(len(TASKS)), strict=True)
    return torch.stack([ce_dice(*pair, weights) for pair in pairs]).mean()


def classes_of_tasks() -> dict[str, slice]:
    """Where the classes of each task lie among those of all."""
    ends = list(accumulate(len(task.classes) for task in TASKS.values()))
    return {task: slice(a, b) for task, a, b in zip(TASKS, [0, *ends], ends, strict=False)}


def new_segmenter(classes: int, about: DecoderInfo) -> Segmenter:
    """The starter with a decoder for so many ``classes``, random."""
    return Segmenter(create_backbone(STARTER, TILE), create_decoder(about.name, 192, classes, about.width))


@app.command()
def backbone(steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Learn faults from nothing: an encoder and a decoder."""
    recipe = recipe_of("backbone", steps)
    torch.manual_seed(recipe.seed)
    train(new_segmenter(2, MLA), batches("faults", recipe, "backbone"), recipe, runs / "backbone")


@app.command()
def joint(steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Go on with all five tasks at once; write models/starter."""
    recipe = recipe_of("joint", steps)
    torch.manual_seed(recipe.seed)
    model = new_segmenter(sum(len(task.classes) for task in TASKS.values()), MLA)
    learnt = torch.load(runs / "backbone" / LAST, weights_only=True)["model"]
    model.load_state_dict({k: w for k, w in learnt.items() if "classify" not in k}, strict=False)
    train(model, joint_batches(recipe), recipe, runs / "joint", criterion=joint_loss)
    starter = models_home() / STARTER
    save_backbone(starter, model.backbone, about_starter(recipe))
    decoder = {k: w.to(torch.float16).contiguous() for k, w in model.decoder.state_dict().items()}
    save_file(decoder, JOINT_DECODER)
    for stage in ("backbone", "joint"):
        shutil.copy(runs / stage / LOSSES, RECORDED / f"{stage}.csv")


def about_starter(recipe: Recipe) -> ModelDescription:
    """What the starter's folder says of itself; ``recipe`` is that of the joint stage."""
    return ModelDescription(
        tile=TILE,
        name=STARTER,
        task=None,
        classes=(),
        backbone=BackboneInfo(STARTER, ""),
        decoder=None,
        normalisation=Normalisation("symmetric", PERCENTILE),
        training={
            "data": "synthetic samples (geointerp.synthesis), each seen once",
            "script": "examples/train_starter.py backbone, then joint",
            "stages": [
                trained("backbone", "faults", RECIPES["backbone"]),
                *(trained("joint", task, recipe) for task in TASKS),
            ],
        },
    )


@app.command()
def adapt(task: str, steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Train LoRA on the frozen starter, and the decoder of the joint stage further; write models/TASK."""
    about, recipe = task_named(task), recipe_of(task, steps)
    model, losses = adapted(task, recipe, runs)
    has_path = recipe.steps > DETAIL_UNTIL.get(task, recipe.steps)
    own = ModelDescription(
        tile=TILE,
        name=task,
        task=task,
        classes=about.classes,
        backbone=read_description(models_home() / STARTER).backbone,
        decoder=decoder_at(task, recipe.steps - 1),
        normalisation=Normalisation(GENERATORS[task].scale, PERCENTILE),
        views=about.views,
        training={
            "data": "synthetic samples (geointerp.synthesis), each seen once",
            "script": f"examples/train_starter.py adapt {task}",
            **trained(task, task, recipe),
            **({"path": asdict(RECIPES[f"{task}-path"])} if has_path else {}),
        },
        # Measured on a lunar elevation model: F1 0.67 on heights, 0.62 on relief.
        elevation="raw" if task == "craters" else None,
    )
    save_model(models_home() / task, model, own, torch.float16)
    shutil.copy(losses, RECORDED / f"{task}.csv")
    if has_path:
        shutil.copy(runs / f"{task}-path" / LOSSES, RECORDED / f"{task}-path.csv")


def trained(stage: str, task: str, recipe: Recipe) -> dict[str, Any]:
    """The record of a stage: its recipe, and the ranges of the samples of a task it learnt from."""
    stretches = [*CURRICULA.get(stage, ()), (recipe.steps, ranges(stage, task, recipe.steps))]
    return {
        "stage": stage,
        "recipe": asdict(recipe),
        "first_seed": first_seed(stage, recipe),
        "ranges": [{"until_step": until, **drawn.as_dict()} for until, drawn in stretches],
        **({"weakest_for_the_whole": FROM_LARGER[stage]} if stage in FROM_LARGER else {}),
    }


def decoder_at(task: str, step: int) -> DecoderInfo:
    """The decoder that the adapter of a task has at a step."""
    return DETAIL if step < DETAIL_UNTIL.get(task, 0) else DECODERS[task]


def adapted(task: str, recipe: Recipe, runs: Path) -> tuple[PeftModel, Path]:
    """The model of a task, trained, and the table of its losses."""
    batch, switch = batches(task, recipe), DETAIL_UNTIL.get(task, 0)
    model, folder = with_lora(task, decoder_at(task, 0)), runs / task
    if switch:
        detail = runs / f"{task}-detail"
        train(model, batch, recipe_of(task, min(switch, recipe.steps)), detail)
        if recipe.steps <= switch:
            return model, detail / LOSSES
        model = with_path(model, decoder_of_path(task, runs), task)
        folder.mkdir(exist_ok=True)
        if not (folder / LAST).exists():
            shutil.copy(detail / LOSSES, folder)
    train(model, batch, recipe, folder, start=switch)
    return model, folder / LOSSES


def with_lora(task: str, about: DecoderInfo) -> PeftModel:
    """The stored starter, frozen, with LoRA beside it; of its decoder, the classes of the task."""
    torch.manual_seed(RECIPES[task].seed)
    segmenter = new_segmenter(len(task_named(task).classes), about)
    load_backbone_weights(segmenter.backbone, models_home() / STARTER / BACKBONE)
    learnt = load_file(JOINT_DECODER)
    own = classes_of_tasks()[task]
    mla = {k: w[own] if "classify" in k else w for k, w in learnt.items()}
    new, foreign = segmenter.decoder.load_state_dict(mla, strict=False)
    # The path that sees the tile is new, and begins by correcting nothing.
    assert not foreign
    assert all(name.startswith(OF_PATH) for name in new)
    model = add_lora(segmenter, rank=RANK, alpha=float(RANK))
    return model.to(memory_format=torch.channels_last)  # a tenth faster


def with_path(former: PeftModel, decoder: TextureDecoder, task: str) -> PeftModel:
    """LoRA and MLA of ``former``, corrected by the path of ``decoder``, which has learnt by itself.

    The two begin as equals, their logits' mean, and the path without heed of the encoder's features.
    """
    model = with_lora(task, DECODERS[task])
    kept = {k: w for k, w in former.state_dict().items() if not in_path(k)}
    model.load_state_dict(kept, strict=False)
    own = decoder_in(model)
    own.load_state_dict({k: w for k, w in decoder.state_dict().items() if in_path(k)}, strict=False)
    with torch.no_grad():
        for parameter in (*own.classify.parameters(), *own.correct.parameters()):
            parameter.mul_(0.5)
    return model


def in_path(name: str) -> bool:
    """Whether a weight belongs to a decoder's convolutional path."""
    return any(f".{part}" in f".{name}" for part in OF_PATH)


def decoder_in(model: PeftModel) -> TextureDecoder:
    """The decoder that peft trains."""
    wrapped = model.base_model.model.decoder
    decoder: TextureDecoder = wrapped.modules_to_save["default"]
    return decoder


class PathAlone(nn.Module):
    """The path of a ``texture`` decoder by itself, told nothing of the encoder."""

    def __init__(self, decoder: TextureDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, grey: Tensor) -> Tensor:
        """Grey tiles (batch, 1, height, width) to logits."""
        return self.decoder.correction(grey)


def new_path(task: str) -> TextureDecoder:
    """A decoder whose path has learnt nothing."""
    torch.manual_seed(RECIPES[f"{task}-path"].seed)
    about = DECODERS[task]
    decoder = create_decoder(about.name, 192, len(task_named(task).classes), about.width)
    assert isinstance(decoder, TextureDecoder)
    # As a correction it would begin at zero, from where AdamW takes hundreds of steps to a logit's size.
    decoder.correct.reset_parameters()
    return decoder


def decoder_of_path(task: str, runs: Path) -> TextureDecoder:
    """A decoder whose path has learnt by itself, on the first batches of the task's adapter."""
    recipe, decoder = RECIPES[f"{task}-path"], new_path(task)
    alone = PathAlone(decoder).to(memory_format=torch.channels_last)
    train(alone, batches(task, recipe), recipe, runs / f"{task}-path")
    return decoder


@app.command()
def path(task: str, runs: Path = Path("runs")) -> None:
    """Train the convolutional path of a task's decoder by itself; the adapter takes it over."""
    if task not in DETAIL_UNTIL:
        raise typer.BadParameter(f"only of {', '.join(DETAIL_UNTIL)} the path learns by itself")
    decoder_of_path(task, runs)


@app.command()
def twin(task: str, steps: Steps = 0, runs: Path = Path("runs")) -> None:
    """Train a U-Net on the batches of a task's adapter, to compare with; it stays in runs/unet-TASK."""
    recipe = recipe_of(task, steps)
    torch.manual_seed(recipe.seed)
    network = UNet(len(task_named(task).classes), width=TWIN_WIDTH).to(memory_format=torch.channels_last)
    train(network, batches(task, recipe), recipe, runs / f"unet-{task}")


if __name__ == "__main__":
    # Measured on a CPU in bf16: the fused attention's backward pass takes twice the time of the plain one.
    set_fused_attn(False)
    app()
