"""Regular line axes, and how well a choice of header words places the traces on them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geointerp.sources.segy.headers import TraceHeaders

_WIDEST_FLAGS = 1 << 24  # spans up to this many numbers are told apart by flags, wider ones by sorting


@dataclass(frozen=True)
class LineAxis:
    """Line numbers ``first, first + step, …``: the greatest step that meets every number found.

    A line that is missing from the file altogether thus keeps its place.
    """

    byte: int
    first: int
    step: int
    count: int

    @property
    def numbers(self) -> NDArray[np.int32]:
        """All line numbers, ascending, (count,) int32."""
        return (self.first + self.step * np.arange(self.count, dtype=np.int64)).astype(np.int32)


@dataclass(frozen=True)
class Grid:
    """The header words that place the traces: one axis (CDP) or two (inline, crossline)."""

    axes: tuple[LineAxis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Positions along each axis."""
        return tuple(axis.count for axis in self.axes)

    @property
    def cells(self) -> int:
        """Positions in all."""
        return int(np.prod([axis.count for axis in self.axes], dtype=object))

    @property
    def bytes_text(self) -> str:
        """The bytes as people write them: ``189/193``."""
        return "/".join(str(axis.byte) for axis in self.axes)

    def positions(self, headers: TraceHeaders) -> NDArray[np.int64]:
        """Return the flat position of every trace, (traces,) int64 in C order of `shape`."""
        flat = np.zeros(len(headers.words[self.axes[0].byte]), np.int64)
        for axis in self.axes:
            numbers = headers.words[axis.byte].astype(np.int64)
            flat = flat * axis.count + (numbers - axis.first) // axis.step
        return flat

    def name(self, position: int) -> str:
        """Say in line numbers where a flat position is: ``inline 3, crossline 7`` or ``CDP 7``."""
        index = np.unravel_index(position, self.shape)
        numbers = [axis.first + axis.step * int(i) for axis, i in zip(self.axes, index, strict=True)]
        words = ("inline", "crossline") if len(numbers) == 2 else ("CDP",)
        return ", ".join(f"{word} {number}" for word, number in zip(words, numbers, strict=True))


@dataclass(frozen=True)
class Placement:
    """How a grid places the traces of a file."""

    grid: Grid
    traces: int
    occupied: int

    @property
    def uniqueness(self) -> float:
        """Occupied positions for each trace: 1 where no two traces share one."""
        return self.occupied / self.traces

    @property
    def fill(self) -> float:
        """The share of positions that hold a trace."""
        return self.occupied / self.grid.cells

    @property
    def traces_per_line(self) -> float:
        """Traces on a line, on average, in the direction where they are fewer."""
        return self.traces / max(self.grid.shape)

    @cached_property
    def is_diagonal(self) -> bool:
        """Whether both numbers run along with the traces, as they do on one crooked line."""
        return len(self.grid.axes) == 2 and min(self.grid.shape) > 1 and self.traces_per_line <= 1


def line_axis(headers: TraceHeaders, byte: int) -> LineAxis:
    """Return the axis of the line numbers at ``byte``."""
    found = _distinct(headers.words[byte])
    step = int(np.gcd.reduce(np.diff(found))) if found.size > 1 else 1
    first, last = int(found[0]), int(found[-1])
    return LineAxis(byte, first, step, (last - first) // step + 1)


def place(headers: TraceHeaders, grid: Grid) -> Placement:
    """Count the positions that hold a trace. The grid must be of a sensible size."""
    positions = grid.positions(headers)
    flags = np.zeros(grid.cells, bool)
    flags[positions] = True
    return Placement(grid, positions.size, int(np.count_nonzero(flags)))


def most_cells(traces: int) -> int:
    """Return how many positions a grid may have before the line numbers must be taken for something else."""
    return max(1_000_000, 100 * traces)


def _distinct(numbers: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the distinct values, ascending."""
    low, high = int(numbers.min()), int(numbers.max())
    if high - low > _WIDEST_FLAGS:
        return np.unique(numbers).astype(np.int64)
    flags = np.zeros(high - low + 1, bool)
    flags[numbers.astype(np.int64) - low] = True
    return np.flatnonzero(flags) + low
