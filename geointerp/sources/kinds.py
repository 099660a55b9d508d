"""What kind of file something is: by its first bytes, and by its suffix only where these are silent."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geointerp.errors import DataError
from geointerp.sources.remote import ZARR_MARKS, RemoteFile

Place = Path | RemoteFile

_START_BYTES = 4000
_MAGIC = (
    (b"\x93NUMPY", "npy"),
    (b"\x89PNG\r\n", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"P5", "picture"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cjP  ", "raster"),
    (b"\xff\x4f\xff\x51", "raster"),
    (b"<VRTDataset", "raster"),
    (b"PDS_VERSION_ID", "raster"),
    (b"\x89HDF\r\n", "hdf5"),
    (b"CDF\x01", "store"),
    (b"CDF\x02", "store"),
    (b"TDSm", "das"),
)
_RASTER_WORDS = (b"<Product_Observational", b"Object = IsisCube", b"CCSD3ZF", b"LBLSIZE=")
"""In the first bytes of PDS4 labels, ISIS cubes, and PDS3 and VICAR files."""

_SUFFIXES = {
    **dict.fromkeys((".sgy", ".segy", ".seg", ".segy1"), "segy"),
    **dict.fromkeys((".dat", ".bin"), "raw"),
    **dict.fromkeys((".cub", ".lbl", ".img", ".jp2", ".j2k", ".vrt"), "raster"),
}
_REMOTE = ("segy", "raster", "store")
_GEOTIFF_TAGS = (33550, 33922, 34264, 34735)  # pixel scale, tie points, transformation, GeoKeys
_LARGEST_PICTURE = 1 << 26  # pixels; larger ones are read window by window
_READ = "SEG-Y, DAS, rasters, .npy, PNG, JPEG, TIFF, PGM, Zarr, NetCDF and HDF5"


def find_kind(place: Place, given: Mapping[str, Any]) -> str:
    """Return ``segy``, ``das``, ``raster``, ``picture``, ``npy``, ``raw``, ``store`` or ``hdf5``.

    Args:
        place: of the file.
        given: the options, for a headerless file says its shape, and a data set its name.

    Raises:
        DataError: the file is absent, unreadable or of another kind.
    """
    if isinstance(place, RemoteFile):
        return _remote_kind(place)
    start = _start(place)
    if start is None:
        return _kind_of_folder(place)
    if not start:
        raise DataError(f"{place} is empty (0 bytes)", hint="copy it again from where it came")
    if "shape" in given and not start.startswith(b"\x93NUMPY"):
        return "raw"
    kind = _by_content(start)
    if kind == "tiff":
        return _kind_of_tiff(place, given)
    if kind == "hdf5":
        return _kind_of_hdf5(place, given)
    named = _SUFFIXES.get(place.suffix.lower())
    if kind == "segy" and named == "raster":
        return named  # two bytes in a range tell SEG-Y, and any image without a header may hold them
    if kind or named:
        return str(kind or named)
    raise _other(place)


def read_start(place: Place) -> bytes:
    """Return the first bytes of a file."""
    with place.open("rb") as opened:
        return opened.read(_START_BYTES)


def _by_content(start: bytes) -> str | None:
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if any(word in start for word in _RASTER_WORDS):
        return "raster"
    from geointerp.sources.segy.sniff import looks_like_segy

    return "segy" if looks_like_segy(start) else None


def _other(place: Place) -> DataError:
    return DataError(
        f"{place} is none of the kinds of file that are read",
        hint=f"{_READ} are read; SEG-Y by the suffix .sgy or .segy, or its content; "
        "headerless files with --shape and --dtype",
    )


def _start(file: Path) -> bytes | None:
    """Return the first bytes of a file, None for a folder.

    Raises:
        DataError: it is absent, no plain file, or may not be read.
    """
    try:
        if file.is_dir():
            return None
        if not file.exists():
            raise DataError(f"{file} does not exist", hint="check the path")
        if not file.is_file():
            raise DataError(f"{file} is no plain file")
        return read_start(file)
    except PermissionError:
        raise DataError(f"{file} may not be read: permission denied", hint=f"chmod u+r {file}") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from None


def _kind_of_folder(folder: Path) -> str:
    """Tell a Zarr store from a folder of DAS files.

    Raises:
        DataError: it is neither, or may not be read.
    """
    from geointerp.sources.das.scan import das_files

    try:
        if any((folder / mark).exists() for mark in ZARR_MARKS):
            return "store"
        if das_files(folder):
            return "das"
    except PermissionError as error:
        raise DataError(f"{error.filename} may not be read: permission denied") from None
    raise DataError(
        f"{folder} is a folder, not a file",
        hint="name the files in it, such as folder/*.sgy; as one input only Zarr stores, and HDF5 or TDMS "
        "files of one DAS recording are read",
    )


def _kind_of_tiff(file: Path, given: Mapping[str, Any]) -> str:
    """Tell a raster on a map, or one too large to be read at once, from a picture.

    Raises:
        DataError: it is on a map, and rasterio is absent.
    """
    from PIL import Image

    from geointerp.extras import needed

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a large or truncated file: its reader speaks of that
            with Image.open(file) as picture:
                small = picture.width * picture.height <= _LARGEST_PICTURE
                tagged = any(tag in getattr(picture, "tag_v2", ()) for tag in _GEOTIFF_TAGS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        small, tagged = False, False  # more bands than a picture has, or a damaged file: rasterio says which
    if tagged or not small or "hillshade" in given:
        needed("rasterio", "raster", f"{file} is a raster")
        return "raster"
    try:
        from geointerp.sources.raster import is_on_map

        return "raster" if is_on_map(file) else "picture"
    except ImportError:
        return "picture"


def _kind_of_hdf5(file: Path, given: Mapping[str, Any]) -> str:
    """Tell NetCDF and DAS from HDF5 that follows no convention.

    Raises:
        DataError: it is damaged, or dascore would be needed to tell.
    """
    from geointerp.sources.hdf5 import follows_netcdf

    if follows_netcdf(file):
        return "store"
    if "variable" in given:
        return "hdf5"
    try:
        from geointerp.sources.das.scan import recognises

        return "das" if recognises(file) else "hdf5"
    except ImportError:
        raise DataError(
            f"{file} is HDF5, perhaps a DAS recording, and dascore to tell is not installed",
            hint="pip install 'geointerp[das]'; or name the data set to be read with --variable",
        ) from None


def _remote_kind(place: RemoteFile) -> str:
    """Return the kind of what lies behind a URL.

    Raises:
        DataError: there is nothing, or something that is only read where it lies on this machine.
    """
    if place.is_store:
        return "store"
    start = read_start(place)
    kind = _by_content(start) or _SUFFIXES.get(place.suffix.lower())
    kind = "raster" if kind == "tiff" else kind
    if kind not in _REMOTE or not start or (kind == "store"):
        raise DataError(
            f"{place} is none of the kinds of file that are read from a URL: SEG-Y, Zarr and rasters",
            hint="download it first",
        )
    return kind
