"""Which traces carry data, found before a pass that never sees a whole trace."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from geointerp.inference.window import chunk_end, loaded
from geointerp.sources.liveness import live_along
from geointerp.tiling.blocks import SLAB_BYTES, blocks, slab_thickness
from geointerp.tiling.views import CHANNEL_DIM, sample_dim


def live_traces(volume: xr.DataArray) -> xr.DataArray:
    """Return which traces carry data, bool on the trace dimensions.

    Lines are read once, slab by slab of whole traces. A recording is read in order of time, and only until
    each channel has changed: its first seconds, mostly, and of channels that stay dead the whole.
    """
    samples = str(sample_dim([str(dim) for dim in volume.dims]))
    dims = [dim for dim in volume.dims if dim != samples]
    live = _live_channels(volume, samples) if CHANNEL_DIM in dims else _live_lines(volume, samples)
    return xr.DataArray(live, dims=dims)


def _live_lines(volume: xr.DataArray, samples: str) -> npt.NDArray[np.bool_]:
    """Work through slabs along the first dimension of traces."""
    step = next(str(dim) for dim in volume.dims if dim != samples)
    volume = volume.transpose(step, ...)
    axis = volume.dims.index(samples)
    thickness = slab_thickness(volume.sizes[step], 8 * volume.size // volume.sizes[step], SLAB_BYTES)
    parts = [
        live_along(loaded(volume.isel({step: slice(block.start, block.stop)})), axis).squeeze(axis)
        for block in blocks(volume.sizes[step], thickness)
    ]
    return np.concatenate(parts)


def _live_channels(volume: xr.DataArray, samples: str) -> npt.NDArray[np.bool_]:
    """Go through the recording until no channel is left that may be dead: all its finite samples the same."""
    channels, size = volume.sizes[CHANNEL_DIM], volume.sizes[samples]
    least = np.full(channels, np.inf, np.float32)
    most = np.full(channels, -np.inf, np.float32)
    finite = np.zeros(channels, bool)
    length = max(1, SLAB_BYTES // (8 * channels))
    start = 0
    while start < size and not (least < most).all():
        stop = chunk_end(volume, samples, min(start + length, size))
        open_ = np.flatnonzero(least >= most)
        some = slice(int(open_[0]), int(open_[-1]) + 1)
        part = volume.isel({CHANNEL_DIM: some, samples: slice(start, stop)}).transpose(CHANNEL_DIM, samples)
        values = loaded(part)
        here = np.isfinite(values)
        finite[some] |= here.any(1)
        least[some] = np.minimum(least[some], values.min(1, where=here, initial=np.inf))
        most[some] = np.maximum(most[some], values.max(1, where=here, initial=-np.inf))
        start = stop
    return finite if size == 1 else least < most
