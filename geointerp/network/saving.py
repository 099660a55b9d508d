"""Trained models become model folders."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from peft import PeftModel
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from geointerp.network.bundle import BACKBONE, learnt, weight_files
from geointerp.network.checkpoint import file_sha256, plain_weights, stored_as, weights_sha256, write_weights
from geointerp.network.description import ModelDescription
from geointerp.network.segmenter import Segmenter
from geointerp.network.unet import UNet


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
    state = {name: stored_as(name, tensor, dtype) for name, tensor in learnt(model).items()}
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
