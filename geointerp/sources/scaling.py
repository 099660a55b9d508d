"""From amplitudes to grey: one robust scale for a whole volume, so that neighbouring slices agree.

    grey = (clip(amplitude, low, high) - low) / (high - low)

- ``symmetric``: high = -low = the percentile of the magnitudes; zero amplitude is mid-grey (seismic). Where
  no sample is negative, as in pictures of seismic, zero lies somewhere between: ``range`` is taken.
- ``range``: low and high are the percentiles 100 - p and p (images, elevation, indices).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError, GeointerpError, UsageError

Kind = Literal["symmetric", "range"]

_MOST_SAMPLES = 1 << 23  # 32 MiB: enough that another sample moves the 99th percentile by well under 1 %
_SLICES = 24


@dataclass(frozen=True)
class AmplitudeScale:
    """What becomes black and white: amplitudes up to ``low``, and from ``high``.

    Attributes:
        kind: ``symmetric`` or ``range``.
        low: becomes black.
        high: becomes white.
        measured_on: the sha256 of the samples it was measured on, by which other data are known.
    """

    kind: str
    low: float
    high: float
    measured_on: str | None = field(default=None, compare=False)

    def to_grey(self, amplitudes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return grey in [0, 1], float32 of the same shape; what is not a number becomes 0.5."""
        grey: NDArray[np.float32] = np.clip(amplitudes, self.low, self.high, dtype=np.float32)
        grey -= np.float32(self.low)
        grey /= np.float32(self.high - self.low)
        np.clip(grey, 0.0, 1.0, out=grey)
        grey[np.isnan(grey)] = 0.5
        return grey


def measure_scale(volume: xr.DataArray, kind: str = "symmetric", percentile: float = 99.0) -> AmplitudeScale:
    """Measure the scale of a volume on a spread sample of its traces.

    The sample is the same whatever the chunks, and of bounded size. Zeros are left out: mutes and dead
    traces say nothing about amplitude.

    Args:
        volume: any dims; read in part.
        kind: ``symmetric`` or ``range``.
        percentile: in (50, 100].

    Returns:
        The scale; its kind is ``range`` too where ``symmetric`` was asked for and no sample is negative.

    Raises:
        DataError: there is no finite, non-zero sample, for ``range`` only one value, or such large ones that
            float32 does not hold their differences.
        UsageError: the kind or percentile is none.
    """
    if kind not in ("symmetric", "range") or not 50 < percentile <= 100:
        raise UsageError(f"no amplitude scale '{kind}' at percentile {percentile} is known")
    name = volume.attrs.get("source", "the data")
    samples = spread_sample(volume)
    if samples.size == 0:
        raise DataError(
            f"{name}: none of the {volume.size} samples is a finite number other than zero",
            hint="there is nothing to interpret in it: check the sample format and the file itself",
        )
    if kind == "symmetric" and samples.min() > 0 and samples.min() < samples.max():
        kind = "range"
    low, high = _ends(samples, kind, percentile)
    if not low < high:
        raise DataError(
            f"{name}: all samples but zeros have the same value {low:g}",
            hint="there is nothing to interpret in it",
        )
    if high - low > float(np.finfo(np.float32).max):
        raise DataError(
            f"{name}: its amplitudes run from {low:g} to {high:g}, further than float32 reaches",
            hint="no recording has such: check the sample format and the byte order",
        )
    return AmplitudeScale(kind, low, high, hashlib.sha256(samples.data).hexdigest())


def _ends(samples: NDArray[np.float32], kind: str, percentile: float) -> tuple[float, float]:
    """Return the amplitudes that become black and white."""
    if kind == "symmetric":
        # One copy, put in order where it lies: as float64 that took up to four times as long, for one more
        # digit. The rank stays in float64, which some versions of numpy take to the type of the samples.
        high = float(np.percentile(np.abs(samples), np.float64(percentile), overwrite_input=True))
        return -high, high
    wide = samples.astype(np.float64)  # in which interpolation between the signs does not overflow
    low, high = np.percentile(wide, (100 - percentile, percentile), overwrite_input=True)
    return float(low), float(high)


def spread_sample(volume: xr.DataArray) -> NDArray[np.float32]:
    """Return finite, non-zero samples of slices spread over the volume, about eight million at most."""
    sample = np.concatenate([_informative(_read(volume.isel(part))) for part in _spread(volume)])
    if sample.size:
        return sample
    for part in _slabs(volume):  # the spread fell on holes alone: take the first slab that is no hole
        if (sample := _informative(_read(part))).size:
            return sample
    return sample


def _spread(volume: xr.DataArray) -> list[dict[str, slice]]:
    """Choose what is read: of a volume spread slices, thinned out; of a large slice spread runs of rows.

    A run of rows lies in few blocks of a raster, one of samples in one file of a recording, where as many
    single rows would lie in all of them.
    """
    if len(volume.dims) == 3:
        first, second, _ = (str(dim) for dim in volume.dims)
        thinned = max(1, _MOST_SAMPLES // (_SLICES * volume.shape[2]))
        return [{first: _evenly(volume.shape[0], _SLICES), second: _evenly(volume.shape[1], thinned)}]
    if volume.size <= _MOST_SAMPLES:
        return [{}]
    dim = _long_dim(volume)
    size = volume.sizes[dim]
    length = max(1, _MOST_SAMPLES // _SLICES // (volume.size // size))
    starts = [(2 * number + 1) * size // (2 * _SLICES) - length // 2 for number in range(_SLICES)]
    return [{dim: slice(max(0, start), max(0, start) + length)} for start in starts]


def _long_dim(volume: xr.DataArray) -> str:
    """Return the dimension along which data grow and are stored: time of a recording, else the first."""
    dims = [str(dim) for dim in volume.dims]
    return dims[-1] if dims[0] == "distance" else dims[0]


def _evenly(size: int, count: int) -> slice:
    """Return a slice of at most about ``count`` of ``size`` places, its ends equally far from both edges."""
    step = max(1, -(-size // count))
    return slice((size - 1) % step // 2, None, step)


def _slabs(volume: xr.DataArray) -> Iterator[xr.DataArray]:
    dim = _long_dim(volume)
    thickness = max(1, _MOST_SAMPLES // max(1, volume.size // volume.sizes[dim]))
    for start in range(0, volume.sizes[dim], thickness):
        yield volume.isel({dim: slice(start, start + thickness)})


def _read(part: xr.DataArray) -> NDArray[np.float32]:
    """Read a part.

    Raises:
        DataError: a chunk of it is damaged; what undoes compression has errors of its own for that.
    """
    try:
        return np.asarray(part.values, dtype=np.float32).ravel()
    except GeointerpError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        denied = isinstance(error, PermissionError | FileNotFoundError)
        raise DataError(
            f"{part.attrs.get('source', 'the data')} cannot be read: {error}",
            hint="it must be readable where it is computed, under the same path"
            if denied
            else "it is damaged: copy it again",
        ) from error


def _informative(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    informative: NDArray[np.float32] = samples[np.isfinite(samples) & (samples != 0)]
    return informative
