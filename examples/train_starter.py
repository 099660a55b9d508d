"""Train the bundled starter backbone and the fault model from synthetic sections, from scratch.

    python examples/train_starter.py backbone       # the encoder with a decoder, all weights learning
    python examples/train_starter.py faults         # LoRA and decoder on the frozen encoder
    python examples/measure_faults.py               # figures on unseen sections, into the card

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
from geointerp.synthesis.faults import CLEAR, DEFAULT, WIDE, FaultRecipe, fault_sections
from geointerp.tasks import TASKS
from geointerp.training.grey import PERCENTILE, grey_of
from geointerp.training.loop import Batch, Recipe, train

TILE = (224, 224)
DECODER = DecoderInfo("mla", width=0.5)
# What the encoder sees, until which step. It began on the hardest sections, learnt slowly, and was given
# clear ones; then the generator's own ranges, at first with faults labelled that the noise hides.
NO_MATTER_HOW_FAINT = replace(DEFAULT, audible=-100.0)
CURRICULUM: tuple[tuple[int, FaultRecipe], ...] = (
    (913, WIDE),
    (1038, replace(NO_MATTER_HOW_FAINT, half_width=1.25)),
    (1700, CLEAR),
    (2695, NO_MATTER_HOW_FAINT),
)
# Batches of the two stages, and everything the models are measured on, come from seeds that lie apart.
FIRST_SEED = {"backbone": 1_000_000, "faults": 2_000_000}

RECIPES = {
    "backbone": Recipe(steps=3600, rate=1e-3, warmup=200, decay=800, seed=1),
    # Faults are one sample in thirty: unweighted, the network would rather miss one than invent one.
    "faults": Recipe(steps=300, rate=5e-4, warmup=30, decay=240, seed=1, class_weights=(1.0, 3.0)),
}

app = typer.Typer(add_completion=False, help=__doc__)


def batches(stage: str, recipe: Recipe) -> Batch:
    """The batch of a step: fresh sections, scaled a little too weak or too strong."""

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        seed = FIRST_SEED[stage] + 100_000 * recipe.seed + step
        amplitude, label = fault_sections(
            recipe.batch_size, seed, height=TILE[0], width=TILE[1], recipe=ranges(stage, step)
        )
        return grey_of(amplitude, Draw(seed).log_uniform(0.6, 1.8, recipe.batch_size)), label

    return batch


def ranges(stage: str, step: int) -> FaultRecipe:
    """What the sections of a step are drawn from."""
    if stage == "backbone":
        return next((recipe for until, recipe in CURRICULUM if step < until), DEFAULT)
    return DEFAULT


def new_segmenter() -> Segmenter:
    """The starter with the fault model's decoder, random."""
    return Segmenter(create_backbone(STARTER, TILE), create_decoder(DECODER.name, 192, 2, DECODER.width))


def description(name: str, recipe: Recipe, **changes: Any) -> ModelDescription:
    """What both model folders say of themselves."""
    return ModelDescription(
        name=name,
        normalisation=Normalisation("symmetric", PERCENTILE),
        tile=TILE,
        training={
            "data": "synthetic faulted sections (geointerp.synthesis.faults), each seen once",
            "script": f"examples/train_starter.py {'backbone' if name == STARTER else name}",
            "recipe": asdict(recipe),
            "ranges": [
                {"until_step": until, **stretch.as_dict()}
                for until, stretch in (CURRICULUM if name == STARTER else ())
            ]
            + [{"until_step": recipe.steps, **DEFAULT.as_dict()}],
            "first_seed": FIRST_SEED["backbone" if name == STARTER else name] + 100_000 * recipe.seed,
        },
        **changes,
    )


@app.command()
def backbone(steps: int = RECIPES["backbone"].steps, runs: Path = Path("runs")) -> None:
    """Learn the encoder from nothing; write models/starter."""
    recipe = Recipe(**(asdict(RECIPES["backbone"]) | {"steps": steps}))
    torch.manual_seed(recipe.seed)
    model = new_segmenter()
    train(model, batches("backbone", recipe), recipe, runs / "backbone")
    starter = models_home() / STARTER
    own = description(
        STARTER, recipe, task=None, classes=(), backbone=BackboneInfo(STARTER, ""), decoder=None
    )
    save_backbone(starter, model.backbone, own)
    shutil.copy(runs / "backbone" / "losses.csv", starter)


@app.command()
def faults(steps: int = RECIPES["faults"].steps, runs: Path = Path("runs")) -> None:
    """Adapt the frozen starter to faults with LoRA and a decoder; write models/faults."""
    recipe = Recipe(**(asdict(RECIPES["faults"]) | {"steps": steps}))
    torch.manual_seed(recipe.seed)
    segmenter = new_segmenter()
    # The decoder goes on from where the encoder's training left it; the encoder is the stored one, in
    # float16.
    learnt = torch.load(runs / "backbone" / "last.pt", weights_only=True)["model"]
    segmenter.load_state_dict(learnt)
    starter = models_home() / STARTER
    load_backbone_weights(segmenter.backbone, starter / BACKBONE)
    model = add_lora(segmenter, rank=8, alpha=8.0)
    train(model, batches("faults", recipe), recipe, runs / "faults")
    own = description(
        "faults",
        recipe,
        task="faults",
        classes=TASKS["faults"].classes,
        backbone=read_description(starter).backbone,
        decoder=DECODER,
        views=TASKS["faults"].views,
    )
    save_model(models_home() / "faults", model, own, torch.float16)
    shutil.copy(runs / "faults" / "losses.csv", models_home() / "faults")


if __name__ == "__main__":
    # Measured on a CPU in bf16: the fused attention's backward pass takes twice the time of the plain one.
    set_fused_attn(False)
    app()
