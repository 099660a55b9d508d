"""Trace maps kept in the user's cache folder, by path, size and time of change of the file they belong to.

``GEOINTERP_CACHE`` names another folder. A cache that cannot be written or read is done without.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from geointerp.sources.remote import RemoteFile
from geointerp.sources.segy.files import SegyFile

_VERSION = 7  # raise it when what is kept, or how it is found, changes


def cache_folder() -> Path:
    """Return the folder of trace maps."""
    given = os.environ.get("GEOINTERP_CACHE")
    return (Path(given) if given else Path(platformdirs.user_cache_path("geointerp"))) / "trace-maps"


def cache_file(path: SegyFile, head: bytes, options: object) -> Path:
    """Return where the trace map of a file is kept.

    Args:
        path: absolute, of the SEG-Y file.
        head: its first bytes: they, too, have to be the same.
        options: what the user said about it, with a ``repr`` that says everything.
    """
    changed = path.version if isinstance(path, RemoteFile) else path.stat().st_mtime_ns
    key = (_VERSION, str(path), path.stat().st_size, changed, hashlib.sha256(head).hexdigest(), options)
    return cache_folder() / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.npz"


def load(file: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Return the arrays and the facts kept in ``file``, or None if it is absent or damaged."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        return arrays, json.loads(str(arrays.pop("facts")))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError):
        return None


def store(file: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Keep arrays and facts; the file appears whole or not at all."""
    kept: dict[str, Any] = {**arrays, "facts": np.array(json.dumps(dict(facts)))}
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, suffix=".partial")
        try:
            with os.fdopen(descriptor, "wb") as target:
                np.savez(target, **kept)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
