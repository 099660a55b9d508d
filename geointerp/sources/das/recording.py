"""Files in time order are one recording: an axis without breaks, with nothing where nothing was recorded."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.sources.das.reading import PieceReader
from geointerp.sources.das.scan import Piece
from geointerp.sources.windows import as_float32, read_indexed

_SAME_RATE = 1e-3  # relative: two clocks differ by less, two settings by more
_SAME_DISTANCE = 1e-6  # relative: what is due to rounding
_MOST_GAPS = 10  # times what was recorded
_MUCH_MISSING = 10**8  # samples, fewer are no burden


@dataclass(frozen=True, eq=False)
class Recording:
    """An array-like over files for dask: (channels, samples) float32, NaN in the gaps between them.

    Attributes:
        pieces: in time order.
        starts: the sample with which each begins, int64.
        channels: of every piece.
        reader: of their samples.
    """

    pieces: tuple[Piece, ...]
    starts: NDArray[np.int64]
    channels: int
    reader: PieceReader
    dtype = np.dtype(np.float32)
    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, and samples with those that are missing."""
        return self.channels, int(self.starts[-1]) + self.pieces[-1].samples

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Read a window.

        Raises:
            DataError: a file is damaged, or was changed.
        """
        return read_indexed(key, self.shape, self._read)

    def _read(self, channels: slice, samples: slice) -> NDArray[np.float32]:
        window = np.full((channels.stop - channels.start, samples.stop - samples.start), np.nan, np.float32)
        first = max(int(np.searchsorted(self.starts, samples.start, "right")) - 1, 0)
        for piece, start in zip(self.pieces[first:], self.starts[first:].tolist(), strict=True):
            if start >= samples.stop:
                break
            begin, stop = max(samples.start, start), min(samples.stop, start + piece.samples)
            if begin < stop:
                values = self.reader.read(piece, begin - start, stop - start)
                window[:, begin - samples.start : stop - samples.start] = as_float32(values[channels])
        return window

    def chunks(self, longest: int) -> tuple[int, ...]:
        """Cut the time axis at the ends of files and gaps, and into parts of at most ``longest`` samples."""
        ends = [start + piece.samples for start, piece in zip(self.starts, self.pieces, strict=True)]
        edges = np.unique([0, *self.starts.tolist(), *ends]).tolist()
        cuts: list[int] = []
        for begin, end in pairwise(edges):
            parts = -(-(end - begin) // longest)
            cuts += np.diff(np.linspace(begin, end, parts + 1).astype(np.int64)).tolist()
        return tuple(cuts)


def join(pieces: Sequence[Piece]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Place stretches on one regular axis.

    A file that begins within half a sample of where the one before it ends goes on with it; later ones leave
    a gap of whole samples. The step is the recording's own, first to last file, since that of a single file
    is rounded and would run away from the clock.

    Returns:
        The first sample of each, int64, and the time of every sample.

    Raises:
        DataError: they differ in channels, sampling rate or place, overlap, or lie far apart.
    """
    for one, other in pairwise(pieces):
        _check_alike(one, other)
    starts = [0]
    for one, other in pairwise(pieces):
        late = _samples_late(one, other)
        if late < 0:
            raise DataError(
                f"{other.path} begins at {other.start}, before {one.path} ends, at "
                f"{one.time(one.samples - 1)}",
                hint=apart(one, other, "move one of them elsewhere: no sample may be recorded twice"),
            )
        starts.append(starts[-1] + one.samples + late)
    total = starts[-1] + pieces[-1].samples
    _check_gaps(pieces, starts, total)
    return np.array(starts, np.int64), _axis(pieces, starts, total)


def _check_gaps(pieces: Sequence[Piece], starts: Sequence[int], total: int) -> None:
    """Refuse files so far apart that next to nothing of one axis was recorded, and it may not fit in memory.

    Raises:
        DataError: names those with the longest gap between them.
    """
    recorded = sum(piece.samples for piece in pieces)
    if total - recorded <= max(_MUCH_MISSING, _MOST_GAPS * recorded):
        return
    missing = np.diff(starts) - [piece.samples for piece in pieces[:-1]]
    longest = int(missing.argmax())
    one, other = pieces[longest : longest + 2]
    raise DataError(
        f"{one.path} and {other.path} lie {missing[longest]} samples apart, and all {len(pieces)} stretches "
        f"hold {recorded}",
        hint="they are no one recording: interpret the files one by one",
    )


def _samples_late(one: Piece, other: Piece) -> int:
    """Return how many samples ``other`` begins after the end of ``one``; negative where they overlap.

    A step of datetime64 is told in whole nanoseconds: at 6 kHz it is a third of one too long, and a file of a
    minute seems to end most of a sample too late. The step of a whole number of hertz is known exactly; of
    another, what may be due to the rounding is neither gap nor overlap.
    """
    if not isinstance(one.step, np.timedelta64):
        return round(float((other.start - one.time(one.samples)) / one.step))
    nanosecond = np.timedelta64(1, "ns")
    step, begun = int(one.step / nanosecond), int((other.start - one.start) / nanosecond)
    hertz = max(1, round(1e9 / step))
    if round(1e9 / hertz) == step:
        return round(begun * hertz / 1e9) - one.samples
    late = begun - one.samples * step
    return 0 if abs(late) <= (step + one.samples) / 2 else round(late / step)


def _axis(pieces: Sequence[Piece], starts: Sequence[int], total: int) -> NDArray[Any]:
    """Return the time of every sample; warn where a file lies elsewhere on that axis than its clock says."""
    first, last = pieces[0], pieces[-1]
    if not starts[-1]:
        return np.asarray(first.start + np.arange(total) * first.step)
    whole = last.start - first.start
    axis: NDArray[Any] = np.arange(total, dtype=np.float64)
    if isinstance(first.start, np.datetime64):
        axis *= int(whole / np.timedelta64(1, "ns")) / starts[-1]
        axis = np.rint(axis, out=axis).astype("timedelta64[ns]")
    else:
        axis *= whole / starts[-1]
    axis = axis + first.start
    moved = max(abs(axis[start] - piece.start) for start, piece in zip(starts, pieces, strict=True))
    if moved > first.step:
        warnings.warn(
            f"{first.path.parent}: the files are not evenly spaced in time: some samples lie up to {moved} "
            "from where their clock says",
            stacklevel=2,
        )
    return axis


def gaps(pieces: Sequence[Piece], starts: NDArray[np.int64]) -> list[dict[str, Any]]:
    """List the gaps: the file before each, and how many samples are missing."""
    found = []
    for number, (one, start) in enumerate(zip(pieces[:-1], starts[:-1], strict=True)):
        missing = int(starts[number + 1] - start) - one.samples
        if missing:
            found.append({"after": one.path.name, "samples": missing})
    return found


def _check_alike(one: Piece, other: Piece) -> None:
    """Refuse two files that are no parts of one recording.

    Raises:
        DataError: names what differs, with both numbers.
    """
    both = f"{one.path} and {other.path}"
    hint = apart(one, other)
    if one.channels != other.channels:
        raise DataError(
            f"{both} are not one recording: {one.channels} and {other.channels} channels", hint=hint
        )
    if abs(float(other.step / one.step) - 1) > _SAME_RATE:
        raise DataError(
            f"{both} are not one recording: sampled every {_shown(one.step)} and {_shown(other.step)}",
            hint=hint,
        )
    for units, what in (("units", ""), ("distance_units", "distances ")):
        mine, theirs = one.facts.get(units), other.facts.get(units)
        if mine != theirs:
            raise DataError(f"{both} are not one recording: {what}in {mine} and {theirs}", hint=hint)
    for what, mine, theirs in (
        ("their channels are spaced by", one.distance_step, other.distance_step),
        ("they begin at a distance of", one.first_distance, other.first_distance),
        ("they end at a distance of", one.last_distance, other.last_distance),
    ):
        least = _SAME_DISTANCE * abs(one.distance_step)  # 0 may be written as next to nothing
        if not math.isclose(mine, theirs, rel_tol=_SAME_DISTANCE, abs_tol=least):
            raise DataError(f"{both} are not one recording: {what} {mine:.9g} and {theirs:.9g}", hint=hint)


def apart(one: Piece, other: Piece, of_files: str = "") -> str:
    """Return the hint of two files that are no parts of one recording, or what helps where they are one."""
    if one.path == other.path:
        return "the file holds several recordings: write each to a file of its own, with dascore"
    return of_files or "put the files of different recordings into folders of their own"


def _shown(step: Any) -> str:
    seconds = step / np.timedelta64(1, "s") if isinstance(step, np.timedelta64) else step
    return f"{float(seconds) * 1e3:g} ms"
