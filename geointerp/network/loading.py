"""Model folders become networks: to train on, or ready for inference."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, set_peft_model_state_dict
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from geointerp.errors import ModelError, UsageError
from geointerp.network.backbone import create_backbone
from geointerp.network.bundle import BACKBONE, fingerprint, learnt, verify_files, weight_files
from geointerp.network.checkpoint import check_keys, load_backbone_weights, read_weights, weights_sha256
from geointerp.network.decoders import create_decoder
from geointerp.network.description import (
    CHANNELS,
    FILE_NAME,
    BackboneInfo,
    DecoderInfo,
    ModelDescription,
    read_description,
)
from geointerp.network.home import STARTER, bundled_model, find_model
from geointerp.network.lora import merged
from geointerp.network.segmenter import Segmenter, fold
from geointerp.network.unet import UNet

MOST_PATCHES = 128**2
"""Of a tile: beyond, attention between all of them takes minutes and gigabytes for one tile."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready for inference.

    Attributes:
        network: grey tiles in [0, 1], (batch, 1 or 3, height, width), to logits (batch, classes, height,
            width); LoRA merged, normalisation folded.
        description: what the folder says, with the tile the network was built for.
        path: the folder.
        sha256: fingerprint of all that decides its output.
        prepared: copies of the network that were made for a device, kept there for the next prediction as
            long as the model lives; none of them is pickled or copied with it.
    """

    network: nn.Module
    description: ModelDescription
    path: Path
    sha256: str
    prepared: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "prepared": {}}


def load_model(folder: str | Path, tile: tuple[int, int] | None = None) -> LoadedModel:
    """A model ready for inference: LoRA merged in float32, normalisation folded.

    Args:
        folder: a model folder, or the name of a bundled model.
        tile: height and width to build the network for, multiples of its patch; the model's own by default.

    Raises:
        ModelError: a file is missing, damaged or belongs to something else.
        UsageError: the tile is no multiple of the model's patch.
    """
    model, description = load_trained(folder, tile)
    network = merged(model) if isinstance(model, PeftModel) else model
    if isinstance(network, Segmenter):
        network = fold(network, CHANNELS[description.channels])
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    path = find_model(folder)
    return LoadedModel(network, description, path, fingerprint(path, description))


def recognise_model(folder: str | Path, tile: tuple[int, int] | None = None) -> LoadedModel:
    """The model of a folder, checked, with nothing in place of its network: for what others compute.

    Args and errors as of ``load_model``.
    """
    path, description, _ = _verified(folder, tile)
    if description.network == "vit":
        _encoder_file(path, description)
    return LoadedModel(nn.Identity(), description, path, fingerprint(path, description))


def load_adapter(
    folder: str | Path, tile: tuple[int, int] | None = None
) -> tuple[PeftModel, ModelDescription]:
    """The adapted model of a folder as it was trained: encoder, LoRA beside it, decoder.

    Args and errors as of ``load_trained``.

    Raises:
        ModelError: also, the model has no LoRA.
    """
    model, description = load_trained(folder, tile)
    if not isinstance(model, PeftModel):
        raise ModelError(f"'{description.name}' was not adapted by LoRA")
    return model, description


def load_trained(
    folder: str | Path, tile: tuple[int, int] | None = None
) -> tuple[PeftModel | Segmenter | UNet, ModelDescription]:
    """The model of a folder as it was trained, LoRA not merged; for training on, or merging.

    Args:
        folder: of the model.
        tile: height and width to build the encoder for; the model's own by default.

    Raises:
        ModelError: a file is missing, damaged or belongs to something else.
        UsageError: the tile is no multiple of the model's patch.
    """
    path, description, about = _verified(folder, tile)
    model = _rebuilt(path, description, about)
    weights = read_weights(path / weight_files(description)[0])
    check_keys(learnt(model), weights, path / weight_files(description)[0])
    if isinstance(model, PeftModel):
        set_peft_model_state_dict(model, weights)
    else:
        (model.decoder if isinstance(model, Segmenter) else model).load_state_dict(weights)
    return model.eval(), description


def _verified(folder: str | Path, tile: tuple[int, int] | None) -> tuple[Path, ModelDescription, DecoderInfo]:
    """Find a model, compare its files with their fingerprints, and settle its tile."""
    path = find_model(folder)
    description = read_description(path)
    about = description.decoder
    if about is None:
        raise ModelError(
            f"'{description.name}' is a backbone: it has no decoder to predict with",
            hint="it is what models are fine-tuned from; `geointerp models` lists those that predict",
        )
    verify_files(path, description)
    if tile is not None:
        check_tile(tile, description.patch)
    description = replace(description, tile=tile or description.tile)
    return path, description, about


def _rebuilt(path: Path, description: ModelDescription, about: DecoderInfo) -> PeftModel | Segmenter | UNet:
    """The network of a folder, its encoder loaded and what was learnt not yet."""
    classes = len(description.classes)
    if description.network == "unet":
        return UNet(classes, CHANNELS[description.channels], about.width)
    backbone = load_backbone(path, description)
    segmenter = Segmenter(backbone, create_decoder(about.name, backbone.embed_dim, classes, about.width))
    if description.method != "lora":
        return segmenter
    return PeftModel(segmenter, LoraConfig.from_pretrained(str(path)))


def load_backbone(folder: Path, description: ModelDescription) -> VisionTransformer:
    """The encoder an adapter belongs to, with its weights: the folder's own, or the bundled starter.

    Its position embeddings are resampled to the tile of the ``description``.

    Raises:
        ModelError: the weights are missing, or are not those the adapter was trained on.
    """
    about, source = _encoder_file(folder, description)
    own = source == folder / BACKBONE
    # Its embeddings lie on the grid of the tile it learnt with, which the file does not tell: 32 x 8 patches
    # are as many as 16 x 16.
    learnt_with = read_description(folder).tile if own else description.tile
    # The file fills it: drawing random weights first would take as long as all the rest.
    with torch.device("meta"):
        native = create_backbone(about.id, learnt_with)
    native.to_empty(device="cpu")
    if own:
        weights = read_weights(source)
        check_keys(native.state_dict(), weights, source)
        native.load_state_dict(weights)
        native.set_input_size(description.tile)
    else:
        load_backbone_weights(native, source)
    return native


def _encoder_file(folder: Path, description: ModelDescription) -> tuple[BackboneInfo, Path]:
    """Return the encoder of a model and the file of its weights, which are those the model was trained on."""
    about = description.backbone
    if about is None:
        raise ModelError(f"{folder / FILE_NAME}: backbone: no encoder is named")
    source = folder / BACKBONE
    if not source.is_file() and about.id == STARTER:
        source = bundled_model(STARTER) / BACKBONE
    if not source.is_file():
        raise ModelError(f"{folder}: {BACKBONE} is missing", hint="the model folder is incomplete")
    found = weights_sha256(read_weights(source))
    if found != about.sha256:
        raise ModelError(
            f"{source}: sha256 {found[:12]}…, but {folder} was trained on {about.sha256[:12]}…",
            hint="the adapter and the backbone are of different versions, or the file is damaged",
        )
    return about, source


def check_tile(tile: tuple[int, int], patch: int) -> None:
    """Refuse a tile that the network's patches do not fill, or that has too many of them.

    Raises:
        UsageError: with the nearest that would do.
    """
    if tile[0] * tile[1] > MOST_PATCHES * patch**2:
        most = int(MOST_PATCHES**0.5) * patch
        raise UsageError(
            f"a tile of {tile[0]} x {tile[1]} samples has {tile[0] * tile[1] // patch**2:,} patches, and at "
            f"most {MOST_PATCHES:,} are computed at once",
            hint=f"--tile {most} or less: a larger slice is covered by several tiles",
        )
    if all(side > 0 and side % patch == 0 for side in tile):
        return
    near = "x".join(str(max(1, round(side / patch)) * patch) for side in tile)
    raise UsageError(
        f"a tile of {tile[0]} x {tile[1]} samples is no multiple of the model's patch of {patch}",
        hint=f"the nearest is --tile {near}",
    )
