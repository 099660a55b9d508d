"""Where results go: known suffixes, and outputs that appear whole or not at all."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geointerp.errors import OutputError, UsageError

ARRAY_SUFFIXES = (".nc", ".npy", ".sgy", ".segy", ".tif", ".tiff")
TABLE_SUFFIXES = (".csv", ".geojson", ".gpkg")
FILE_SUFFIXES = (*ARRAY_SUFFIXES, ".png", ".html", ".txt", *TABLE_SUFFIXES)
STORE_SUFFIX = ".zarr"
STORE_MARKER = "zarr.json"
_URL = re.compile(r"([a-z][a-z0-9+.-]+):/")  # as a path it has lost a slash; one letter is a drive


def check_suffix(path: Path) -> str:
    """Return the suffix of an output's name, in lower case, when a result can be written to it.

    Raises:
        UsageError: no writer goes by that suffix.
    """
    suffix = path.suffix.lower()
    if suffix not in (STORE_SUFFIX, *FILE_SUFFIXES):
        raise UsageError(
            f"no writer goes by the suffix '{suffix}': {path}",
            hint=f"the suffixes are {', '.join((STORE_SUFFIX, *FILE_SUFFIXES))}",
        )
    return suffix


@contextmanager
def whole_or_not_at_all(
    path: Path, *, overwrite: bool = False, source: str | None = None, marker: str | None = None
) -> Iterator[Path]:
    """Give a name to work under; what lies there takes the name ``path`` when all went well.

    Args:
        path: the file or folder to be; the folders above it are made.
        overwrite: whether what is there already may be replaced.
        source: the input's path, which is never replaced.
        marker: a file that a folder must hold to be replaced; without it no folder is.

    Yields:
        The sibling ``.<name>.partial``, where nothing lies yet.

    Raises:
        OutputError: ``path`` exists and may not be replaced, or cannot be written.
    """
    check_free(path, overwrite=overwrite, source=source, marker=marker)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    remove(partial)
    try:
        yield partial
        put_in_place(partial, path)
        remove(former_of(path))
    except OSError as error:
        if isinstance(error, OutputError) or not _of_output(error, partial):
            raise
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="give -o a place that exists, has room, and that you may write to",
        ) from error
    finally:
        remove(partial)


def _of_output(error: OSError, partial: Path) -> bool:
    """Whether an output could not be written: what is said of it, or of no file but that there is no room."""
    if error.filename is not None:
        return str(partial) in str(error.filename)
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def partial_of(output: Path) -> Path:
    """Where an output is made."""
    return _beside(output, "partial")


def former_of(output: Path) -> Path:
    """Where a former output lies while it is replaced."""
    return _beside(output, "former")


def _beside(output: Path, what: str) -> Path:
    named = output if output.name else output.absolute()  # the current folder has none
    return named.with_name(f".{named.name}.{what}")


def put_in_place(partial: Path, output: Path) -> None:
    """Give what is complete its name; what had it is moved to ``former_of``, for the caller to remove.

    Killed at any point, the new result lies whole under one of the two names.

    Raises:
        OutputError: the file system refuses; the former output keeps its name then.
    """
    former, moved = former_of(output), False
    try:
        remove(former)  # of an earlier run that was killed here
        if partial.is_dir() or output.is_dir():
            if os.path.lexists(output):
                moved = True
                output.rename(former)
            partial.rename(output)
        else:
            partial.replace(output)  # a file takes the place of another in one step
    except BaseException as error:  # a signal's too
        if moved and os.path.lexists(former) and not os.path.lexists(output):
            former.rename(output)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"{partial} cannot be renamed to {output.name}: {error.strerror or error}",
            hint="is another program using the folder, or may it not be written to?",
        ) from error


def remove(path: Path) -> None:
    """Remove a file, a folder with all that is in it, or a link (never what it leads to), if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def check_free(
    path: Path, *, overwrite: bool = False, source: str | None = None, marker: str | None = None
) -> None:
    """Refuse an output that may not be written; see ``whole_or_not_at_all``.

    Raises:
        OutputError: ``path`` exists and may not be replaced.
    """
    if found := _URL.match(str(path)):
        raise OutputError(
            f"results are written on this machine, not to {found[1]}",
            hint="write to a folder, and copy the result from there",
        )
    if source is not None and path.resolve() == Path(source).resolve():
        raise OutputError(f"{path} is the input itself", hint="give the result another name")
    if source is not None and path.resolve() in Path(source).resolve().parents:
        raise OutputError(f"{path} holds the input, {source}", hint="write the result elsewhere")
    store = next((folder for folder in path.resolve().parents if (folder / STORE_MARKER).is_file()), None)
    if store is not None:
        raise OutputError(f"{path} lies inside the store {store}", hint="write it elsewhere")
    if not path.exists():
        return
    if marker and not path.is_dir():
        raise OutputError(
            f"{path} exists and is a file, which is not replaced by a folder",
            hint="remove it, or give another name",
        )
    if not overwrite:
        raise OutputError(f"{path} exists", hint="--overwrite replaces it")
    if path.is_dir() and any(path.iterdir()) and not (marker and (path / marker).is_file()):
        raise OutputError(
            f"{path} is a folder of something else, and is not replaced",
            hint="remove it, or give another name",
        )
