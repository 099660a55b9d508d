"""Any file becomes a volume: its content decides how, its suffix only where the content is silent."""

import os
from pathlib import Path
from typing import Any

import xarray as xr

from geointerp.errors import DataError, UsageError

_MAGIC = (
    (b"\x93NUMPY", "npy"),
    (b"\x89PNG\r\n", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"P5", "picture"),
    (b"\x89HDF\r\n", "store"),
    (b"CDF\x01", "store"),
    (b"CDF\x02", "store"),
)
_SEGY_SUFFIXES = frozenset({".sgy", ".segy", ".seg", ".segy1"})
_ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")
_READ = "SEG-Y, .npy, PNG, JPEG, TIFF, PGM, Zarr and NetCDF"


def open_volume(path: str | os.PathLike[str], **segy_options: Any) -> xr.DataArray:
    """Open a file as a lazy volume.

    Args:
        path: a SEG-Y file, ``.npy`` file, picture, Zarr folder or NetCDF file.
        segy_options: those of `geointerp.sources.segy.SegyOptions`: inline_byte, crossline_byte, x_byte,
            y_byte, cdp_byte, endian, sample_format, sample_interval, duplicates. None counts as not given.

    Returns:
        dims and coordinates by kind: (inline, crossline, time|depth), (cdp, time|depth), (row, column), …
        float32; the labels of a label store as stored, uint8. Missing traces are NaN, and False in
        ``trace_mask``. ``attrs`` tell the provenance.

    Raises:
        DataError: the file is absent, unreadable, damaged or of another kind.
        UsageError: an option has an impossible value, or belongs to SEG-Y and the file is not.
    """
    from geointerp.sources.segy.options import SegyOptions

    try:
        options = SegyOptions(**segy_options)
    except TypeError as error:
        raise UsageError(f"open_volume: {error}") from None
    file = Path(path).expanduser().absolute()
    kind = _kind(file)
    if kind == "segy":
        from geointerp.sources.segy.volume import open_segy

        return open_segy(file, options)
    if options != SegyOptions():
        given = ", ".join(
            f"--{name.replace('_', '-')}" for name, value in segy_options.items() if value is not None
        )
        raise UsageError(f"{file} is not SEG-Y: {given} says how SEG-Y is read")
    return _open_other(file, kind)


def open_label_file(path: str | os.PathLike[str]) -> xr.DataArray:
    """Open a file of labels as `open_volume` does, but a picture with a palette as its colour numbers.

    Raises:
        DataError: as `open_volume`.
    """
    file = Path(path).expanduser().absolute()
    if _kind(file) == "picture":
        from geointerp.sources.arrays import open_picture

        return open_picture(file, indices=True)
    return open_volume(file)


def _open_other(file: Path, kind: str) -> xr.DataArray:
    from geointerp.sources.arrays import open_npy, open_picture
    from geointerp.sources.stores import open_store

    return {"npy": open_npy, "picture": open_picture, "store": open_store}[kind](file)


def _kind(file: Path) -> str:
    """Return ``segy``, ``npy``, ``picture`` or ``store``.

    Raises:
        DataError: the file is absent, unreadable or of another kind.
    """
    head = _head(file)
    if head is None:
        return "store"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    from geointerp.sources.segy.sniff import looks_like_segy

    if file.suffix.lower() in _SEGY_SUFFIXES or looks_like_segy(head):
        return "segy"
    what = "is empty (0 bytes)" if not head else "is none of the kinds of file that are read"
    raise DataError(
        f"{file} {what}", hint=f"{_READ} are read; SEG-Y by the suffix .sgy or .segy, or its content"
    )


def _head(file: Path) -> bytes | None:
    """Return the first bytes of a file, None for a Zarr folder.

    Raises:
        DataError: it is absent, a folder of another kind, no plain file, or may not be read.
    """
    try:
        if file.is_dir():
            if any((file / mark).exists() for mark in _ZARR_MARKS):
                return None
            raise DataError(f"{file} is a folder, not a file", hint="of folders only Zarr stores are read")
        if not file.exists():
            raise DataError(f"{file} does not exist", hint="check the path")
        if not file.is_file():
            raise DataError(f"{file} is no plain file")
        with file.open("rb") as opened:
            return opened.read(4000)
    except PermissionError:
        raise DataError(f"{file} may not be read: permission denied", hint=f"chmod u+r {file}") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from None
