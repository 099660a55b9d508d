"""Labels become a file; the suffix of its name chooses the writer.

Every writer goes through the labels slice by slice, so a store larger than memory can be
converted, and works on a sibling ``.<name>.partial`` that takes the name when it is complete.
"""

import json
from pathlib import Path

import numpy as np
import xarray as xr

from geointerp.errors import UsageError
from geointerp.sinks.output import check_suffix, whole_or_not_at_all

_NOTHING = 255


def write_labels(
    labels: xr.Dataset, path: Path, *, volume: xr.DataArray | None = None, overwrite: bool = False
) -> None:
    """Write labels to a ``.nc``, ``.npy`` or ``.png`` file.

    Args:
        labels: what ``predict`` returns, or a label store; nothing predicted is 255 or NaN.
        path: ``.nc`` holds everything the store does; ``.npy`` the label array alone, its
            dimensions in the order of the store; ``.png`` a picture of the labels over the input.
        volume: the input, needed for a picture; its file is never replaced.
        overwrite: whether an existing file may be replaced.

    Raises:
        UsageError: the suffix is not one of these, or a picture is asked for without the input.
        OutputError: the file exists.
    """
    suffix = check_suffix(path)
    source = None if volume is None else volume.attrs.get("source")
    with whole_or_not_at_all(path, overwrite=overwrite, source=source) as partial:
        if suffix == ".npy":
            _write_array(labels["labels"], partial)
        elif suffix == ".nc":
            _write_netcdf(labels, partial)
        elif suffix == ".png" and volume is not None:
            from geointerp.sinks.picture import draw

            draw(volume, labels["labels"], partial)
        else:
            raise UsageError(f"write_labels cannot write {path}", hint="a picture needs the input volume")


def _write_array(labels: xr.DataArray, path: Path) -> None:
    """Write the bare array as uint8, one chunk along the first dimension at a time: each is read once."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=labels.shape)
    for start, stop in _steps(labels):
        array[start:stop] = labels[start:stop].fillna(_NOTHING).values
    array.flush()


def _steps(labels: xr.DataArray) -> list[tuple[int, int]]:
    """Return the bounds of the chunks along the first dimension, single slices where there are none.

    The chunks are those of the store, where it says so: dask may cut them smaller.
    """
    size = labels.shape[0]
    stored = labels.encoding.get("shards") or labels.encoding.get("preferred_chunks") or {}
    along = stored.get(labels.dims[0]) if isinstance(stored, dict) else stored[0]
    thickness = int(along or max(labels.chunksizes.get(labels.dims[0], (1,))))
    return [(start, min(start + thickness, size)) for start in range(0, size, thickness)]


def _write_netcdf(labels: xr.Dataset, path: Path) -> None:
    """Write everything as NetCDF-4; what NetCDF attributes cannot hold becomes JSON text."""
    attrs = {
        name: json.dumps(value) if isinstance(value, dict) else value for name, value in labels.attrs.items()
    }
    plain = labels.copy(deep=False)
    plain.attrs = attrs
    plain.to_netcdf(path, engine="h5netcdf", format="NETCDF4")
