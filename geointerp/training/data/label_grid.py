"""The labels of a volume, laid on its amplitudes by their coordinates."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError
from geointerp.evaluation.alignment import (
    as_slice,
    has_coordinates,
    named_as,
    shared_positions,
    warn_of_the_rest,
)
from geointerp.tasks import NOTHING
from geointerp.tiling.blocks import SLAB_BYTES, blocks, slab_thickness
from geointerp.tiling.views import View
from geointerp.training.data.classes import LabelCounts, labels_of
from geointerp.training.data.found import digest_of

Positions = dict[str, NDArray[np.intp]]


@dataclass
class LabelGrid:
    """Labels that cover a volume, or some of it.

    Attributes:
        name: of the label file, for people.
        labels: cut to what lies on the amplitudes, dims in their order; read lazily.
        at: for each dim, where on the amplitudes the labels lie.
        sizes: of the amplitudes.
        ignore_index: a label value that counts as unknown, besides 255.
        known: for each dim, bool over the others: whether anything along it has a label. Set by `read_all`.
    """

    name: str
    labels: xr.DataArray
    at: Positions
    sizes: dict[str, int]
    ignore_index: int
    known: dict[str, xr.DataArray] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes, where the label file says them."""
        return tuple(str(self.labels.attrs.get("flag_meanings", "")).split())

    def read_all(self, along: str) -> tuple[LabelCounts, bytes]:
        """Read all labels once, slab by slab.

        Args:
            along: the dimension at whose positions they are counted.

        Returns:
            The samples of each value at each position, int64 (positions, 256); and the sha256 of all.

        Raises:
            DataError: the file holds no labels.
        """
        step = next(iter(self.sizes))
        axis, count = list(self.sizes).index(along), self.labels.sizes[step]
        counts, digests = np.zeros((self.sizes[along], NOTHING + 1), np.int64), []
        self.known = {dim: self._nothing_known(dim) for dim in self.sizes}
        for block in blocks(count, slab_thickness(count, 8 * self.labels.size // count, SLAB_BYTES)):
            part = self.labels.isel({step: slice(block.start, block.stop)})
            labels = labels_of(part.values, self.name, self.ignore_index)
            at = self.at | {step: self.at[step][block.start : block.stop]}
            counts[at[along]] += _counts_along(labels, axis)
            digests.append(digest_of(labels))
            self._note(labels != NOTHING, at)
        return counts, digest_of(*digests)

    def labelled(self, dim: str, within: dict[str, slice]) -> NDArray[np.intp]:
        """Return the positions along ``dim`` of the slices with labels.

        Args:
            dim: stepped through.
            within: positions that count, of one dimension at most.
        """
        other = next(name for name in self.sizes if name != dim and name not in within)
        known = self.known[other].isel(within)
        return np.flatnonzero(known.any([name for name in known.dims if name != dim])) + (
            within[dim].start if dim in within else 0
        )

    def slice(self, view: View, number: int, within: dict[str, slice]) -> NDArray[np.uint8]:
        """Return the labels of a slice, uint8 (rows, columns), 255 where there are none."""
        whole = np.full((self.sizes[view.rows], self.sizes[view.columns]), NOTHING, np.uint8)
        stored: Any = self.labels
        if view.slices is not None:
            found = np.flatnonzero(self.at[view.slices] == number)
            stored = stored.isel({view.slices: int(found[0])}) if found.size else None
        if stored is not None:
            values = stored.transpose(view.rows, view.columns).values
            place = np.ix_(self.at[view.rows], self.at[view.columns])
            whole[place] = labels_of(values, self.name, self.ignore_index)
        rows, columns = (within.get(dim, slice(None)) for dim in (view.rows, view.columns))
        return whole[rows, columns]

    def _nothing_known(self, dim: str) -> xr.DataArray:
        others = {name: size for name, size in self.sizes.items() if name != dim}
        return xr.DataArray(np.zeros(tuple(others.values()), bool), dims=list(others))

    def _note(self, known: NDArray[np.bool_], at: Positions) -> None:
        """Add a slab to what is known along each dim."""
        for axis, dim in enumerate(self.sizes):
            place = np.ix_(*(at[name] for name in self.sizes if name != dim))
            self.known[dim].values[place] |= known.any(axis)


def _counts_along(labels: NDArray[np.uint8], axis: int) -> LabelCounts:
    """Count the samples of each label value at each position of an axis: int64 (positions, 256)."""
    values = np.moveaxis(labels, axis, 0).reshape(labels.shape[axis], -1)
    pairs = np.arange(len(values))[:, None] * (NOTHING + 1) + values
    counts: LabelCounts = np.bincount(pairs.ravel(), minlength=len(values) * (NOTHING + 1))
    return counts.reshape(len(values), NOTHING + 1)


def match_labels(name: str, amplitude: xr.DataArray, labels: xr.DataArray, ignore_index: int) -> LabelGrid:
    """Lay labels on amplitudes.

    By their coordinates where both have them, in whatever order they come. A ``.npy`` file or a picture has
    none: it has to have the very shape of the amplitudes (a picture, of the section as it is drawn).

    Raises:
        DataError: the dimensions or shapes differ, or no coordinates are shared.
    """
    sizes = {str(dim): size for dim, size in amplitude.sizes.items()}
    without = [array for array in (amplitude, labels) if not has_coordinates(array)]
    named = named_as(amplitude, labels)
    if without and named.shape == amplitude.shape:
        at = {dim: np.arange(size) for dim, size in sizes.items()}
        return LabelGrid(name, named, at, sizes, ignore_index)
    image = {*named.dims, *amplitude.dims} <= {"row", "column"}  # its coordinates are positions by nature
    by_position = named is not labels or any(array is labels or not image for array in without)
    if by_position or set(named.dims) != set(amplitude.dims):
        raise DataError(
            f"the amplitudes are {_described(amplitude)}, their labels {_described(labels)}",
            hint="give labels on the amplitudes' dimensions, with coordinates (SEG-Y, .zarr, .nc) where they "
            "cover only a part",
        )
    return _by_coordinates(name, amplitude, named.transpose(*amplitude.dims), ignore_index)


def _by_coordinates(name: str, amplitude: xr.DataArray, labels: xr.DataArray, ignore_index: int) -> LabelGrid:
    at: Positions = {}
    for dim in map(str, amplitude.dims):
        at[dim], theirs = shared_positions(amplitude[dim].values, labels[dim].values)
        if not theirs.size:
            raise DataError(
                f"amplitudes and labels share no {dim}: {_range(amplitude[dim])} and {_range(labels[dim])}",
                hint="check that both come from the same survey, and how their headers are read",
            )
        both = {"the amplitude file": amplitude.sizes[dim], name: labels.sizes[dim]}
        warn_of_the_rest(dim, both, theirs.size, "learnt from")
        labels = labels.isel({dim: as_slice(theirs)})
    sizes = {str(dim): size for dim, size in amplitude.sizes.items()}
    return LabelGrid(name, labels, at, sizes, ignore_index)


def _described(array: xr.DataArray) -> str:
    return " x ".join(f"{dim} {size}" for dim, size in array.sizes.items())


def _range(coordinate: xr.DataArray) -> str:
    return f"{coordinate.values.min()} to {coordinate.values.max()}"
