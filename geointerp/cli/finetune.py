"""``geointerp finetune``: a folder of labelled data becomes a model."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geointerp.cli import options
from geointerp.cli.arguments import parse_tile
from geointerp.cli.console import Console
from geointerp.cli.training_table import TrainingTable
from geointerp.errors import GeointerpError, MachineError

if TYPE_CHECKING:
    from geointerp.training.progress import Epoch

_NETWORK = "What learns"
_HOW = "How it learns"
_WHERE = "How it is computed"


def command(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option(help="Folder of labelled sections or volumes.")],
    task: Annotated[
        str | None,
        typer.Option(help="faults, facies, salt, craters or events; none for classes of your own."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Run folder to write; by default runs/<task>, or runs/<data folder>."
        ),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Names in the order of the label values: a,b,c.")
    ] = None,
    overwrite: options.Overwrite = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run folder.")] = False,
    network: Annotated[
        Literal["vit", "unet"],
        typer.Option(help="Vision transformer, or the convolutional baseline.", rich_help_panel=_NETWORK),
    ] = "vit",
    backbone: Annotated[
        str,
        typer.Option(
            help="starter, dinov2-small, -base, -large, -giant, or a timm ViT.", rich_help_panel=_NETWORK
        ),
    ] = "starter",
    weights: Annotated[
        str | None,
        typer.Option(
            help="Weights file of the backbone (safetensors, or the published .pth); none: random ones.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    decoder: Annotated[
        Literal["linear", "pup", "mla", "dpt", "detail", "pyramid", "texture"],
        typer.Option(help="Decoder.", rich_help_panel=_NETWORK),
    ] = "mla",
    width: Annotated[
        float, typer.Option(help="Factor on the decoder's or U-Net's channels.", rich_help_panel=_NETWORK)
    ] = 1.0,
    method: Annotated[
        Literal["lora", "full", "frozen"],
        typer.Option(help="LoRA and decoder, everything, or the decoder alone.", rich_help_panel=_NETWORK),
    ] = "lora",
    rank: Annotated[int, typer.Option(min=1, help="Of LoRA.", rich_help_panel=_NETWORK)] = 8,
    alpha: Annotated[
        float, typer.Option(help="LoRA is scaled by alpha / rank.", rich_help_panel=_NETWORK)
    ] = 8.0,
    dropout: Annotated[float, typer.Option(help="On LoRA's input.", rich_help_panel=_NETWORK)] = 0.0,
    channels: Annotated[
        Literal["repeat", "neighbours"],
        typer.Option(help="A slice alone, or between its two neighbours.", rich_help_panel=_NETWORK),
    ] = "repeat",
    views: Annotated[
        str | None, typer.Option(help="Slices volumes are read as: inline,crossline.", rich_help_panel=_HOW)
    ] = None,
    elevation: Annotated[
        Literal["hillshade", "raw"] | None,
        typer.Option(
            help="What elevation models are read as, here and by the model: relief, or heights.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    tile: Annotated[
        str | None,
        typer.Option(
            help="Tile in samples: 224 or, height by width, 224x448; by default 224, or as high as the "
            "slices where classes fill them.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Times through the data.", rich_help_panel=_HOW)] = 30,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1, help="Tiles a step; by default as many pixels as 8 of 224 x 224.", rich_help_panel=_HOW
        ),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(
            help="Peak learning rate; by default 2e-3, for full 3e-4, for unet 1e-3.", rich_help_panel=_HOW
        ),
    ] = None,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW.", rich_help_panel=_HOW)] = 0.05,
    warmup: Annotated[
        float, typer.Option(help="Share of the steps in which the rate rises.", rich_help_panel=_HOW)
    ] = 0.05,
    clip: Annotated[float, typer.Option(help="Largest norm of the gradient.", rich_help_panel=_HOW)] = 1.0,
    loss: Annotated[
        Literal["ce", "focal", "dice", "ce+dice"], typer.Option(help="Loss.", rich_help_panel=_HOW)
    ] = "ce+dice",
    class_weights: Annotated[
        bool, typer.Option(help="Let rare classes weigh more in the cross-entropy.", rich_help_panel=_HOW)
    ] = True,
    augment: Annotated[
        bool, typer.Option(help="Vary the tiles as fits the task.", rich_help_panel=_HOW)
    ] = True,
    ema: Annotated[
        float | None,
        typer.Option(help="Keep a moving average of the weights, of this decay.", rich_help_panel=_HOW),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="Stop after so many epochs without a better mIoU.", rich_help_panel=_HOW),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(help="Stop before the epoch that would exceed them.", rich_help_panel=_HOW),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**62, help="The same seed gives the same model.", rich_help_panel=_HOW)
    ] = 0,
    deterministic: Annotated[
        bool,
        typer.Option("--deterministic", help="Exactly so on a GPU too, if slower.", rich_help_panel=_WHERE),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda[:N] or mps.", rich_help_panel=_WHERE)] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"],
        typer.Option(help="Of the network's arithmetic.", rich_help_panel=_WHERE),
    ] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Processes that prepare tiles; by default none on a processor, some on a GPU.",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Fine-tune a model on labelled data of your own.

    Several GPUs: accelerate launch -m geointerp finetune …
    """
    console: Console = ctx.obj
    settings = {name: value for name, value in ctx.params.items() if name not in ("json", "quiet", "debug")}
    settings["tile"] = parse_tile(tile) if tile else None
    from geointerp.training.finetune import finetune
    from geointerp.training.processes import is_main_process

    with TrainingTable(console) as table:
        # A run that was to be replaced is back in its place until the new one has done an epoch.
        console.resumable = lambda: resume or (table.begun and (bool(table.epochs) or not overwrite))
        try:
            run = finetune(**settings, progress=table, command=_pasteable(console.words))
        except GeointerpError as error:
            if is_main_process() or isinstance(error, MachineError) or hasattr(error, "__notes__"):
                raise
            # All processes meet what is wrong with the data or the command line, and one says it. What one
            # meets while it trains, which is noted on the error, the others may not know of.
            raise typer.Exit(error.exit_status) from error
    if is_main_process():
        console.result(run, _facts(run, table.epochs))


def _pasteable(words: Sequence[str]) -> str:
    """Return the command line, fit to be pasted into a shell."""
    return shlex.join(["geointerp", *words])


def _facts(run: Path, epochs: "list[Epoch]") -> dict[str, Any]:
    """Return what ``--json`` prints."""
    from geointerp.network.description import read_description
    from geointerp.network.home import find_model

    about = read_description(find_model(run))
    return {
        "output": str(run),
        "task": about.task,
        "classes": [one.name for one in about.classes],
        "epochs": len(epochs),
        "best_epoch": about.metrics["epoch"],
        "mIoU": about.metrics["mIoU"],
        "mPA": about.metrics["mPA"],
        "accuracy": about.metrics["accuracy"],
        "IoU": about.metrics["IoU"],
    }
