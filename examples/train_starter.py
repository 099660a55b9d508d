"""Train the bundled starter backbone and the fault model from synthetic sections, from scratch.

    python examples/train_starter.py backbone --steps 3600     # the encoder, with a decoder, all weights learning
    python examples/train_starter.py faults --steps 600        # LoRA and decoder on the frozen encoder

Both stages can be stopped at any moment and started again with the same command: they go on from runs/<stage>/last.pt.
Every batch is drawn from its step's own seed, so a run is the same however often it was interrupted.
"""

from pathlib import Path
from typing import Annotated

import torch
import typer

from geointerp.network.backbone import STARTER, create_backbone
from geointerp.network.decoders import create_decoder
from geointerp.network.segmenter import Segmenter
from geointerp.synthesis.draw import Draw
from geointerp.synthesis.faults import fault_sections
from geointerp.training.losses import grey_of
from geointerp.training.loop import Batch, Recipe, train

TILE = (224, 224)
DECODER = {"name": "mla", "width": 0.5}
# Batches of the two stages, and everything the models are measured on, come from seeds that lie apart.
FIRST_SEED = {"backbone": 1_000_000, "faults": 2_000_000}

app = typer.Typer(add_completion=False)


def batches(stage: str, recipe: Recipe) -> Batch:
    """The batch of a step: fresh sections, scaled a little too weak or too strong."""

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        seed = FIRST_SEED[stage] + 100_000 * recipe.seed + step
        amplitude, label = fault_sections(recipe.batch_size, seed, height=TILE[0], width=TILE[1])
        return grey_of(amplitude, Draw(seed).log_uniform(0.6, 1.8, recipe.batch_size)), label

    return batch


@app.command()
def backbone(
    steps: int = 3600, decay: int = 800, seed: int = 1, folder: Path = Path("runs/backbone")
) -> None:
    """Learn the encoder from nothing."""
    recipe = Recipe(steps=steps, decay=decay, seed=seed)
    torch.manual_seed(recipe.seed)
    model = Segmenter(create_backbone(STARTER, TILE), create_decoder(**DECODER, dim=192, classes=2))
    train(model, batches("backbone", recipe), recipe, folder)


if __name__ == "__main__":
    app()
