"""Fault sticks: on each section, polylines along the faults, as an interpreter would pick them.

The fault band is thinned to lines one sample wide. Of each connected line the longest path is a stick; what
is left of it, branches and crossing faults, is looked at again until nothing is long enough. Sticks are
simplified by Douglas and Peucker's rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from skimage.measure import approximate_polygon
from skimage.morphology import skeletonize

from geointerp.products.components import Components, classes_shown
from geointerp.products.sections import as_sections

_SHORTEST = 8
_TOLERANCE = 1.0
_NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))
_TOUCHING = np.ones((3, 3), np.int8)


@dataclass(frozen=True)
class Stick:
    """One stick.

    Attributes:
        fault: number of the fault, a connected component of the volume, from 1 for the largest.
        section: position of the section.
        points: positions (points, 2) of trace and sample, from the top down.
        kind: the class of the fault.
    """

    fault: int
    section: int
    points: NDArray[np.int64]
    kind: int


def find_sticks(labels: xr.DataArray, *, min_size: int, every: int = 1) -> list[Stick]:
    """Find the sticks of all faults.

    Args:
        labels: of a survey; every class but the background is a fault.
        min_size: samples of the smallest fault that is kept.
        every: sections from one with sticks to the next.

    Returns:
        Sticks ordered by fault and section; positions are those of ``as_sections(labels)``.
    """
    sections, faults = as_sections(labels), 0
    sticks: list[Stick] = []
    for value, _ in classes_shown(labels):
        components = Components(sections, value, min_size)
        for number, (start, stop) in enumerate(components.bounds):
            for section in range(-(-start // every) * every, stop, every):
                here = components.block(number)[section - start]
                sticks += [Stick(faults + fault, section, line, value) for fault, line in _lines(here)]
        faults += len(components)
    return sorted(sticks, key=lambda stick: (stick.fault, stick.section))


def _lines(faults: NDArray[np.int32]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the fault and the points of each stick of a section, given the fault of each (trace, sample)."""
    left = skeletonize(faults > 0)  # type: ignore[no-untyped-call]
    while True:
        pieces, _ = label(left, _TOUCHING)
        points = np.argwhere(pieces)
        piece = pieces[tuple(points.T)]
        lengths = np.bincount(piece)
        long = np.flatnonzero(lengths >= _SHORTEST)
        if not long.size:
            return
        left = np.zeros_like(left)
        for one in long:
            own = points[piece == one]
            path = longest_path(own)
            left[tuple(own.T)] = True
            left[tuple(own[path].T)] = False
            line = own[path]
            if len(line) >= _SHORTEST:
                downward = line if line[0, 1] <= line[-1, 1] else line[::-1]
                simple = approximate_polygon(downward.astype(float), _TOLERANCE)  # type: ignore[no-untyped-call]
                yield int(faults[tuple(line[0])]), np.rint(simple).astype(np.int64)


def longest_path(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the longest of the shortest paths through connected grid points, found by two sweeps.

    Args:
        points: (points, 2) positions, connected through sides and corners.

    Returns:
        Indices of the points in their order along the path.
    """
    graph = _graph(points)
    start = int(np.argmax(dijkstra(graph, directed=False, indices=np.array([0]))))
    distance, before = dijkstra(graph, directed=False, indices=np.array([start]), return_predecessors=True)
    path = [int(np.argmax(distance))]
    while path[-1] != start:
        path.append(int(before[0, path[-1]]))
    return np.array(path[::-1], np.int64)


def _graph(points: NDArray[np.int64]) -> csr_array:
    """Return the distances between neighbouring points."""
    origin = points.min(axis=0) - 1
    index = np.full(points.max(axis=0) - origin + 2, -1, np.int64)
    place = points - origin
    index[tuple(place.T)] = np.arange(len(points))
    ends, lengths = [], []
    for step in _NEIGHBOURS:
        other = index[tuple((place + step).T)]
        near = np.flatnonzero(other >= 0)
        ends.append(np.stack([near, other[near]]))
        lengths.append(np.full(near.size, np.hypot(*step)))
    rows, columns = np.concatenate(ends, axis=1)
    return csr_array((np.concatenate(lengths), (rows, columns)), shape=(len(points), len(points)))
