"""How an array larger than memory is gone through: along its first dimension, chunk by chunk."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.tasks import NOTHING

_MOST_SAMPLES = 1 << 27  # of a step: half a GiB as float32, which labels are decoded to


def steps(labels: xr.DataArray, samples: int = 0) -> list[tuple[int, int]]:
    """Return the bounds of steps along the first dimension, of whole chunks, so that each is read once.

    The chunks are those of the store, where it says so: dask may cut them smaller. A shard too large to be
    held is read by the chunks in it, these if need be in parts. Without chunks, steps are single slices.

    Args:
        labels: any array of at least one dimension.
        samples: that a step should hold at least.
    """
    size = labels.shape[0]
    a_slice = max(1, labels.size // max(1, size))
    stored = [labels.encoding.get(name) for name in ("shards", "chunks", "preferred_chunks")]
    thicknesses = [_along_first(one, labels) for one in stored if one]
    thicknesses.append(int(max(labels.variable.chunksizes.get(labels.dims[0], (1,)))))
    most = max(1, _MOST_SAMPLES // a_slice)
    thickness = next((one for one in thicknesses if one <= most), most)
    thickness *= max(1, samples // (a_slice * thickness))
    return [(start, min(start + thickness, size)) for start in range(0, size, thickness)]


def _along_first(stored: Mapping[Hashable, int] | Sequence[int], labels: xr.DataArray) -> int:
    return int(stored.get(labels.dims[0], 1) if isinstance(stored, Mapping) else stored[0])


def as_stored(labels: xr.DataArray) -> NDArray[np.uint8]:
    """Read labels as they are stored: uint8, 255 where nothing was predicted."""
    values: NDArray[np.uint8] = labels.fillna(NOTHING).values.astype(np.uint8, copy=False)
    return values
