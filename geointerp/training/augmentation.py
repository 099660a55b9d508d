"""Changes of training tiles that leave them possible data, with labels to match.

What physics allows differs. A section may be seen from its other side, be stronger or weaker, and in most
surveys have either polarity; but time never runs upwards. The Moon has no preferred direction in a picture.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from geointerp.network.description import Normalisation

_OF_SECTIONS = ("faults", "salt", "facies")


@dataclass(frozen=True)
class Augmentation:
    """How tiles are varied; a knob at 0 (or ``zoom`` at 1) does nothing.

    Attributes:
        flip_columns: probability of a left-right flip.
        flip_rows: probability of an upside-down flip.
        rotate: whether tiles are turned by a random multiple of 90 degrees.
        polarity: probability that grey becomes 1 - grey: amplitudes change their sign.
        amplitude: amplitudes (grey less 0.5) are multiplied by a factor from ``1 / (1 + amplitude)`` to
            ``1 + amplitude``.
        gamma: amplitudes are raised, their sign kept, to a power from ``1 / (1 + gamma)`` to ``1 + gamma``.
        noise: largest standard deviation of white noise, in grey.
        zoom: tiles are stretched, rows and columns on their own, by factors from ``1 / zoom`` to ``zoom``.
    """

    flip_columns: float = 0.5
    flip_rows: float = 0.0
    rotate: bool = False
    polarity: float = 0.0
    amplitude: float = 0.25
    gamma: float = 0.2
    noise: float = 0.03
    zoom: float = 1.25

    @classmethod
    def for_task(cls, task: str | None, normalisation: Normalisation | None = None) -> "Augmentation":
        """Return what suits a task; for classes of one's own, what is safe for any section.

        Polarity is reversed only where the scale is ``symmetric``, so that a zero amplitude stays one, and
        only where the labels are shapes and patterns: an interval between horizons is known by its polarity.
        """
        if task == "craters":
            return cls(flip_rows=0.5, rotate=True)
        symmetric = normalisation is not None and normalisation.kind == "symmetric"
        return replace(cls(), polarity=0.5 if task in _OF_SECTIONS and symmetric else 0.0)

    @classmethod
    def none(cls) -> "Augmentation":
        """Return no variation: tiles as they are."""
        return cls(flip_columns=0.0, amplitude=0.0, gamma=0.0, noise=0.0, zoom=1.0)

    def as_dict(self) -> dict[str, Any]:
        """Return every knob by its name."""
        return asdict(self)

    def source_shape(self, tile: tuple[int, int], generator: np.random.Generator) -> tuple[int, int]:
        """Draw rows and columns of the window of a section that `apply` stretches to a tile."""
        factors = _spread(generator, self.zoom, 2)
        rows, columns = (max(1, round(size / factor)) for size, factor in zip(tile, factors, strict=True))
        return rows, columns

    def apply(
        self, grey: Tensor, labels: Tensor, tile: tuple[int, int], generator: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Stretch a window to a tile and vary it.

        Args:
            grey: float32 (channels, rows, columns) in [0, 1].
            labels: uint8 (rows, columns).
            tile: rows and columns of the result.
            generator: decides everything.

        Returns:
            Grey and labels of the tile, of the types given.
        """
        grey, labels = _stretched(grey, labels, tile)
        for axis, probability in ((-1, self.flip_columns), (-2, self.flip_rows)):
            if generator.random() < probability:
                grey, labels = grey.flip(axis), labels.flip(axis)
        turns = int(generator.integers(4)) if self.rotate else 0
        if tile[0] != tile[1]:
            turns -= turns % 2  # a quarter turn would give a tile of another shape
        grey, labels = grey.rot90(turns, (-2, -1)), labels.rot90(turns, (-2, -1))
        return self._varied(grey, generator), labels.contiguous()

    def _varied(self, grey: Tensor, generator: np.random.Generator) -> Tensor:
        """Vary the amplitudes, ``2 grey - 1``; a zero amplitude stays zero but for noise."""
        amplitudes = 2.0 * grey - 1.0
        factor, power = (float(_spread(generator, 1.0 + most, 1)[0]) for most in (self.amplitude, self.gamma))
        if generator.random() < self.polarity:
            factor = -factor
        if power != 1.0:
            amplitudes = amplitudes.sign() * amplitudes.abs().pow(power)
        varied = 0.5 + 0.5 * factor * amplitudes
        if self.noise:
            noise = generator.standard_normal(tuple(grey.shape), dtype=np.float32)
            varied = varied + float(generator.uniform(0.0, self.noise)) * torch.from_numpy(noise)
        return varied.clamp(0.0, 1.0).contiguous()


def _spread(generator: np.random.Generator, most: float, count: int) -> NDArray[np.float64]:
    """Draw factors from ``1 / most`` to ``most``, as often below 1 as above."""
    factors: NDArray[np.float64] = np.exp(generator.uniform(-1.0, 1.0, count) * np.log(most))
    return factors


def _stretched(grey: Tensor, labels: Tensor, tile: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Resample grey bilinearly and labels to the nearest, on the same grid."""
    if tuple(labels.shape) == tile:
        return grey, labels
    finer = F.interpolate(grey[None], tile, mode="bilinear", align_corners=False, antialias=True)[0]
    return finer, F.interpolate(labels[None, None], tile, mode="nearest-exact")[0, 0]
