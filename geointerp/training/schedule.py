"""The learning rate: a linear rise, then half a cosine."""

import math


def cosine_rate(step: int, steps: int, *, peak: float, warmup: float) -> float:
    """Return the learning rate of a step.

    With ``w = max(1, warmup steps)`` it is ``peak (step + 1) / w`` for the first ``w`` steps, and then
    ``peak (1 + cos(pi (step - w) / (steps - w))) / 2`` (Loshchilov and Hutter, 2017).

    Args:
        step: counted from 0 over the whole training.
        steps: of the whole training.
        peak: the highest rate.
        warmup: share of the steps in which it rises.
    """
    rise = max(1, round(warmup * steps))
    if step < rise:
        return peak * (step + 1) / rise
    return peak * (1.0 + math.cos(math.pi * (step - rise) / max(1, steps - rise))) / 2.0
