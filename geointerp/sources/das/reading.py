"""Samples of one file, by their numbers: dascore selects by value, and some of its readers miss by one."""

import threading
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.sources.das.scan import DAMAGED, Piece

_READ_WHOLE = ("febus",)
"""Formats whose partial reads return other samples than those asked for (dascore 0.1.24: off by one)."""

_LOCK = threading.Lock()
"""PyTables, with which dascore reads some formats, may be used by one thread at a time."""


class PieceReader:
    """Reads stretches of files; of those that have to be read whole the last one is kept."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._kept: tuple[Piece, NDArray[Any]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the kept file behind when going to another process."""
        return {"_kept": None}

    def channels(self, piece: Piece) -> tuple[NDArray[np.float64], np.dtype[Any]]:
        """Return the distance of each channel, and the type of the samples, from as little as can be read.

        Raises:
            DataError: the file cannot be read.
        """
        with _LOCK:
            whole = _read_whole(piece)
            patch = _patch(piece) if whole else _patch(piece, time=(piece.start, piece.start))
        if patch is None:
            raise DataError(f"{piece.path} holds no samples from {piece.start}")
        distance = np.asarray(patch.get_coord("distance").values, np.float64)
        return distance, np.asarray(patch.data).dtype

    def read(self, piece: Piece, first: int, stop: int) -> NDArray[Any]:
        """Read samples ``first`` to ``stop`` of all channels.

        Returns:
            (channels, stop - first), of the type that is stored.

        Raises:
            DataError: the file cannot be read, or has changed since it was opened.
        """
        with _LOCK:
            if not _read_whole(piece):
                patch = _patch(piece, time=(piece.time(first), piece.time(stop - 1)))
                if patch is not None and _is_what_was_asked_for(patch, piece, first, stop):
                    return _values(patch)
            return self._whole(piece)[:, first:stop]

    def _whole(self, piece: Piece) -> NDArray[Any]:
        """Read a stretch from end to end, unless it was the last one that was."""
        if self._kept is None or self._kept[0] != piece:
            patch = _patch(piece)
            if patch is None:
                raise DataError(
                    f"{piece.path} no longer holds {piece.samples} samples from {piece.start}",
                    hint="the file was changed while it was open: start again",
                )
            self._kept = piece, _values(patch)
        return self._kept[1]


def _read_whole(piece: Piece) -> bool:
    return piece.file_format.lower().startswith(_READ_WHOLE)


def _patch(piece: Piece, **selection: Any) -> Any:
    """Return the patch of a stretch, or of a part of it; None if the file has none such.

    Raises:
        DataError: dascore cannot read the file.
    """
    import dascore

    kind = {"file_format": piece.file_format, "file_version": piece.file_version}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            patches = list(dascore.read(piece.path, **kind, **selection))
    except Exception as error:  # its readers let anything out of a damaged file
        raise DataError(
            f"{piece.path}: its {piece.samples} samples from {piece.start} cannot be read: {error}",
            hint=DAMAGED,
        ) from None
    whole = [patch for patch in patches if _belongs(patch, piece, partial=bool(selection))]
    return whole[0] if whole else None


def _belongs(patch: Any, piece: Piece, *, partial: bool) -> bool:
    """Whether a patch has the channels of the stretch and, unless it is a part of it, its samples."""
    sizes = dict(zip(patch.dims, patch.shape, strict=True))
    same = not piece.channels or sizes["distance"] == piece.channels
    return same and (partial or (sizes["time"] == piece.samples and _start(patch) == piece.start))


def _is_what_was_asked_for(patch: Any, piece: Piece, first: int, stop: int) -> bool:
    """Whether a partial read has the length and the first sample that were asked for."""
    length = dict(zip(patch.dims, patch.shape, strict=True))["time"]
    return length == stop - first and bool(abs(_start(patch) - piece.time(first)) < piece.step / 2)


def _start(patch: Any) -> Any:
    """Return the time of the first sample: datetime64 or seconds."""
    first = patch.get_coord("time").values[0]
    if isinstance(first, np.timedelta64):
        return float(first / np.timedelta64(1, "s"))
    return first if isinstance(first, np.datetime64) else float(first)


def _values(patch: Any) -> NDArray[Any]:
    return np.asarray(patch.transpose("distance", "time").data)
