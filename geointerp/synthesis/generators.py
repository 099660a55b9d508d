"""The five generators, one table: what draws the samples of a task, and the ranges it draws from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from geointerp.synthesis import crater_recipe, craters, events, facies, faults, salt
from geointerp.synthesis.ranges import Ranges


@dataclass(frozen=True)
class Generator:
    """How the labelled samples of a task are made.

    Attributes:
        draw: called with a count and a seed, and by name ``height``, ``width``, ``recipe`` and ``device``;
            gives amplitudes, float32 (count, height, width), and labels, uint8, same shape.
        ranges: what models are trained on.
        shifted: what they are measured on: other noise, wavelets and sizes.
        scale: how amplitudes become grey, as in ``sources.scaling``.
    """

    draw: Callable[..., tuple[Tensor, Tensor]]
    ranges: Ranges
    shifted: Ranges
    scale: Literal["symmetric", "range"] = "symmetric"

    def __call__(self, count: int, seed: int, **options: Any) -> tuple[Tensor, Tensor]:
        """Samples of ``ranges``, unless the options name another ``recipe``."""
        return self.draw(count, seed, **{"recipe": self.ranges, **options})


GENERATORS: dict[str, Generator] = {
    "faults": Generator(faults.fault_sections, faults.DEFAULT, faults.SHIFTED),
    "salt": Generator(salt.salt_sections, salt.DEFAULT, salt.SHIFTED),
    "facies": Generator(facies.facies_sections, facies.DEFAULT, facies.SHIFTED),
    "craters": Generator(craters.crater_images, crater_recipe.DEFAULT, crater_recipe.SHIFTED, "range"),
    "events": Generator(events.event_recordings, events.DEFAULT, events.SHIFTED),
}
