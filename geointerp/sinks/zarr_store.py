"""The label store: a Zarr v3 group that ``xarray.open_zarr(path, consolidated=False)`` reads.

Labels are written block by block, each block a shard of its own; coordinates and mask are written once. Every
array has explicit chunks and shards.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.abc.store import Store
from zarr.storage import LocalStore

from geointerp.sources.pieces import counted
from geointerp.tasks import NOTHING, LabelClass
from geointerp.tiling.blocks import Block
from geointerp.tiling.views import View

PROBABILITY_STEPS = 254
SCRATCH = "scratch"
CONVENTIONS = "CF-1.11"
LINES = ("inline", "crossline", "cdp")


@dataclass(frozen=True)
class LabelStore:
    """A label store under construction.

    Attributes:
        store: where it lies, a folder or memory.
        root: its group.
        dims: of the labels, in their order.
    """

    store: Store
    root: zarr.Group
    dims: tuple[str, ...]
    _opened: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def write(self, name: str, view: View, block: Block, data: npt.NDArray[Any]) -> None:
        """Write a block.

        Args:
            name: of the array.
            view: the block belongs to.
            block: which slices.
            data: ([classes,] slices, rows, columns).
        """
        array = self._array(name)
        # Zarr looks at each chunk for whether it holds anything, which takes three times as long as to write
        # it. The block is looked at instead: one that holds nothing has no files, others have all.
        array = array.with_config({"write_empty_chunks": bool((data != array.fill_value).any())})
        lead = array.ndim - len(self.dims)
        if view.slices is None:
            data = data.squeeze(lead)
        axes = [lead + view.order.index(dim) for dim in self.dims]
        array[self._selection(view, block, lead)] = data.transpose(*range(lead), *axes)

    def read(self, name: str, view: View, block: Block) -> npt.NDArray[Any]:
        """Read a block back, ([classes,] slices, rows, columns)."""
        array = self._array(name)
        lead = array.ndim - len(self.dims)
        data = np.asarray(array[self._selection(view, block, lead)])
        data = data.transpose(*range(lead), *(lead + self.dims.index(dim) for dim in view.order))
        return np.expand_dims(data, lead) if view.slices is None else data

    def add_scratch(
        self, name: str, classes: int, sizes: Mapping[str, int], chunks: Mapping[str, int]
    ) -> None:
        """Create an array for the class probabilities of a view, float32."""
        shape, dims = (classes, *sizes.values()), ("class", *sizes)
        inner = (classes, *(chunks[dim] for dim in sizes))
        self.root.create_array(
            f"{SCRATCH}/{name}",
            shape=shape,
            dtype="float32",
            chunks=inner,
            fill_value=0.0,
            dimension_names=dims,
        )

    def discard_unfinished(self, name: str, view: View, block: Block) -> None:
        """Remove the shard of a block whose writing may have been cut off.

        Writing a shard at the edge of an array reads what is there, so half a shard must not stay.
        """
        if not isinstance(self.store, LocalStore) or (name not in self._opened and name not in self.root):
            return
        array = self._array(name)
        sizes = array.shards or array.chunks
        lead = array.ndim - len(self.dims)
        selection = self._selection(view, block, lead)
        position = tuple((part.start or 0) // size for part, size in zip(selection, sizes, strict=True))
        (self.store.root / array.path / array.metadata.encode_chunk_key(position)).unlink(missing_ok=True)

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Drop what was needed on the way, and say where the labels come from.

        How many files they are is said too (``geointerp.sources.pieces``).
        """
        told = dict(provenance)
        if isinstance(self.store, LocalStore):
            # By its path: killed while removing it, a former run may have left a folder that is no group.
            if (self.store.root / SCRATCH).exists():
                shutil.rmtree(self.store.root / SCRATCH)
            for torn in self.store.root.rglob("*.partial"):  # zarr's own, from a write that was killed
                torn.unlink()
            told["pieces"] = counted(self.store.root, self.root)
        elif SCRATCH in self.root:
            del self.root[SCRATCH]
        self.root.attrs.update({"Conventions": CONVENTIONS, "geointerp": told})

    def _array(self, name: str) -> Any:
        """Return an array; zarr would read its metadata each time."""
        if name not in self._opened:
            self._opened[name] = self.root[name]
        return self._opened[name]

    def _selection(self, view: View, block: Block, lead: int) -> tuple[slice, ...]:
        parts = {view.slices: slice(block.start, block.stop)}
        if block.band:
            parts[view.band_dim] = slice(block.band.start, block.band.stop)
        return (slice(None),) * lead + tuple(parts.get(dim, slice(None)) for dim in self.dims)


def create_store(
    target: Path | Store,
    volume: xr.DataArray,
    classes: Sequence[LabelClass],
    *,
    chunks: Mapping[str, int],
    shards: Mapping[str, int],
    probability: bool = False,
) -> LabelStore:
    """Create the store of the labels of a volume: coordinates, mask, and arrays that hold nothing yet.

    Args:
        target: a folder that is not there yet, or a zarr store.
        volume: what is labelled; its dimensions and coordinates become the labels'.
        classes: in the order of their values.
        chunks: along each dimension.
        shards: along each dimension, multiples of the chunks.
        probability: whether class probabilities are stored as well.
    """
    store = LocalStore(target) if isinstance(target, Path) else target
    frame = _frame(volume, classes if probability else ())
    frame.to_zarr(
        store, mode="w", zarr_format=3, consolidated=False, encoding=_coordinate_encoding(frame, chunks)
    )
    opened = open_store(store, volume)
    dims = opened.dims
    auxiliary = [str(name) for name in volume.coords if name not in volume.dims and name != "trace_mask"]
    attributes: dict[str, Any] = {"_FillValue": NOTHING}
    if "spatial_ref" in volume.coords:
        attributes["grid_mapping"] = "spatial_ref"
        auxiliary.remove("spatial_ref")
    if auxiliary:
        attributes["coordinates"] = " ".join(auxiliary)
    opened.root.create_array(
        "labels",
        shape=volume.shape,
        dtype="uint8",
        chunks=tuple(chunks[dim] for dim in dims),
        shards=tuple(shards[dim] for dim in dims),
        fill_value=NOTHING,
        dimension_names=dims,
        attributes={"long_name": "interpreted class", **flags(classes), **attributes},
    )
    if probability:
        opened.root.create_array(
            "probability",
            shape=(len(classes), *volume.shape),
            dtype="uint8",
            chunks=(1, *(chunks[dim] for dim in dims)),
            shards=(len(classes), *(shards[dim] for dim in dims)),
            fill_value=NOTHING,
            dimension_names=("class", *dims),
            attributes={
                "long_name": "class probability",
                "scale_factor": 1 / PROBABILITY_STEPS,
                **attributes,
            },
        )
    return opened


def open_store(target: Path | Store, volume: xr.DataArray) -> LabelStore:
    """Open a store for writing that ``create_store`` made for this volume."""
    store = LocalStore(target) if isinstance(target, Path) else target
    dims = tuple(str(dim) for dim in volume.dims)
    return LabelStore(store, zarr.open_group(store, mode="r+", zarr_format=3), dims)


def flags(classes: Sequence[LabelClass]) -> dict[str, Any]:
    """Return CF's account of label values; a meaning is one word."""
    meanings = " ".join("_".join(one.name.split()) for one in classes)
    return {"flag_values": list(range(len(classes))), "flag_meanings": meanings}


def _frame(volume: xr.DataArray, classes: Sequence[LabelClass]) -> xr.Dataset:
    """Return the coordinates and the mask of a volume, as the store keeps them."""
    frame = xr.Dataset(coords=volume.coords).drop_encoding()
    for dim in volume.dims:
        if dim in LINES and dim in frame.coords and _fit_int32(frame[dim]):
            frame = frame.assign_coords({dim: frame[dim].astype(np.int32)})
    if "trace_mask" in frame.coords:
        frame = frame.reset_coords("trace_mask")
    if classes:
        values = np.arange(len(classes), dtype=np.uint8)
        frame = frame.assign_coords({"class": ("class", values, flags(classes))})
    return frame


def _fit_int32(lines: xr.DataArray) -> bool:
    """Whether line numbers are whole, and small enough."""
    return not (lines % 1).any() and bool((abs(lines) < 2**31).all())


def _coordinate_encoding(frame: xr.Dataset, chunks: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Return explicit chunks, those of the labels where they share dimensions, in one shard an array.

    Without a fill value none of a coordinate's values can be taken for missing.
    """
    encoding: dict[str, dict[str, Any]] = {}
    for key, variable in frame.variables.items():
        encoding[str(key)] = {"_FillValue": None}
        if not variable.ndim:
            continue
        inner = [variable.sizes[dim] for dim in variable.dims]
        if variable.ndim > 1:
            inner = [min(chunks[str(dim)], variable.sizes[dim]) for dim in variable.dims]
            parts = [ceil(size / chunk) for size, chunk in zip(variable.shape, inner, strict=True)]
            encoding[str(key)]["shards"] = tuple(n * chunk for n, chunk in zip(parts, inner, strict=True))
        encoding[str(key)]["chunks"] = tuple(inner)
    return encoding
