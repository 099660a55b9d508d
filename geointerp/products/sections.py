"""A survey seen as upright sections, the way faults are picked."""

import xarray as xr

_LEAST_WIDTH = 14


def as_sections(labels: xr.DataArray) -> xr.DataArray:
    """Return labels with dimensions (section, trace, sample).

    Sections run along inlines, or along crosslines where inlines are only a few traces wide. A 2D line is one
    section, of a dimension ``line``.

    Args:
        labels: (inline, crossline, time|depth) or (cdp, time|depth).
    """
    if labels.ndim == 2:
        return labels.expand_dims("line")
    inline, crossline, sample = labels.dims
    narrow = labels.sizes[crossline] < min(_LEAST_WIDTH, labels.sizes[inline])
    return labels.transpose(crossline, inline, sample) if narrow else labels
