"""Where results go: known suffixes, and outputs that appear whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geointerp.errors import OutputError, UsageError

FILE_SUFFIXES = (".nc", ".npy", ".png")
STORE_SUFFIX = ".zarr"
_NOT_BUILT = (".sgy", ".segy", ".tif", ".tiff")


def check_suffix(path: Path) -> str:
    """Return the suffix of an output's name, in lower case, when labels can be written to it.

    Raises:
        UsageError: no writer goes by that suffix.
    """
    suffix = path.suffix.lower()
    if suffix in _NOT_BUILT:
        raise UsageError(
            f"labels cannot be written as {suffix} yet: {path}",
            hint=f"write {path.with_suffix(STORE_SUFFIX).name}, which keeps all coordinates",
        )
    if suffix not in (STORE_SUFFIX, *FILE_SUFFIXES):
        raise UsageError(
            f"no writer goes by the suffix '{suffix}': {path}",
            hint=f"the suffixes are {', '.join((STORE_SUFFIX, *FILE_SUFFIXES))}",
        )
    return suffix


@contextmanager
def whole_or_not_at_all(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a name to work under; what lies there takes the name ``path`` when all went well.

    Args:
        path: the file or folder to be.
        overwrite: whether what is there already may be replaced.

    Yields:
        The sibling ``.<name>.partial``, where nothing lies yet.

    Raises:
        OutputError: ``path`` exists, or its folder does not.
    """
    check_free(path, overwrite=overwrite)
    partial = path.with_name(f".{path.name}.partial")
    _remove(partial)
    try:
        yield partial
        if path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)
    finally:
        _remove(partial)


def check_free(path: Path, *, overwrite: bool) -> None:
    """Refuse an output that exists already, or that has no folder to be in.

    Raises:
        OutputError: ``path`` exists and may not be replaced, or its folder does not exist.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"the output exists already: {path}", hint="replace it with --overwrite")
    if not path.parent.is_dir():
        raise OutputError(
            f"there is no folder {path.parent} for the output {path.name}", hint="make it first"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
