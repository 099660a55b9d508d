"""Slabs of a volume become grey images and a mask of what to predict, ahead of the device."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from geointerp.inference.threads import Helper, insist
from geointerp.inference.window import Window, slices_of
from geointerp.sources.liveness import live_along
from geointerp.sources.scaling import AmplitudeScale
from geointerp.tiling.blocks import Block
from geointerp.tiling.lattice import Part
from geointerp.tiling.views import View, sample_dim

T = TypeVar("T")
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Slab:
    """The slices of one block, or of one band as much as its tiles cover, ready for the network.

    Attributes:
        block: which slices, or which band of one.
        images: grey in [0, 1], float32, (slices, channels, rows, columns).
        valid: where there is something to predict, bool, (slices, rows, columns).
        earlier: class probabilities of the views before this one, each float32
            (classes, slices, rows, columns).
    """

    block: Block
    images: Floats
    valid: Mask
    earlier: tuple[Floats, ...] = ()


@dataclass
class SlabReader:
    """Reads the slabs of a view; those of whole slices in several threads at once, bands in one, in order.

    Attributes:
        volume: the data, read lazily.
        view: how it is cut.
        scale: from amplitudes to grey.
        channels: 1, the slice; or 3, the slice between its two neighbours.
        live: which traces carry data, bool on the trace dimensions; needed only where no whole trace is seen:
            by a view of single samples, and by bands of samples.
        earlier: reads the probabilities of earlier views.
        part: says of a band which pixels its tiles cover.
    """

    volume: xr.DataArray
    view: View
    scale: AmplitudeScale
    channels: int = 1
    live: xr.DataArray | None = None
    earlier: Callable[[Block], tuple[Floats, ...]] = field(default=lambda block: ())
    part: Callable[[Block], Part | None] = field(default=lambda block: None)
    _window: Window = field(init=False)

    def __post_init__(self) -> None:
        """Hold nothing of a slice yet."""
        self._window = Window(self.view.band_dim)

    def __call__(self, block: Block) -> Slab:
        """Read one block."""
        halo = 1 if self.channels == 3 else 0
        first = max(block.start - halo, 0)
        part = self.part(block)
        amplitudes = self._amplitudes(first, block.stop + halo, part)
        valid = self._valid(amplitudes, first, part)
        # Without a datum the network sees mid-grey, what a zero amplitude is in a symmetric scale.
        grey = self.scale.to_grey(
            amplitudes if valid.all() else np.where(valid, amplitudes, np.float32(np.nan))
        )
        own = slice(block.start - first, block.stop - first)
        numbers = np.arange(len(grey))[own]
        images = grey[own, None] if self.channels == 1 else between_neighbours(grey, valid, numbers)
        return Slab(block, images, valid[own], self.earlier(block))

    def _amplitudes(self, first: int, stop: int, part: Part | None) -> Floats:
        """Read slices ``first`` to ``stop`` (where there are that many): float32 (slices, rows, columns)."""
        number = self.view.slices
        steps = {number: slice(first, stop)} if number else {}
        if part is None:
            amplitudes = slices_of(self.volume, steps, self.view.order)
            return amplitudes if number else amplitudes[None]
        slices = self.volume.isel(steps) if number else self.volume.expand_dims("slice")
        slices = slices.transpose(*("slice", *self.view.order)[-3:])
        return self._window.read(slices, (first, stop), part.top, part.bottom)

    def _valid(self, amplitudes: Floats, first: int, part: Part | None) -> Mask:
        """Return where there is something to predict: finite samples, on live traces if these are traces."""
        valid: Mask = np.isfinite(amplitudes)
        samples = sample_dim(self.view.order)
        if samples is None:
            return valid
        if self.live is not None:
            valid &= self._live_in(slice(first, first + len(amplitudes)), part)
            return valid
        whole = samples != self.view.slices and not (part and samples == self.view.band_dim)
        assert whole, "where no whole trace is seen, the mask of live traces is needed"
        # Time runs down the rows of a slice.
        valid &= live_along(amplitudes, axis=1)
        return valid

    def _live_in(self, slices: slice, part: Part | None) -> Mask:
        """Return which traces carry data where a part of each is seen, in (slices, rows, columns)."""
        assert self.live is not None
        seen = {self.view.slices or "slice": slices}
        if part:
            seen[self.view.band_dim] = slice(part.top, part.bottom)
        live = self.live.isel(seen, missing_dims="ignore")
        order = ("slice", *self.view.order)[-3:]
        lacking = [dim for dim in order if dim not in live.dims]
        mask: Mask = live.expand_dims(lacking).transpose(*order).values
        return mask


def between_neighbours(grey: Floats, valid: Mask, own: npt.NDArray[np.intp]) -> Floats:
    """Stack each slice between its neighbours: (slices, 3, rows, columns).

    The first and last slice of the data repeat themselves. Where a neighbour has no datum the slice's own
    grey stands in: mid-grey there would look like an edge between the channels.
    """
    before = np.maximum(own - 1, 0)
    after = np.minimum(own + 1, len(grey) - 1)
    sides = (np.where(valid[side], grey[side], grey[own]) for side in (before, after))
    left, right = sides
    return np.stack((left, grey[own], right), axis=1)


def read_in_turn(read: Callable[[Block], T], blocks: Iterable[Block], threads: int) -> Generator[T]:
    """Produce what ``read`` gives of each block, in order, read from now on by several threads.

    Each has every so many-th block, and is up to two ahead of their use. Its exceptions are raised here, in
    their turn. Closing the generator stops the threads and waits for them.
    """
    all_blocks = list(blocks)
    count = min(threads, len(all_blocks))
    ahead = _in_turn([map(read, all_blocks[first::count]) for first in range(count)])
    next(ahead)  # starts the threads: a generator that is closed before it was begun would not end them
    return ahead


class _Lane(Helper):
    """A thread that produces items ahead of their use."""

    def __init__(self, items: Iterable[Any], stopped: threading.Event) -> None:
        super().__init__(self._produce, "reader")
        self._items, self._stopped = items, stopped
        self.ready: queue.Queue[tuple[bool, Any]] = queue.Queue(1)

    def _produce(self) -> None:
        try:
            for item in self._items:
                self._put((True, item))
                if self._stopped.is_set():
                    return
            self._put((False, None))
        except BaseException as error:
            self._put((False, error))

    def _put(self, message: tuple[bool, Any]) -> None:
        while not self._stopped.is_set():
            try:
                self.ready.put(message, timeout=0.1)
                return
            except queue.Full:
                continue


def _in_turn(shares: Sequence[Iterable[Any]]) -> Generator[Any]:
    """Yield nothing once, when the threads have started; then what they produce, one after the other."""
    stopped = threading.Event()
    lanes = [_Lane(items, stopped) for items in shares]

    def finish() -> None:
        for lane in lanes:
            lane.finish()

    for lane in lanes:
        lane.start()
    error = None
    try:
        yield None
        for lane in cycle(lanes):
            going, item = lane.ready.get()
            if not going:
                error = item
                break
            yield item
        if error is not None:
            raise error
    finally:
        stopped.set()
        insist(finish)
