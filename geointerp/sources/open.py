"""Any file becomes a volume: its content decides how, its suffix only where the content is silent."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import xarray as xr

from geointerp.errors import DataError, UsageError
from geointerp.sources.das.scan import das_files
from geointerp.sources.elevation import elevation_or_not
from geointerp.sources.kinds import Place, find_kind, read_start
from geointerp.sources.remote import ZARR_MARKS

_FOR = {
    "shape": (("raw",), "says how headerless files are read"),
    "dtype": (("raw",), "says how headerless files are read"),
    "variable": (("store", "hdf5"), "names a variable of a Zarr, NetCDF or HDF5 store"),
    "band": (("raster", "picture"), "chooses a band of a raster or picture"),
    "hillshade": (("raster",), "is for elevation on a map"),
}
"""Which kinds of file an option is for, and what it says; all others are for SEG-Y."""

_KINDS = {
    "segy": "SEG-Y",
    "npy": "a NumPy file",
    "raw": "a headerless file",
    "picture": "a picture on no map",
    "raster": "a raster",
    "store": "a Zarr or NetCDF store",
    "hdf5": "an HDF5 file",
    "das": "a DAS recording",
}


def open_volume(
    path: str | os.PathLike[str],
    *,
    shape: str | Sequence[int] | None = None,
    dtype: str | None = None,
    variable: str | None = None,
    band: int | None = None,
    hillshade: bool | str | tuple[float, float] | None = None,
    sun: str | tuple[float, float] | None = None,
    elevation: Literal["hillshade", "raw"] | None = None,
    **segy_options: Any,
) -> xr.DataArray:
    """Open a file, a folder of DAS files, or a URL as a lazy volume.

    Args:
        path: SEG-Y; DAS (a file, or a folder of files that are one recording); a raster on a map; ``.npy``;
            headerless ``.dat`` or ``.bin``; a picture; Zarr (also MDIO), NetCDF or HDF5. A URL (``s3://``,
            ``gs://``, ``https://``) of SEG-Y, Zarr or a raster.
        shape: of a headerless file, as it is stored: ``"601,481,1501"`` or numbers.
        dtype: of a sample of a headerless file, by numpy's name: ``float32``, ``>i2``.
        variable: which one of a Zarr, NetCDF or HDF5 store.
        band: of a raster or picture, counted from 1.
        hillshade: reads elevation as relief under a sun: True, or (azimuth, altitude) in degrees; False
            reads it as it is, whatever ``elevation`` says.
        sun: where the sun of ``hillshade=True`` stands, in degrees: ``"315,45"`` is north-west, half-way up.
        elevation: what elevation models (`geointerp.sources.elevation` says which rasters are) are read as,
            where ``hillshade`` does not say: ``hillshade``, relief under the usual sun; ``raw``, and None,
            as they are. All other files are read as ever.
        segy_options: those of `geointerp.sources.segy.SegyOptions`: inline_byte, crossline_byte, x_byte,
            y_byte, cdp_byte, endian, sample_format, sample_interval, duplicates. None counts as not given.

    Returns:
        dims and coordinates by kind: (inline, crossline, time|depth), (cdp, time|depth), (distance, time),
        (y, x) with ``spatial_ref``, (row, column). float32; the labels of a label store as stored, uint8.
        Where there is no datum (missing traces, gaps, nodata) NaN; missing traces are False in
        ``trace_mask``. ``attrs`` tell the provenance.

    Raises:
        DataError: the file is absent, unreadable, damaged or of another kind, or an optional package that
            reads it is not installed.
        UsageError: an option is unknown, has an impossible value, or is not for this kind of file.
    """
    from geointerp.sources.segy.options import SegyOptions

    if sun and not hillshade:
        raise UsageError("the sun says from where relief is lit", hint="give hillshade as well")
    try:
        segy = SegyOptions(**segy_options)
    except TypeError as error:
        raise UsageError(f"open_volume: {error}") from None
    others = {
        "shape": shape,
        "dtype": dtype,
        "variable": variable,
        "band": band,
        "hillshade": (sun or hillshade) if hillshade else None,
    }
    given = {name: value for name, value in (segy_options | others).items() if value is not None}
    place = place_of(path)
    kind = find_kind(place, given)
    _check_options(place, kind, given)
    if kind == "segy":
        from geointerp.sources.segy.volume import open_segy

        return _with_provenance(open_segy(place, segy), place, given)
    volume = _open_other(place, kind, given)
    if elevation == "hillshade" and hillshade is None:
        is_one, why = elevation_or_not(volume)
        if is_one:
            given["hillshade"] = True
            volume = _open_other(place, kind, given)
            volume.attrs["raster"]["elevation_why"] = why
    return _with_provenance(volume, place, given)


def open_label_file(path: str | os.PathLike[str]) -> xr.DataArray:
    """Open a file of labels as `open_volume` does, but a picture or raster as the numbers stored in it.

    So a palette's are its colour numbers, and the zeros of a raster are a class, whatever it says of them.

    Raises:
        DataError: as `open_volume`, or a raster has several bands.
    """
    place = place_of(path)
    kind = find_kind(place, {})
    if isinstance(place, Path) and kind == "picture":
        from geointerp.sources.arrays import open_picture

        return _with_provenance(open_picture(place, indices=True), place, {})
    if kind == "raster":
        return _with_provenance(_open_raster(place, {}, indices=True), place, {})
    volume = open_volume(path)
    if volume.attrs.get("segy", {}).get("sample_format") == "int8":
        # Labels are bytes without a sign, which SEG-Y of revision 1 has not: 255 stands there as -1.
        attrs = volume.attrs
        volume = volume.where(~(volume < 0), volume + 256)
        volume.attrs = attrs
    return volume


def suiting(path: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options for reading one file that say something about another as well."""
    unshaped = {name: value for name, value in options.items() if name not in ("shape", "dtype")}
    try:
        kind = find_kind(place_of(path), unshaped)
    except DataError:  # headerless, or it cannot be read whatever the options
        return dict(options)
    return {name: value for name, value in options.items() if kind in _FOR.get(name, (("segy",),))[0]}


def place_of(path: str | os.PathLike[str]) -> Place:
    """Return a path as an absolute one, or what lies behind a URL.

    Raises:
        DataError: the URL is of a kind that is not read.
        UsageError: the path is empty, as a variable is that was never set.
    """
    from geointerp.sources.remote import RemoteFile, is_url

    text = os.fspath(path)
    if not text:
        raise UsageError("the path of an input is empty", hint="is a variable of your shell not set?")
    if is_url(text):
        return RemoteFile(text)
    if "://" in text and not Path(text).exists():
        raise DataError(f"{text}: of URLs, s3://, gs:// and https:// are read", hint="download it first")
    return Path(text).expanduser().absolute()


def _check_options(place: Place, kind: str, given: Mapping[str, Any]) -> None:
    """Refuse options that say nothing about this kind of file.

    Raises:
        UsageError: names them, and what they are for.
    """
    foreign = [name for name in given if kind not in _FOR.get(name, (("segy",),))[0]]
    if not foreign:
        return
    names = ", ".join(f"--{name.replace('_', '-')}" for name in foreign)
    if foreign[0] in _FOR:
        raise UsageError(f"{place} is {_KINDS[kind]}: {names} {_FOR[foreign[0]][1]}")
    raise UsageError(f"{place} is not SEG-Y: {names} says how SEG-Y is read")


def _open_other(place: Place, kind: str, given: Mapping[str, Any]) -> xr.DataArray:
    """Open what is not SEG-Y."""
    if kind == "store":
        from geointerp.sources.stores import open_store

        return open_store(place, given.get("variable"))
    if kind == "raster":
        return _open_raster(place, given)
    assert isinstance(place, Path), "find_kind lets no other kinds pass for URLs"
    if kind == "das":
        from geointerp.sources.das.volume import open_das

        return open_das(place, das_files(place) if place.is_dir() else [place])
    if kind == "hdf5":
        from geointerp.sources.hdf5 import open_hdf5

        return open_hdf5(place, given.get("variable"))
    from geointerp.sources.arrays import open_npy, open_picture, open_raw

    if kind == "raw":
        return open_raw(place, given.get("shape"), given.get("dtype"))
    return open_npy(place) if kind == "npy" else open_picture(place, band=given.get("band"))


def _open_raster(place: Place, given: Mapping[str, Any], *, indices: bool = False) -> xr.DataArray:
    from geointerp.sources.hillshade import sun_from
    from geointerp.sources.raster import open_raster

    opener = None if isinstance(place, Path) else place.filesystem
    return open_raster(
        str(place),
        band=given.get("band"),
        sun=sun_from(given.get("hillshade")),
        indices=indices,
        opener=opener,
    )


def _with_provenance(volume: xr.DataArray, place: Place, given: Mapping[str, Any]) -> xr.DataArray:
    """Add to ``attrs`` what decides the labels: path, size, a hash of the headers, and the options given.

    ``array`` is what dask calls the samples: of a volume that was changed since it is another. The headers of
    SEG-Y are hashed by its reader.
    """
    volume.attrs |= {"source": str(place), "source_size": _size(place), "reading": dict(given)}
    volume.attrs["array"] = getattr(volume.data, "name", None)
    if "source_headers_sha256" not in volume.attrs:
        volume.attrs["source_headers_sha256"] = _headers_sha256(place)
    return volume


def _headers_sha256(place: Place) -> str | None:
    """Hash the first bytes of a file; None for a store behind a URL.

    Of a folder, names, sizes and first bytes are: of all files of a recording, of a store's metadata.
    """
    if place.is_file():
        return hashlib.sha256(read_start(place)).hexdigest()
    if not isinstance(place, Path):
        return None
    digest = hashlib.sha256()
    marks = (*ZARR_MARKS, ".zattrs")
    for file in das_files(place) or sorted(file for file in place.rglob("*") if file.name in marks):
        name, size = file.relative_to(place).as_posix(), file.stat().st_size
        digest.update(f"{name}:{size}:".encode() + read_start(file))
    return digest.hexdigest()


def _size(place: Place) -> int | None:
    """Return the bytes of a file, or of all files in a folder; None for a store behind a URL.

    Of a recording's folder its own files count: results may be written beside them.
    """
    if not isinstance(place, Path):
        return place.stat().st_size if place.is_file() else None
    if place.is_file():
        return place.stat().st_size
    if files := das_files(place):
        return sum(file.stat().st_size for file in files)
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
