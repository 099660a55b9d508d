"""What the encoder makes of an image: the tokens of its patches, before and after adaptation."""

from contextlib import nullcontext
from typing import cast

import torch
from peft import PeftModel
from torch import Tensor

from geointerp.network.segmenter import Segmenter


def patch_tokens(model: PeftModel, grey: Tensor, *, adapted: bool = True) -> list[Tensor]:
    """Return the tokens that the decoder is given, of four evenly spaced blocks, shallow to deep.

    Args:
        model: encoder and LoRA beside it, not merged, built for the image's size.
        grey: one image in [0, 1], float32 (1 or 3, height, width); both sides multiples of the patch.
        adapted: with LoRA; otherwise those of the backbone alone.

    Returns:
        Each float32 (height / patch, width / patch, dim).
    """
    segmenter = cast(Segmenter, model.get_base_model())
    model.eval()
    with torch.inference_mode(), nullcontext() if adapted else model.disable_adapter():
        return [level[0].permute(1, 2, 0).float() for level in segmenter.features(grey[None])]


def principal_colours(tokens: Tensor, keep: float = 0.98) -> Tensor:
    """Return a picture of the first three principal components of tokens, as red, green and blue.

    Each component is stretched from 0 to 1 over the middle part of its values, and turned so that the element
    of its axis that is largest is positive; otherwise its sign would be left to chance.

    Args:
        tokens: float32 (rows, columns, dim), at least three tokens and dimensions.
        keep: the part of the values that the stretch spans; the rest is clipped.

    Returns:
        float32 in [0, 1], (rows, columns, 3).
    """
    flat = tokens.flatten(0, 1).double()
    centred = flat - flat.mean(dim=0)
    axes = torch.linalg.svd(centred, full_matrices=False).Vh[:3]
    axes = axes * axes.gather(1, axes.abs().argmax(dim=1, keepdim=True)).sign()
    components = centred @ axes.T
    low, high = torch.quantile(components, torch.tensor([0.5 - keep / 2, 0.5 + keep / 2]).double(), dim=0)
    stretched = (components - low) / (high - low).clamp_min(torch.finfo(torch.float64).tiny)
    picture: Tensor = stretched.clamp(0, 1).float().reshape(*tokens.shape[:2], 3)
    return picture
