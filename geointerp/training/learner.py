"""The network that is to learn: which one, from which weights, and what of it learns."""

from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from timm.layers.attention import Attention
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from geointerp.network.backbone import create_backbone, patch_of
from geointerp.network.bundle import BACKBONE
from geointerp.network.checkpoint import load_backbone_weights, plain_weights, weights_sha256
from geointerp.network.decoders import create_decoder
from geointerp.network.description import CHANNELS, BackboneInfo, DecoderInfo, read_description
from geointerp.network.home import STARTER, bundled_model
from geointerp.network.loading import check_tile
from geointerp.network.lora import add_lora
from geointerp.network.segmenter import Segmenter
from geointerp.network.unet import UNET_PATCH, UNet
from geointerp.training.settings import NO_WEIGHTS, Settings


@dataclass(frozen=True)
class Learner:
    """A network ready to be trained.

    Attributes:
        network: grey tiles to logits.
        patch: tiles are multiples of it.
        backbone: the encoder and the fingerprint of the weights it begins with; None for a U-Net.
        decoder: which decoder.
        keeps_backbone: whether the model folder must hold the encoder: all but the bundled starter as it is.
    """

    network: PeftModel | Segmenter | UNet
    patch: int
    backbone: BackboneInfo | None
    decoder: DecoderInfo
    keeps_backbone: bool

    def learnt(self) -> dict[str, Tensor]:
        """Return what changes with training, by name: weights that learn, and all statistics.

        The tensors are the network's own.
        """
        still = {name for name, p in self.network.named_parameters() if not p.requires_grad}
        return {name: t for name, t in self.network.state_dict().items() if name not in still}

    def fuse_attention(self, *, fused: bool) -> None:
        """Choose the form that the attention is computed in; the two differ by rounding."""
        for module in self.network.modules():
            if isinstance(module, Attention):
                module.fused_attn = fused  # type: ignore[misc]  # final to timm's scripting, read in forward


def patch_size(settings: Settings) -> int:
    """Return the side of the patches that tiles are made of.

    Raises:
        UsageError: there is no such network.
    """
    return UNET_PATCH if settings.network == "unet" else patch_of(settings.backbone)


def create_learner(settings: Settings, classes: int) -> Learner:
    """Build the network of the settings; the same seed gives the same weights.

    Args:
        settings: resolved.
        classes: how many label classes there are.

    Raises:
        UsageError: there is no such network, or the tile does not fit it.
        ModelError: weights are missing or of something else.
    """
    patch = patch_size(settings)
    check_tile(settings.size, patch)
    torch.manual_seed(settings.seed)
    if settings.network == "unet":
        unet = UNet(classes, CHANNELS[settings.channels], settings.width)
        return Learner(unet, patch, None, DecoderInfo("unet", settings.width), keeps_backbone=False)
    backbone = _encoder(settings)
    as_bundled = settings.backbone == STARTER and settings.weights is None
    about = (
        read_description(bundled_model(STARTER)).backbone
        if as_bundled
        else BackboneInfo(settings.backbone, weights_sha256(plain_weights(backbone)))
    )
    backbone.requires_grad_(settings.method == "full")
    decoder = create_decoder(settings.decoder, backbone.embed_dim, classes, settings.width)
    segmenter = Segmenter(backbone, decoder)
    network: PeftModel | Segmenter = segmenter
    if settings.method == "lora":
        network = add_lora(segmenter, rank=settings.rank, alpha=settings.alpha, dropout=settings.dropout)
    keeps = settings.method == "full" or not as_bundled
    return Learner(network, patch, about, DecoderInfo(settings.decoder, settings.width), keeps)


def _encoder(settings: Settings) -> VisionTransformer:
    """The encoder with the weights that the settings ask for: a file's, none, the starter's, or published."""
    name, weights = settings.backbone, settings.weights
    if weights is None and name != STARTER:
        return create_backbone(name, settings.size, pretrained=True)
    backbone = create_backbone(name, settings.size)
    if weights != NO_WEIGHTS:
        load_backbone_weights(backbone, Path(weights) if weights else bundled_model(STARTER) / BACKBONE)
    return backbone
