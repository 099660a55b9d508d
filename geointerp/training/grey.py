"""Amplitudes of training sections become grey values, as ``sources.scaling`` does it for a whole survey."""

import torch
from torch import Tensor

PERCENTILE = 99.0
# Every seventh sample is enough for a percentile, and sorting is slow.
_EVERY = 7


def grey_of(
    amplitude: Tensor,
    factor: Tensor | None = None,
    kind: str = "symmetric",
    *,
    offset: Tensor | None = None,
) -> Tensor:
    """Scale each section by percentiles of its own.

    ``symmetric``: ``0.5 + 0.5 clip(x / (s factor), -1, 1)`` with ``s`` the 99th percentile of the absolute,
    non-zero amplitudes; ``range``: the same about the middle of the 1st and 99th percentiles, with ``s`` half
    of their distance. A survey is scaled as a whole and a tile of it may be weak or strong: that is what
    ``factor`` is for; nor need its middle be that of the picture it was cut from, hence ``offset``.

    Args:
        amplitude: float32 (sections, height, width).
        factor: float32 (sections,), 1 by default.
        kind: ``symmetric`` or ``range``.
        offset: float32 (sections,), added before clipping, in units of half the range of grey; 0 by default.

    Returns:
        Grey values in [0, 1], float32 (sections, 1, height, width).
    """
    sample = amplitude.flatten(1)[:, ::_EVERY]
    high = PERCENTILE / 100.0
    if kind == "symmetric":
        size = sample.abs()
        level = torch.nanquantile(size.where(size > 0, torch.nan), high, dim=1).nan_to_num(1.0)
        middle = torch.zeros_like(level)
    else:
        ends = torch.quantile(sample, torch.tensor([1.0 - high, high], device=sample.device), dim=1)
        middle, level = ends.mean(dim=0), 0.5 * (ends[1] - ends[0])
    level = level if factor is None else level * factor
    scaled = (amplitude - middle[:, None, None]) / level[:, None, None].clamp_min(1e-12)
    scaled = scaled if offset is None else scaled + offset[:, None, None]
    return (0.5 + 0.5 * scaled.clamp(-1.0, 1.0))[:, None]
