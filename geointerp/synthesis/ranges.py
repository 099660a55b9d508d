"""The ranges that seismic sections are drawn from, as far as all tasks share them; samples and traces."""

from dataclasses import asdict, dataclass
from typing import Any

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """What can be written on a model card."""

    def as_dict(self) -> dict[str, Any]:
        """The ranges as plain values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Acquisition(Ranges):
    """How a section is recorded.

    Attributes:
        period: dominant period of the wavelet: 4 ms samples and 30 Hz make 8.3.
        decibels: signal-to-noise ratio.
        blur: Gaussian smoothing across traces.
        flaws: how many of the sections have each of the flaws of ``flaws.py``.
        sunk: how many of the sections sink into migrated noise downwards.
    """

    period: Range = (5.0, 15.0)
    decibels: Range = (4.0, 16.0)
    blur: Range = (0.0, 0.8)
    flaws: float = 0.0
    sunk: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Deformation(Ranges):
    """How layers are folded and faulted.

    Attributes:
        faults: fewest and most planes in a section.
        throw: displacement along z at the middle of a plane.
        slope: traces per sample down the plane, absolute: 0.05 is nearly vertical, 1 is 45 degrees.
        lift: amplitude of folds.
    """

    faults: tuple[int, int] = (0, 8)
    throw: Range = (9.0, 40.0)
    slope: Range = (0.08, 0.8)
    lift: Range = (0.0, 18.0)
