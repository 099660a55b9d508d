"""``finetune``: a folder of labelled sections or volumes becomes a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from geointerp.network.description import Elevation
from geointerp.network.home import STARTER
from geointerp.training.progress import Progress, Silent
from geointerp.training.settings import Settings
from geointerp.training.trainer import train


def finetune(
    data: str | Path,
    *,
    task: str | None = None,
    output: str | Path | None = None,
    classes: Sequence[str] | str | None = None,
    network: Literal["vit", "unet"] = "vit",
    backbone: str = STARTER,
    weights: str | Path | None = None,
    decoder: str = "mla",
    width: float = 1.0,
    method: Literal["lora", "full", "frozen"] = "lora",
    rank: int = 8,
    alpha: float = 8.0,
    dropout: float = 0.0,
    channels: Literal["repeat", "neighbours"] = "repeat",
    views: Sequence[str] | str | None = None,
    elevation: Elevation | None = None,
    tile: int | tuple[int, int] | None = None,
    epochs: int = Settings.epochs,
    batch_size: int | None = None,
    lr: float | None = None,
    weight_decay: float = Settings.weight_decay,
    warmup: float = Settings.warmup,
    clip: float = Settings.clip,
    loss: str = Settings.loss,
    class_weights: bool = True,
    augment: bool = True,
    ema: float | None = None,
    patience: int | None = None,
    max_minutes: float | None = None,
    seed: int = 0,
    deterministic: bool = False,
    device: str = "auto",
    precision: str = "auto",
    workers: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
) -> Path:
    """Fine-tune a model.

    Args:
        data: folder of labelled sections or volumes.
        task: one of the five, which brings its classes and augmentations; None for classes of one's own.
        output: the run folder; ``runs/<task>``, or ``runs/<name of the data folder>``, by default.
        classes: names in the order of the label values; a list, or one text with commas.
        network: ``vit`` (encoder and decoder) or ``unet`` (the convolutional baseline).
        backbone: ``starter``, ``dinov2-small|base|large|giant`` or the name of a timm vision transformer.
        weights: a file for the backbone (timm's safetensors, or Meta's ``.pth``), ``none`` for random ones;
            by default the bundled starter's, or the published ones, which are fetched.
        decoder: ``linear``, ``pup``, ``mla``, ``dpt``, ``detail``, ``pyramid`` or ``texture``.
        width: factor on the channels of the decoder, or of the U-Net.
        method: ``lora`` (low-rank updates of the attention, and the decoder), ``full`` (everything) or
            ``frozen`` (the decoder alone).
        rank: of the updates.
        alpha: their scale is ``alpha / rank``.
        dropout: on their input, while training.
        channels: ``repeat`` (the slice alone) or ``neighbours`` (the slice between its two neighbours).
        views: the slices volumes are read as, by the dimension stepped through.
        elevation: what elevation models among the data are read as: ``hillshade``, relief under a low sun, or
            ``raw``, the default. The model records it, and predicts of them the same. It is for images with
            sun as well: the model then asks for hillshade of elevation models.
        tile: height and width in pixels, multiples of the network's patch; one number for both. By default
            224 for objects on a background, and as high as the slices for classes that fill them.
        epochs: how often the training slices are gone through.
        batch_size: tiles a step, of all processes together; by default as many pixels as 8 tiles of 224.
        lr: the peak learning rate; by the method by default.
        weight_decay: of AdamW.
        warmup: share of the steps in which the rate rises.
        clip: largest norm of the gradient.
        loss: ``ce``, ``focal``, ``dice`` or ``ce+dice``.
        class_weights: whether rare classes weigh more in the cross-entropy.
        augment: whether crops are varied, as fits the task.
        ema: decay of a moving average of the weights, such as 0.99, which is then what is validated and
            stored; None for none.
        patience: stop after so many epochs without a better mIoU.
        max_minutes: stop before the epoch that would exceed them; the first is always finished.
        seed: of weights, crops and order.
        deterministic: have torch use deterministic algorithms alone, also where they are slower.
        device: ``auto``, ``cpu``, ``cuda[:N]`` or ``mps``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        workers: processes that cut crops beside this one; by default none on a CPU and some on a GPU.
        overwrite: replace a run folder that exists.
        resume: go on with one.
        progress: is told of it.
        command: what the model card says it was made by.

    Returns:
        The run folder.

    Raises:
        UsageError: an argument is at fault.
        DataError: something is wrong with the data; nothing has been written then.
        ModelError: weights are missing or of something else.
        OutputError: the run folder exists, or cannot be written.
        MachineError: the device is not there or too small.
    """
    settings = Settings(
        data=Path(data),
        output=Path(output) if output else Path("runs") / (task or Path(data).resolve().name),
        task=task,
        classes=_words(classes),
        network=network,
        backbone=backbone,
        weights=str(weights) if weights else None,
        decoder=decoder,
        width=width,
        method=method,
        rank=rank,
        alpha=alpha,
        dropout=dropout,
        channels=channels,
        views=_words(views),
        elevation=elevation,
        tile=tile if isinstance(tile, tuple) else (tile, tile) if tile else None,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        weight_decay=weight_decay,
        warmup=warmup,
        clip=clip,
        loss=loss,
        class_weights=class_weights,
        augment=augment,
        ema=ema,
        patience=patience,
        max_minutes=max_minutes,
        seed=seed,
        deterministic=deterministic,
        device=device,
        precision=precision,
        workers=workers,
        command=command or f"geointerp.finetune({str(data)!r}, task={task!r}, ...)",
    ).resolved()
    train(settings, overwrite=overwrite, resume=resume, progress=progress or Silent())
    return settings.output


def _words(value: Sequence[str] | str | None) -> tuple[str, ...] | None:
    """Return names given as a list, or as one text with commas."""
    if value is None:
        return None
    names = value.split(",") if isinstance(value, str) else value
    return tuple(name.strip() for name in names)
