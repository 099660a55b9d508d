"""Which traces carry data: those whose samples are not all the same."""

import numpy as np
from numpy.typing import NDArray


def live_along(amplitudes: NDArray[np.float32], axis: int) -> NDArray[np.bool_]:
    """Return which traces carry data: those whose finite samples are not all the same.

    A trace of a single sample (a time slice) carries data if that is finite.

    Args:
        amplitudes: any shape.
        axis: along which the traces run.

    Returns:
        The same shape, with one entry along ``axis``.
    """
    finite: NDArray[np.bool_] = np.isfinite(amplitudes)
    if amplitudes.shape[axis] == 1:
        return finite
    if finite.all():  # which it mostly is, and then a mask would take three times as long
        least, most = (end(axis=axis, keepdims=True) for end in (amplitudes.min, amplitudes.max))
    else:
        least = np.min(amplitudes, axis=axis, keepdims=True, where=finite, initial=np.inf)
        most = np.max(amplitudes, axis=axis, keepdims=True, where=finite, initial=-np.inf)
    live: NDArray[np.bool_] = least < most
    return live
