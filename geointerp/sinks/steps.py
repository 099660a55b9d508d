"""How an array larger than memory is gone through: along its first dimension, chunk by chunk."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.tasks import NOTHING


def steps(labels: xr.DataArray, samples: int = 0) -> list[tuple[int, int]]:
    """Return the bounds of steps along the first dimension, of whole chunks, so that each is read once.

    The chunks are those of the store, where it says so: dask may cut them smaller. Without chunks, steps are
    single slices.

    Args:
        labels: any array of at least one dimension.
        samples: that a step should hold at least.
    """
    size = labels.shape[0]
    stored = labels.encoding.get("shards") or labels.encoding.get("preferred_chunks") or {}
    along = stored.get(labels.dims[0]) if isinstance(stored, dict) else stored[0]
    thickness = int(along or max(labels.variable.chunksizes.get(labels.dims[0], (1,))))
    thickness *= max(1, samples * size // max(1, labels.size * thickness))
    return [(start, min(start + thickness, size)) for start in range(0, size, thickness)]


def as_stored(labels: xr.DataArray) -> NDArray[np.uint8]:
    """Read labels as they are stored: uint8, 255 where nothing was predicted."""
    values: NDArray[np.uint8] = labels.fillna(NOTHING).values.astype(np.uint8, copy=False)
    return values
