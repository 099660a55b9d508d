"""MDIO stores: seismic volumes in Zarr by the layouts of its versions 0 and 1.

Version 1 is a data set as xarray has it, with a ``trace_mask`` and header arrays beside the amplitudes. In
version 0 a group ``data`` holds the amplitudes, once for each way they are chunked (``chunked_012``), the
attribute ``dimension`` of the root their dims and coordinates, ``metadata/live_mask`` the traces that exist.
"""

from typing import Any, TypeGuard

import dask.array
import numpy as np
import xarray as xr
import zarr

from geointerp.errors import DataError

HEADERS = ("headers", "raw_headers", "segy_file_header")
"""Variables of version 1 that hold SEG-Y headers: structured types, which xarray does not decode."""

_COORDINATES = ("cdp_x", "cdp_y", "trace_mask")


def is_version_0(root: Any) -> TypeGuard[zarr.Group]:
    """Whether a zarr group is laid out as MDIO did before version 1."""
    return isinstance(root, zarr.Group) and "dimension" in root.attrs and "data" in root


def open_version_0(name: str, root: zarr.Group, variable: str | None) -> xr.DataArray:
    """Return the amplitudes with their dims and coordinates, lazily; missing traces NaN.

    Args:
        name: of the store, for messages.
        root: its group.
        variable: one of the arrays under ``data``; by default the one chunked along all dims.

    Raises:
        DataError: its parts do not fit together.
    """
    dims: Any = root.attrs["dimension"]
    arrays = dict(root["data"].arrays())  # type: ignore[union-attr]
    chosen = variable or f"chunked_{''.join(map(str, range(len(dims))))}"
    if chosen not in arrays:
        if variable or not arrays:
            raise DataError(f"{name} has no array '{chosen}'", hint=f"there is {', '.join(arrays) or 'none'}")
        chosen = next(iter(arrays))
    array = arrays[chosen]
    coords = {dim["name"]: np.asarray(dim["coords"]) for dim in dims}
    sizes = tuple(values.size for values in coords.values())
    if array.shape != sizes:
        raise DataError(f"{name}: '{chosen}' has the shape {array.shape}, its coordinates {sizes}")
    lazy = dask.array.from_zarr(array)  # type: ignore[no-untyped-call]
    volume = xr.DataArray(lazy, coords, list(coords), chosen)
    metadata = root.get("metadata")
    if isinstance(metadata, zarr.Group) and "live_mask" in metadata:
        mask = np.asarray(metadata["live_mask"][...], bool)  # type: ignore[index]
        if mask.shape != sizes[:-1]:
            raise DataError(f"{name}: 'live_mask' has the shape {mask.shape}, the traces {sizes[:-1]}")
        volume = volume.assign_coords(trace_mask=(list(coords)[:-1], mask))
    return volume


def with_mask(volume: xr.DataArray, dataset: xr.Dataset) -> xr.DataArray:
    """Take positions and the mask of traces from the variables beside a volume of version 1."""
    dims = set(volume.dims)
    found = {
        name: _mask(dataset[name]) if name == "trace_mask" else _with_units(dataset[name].astype(np.float64))
        for name in _COORDINATES
        if name in dataset.variables and set(dataset[name].dims) < dims
    }
    axes = {dim: _with_units(volume[dim]) for dim in volume.dims if dim in volume.coords}
    return volume.assign_coords(axes | found)


def _mask(stored: xr.DataArray) -> xr.DataArray:
    """Return a mask as bool; where its fill value is its 0, that is decoded to NaN."""
    return stored.fillna(0).astype(bool).load()


def _with_units(stored: xr.DataArray) -> xr.DataArray:
    """Return coordinates with the unit of length or time that MDIO tells in its own words."""
    told = stored.attrs.get("unitsV1")
    known = [told[kind] for kind in ("length", "time") if kind in told] if isinstance(told, dict) else []
    return stored.assign_attrs({"units": known[0]} if known else {}).load()
