"""Fault bands thinned to surfaces one sample thick, small ones left out."""

from functools import partial

import dask.array
import numpy as np
import xarray as xr
from dask.delayed import delayed
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from geointerp.products.components import Components, background_value, classes_shown
from geointerp.products.sections import as_sections
from geointerp.sinks.steps import as_stored
from geointerp.tasks import NOTHING


def thinned(dataset: xr.Dataset, *, min_size: int) -> xr.Dataset:
    """Thin every class but the background, section by section.

    Args:
        dataset: with ``labels`` of a survey.
        min_size: samples, before thinning, of the smallest connected component that is kept.

    Returns:
        The same with thinned ``labels``, uint8 with 255 where nothing was predicted; computed block by block
        when it is read.

    Raises:
        DataError: there is no class but the background.
    """
    labels = dataset["labels"]
    sections = as_sections(labels)
    found = {value: Components(sections, value, min_size) for value, _ in classes_shown(labels)}
    some = next(iter(found.values()))
    blocks = [
        dask.array.from_delayed(  # type: ignore[no-untyped-call]
            # Not as arguments: dask would compute all sections first, for each block.
            delayed(partial(_thin, sections, found))(number),
            (stop - start, *sections.shape[1:]),
            np.uint8,
        )
        for number, (start, stop) in enumerate(some.bounds)
    ]
    thin = sections.copy(data=dask.array.concatenate(blocks))  # type: ignore[no-untyped-call]
    thin.encoding = {"_FillValue": NOTHING}  # the chunks are now the blocks
    thin = thin.squeeze("line", drop=True) if "line" in thin.dims else thin
    kept = [str(name) for name in dataset.data_vars if name == "trace_mask"]
    return dataset[kept].assign(labels=thin.transpose(*labels.dims))


def _thin(sections: xr.DataArray, found: dict[int, Components], number: int) -> NDArray[np.uint8]:
    """Thin the sections of one block."""
    start, stop = next(iter(found.values())).bounds[number]
    stored = as_stored(sections[start:stop])
    thin = np.where(stored == NOTHING, NOTHING, background_value(sections)).astype(np.uint8)
    for value, components in found.items():
        for section, kept in zip(thin, components.block(number) > 0, strict=True):
            section[skeletonize(kept)] = value  # type: ignore[no-untyped-call]
    return thin
