"""A DAS file, or a folder of them, as a lazy `xarray.DataArray`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from dask.base import tokenize
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.extras import needed
from geointerp.sources.das.reading import PieceReader
from geointerp.sources.das.recording import Recording, apart, gaps, join
from geointerp.sources.das.scan import UNKNOWN, Piece, in_order, scan
from geointerp.sources.units import METRES
from geointerp.sources.windows import lazily

_CHUNK_BYTES = 32 << 20


def open_das(path: Path, files: Sequence[Path]) -> xr.DataArray:
    """Open DAS files as one recording; samples are read when they are computed.

    Args:
        path: of the file, or of the folder they lie in; nothing is written there.
        files: one file, or all of the folder, in any order.

    Returns:
        float32 (distance, time): distance in m, time datetime64[ns], or s from wherever the files count.
        Gaps between files are NaN. ``attrs["units"]`` and ``attrs["das"]["distance_units"]`` are as the files
        have them, ``unknown`` where they do not say.

    Raises:
        DataError: dascore is absent or cannot read a file, or they are no parts of one recording.
    """
    needed("dascore", "das", f"{path} is a DAS recording")
    pieces = in_order([piece for file in files for piece in scan(file)])
    starts, time = join(pieces)
    reader = PieceReader()
    distance, kind = reader.channels(pieces[0])
    if kind.kind not in "biuf":
        raise DataError(f"{pieces[0].path} holds {kind}: real numbers are read")
    _check_channels(pieces, distance, reader)
    recording = Recording(tuple(pieces), starts, distance.size, reader)
    longest = max(1, _CHUNK_BYTES // (4 * distance.size))
    lazy = lazily(
        recording, (distance.size, recording.chunks(longest)), f"das-{tokenize(list(map(str, pieces)))}"
    )
    dated = np.issubdtype(time.dtype, np.datetime64)
    place = pieces[0].facts["distance_units"]
    if (metres := METRES.get(place.lower())) is not None:
        distance, place = distance * metres, "m"
    coords = {
        "distance": ("distance", distance, {} if place == UNKNOWN else {"units": place}),
        "time": ("time", time, {} if dated else {"units": "s"}),
    }
    return xr.DataArray(lazy, coords, ("distance", "time"), "amplitude", _attributes(pieces, starts))


def _check_channels(pieces: Sequence[Piece], distance: NDArray[np.float64], reader: PieceReader) -> None:
    """Refuse unevenly spaced channels that are not where those of the first file are.

    Only reading tells: of some formats (`PieceReader`) the whole file.

    Raises:
        DataError: with both numbers.
    """
    first, *others = pieces
    for other in others if not first.channels else ():
        theirs, _ = reader.channels(other)
        both = f"{first.path} and {other.path} are not one recording"
        hint = apart(first, other)
        if theirs.size != distance.size:
            raise DataError(f"{both}: {distance.size} and {theirs.size} channels", hint=hint)
        if (moved := np.flatnonzero(~np.isclose(theirs, distance))).size:
            channel = int(moved[0])
            raise DataError(
                f"{both}: channel {channel + 1} lies at {distance[channel]:.9g} and {theirs[channel]:.9g}",
                hint=hint,
            )


def _attributes(pieces: Sequence[Piece], starts: Any) -> dict[str, Any]:
    """Return the provenance, in plain values."""
    first = pieces[0]
    facts = dict(first.facts)
    return {
        "format": f"DAS: {first.file_format} {first.file_version}",
        "units": facts.pop("units"),
        "das": facts
        | {
            "file_format": first.file_format,
            "file_version": first.file_version,
            "files": len({piece.path for piece in pieces}),
            "sampling_hz": float(1 / _in_seconds(first.step)),
            "gaps": gaps(pieces, starts),
        },
    }


def _in_seconds(step: Any) -> float:
    return float(step / np.timedelta64(1, "s")) if isinstance(step, np.timedelta64) else float(step)
