"""A network for half precision: everything that is constant is worked out once.

Autocast would cast weights and activations back and forth at each layer. Here the weights are cast once, and
what scales them (batch normalisation, LayerScale, the 1/√d of attention) is multiplied into them before, in
float32.
"""

import copy
from itertools import pairwise
from typing import cast

import torch
from timm.layers.attention import Attention
from timm.layers.layer_scale import LayerScale
from timm.models.vision_transformer import Block, VisionTransformer
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from geointerp.network.attention import PlainAttention, is_plain
from geointerp.network.decoders.mla import MLADecoder
from geointerp.network.packed import can_pack, pack
from geointerp.network.raised import raise_convolutions
from geointerp.network.segmenter import Segmenter
from geointerp.network.unet import UNet

_CPU = torch.device("cpu")
_PLAIN_TOKENS = 1024
"""Up to so many tokens attention is two plain products: at 257 tokens they take 0.65 of the time of the fused
kernel (ViT-S, bf16, Zen 4). Beyond, the matrix between them outgrows the caches."""


def lowered(
    network: Segmenter | UNet,
    dtype: torch.dtype,
    *,
    device: torch.device = _CPU,
    packed: bool = True,
    plain: bool = True,
) -> nn.Module:
    """Return a copy of a network that computes in half precision throughout.

    Layer normalisation and softmax sum up in float32 inside their kernels, as under autocast; what is handed
    from layer to layer is rounded to ``dtype``.

    Args:
        network: LoRA merged.
        dtype: ``torch.bfloat16``.
        device: of the copy.
        packed: whether weights are arranged for a processor, and MLA convolves before it enlarges; not if
            torch compiles the network, which does the former itself and would trace the latter's matrices.
        plain: whether attention over few tokens is two plain products, as suits a processor; a GPU has a
            quicker kernel for the whole.

    Returns:
        Tiles (batch, channels, height, width) to logits (batch, classes, height, width), both of ``dtype``.
    """
    copied = copy.deepcopy(network).to(device).eval()
    # While it trains, accelerate has put an autocasting forward in the place of its own.
    for name in ("forward", "_original_forward"):
        copied.__dict__.pop(name, None)
    for module in copied.modules():
        if isinstance(module, nn.Sequential):
            _fold_batch_norm(module)
    if isinstance(copied, Segmenter):
        _prepare(copied.backbone, plain)
        if packed and isinstance(copied.decoder, MLADecoder):
            raise_convolutions(copied.decoder)
    # Convolutions multiply matrices of (pixels, channels), and then need not turn their input round.
    copied = copied.to(dtype).to(memory_format=torch.channels_last)
    if packed and dtype == torch.bfloat16 and can_pack():
        pack(copied)
    return copied


def _fold_batch_norm(layers: nn.Sequential) -> None:
    """Multiply each batch normalisation that follows a convolution into its weights."""
    for number, (convolution, norm) in enumerate(pairwise(layers)):
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            layers[number] = fuse_conv_bn_eval(convolution, norm)
            layers[number + 1] = nn.Identity()


def _prepare(backbone: VisionTransformer, plain: bool) -> None:
    """Multiply LayerScale into the layers before it, and choose how attention is computed."""
    tokens = backbone.patch_embed.num_patches + backbone.num_prefix_tokens
    for block in backbone.blocks:
        # Others that timm has end in something else.
        if type(block) is Block and isinstance(block.attn, Attention):
            _fold_scale(block, "ls1", block.attn.proj)
            # Where it has norms of its own timm computes it, in the same two products.
            few = plain and tokens <= _PLAIN_TOKENS
            block.attn.fused_attn = not few  # type: ignore[misc]  # final to timm's scripting
            if few and is_plain(block.attn):
                block.attn = PlainAttention(block.attn)
            _fold_scale(block, "ls2", cast(nn.Linear, block.mlp.fc2))


@torch.no_grad()
def _fold_scale(block: Block, name: str, before: nn.Linear) -> None:
    """Multiply the LayerScale called ``name`` into the linear layer before it."""
    scale = getattr(block, name)
    if isinstance(scale, LayerScale):
        before.weight.mul_(scale.gamma[:, None])
        before.bias.mul_(scale.gamma)
        setattr(block, name, nn.Identity())
