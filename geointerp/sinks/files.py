"""Labels become a file; the suffix of its name chooses the writer.

Every writer goes through the labels slice by slice, so a store larger than memory can be
converted, and works on a sibling ``.<name>.partial`` that takes the name when it is complete.
"""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from geointerp.errors import UsageError
from geointerp.sinks.output import check_suffix, whole_or_not_at_all
from geointerp.sinks.steps import as_stored, steps
from geointerp.sources.remote import is_url

SAMPLE_FORMATS = {"ieee": 5, "ibm": 1, "int8": 8}
"""How labels are stored in SEG-Y, by name; the first, which every program loads, unless another is named."""

_SEGY, _TIFF = (".sgy", ".segy"), (".tif", ".tiff")


def check_writable(
    labels: xr.DataArray, path: Path, *, volume: xr.DataArray | None = None, form: str | None = None
) -> None:
    """Refuse what ``write_labels`` could not write.

    Args:
        labels: or the input they will have the dimensions of.
        path: the output.
        volume: the input, where it is at hand.
        form: of the samples in SEG-Y.

    Raises:
        UsageError: the suffix, the input or the form do not suit.
        DataError: the coordinates or the sample interval cannot be written.
        MachineError: a package is missing.
    """
    suffix = check_suffix(path)
    if suffix in _SEGY and (volume is None or volume.attrs.get("format") != "SEG-Y"):
        source = "" if volume is None else f", and {volume.attrs.get('source', 'the input')} is none"
        raise UsageError(
            f"labels as {suffix} take their headers from the SEG-Y file they come from{source}: {path}",
            hint="export with --like survey.sgy, or write .zarr, .nc or .npy",
        )
    if suffix in _SEGY and volume is not None and is_url(volume.attrs["source"]):
        raise UsageError(
            f"labels as {suffix} copy the headers of a SEG-Y file on this machine, and the input is "
            f"{volume.attrs['source']}: {path}",
            hint="write .zarr, and export it with --like and a copy of the input",
        )
    if suffix in _SEGY and volume is not None:
        from geointerp.sinks.segy_header import stored_interval

        interval = (volume.attrs.get("reading") or {}).get("sample_interval")
        if interval is not None:
            stored_interval(interval)
    if suffix in (".png", ".html") and volume is None:
        raise UsageError(f"{path} shows the input too, which is not at hand", hint="name it with --like")
    if suffix in _TIFF:
        from geointerp.sinks.geotiff import check_raster

        check_raster(labels, path)
    forms = SAMPLE_FORMATS if suffix in _SEGY else {}
    if form is not None and form not in forms:
        hint = f"it is {', '.join(forms)}" if forms else f"{suffix} has but one form"
        raise UsageError(f"there is no form '{form}' of {suffix}: {path}", hint=hint)


def write_labels(
    labels: xr.Dataset,
    path: Path,
    *,
    volume: xr.DataArray | None = None,
    overwrite: bool = False,
    form: str | None = None,
    at: str | None = None,
) -> None:
    """Write labels to a file.

    Args:
        labels: what ``predict`` returns, or a label store; nothing predicted is 255 or NaN.
        path: ``.nc`` holds everything the store does; ``.npy`` the label array alone, its
            dimensions in the order of the store; ``.sgy`` the labels with the headers of the input;
            ``.tif`` a GeoTIFF; ``.png`` a picture of the labels over the input; ``.html`` a page about them.
        volume: the input, needed for SEG-Y, a picture and a page; its file is never replaced.
        overwrite: whether an existing file may be replaced.
        form: how samples are stored in SEG-Y, one of ``SAMPLE_FORMATS``.
        at: where a picture is cut, such as ``inline=120,time=800``.

    Raises:
        UsageError: the suffix is not one of these, or the input is needed and not there.
        OutputError: the file exists.
    """
    suffix = check_suffix(path)
    check_writable(labels["labels"], path, volume=volume, form=form)
    source = None if volume is None else volume.attrs.get("source")
    with whole_or_not_at_all(path, overwrite=overwrite, source=source) as partial:
        if suffix == ".npy":
            _write_array(labels["labels"], partial)
        elif suffix == ".nc":
            _write_netcdf(labels, partial)
        elif suffix in _TIFF:
            from geointerp.sinks.geotiff import write_geotiff

            write_geotiff(labels, partial)
        elif volume is not None:
            _write_beside(labels, partial, suffix, volume, form, at)


def _write_beside(
    labels: xr.Dataset,
    path: Path,
    suffix: str,
    volume: xr.DataArray,
    form: str | None,
    at: str | None,
) -> None:
    """Write what the input has a part in."""
    if suffix in _SEGY:
        from geointerp.sinks.segy_labels import write_segy_labels

        task = (labels.attrs.get("geointerp") or {}).get("task")
        write_segy_labels(
            labels,
            path,
            template=Path(volume.attrs["source"]),
            sample_format=SAMPLE_FORMATS[form or "ieee"],
            title=f"LABELS OF {task}" if task else "LABELS",
            **volume.attrs["segy"]["options"],
        )
    elif suffix == ".html":
        from geointerp.sinks.page import write_page

        write_page(labels, path, volume=volume)
    else:
        from geointerp.sinks.picture import draw

        where: dict[str, Any] = {} if at is None else {"at": at}
        draw(volume, labels["labels"], path, told=labels.attrs.get("geointerp"), **where)


def _write_array(labels: xr.DataArray, path: Path) -> None:
    """Write the bare array as uint8, one chunk along the first dimension at a time: each is read once."""
    # Not by a map of the file: where the disk is full, writing into one ends the process without a word.
    about = {"descr": "|u1", "fortran_order": False, "shape": labels.shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, about)
        for start, stop in steps(labels):
            file.write(np.ascontiguousarray(as_stored(labels[start:stop])).data)


def _write_netcdf(labels: xr.Dataset, path: Path) -> None:
    """Write everything as NetCDF-4; what NetCDF attributes cannot hold becomes JSON text."""
    _check_room(labels, path)
    attrs = {
        name: json.dumps(value) if isinstance(value, dict) else value for name, value in labels.attrs.items()
    }
    plain = labels.copy(deep=False)
    plain.attrs = attrs
    for one in plain.variables.values():
        if "flag_values" in one.attrs:  # CF: of the variable's own type
            one.attrs = one.attrs | {"flag_values": np.asarray(one.attrs["flag_values"], np.uint8)}
    plain.to_netcdf(path, engine="h5netcdf", format="NETCDF4")


def _check_room(labels: xr.Dataset, path: Path) -> None:
    """Refuse a disk that is too full beforehand: where HDF5 comes to its end, it ends the whole process.

    Raises:
        OSError: there is less room than the samples take, uncompressed.
    """
    stored = labels.variables.values()
    needed = sum(one.size * np.dtype(one.encoding.get("dtype", one.dtype)).itemsize for one in stored)
    if shutil.disk_usage(path.parent).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
