"""Elevation seen under a low sun: relief as a picture shows it.

The brightness of a surface that reflects evenly is the cosine of the angle between its normal and the sun,

    cos i = (sin h - cos h (p sin a + q cos a)) / sqrt(1 + p² + q²)

with h the altitude of the sun, a its azimuth clockwise from north, and p, q the slopes eastward and
northward. The slopes are Horn's (1981), weighted differences over the eight neighbours of a pixel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import UsageError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sun:
    """Where the light comes from, in degrees: clockwise from north, and above the horizon."""

    azimuth: float = 315.0
    altitude: float = 45.0

    def __post_init__(self) -> None:
        """Refuse a sun that never shines.

        Raises:
            UsageError: the altitude is not in (0, 90], or the azimuth not in [0, 360].
        """
        if not (0 <= self.azimuth <= 360 and 0 < self.altitude <= 90):
            raise UsageError(
                f"no sun stands at azimuth {self.azimuth:g} and altitude {self.altitude:g}",
                hint="the azimuth runs from 0 to 360 degrees, the altitude from above 0 to 90",
            )


def sun_from(given: bool | str | tuple[float, float] | None) -> Sun | None:
    """Return the sun that is meant: True is the usual one, ``"AZIMUTH,ALTITUDE"`` or two numbers another.

    Raises:
        UsageError: it cannot be read, or is no place in the sky.
    """
    if given is None or isinstance(given, bool):
        return Sun() if given else None
    words = given.split(",") if isinstance(given, str) else given
    try:
        azimuth, altitude = (float(word) for word in words)
    except (TypeError, ValueError):
        raise UsageError(f"a sun cannot be read from '{given}'", hint="write it as 315,45") from None
    return Sun(azimuth, altitude)


def shade(elevation: Floats, east: NDArray[np.float64], north: float, sun: Sun) -> Floats:
    """Return the brightness of relief.

    Args:
        elevation: (rows + 2, columns + 2), with a border of one pixel; NaN where unknown.
        east: metres from a column to the next, for each row, (rows,); negative where columns run west.
        north: metres from a row to the next one; negative where rows run south, as they mostly do.
        sun: where the light comes from.

    Returns:
        (rows, columns) float32 in [0, 1]; 0 is full shadow. NaN where a pixel or a neighbour is NaN.
    """
    z = elevation.astype(np.float64)
    across = z[:-2] + 2 * z[1:-1] + z[2:]
    down = z[:, :-2] + 2 * z[:, 1:-1] + z[:, 2:]
    p = (across[:, 2:] - across[:, :-2]) / (8 * east[:, None])
    q = (down[2:] - down[:-2]) / (8 * north)
    azimuth, altitude = np.radians(sun.azimuth), np.radians(sun.altitude)
    light = np.sin(altitude) - np.cos(altitude) * (p * np.sin(azimuth) + q * np.cos(azimuth))
    bright: Floats = np.clip(light / np.sqrt(1 + p**2 + q**2), 0, 1).astype(np.float32)
    bright[np.isnan(z[1:-1, 1:-1])] = np.nan  # which the slopes do not see
    return bright
