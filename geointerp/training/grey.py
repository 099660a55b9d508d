"""Amplitudes of training sections become grey values, as ``sources.scaling`` does it for a whole survey."""

import torch
from torch import Tensor

PERCENTILE = 99.0
# Every seventh sample is enough for a percentile, and sorting is slow.
_EVERY = 7


def grey_of(amplitude: Tensor, factor: Tensor | None = None) -> Tensor:
    """Scale each section by the 99th percentile of its absolute, non-zero amplitudes ``s``.

    ``0.5 + 0.5 clip(x / (s factor), -1, 1)``. A survey is scaled as a whole and a tile of it may be weak or
    strong: that is what ``factor`` is for.

    Args:
        amplitude: float32 (sections, height, width).
        factor: float32 (sections,), 1 by default.

    Returns:
        Grey values in [0, 1], float32 (sections, 1, height, width).
    """
    sample = amplitude.abs().flatten(1)[:, ::_EVERY]
    level = torch.nanquantile(sample.where(sample > 0, torch.nan), PERCENTILE / 100.0, dim=1).nan_to_num(1.0)
    level = level if factor is None else level * factor
    return (0.5 + 0.5 * (amplitude / level[:, None, None].clamp_min(1e-12)).clamp(-1.0, 1.0))[:, None]
