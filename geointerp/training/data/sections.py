"""Sections with their labels, two files each: checked whole, scaled each on its own as a prediction would."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.network.description import Elevation
from geointerp.sources.open import open_label_file, open_volume
from geointerp.sources.scaling import AmplitudeScale, measure_scale
from geointerp.tasks import NOTHING, LabelClass
from geointerp.training.data.classes import OUTSIDE_HINT, LabelCounts, count_labels, labels_of, outside
from geointerp.training.data.layout import Pair
from geointerp.training.data.problems import Problems
from geointerp.training.data.published import SUFFIX, published_image, published_labels
from geointerp.training.data.split import Held, Position

_SIZE_HINT = "every sample needs its own label: 255 where it is unknown"
_NAN_HINT = "fill them in, and label them 255"


@dataclass(eq=False)
class Section:
    """A pair that can be read.

    Attributes:
        pair: its files.
        shape: rows and columns.
        ignore_index: a label value that counts as unknown, besides 255.
        dat_shape: rows and columns of headerless files; None to know them by their size.
        elevation: what an elevation model is read as.
        scale: from its amplitudes to grey.
        position: None: it is no slice of a volume.
    """

    pair: Pair
    ignore_index: int = NOTHING
    dat_shape: tuple[int, int] | None = None
    elevation: Elevation | None = None
    shape: tuple[int, int] = (0, 0)
    scale: AmplitudeScale | None = None
    position: Position | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """The image's place below the data folder."""
        return self.pair.name

    def read(self) -> Held:
        """Read image and labels.

        Raises:
            DataError: a file is unreadable, no section, or the labels are none.
        """
        image = self._image()
        if self.pair.labels.suffix.lower() == SUFFIX:
            stored: NDArray[Any] = published_labels(self.pair.labels, image.shape)
        else:
            stored = _section(open_label_file(self.pair.labels))
        return Held(narrow(image)[None], labels_of(stored, str(self.pair.labels), self.ignore_index))

    def _image(self) -> NDArray[np.float32]:
        if self.pair.image.suffix.lower() == SUFFIX:
            return published_image(self.pair.image, self.dat_shape)
        return _section(open_volume(self.pair.image, elevation=self.elevation))


def narrow(values: NDArray[np.float32]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Return values as uint8 where that loses nothing: a quarter of the memory."""
    with np.errstate(invalid="ignore"):
        bytes_ = values.astype(np.uint8)
    return bytes_ if np.array_equal(bytes_, values) else values


def check_section(
    section: Section, held: Held, classes: Sequence[LabelClass] | None, problems: Problems
) -> LabelCounts:
    """Check what was read of a section, note its shape, and count its labels."""
    image, labels = held.values[0], held.labels
    section.shape = (image.shape[0], image.shape[1])
    if labels.shape != image.shape:
        problems.add(section.name, f"is {_size(image)}, its labels {_size(labels)}", _SIZE_HINT)
    broken = int(image.size - np.count_nonzero(np.isfinite(image)))
    if broken:
        problems.add(section.name, f"{broken} of {image.size} amplitudes are NaN or infinite", _NAN_HINT)
    counts = count_labels(labels)
    if beyond := outside(counts, classes):
        problems.add(section.name, beyond, OUTSIDE_HINT)
    return counts


def section_scale(held: Held, kind: str, percentile: float) -> tuple[AmplitudeScale, bool]:
    """Measure the scale of a section on its own, as a prediction of it would; and tell whether it could.

    A section of a single value, as sets of clippings have them, becomes mid-grey.
    """
    image = xr.DataArray(held.values[0].astype(np.float32), dims=("row", "column"))
    try:
        return measure_scale(image, kind, percentile), True
    except DataError:
        low, high = float(image.min()), float(image.max())
        return AmplitudeScale(kind, *((low, high) if low < high else (low - 1.0, low + 1.0))), False


def _section(opened: xr.DataArray) -> NDArray[Any]:
    """Return the values of a file that has to be two-dimensional."""
    if opened.ndim != 2:
        raise DataError(
            f"{opened.attrs.get('source')} has shape {opened.shape}: a section has rows and columns",
            hint="volumes are named in dataset.json, see `volumes`",
        )
    return np.asarray(opened.values)


def _size(values: NDArray[Any]) -> str:
    return " x ".join(map(str, values.shape))
