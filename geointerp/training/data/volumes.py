"""Volumes with labels: slices are drawn along views, as a prediction would read them."""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from geointerp.inference.reader import SlabReader
from geointerp.sources.scaling import AmplitudeScale
from geointerp.tasks import NOTHING
from geointerp.tiling.blocks import Block
from geointerp.tiling.views import CHANNEL_DIM, View
from geointerp.training.data.classes import LabelCounts
from geointerp.training.data.description import VolumeEntry
from geointerp.training.data.label_grid import LabelGrid
from geointerp.training.data.split import Held, Position


@dataclass(eq=False)
class LabelledVolume:
    """A volume and its labels.

    Attributes:
        entry: what ``dataset.json`` says of it.
        amplitude: read lazily.
        grid: its labels, on the amplitudes.
        views: how it is cut; the first decides how it is divided.
        counts: samples of each label value at each position along `divided_along`, int64 (positions, 256).
        digest: sha256 of coordinates, headers, size and labels.
        scale: from amplitudes to grey.
        live: which traces carry data; only where some slices do not show whole traces.
    """

    entry: VolumeEntry
    amplitude: xr.DataArray
    grid: LabelGrid
    views: tuple[View, ...]
    counts: LabelCounts = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    digest: bytes = b""
    scale: AmplitudeScale | None = None
    live: xr.DataArray | None = None

    @property
    def divided_along(self) -> str:
        """The dimension whose positions the splits divide: that of the slices, or of a line's traces.

        A recording is divided in time: the same events are on all channels.
        """
        view = self.views[0]
        return view.slices or (view.rows if view.columns == CHANNEL_DIM else view.columns)


@dataclass(eq=False)
class VolumeSlice:
    """A slice of a volume that can be read.

    Attributes:
        volume: it belongs to.
        view: it is a slice of.
        number: its position along the dimension stepped through.
        within: positions of other dimensions it is cut to.
        channels: 1, or 3 with its neighbours.
        scale: None: it is read as grey.
    """

    volume: LabelledVolume
    view: View
    number: int
    within: dict[str, slice]
    channels: int
    scale: AmplitudeScale | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Volume and slice."""
        place = self.position
        return f"{place[0]} {place[1]} {place[2]:g}" if place else self.volume.entry.amplitude

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = (self._size(dim) for dim in (self.view.rows, self.view.columns))
        return rows, columns

    @property
    def position(self) -> Position | None:
        """Volume, view and coordinate; None for a line, which is no slice of anything."""
        if self.view.slices is None:
            return None
        coordinate = self.volume.amplitude[self.view.slices].values[self.number]
        return self.volume.entry.amplitude, self.view.name, coordinate.item()

    def read(self) -> Held:
        """Read the slice as the network is to see it, and its labels, 255 where there are no data."""
        volume = self.volume
        assert volume.scale is not None, "scales are measured before anything is read"
        live = None if volume.live is None else self._cut(volume.live)
        reader = SlabReader(self._cut(volume.amplitude), self.view, volume.scale, self.channels, live)
        slab = reader(Block(0, self.number, self.number + 1))
        labels = volume.grid.slice(self.view, self.number, self.within)
        labels[~slab.valid[0]] = NOTHING
        return Held(slab.images[0], labels, slab.valid[0])

    def _size(self, dim: str) -> int:
        return len(range(self.volume.grid.sizes[dim])[self.within.get(dim, slice(None))])

    def _cut(self, array: xr.DataArray) -> xr.DataArray:
        """Cut an array to the part; slices beyond it stay, as neighbours."""
        return array.isel(
            {dim: part for dim, part in self.within.items() if dim != self.view.slices and dim in array.dims}
        )
