"""What DAS files hold, from their headers: dascore scans them, and nothing is written beside them."""

import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geointerp.errors import DataError

DIMS = {"distance", "time"}
UNKNOWN = "unknown"
_MAGIC = (b"\x89HDF\r\n", b"TDSm")
_SUFFIXES = (".h5", ".hdf5", ".tdms")
_LEAD_IN = 28  # bytes at the head of a TDMS segment, which its length does not count
_UNFINISHED = 2**64 - 1  # the length of a segment that was never closed
DAMAGED = (
    "is it truncated or still being written? then copy it again; dascore.org lists the formats that are read"
)


@dataclass(frozen=True)
class Piece:
    """One uninterrupted stretch of a recording in one file.

    Attributes:
        path: of the file.
        file_format: dascore's name for it, and ``file_version``.
        start: of its first sample: datetime64[ns], or seconds as a float.
        step: between samples: timedelta64[ns], or seconds.
        samples: along time.
        channels: along distance.
        first_distance: of its first channel.
        last_distance: of its last.
        distance_step: from one channel to the next, below 0 where they run backwards; 0 where it is uneven.
        facts: units, kind of data, gauge length … in plain values.
    """

    path: Path
    file_format: str
    file_version: str
    start: Any
    step: Any
    samples: int
    channels: int
    first_distance: float
    last_distance: float
    distance_step: float
    facts: dict[str, Any]

    def time(self, sample: int) -> Any:
        """Return when a sample was taken."""
        return self.start + sample * self.step


def recognises(path: Path) -> bool:
    """Whether dascore knows the format of an HDF5 or TDMS file.

    Raises:
        ImportError: dascore is absent.
    """
    import dascore
    from dascore.exceptions import UnknownFiberFormatError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dascore.get_format(path)
    except (UnknownFiberFormatError, OSError, ValueError, KeyError, TypeError):
        return False
    return True


def das_files(folder: Path) -> list[Path]:
    """Return the HDF5 and TDMS files of a folder, by their content; hidden ones are left out.

    Raises:
        DataError: another file among them has their suffix, or a link to one leads nowhere: it would be a
            gap that nobody has heard of.
    """
    seen = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    files = [file for file in seen if file.is_file()]
    lost = [file for file in seen if file.suffix.lower() in _SUFFIXES and not file.exists()]
    found = [file for file in files if _begins_with(file, _MAGIC)]
    strays = [file for file in files if file not in found and file.suffix.lower() in _SUFFIXES]
    if found and lost:
        raise DataError(
            f"{lost[0]} lies among files of a recording, but what it leads to is not there: "
            f"{lost[0].readlink()}",
            hint="mend the link, or take it away",
        )
    if found and strays:
        raise DataError(
            f"{strays[0]} lies among files of a recording, but its {strays[0].stat().st_size} bytes do not "
            "begin as HDF5 or TDMS",
            hint="copy it again, or move it elsewhere",
        )
    return found


def _begins_with(file: Path, magic: tuple[bytes, ...]) -> bool:
    with file.open("rb") as opened:
        return opened.read(8).startswith(magic)


def scan(path: Path) -> list[Piece]:
    """Return the stretches of a file in time order.

    Raises:
        DataError: dascore does not know it, or one of them has no regular time axis or other dims, or it is
            shorter than it says.
    """
    import dascore

    _check_tdms(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a scan failed, with the file alone and no reason
        try:
            found = dascore.scan(path, progress=None)
        except Exception as error:  # its readers let anything out of a damaged file
            raise DataError(f"{path} cannot be read as a DAS recording: {error}", hint=DAMAGED) from None
    if not found:
        raise DataError(f"{path} is no DAS recording that dascore can read", hint=DAMAGED)
    return in_order([_piece(path, attrs) for attrs in found])


def _check_tdms(path: Path) -> None:
    """Refuse a TDMS file that ends before its first segment does: dascore would take it for a shorter one.

    Raises:
        DataError: with both numbers.
    """
    with path.open("rb") as file:
        head = file.read(_LEAD_IN)
    if len(head) < _LEAD_IN or not head.startswith(_MAGIC[1]):
        return
    (length,) = struct.unpack_from("<Q", head, 12)
    held = path.stat().st_size
    if held < _LEAD_IN + length and length != _UNFINISHED:
        raise DataError(f"{path} has {held} bytes, and as its head says, {_LEAD_IN + length}", hint=DAMAGED)


def in_order(pieces: Sequence[Piece]) -> list[Piece]:
    """Sort stretches by their first sample.

    Raises:
        DataError: some have dates and some only seconds.
    """
    kinds = {isinstance(piece.start, np.datetime64): piece for piece in pieces}
    if len(kinds) > 1:
        raise DataError(f"{kinds[True].path} has dates along time and {kinds[False].path} only seconds")
    return sorted(pieces, key=lambda piece: piece.start)


def _piece(path: Path, attrs: Any) -> Piece:
    """Turn dascore's summary of a patch into a stretch.

    Raises:
        DataError: its dims are others, or time is not regular.
    """
    dims = [dim.strip() for dim in str(attrs.dims).split(",")]
    if set(dims) != DIMS:
        raise DataError(f"{path} has the dims ({', '.join(dims)}): a DAS recording has distance and time")
    time, distance = attrs.coords["time"], attrs.coords["distance"]
    start, step = time.min, time.step
    if not isinstance(start, np.datetime64):
        start, step = _seconds(start), None if step is None else _seconds(step)
    if not step or np.isnan(step):
        raise DataError(
            f"{path}: its samples are not evenly spaced along time ({time.min} to {time.max})",
            hint="resample it first, with dascore's patch.snap_coords() or patch.interpolate()",
        )
    ends = (distance.max, distance.min) if (distance.step or 0) < 0 else (distance.min, distance.max)
    span = time.max - time.min if isinstance(start, np.datetime64) else _seconds(time.max) - start
    return Piece(
        path=path,
        file_format=str(attrs.file_format),
        file_version=str(attrs.file_version),
        start=start,
        step=step,
        samples=round(float(span / step)) + 1,
        channels=_count(distance),
        first_distance=float(ends[0]),
        last_distance=float(ends[1]),
        distance_step=float(distance.step or 0),
        facts=_facts(attrs),
    )


def _count(distance: Any) -> int:
    """Return the number of channels; 0 where they are not evenly spaced, and only reading tells."""
    if not distance.step:
        return 0
    return round(abs(float((distance.max - distance.min) / distance.step))) + 1


def _seconds(value: Any) -> float:
    """Return a time as seconds; dascore gives timedelta64 or numbers."""
    return float(value / np.timedelta64(1, "s")) if isinstance(value, np.timedelta64) else float(value)


def _facts(attrs: Any) -> dict[str, Any]:
    """Return what is worth telling about a recording, in plain values."""
    told = {
        "data_type": str(attrs.data_type or ""),
        "units": _units(attrs.data_units),
        "distance_units": _units(attrs.coords["distance"].units),
        "instrument": str(attrs.instrument_id or ""),
        "gauge_length": _number(getattr(attrs, "gauge_length", None)),
    }
    return {name: value for name, value in told.items() if value not in ("", None)}


def _units(quantity: Any) -> str:
    """Return units in short, ``m/s``; ``unknown`` where the file does not say."""
    if quantity is None or str(quantity) == "":
        return UNKNOWN
    told = f"{quantity.units:~C}" if quantity.magnitude == 1 else f"{quantity:~C}"
    return told or "1"  # of a strain, m/m


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
