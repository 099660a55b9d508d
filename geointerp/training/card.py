"""The model card: what a model is, what it was trained on, how, and how good it is."""

from collections.abc import Sequence
from typing import Any

from geointerp.network.description import ModelDescription
from geointerp.training.progress import Epoch

_ELEVATION = {
    None: "",
    "raw": "\nElevation models are read as they are.",
    "hillshade": "\nElevation models are read as relief under a low sun.",
}


def model_card(
    description: ModelDescription, config: dict[str, Any], best: Epoch, epochs: int, seconds: float
) -> str:
    """Write the card of a model that was fine-tuned.

    Args:
        description: of the model.
        config: as in ``config.yaml``.
        best: the epoch it is of.
        epochs: done so far.
        seconds: spent on them.
    """
    data = config["data"]
    splits = ", ".join(f"{count} {name}" for name, count in data["splits"].items())
    title = f"# {description.name}: {description.task or ', '.join(one.name for one in description.classes)}"
    tile, scaling = description.tile, description.normalisation
    return f"""{title}

{_network(description, config["settings"])}
Input: grey slices, {tile[0]} x {tile[1]} pixels a tile, scaled once for a whole volume
({scaling.kind}, percentile {scaling.percentile:g}).{_ELEVATION[description.elevation]}
Output: one of {len(description.classes)} classes at every pixel.

## How it was trained
    {config["command"]}

On `{data["folder"]}`, slices: {splits}; fingerprint of the data: {data["fingerprint"][:16]}.
Epoch {best.number} is stored, the best of the {epochs} done until then,
which took {seconds / 60:.1f} minutes on {_machine(config)}.
Every setting is in `config.yaml` of the run folder.

## Measured
On the whole validation slices, over one confusion matrix of them all. The epoch was chosen by these figures:
slices that had no say in it will give slightly lower ones.

| figure | value |
|---|---|
| mIoU | {best.miou:.4f} |
| mPA | {best.mpa:.4f} |
| accuracy | {best.accuracy:.4f} |

| class | IoU |
|---|---|
{_rows([one.name for one in description.classes], best.ious)}
"""


def _machine(config: dict[str, Any]) -> str:
    processes, machine = config["processes"], config["machine"]
    times = f"{processes} x " if processes > 1 else ""
    return f"{times}{machine['device']} in {machine['precision']}"


def _network(description: ModelDescription, settings: dict[str, Any]) -> str:
    """Say in a sentence what the network is and what of it learnt."""
    if description.network == "unet":
        return f"A U-Net at {settings['width']:g} of the original's width, trained from random weights."
    assert description.backbone is not None
    encoder = f"the `{description.backbone.id}` backbone (weights {description.backbone.sha256[:12]})"
    decoder = f"{settings['decoder'].upper()} decoder"
    ways = {
        "lora": f"LoRA (rank {settings['rank']}, on the attention) and the {decoder} on {encoder}.",
        "full": f"{encoder}, all of it fine-tuned, and the {decoder}.",
        "frozen": f"A {decoder} on {encoder}, which is frozen.",
    }
    sentence = ways[description.method]
    return sentence[0].upper() + sentence[1:]


def _rows(names: Sequence[str], ious: Sequence[float | None]) -> str:
    return "\n".join(
        f"| {name} | {'–' if iou is None else f'{iou:.4f}'} |" for name, iou in zip(names, ious, strict=True)
    )
