"""The model folder: how models are saved and loaded, exactly.

geointerp.json              everything needed to run the model (see description.py)
adapter_config.json         peft's description of the LoRA
adapter_model.safetensors   LoRA and decoder; never merged, so that loading merges exactly once
decoder.safetensors         in place of these two where there is no LoRA: the decoder
unet.safetensors            in place of all: the convolutional baseline
backbone.safetensors        the encoder, unless it is the bundled starter as it is: the model can so be used
                            without a network, and on exactly the weights that it was adapted to
README.md                   the model card
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from geointerp.errors import ModelError, UsageError
from geointerp.network.backbone import create_backbone
from geointerp.network.checkpoint import (
    check_keys,
    file_sha256,
    load_backbone_weights,
    plain_weights,
    read_weights,
    stored_as,
    weights_sha256,
    write_weights,
)
from geointerp.network.decoders import create_decoder
from geointerp.network.description import FILE_NAME, DecoderInfo, ModelDescription, read_description
from geointerp.network.home import STARTER, bundled_model, find_model
from geointerp.network.lora import merged
from geointerp.network.segmenter import Segmenter, fold
from geointerp.network.unet import UNet

ADAPTER = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
BACKBONE = "backbone.safetensors"
DECODER = "decoder.safetensors"
UNET = "unet.safetensors"
CHANNELS = {"repeat": 1, "neighbours": 3}


@dataclass(frozen=True)
class LoadedModel:
    """A model ready for inference.

    Attributes:
        network: grey tiles in [0, 1], (batch, 1 or 3, height, width), to logits (batch, classes, height,
            width); LoRA merged, normalisation folded.
        description: what the folder says, with the tile the network was built for.
        path: the folder.
        sha256: fingerprint of all that decides its output.
    """

    network: nn.Module
    description: ModelDescription
    path: Path
    sha256: str


def save_model(
    folder: Path,
    model: PeftModel | Segmenter | UNet,
    description: ModelDescription,
    dtype: torch.dtype = torch.float32,
    *,
    with_backbone: bool = False,
) -> ModelDescription:
    """Write what was learnt, and its description, into ``folder``.

    Args:
        folder: made if need be.
        model: as trained, LoRA not merged.
        description: completed with the fingerprints of the files.
        dtype: of the stored weights; float16 halves the file. Statistics of batch normalisation stay float32.
        with_backbone: whether the encoder is stored too, in float32.

    Returns:
        The completed description.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: stored_as(name, tensor, dtype) for name, tensor in _learnt(model).items()}
    write_weights(folder / weight_files(description)[0], state)
    if isinstance(model, PeftModel):
        model.peft_config["default"].save_pretrained(str(folder))
    if with_backbone:
        encoder = plain_weights(cast(Segmenter, _bare(model)).backbone)
        write_weights(folder / BACKBONE, encoder)
        assert description.backbone is not None
        about = replace(description.backbone, sha256=weights_sha256(encoder))
        description = replace(description, backbone=about)
    names = weight_files(description)
    complete = replace(description, files={name: file_sha256(folder / name) for name in names})
    complete.write(folder)
    return complete


def weight_files(description: ModelDescription) -> tuple[str, ...]:
    """The files that hold what was learnt, the weights first; an encoder beside them is known by its own."""
    if description.network == "unet":
        return (UNET,)
    return (ADAPTER, CONFIG) if description.method == "lora" else (DECODER,)


def _learnt(model: PeftModel | Segmenter | UNet) -> dict[str, Tensor]:
    """The weights that are stored for a model, the encoder's not among them."""
    if isinstance(model, PeftModel):
        adapter: dict[str, Tensor] = get_peft_model_state_dict(model, save_embedding_layers=False)
        return adapter
    return (model.decoder if isinstance(model, Segmenter) else model).state_dict()


def _bare(model: PeftModel | Segmenter | UNet) -> nn.Module:
    """The network within peft's wrapping."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def save_backbone(
    folder: Path, backbone: VisionTransformer, description: ModelDescription
) -> ModelDescription:
    """Write an encoder by itself, in float16, into ``folder``.

    Args:
        folder: made if need be.
        backbone: its weights are stored, nothing of its training.
        description: completed with the fingerprints of the weights and of their file.

    Returns:
        The completed description.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: stored_as(name, w, torch.float16) for name, w in backbone.state_dict().items()}
    write_weights(folder / BACKBONE, weights)
    assert description.backbone is not None
    complete = replace(
        description,
        backbone=replace(description.backbone, sha256=weights_sha256(weights)),
        files={BACKBONE: file_sha256(folder / BACKBONE)},
    )
    complete.write(folder)
    return complete


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
    model = _rebuilt(path, description, about)
    weights = read_weights(path / weight_files(description)[0])
    check_keys(_learnt(model), weights, path / weight_files(description)[0])
    if isinstance(model, PeftModel):
        set_peft_model_state_dict(model, weights)
    else:
        (model.decoder if isinstance(model, Segmenter) else model).load_state_dict(weights)
    return model.eval(), description


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


def check_tile(tile: tuple[int, int], patch: int) -> None:
    """Refuse a tile that the network's patches do not fill.

    Raises:
        UsageError: with the nearest that they would.
    """
    if all(side > 0 and side % patch == 0 for side in tile):
        return
    near = "x".join(str(max(1, round(side / patch)) * patch) for side in tile)
    raise UsageError(
        f"a tile of {tile[0]} x {tile[1]} samples is no multiple of the model's patch of {patch}",
        hint=f"the nearest is --tile {near}",
    )


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


def load_backbone(folder: Path, description: ModelDescription) -> VisionTransformer:
    """The encoder an adapter belongs to, with its weights: the folder's own, the starter, or a published one.

    Weights from a file are compared with those the adapter was trained on. A published encoder is known by
    its name alone: timm fetches it with its position embeddings resampled to the tile, whose values are not
    those that were recorded.

    Raises:
        ModelError: the weights in the file are others, or the published ones cannot be fetched.
    """
    about = description.backbone
    if about is None:
        raise ModelError(f"{folder / FILE_NAME}: backbone: no encoder is named")
    name = about.id
    source = folder / BACKBONE
    if not source.is_file() and name == STARTER:
        source = bundled_model(STARTER) / BACKBONE
    if not source.is_file():
        return create_backbone(name, description.tile, pretrained=name != STARTER)
    found = weights_sha256(read_weights(source))
    if found != about.sha256:
        raise ModelError(
            f"{source}: sha256 {found[:12]}…, but {folder} was trained on {about.sha256[:12]}…",
            hint="the adapter and the backbone are of different versions, or the file is damaged",
        )
    # The file fills it: drawing random weights first would take as long as all the rest.
    with torch.device("meta"):
        native = create_backbone(name, description.tile)
    native.to_empty(device="cpu")
    load_backbone_weights(native, source)
    return native


def verify_files(folder: Path, description: ModelDescription) -> None:
    """Compare the files of an adapter with their recorded fingerprints.

    Raises:
        ModelError: a file is missing or has changed.
    """
    for name in sorted({*weight_files(description), *description.files}):
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: {name} is missing", hint="the model folder is incomplete")
    for name, expected in description.files.items():
        found = file_sha256(folder / name)
        if found != expected:
            raise ModelError(
                f"{folder / name}: sha256 {found[:12]}…, but {FILE_NAME} says {expected[:12]}…",
                hint="the file is damaged or was exchanged: fetch the model again",
            )


def fingerprint(folder: Path, description: ModelDescription) -> str:
    """sha256 of what decides a model's output; its name, its training and its figures do not.

    The tile does, but is chosen anew for each prediction.
    """
    whole = asdict(description)
    decides = {name: whole[name] for name in ("classes", "backbone", "decoder", "channels", "normalisation")}
    unrecorded = [name for name in weight_files(description) if name not in description.files]
    files = {**description.files, **{name: file_sha256(folder / name) for name in unrecorded}}
    text = json.dumps({**decides, "patch": description.patch, "files": files}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
