"""Top and base of bodies as horizons: a time or depth for each trace."""

from pathlib import Path

import numpy as np
import xarray as xr

from geointerp.products.components import Components, classes_shown
from geointerp.products.spacing import depth_on_the_map
from geointerp.sources.arrangement import runs_backwards


def write_horizon(labels: xr.DataArray, path: Path, *, end: str, min_size: int) -> int:
    """Write where the bodies of all classes but the background begin or end, as ``inline crossline z`` lines.

    Of a trace that passes through several bodies, or twice through one, it is the uppermost top or the
    lowermost base. A trace is left out where that lies at the end of the data: the body may go on beyond.
    Of a 2D line the text is ``cdp z``. z is in ms, or in the unit of x and y.

    Args:
        labels: of a survey.
        path: the file.
        end: ``top`` or ``base``.
        min_size: samples of the smallest body that counts.

    Returns:
        The number of traces written.

    Raises:
        DataError: there is no class but the background.
    """
    found = [Components(labels, value, min_size) for value, _ in classes_shown(labels)]
    depth = labels[labels.dims[-1]].values * depth_on_the_map(labels)
    lines = [labels[dim].values for dim in labels.dims[:-1]]
    first_sample = (end == "top") != runs_backwards(labels[labels.dims[-1]])
    written = 0
    with path.open("w", encoding="ascii") as file:
        for number, (start, _) in enumerate(found[0].bounds):
            inside = np.logical_or.reduce([one.block(number) > 0 for one in found])
            cut = inside[..., 0 if first_sample else -1]
            places = np.nonzero(inside.any(axis=-1) & ~cut)
            hit = inside[places]
            at = hit.argmax(axis=-1) if first_sample else hit.shape[-1] - 1 - hit[:, ::-1].argmax(axis=-1)
            numbers = [axis[place + (start if first else 0)] for axis, place, first in zip(
                lines, places, (True, False), strict=False)]  # fmt: skip
            for *line, z in zip(*numbers, depth[at], strict=True):
                file.write(f"{' '.join(map(str, line))} {z:.3f}\n")
            written += at.size
    return written
