"""What is measured: a ViT-S + MLA model with random weights, and a survey of random layers as SEG-Y."""

from pathlib import Path

import numpy as np
import torch

from geointerp.network.backbone import create_backbone
from geointerp.network.bundle import BACKBONE
from geointerp.network.checkpoint import read_weights, weights_sha256
from geointerp.network.decoders import create_decoder
from geointerp.network.description import BackboneInfo, DecoderInfo, ModelDescription, Normalisation
from geointerp.network.lora import add_lora
from geointerp.network.saving import save_backbone, save_model
from geointerp.network.segmenter import Segmenter
from geointerp.sinks.segy_write import write_survey
from geointerp.tasks import TASKS

TILE = (224, 224)


SMALL = "vit_small_patch14_dinov2.lvd142m"


def write_model(folder: Path, backbone: str = SMALL, decoder: str = "mla") -> Path:
    """Write a model folder whose speed is that of a trained one."""
    torch.manual_seed(0)
    encoder = create_backbone(backbone, TILE)
    # DINOv2's own LayerScale of 1e-5 would make the blocks of a random encoder all but the identity.
    for name, weight in encoder.named_parameters():
        if name.endswith("gamma"):
            torch.nn.init.constant_(weight, 0.1)
    about = ModelDescription(
        name="random",
        task="faults",
        classes=TASKS["faults"].classes,
        backbone=BackboneInfo(backbone, ""),
        decoder=DecoderInfo(decoder),
        normalisation=Normalisation("symmetric"),
        tile=TILE,
    )
    save_backbone(folder, encoder, about)
    # The encoder is stored in half precision; what is stored is what the adapter belongs to.
    weights = read_weights(folder / BACKBONE)
    encoder.load_state_dict(weights)
    own = ModelDescription(**{**vars(about), "backbone": BackboneInfo(backbone, weights_sha256(weights))})
    segmenter = Segmenter(encoder, create_decoder(decoder, encoder.embed_dim, 2))
    save_model(folder, add_lora(segmenter), own)
    return folder


def write_volume(path: Path, shape: tuple[int, int, int], sample_format: int = 5) -> Path:
    """Write a survey (inlines, crosslines, samples) of smooth random layers."""
    generator = np.random.default_rng(0)
    layers = generator.standard_normal((1, 1, shape[2] + 8)).astype(np.float32)
    layers = np.apply_along_axis(lambda trace: np.convolve(trace, np.hanning(9), "valid"), 2, layers)
    gain = 1 + 0.3 * generator.standard_normal((shape[0], shape[1], 1)).astype(np.float32)
    write_survey(
        path,
        (layers * gain).astype(np.float32),
        inlines=np.arange(shape[0]) + 100,
        crosslines=np.arange(shape[1]) + 300,
        sample_interval_ms=4.0,
        sample_format=sample_format,
    )
    return path
