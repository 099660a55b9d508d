"""Predicted craters against true ones, matched by the rule of DeepMoon (Silburt et al. 2019).

A predicted and a true circle at distance ``d``, with radii ``r1`` and ``r2``, may be the same crater when

    d² / min(r1, r2)² < 1.8    and    |r1 - r2| / min(r1, r2) < 1

Each crater has at most one partner. Of all such pairings the one with most pairs is taken, and among these
the one with the least sum of the two left sides. Unlike taking craters one by one, this depends neither on
the order of the rows nor on which catalogue goes first, and it never lets go of a pair that could be made.

On a sphere ``d`` is the length of the great circle, with the radius of the body: the Moon's by default.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from geointerp.evaluation.catalogues import Catalogue

MOON_RADIUS_KM = 1737.4
DISTANCE_LIMIT = 1.8
RADIUS_LIMIT = 1.0


@dataclass(frozen=True)
class Pairs:
    """Pairs of a predicted and a true crater.

    Attributes:
        predicted: positions in the predicted catalogue, int64 (pairs,).
        true: positions in the true catalogue, int64 (pairs,).
        distance: between the centres, in pixels or km, float64 (pairs,).
        misfit: ``d² / min(r)² + |Δr| / min(r)``, float64 (pairs,).
    """

    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    distance: NDArray[np.float64]
    misfit: NDArray[np.float64]

    def only(self, chosen: NDArray[Any]) -> "Pairs":
        """Return the chosen pairs: a mask, or positions."""
        return Pairs(self.predicted[chosen], self.true[chosen], self.distance[chosen], self.misfit[chosen])


def match(predicted: Catalogue, true: Catalogue, radius_km: float = MOON_RADIUS_KM) -> Pairs:
    """Return the pairs of craters that are taken for the same, each crater in one pair at most.

    Args:
        predicted: one catalogue.
        true: the other, in the same kind of coordinates.
        radius_km: of the body; in pixels it means nothing.
    """
    candidates = possible_pairs(predicted, true, radius_km)
    if not candidates.predicted.size:
        return candidates
    # Each predicted crater may also go to a place of its own, so that a full matching exists; at this price
    # it does only where no further pair can be made.
    alone = (DISTANCE_LIMIT + RADIUS_LIMIT + 1) * (min(len(predicted), len(true)) + 1)
    rows = np.concatenate([candidates.predicted, np.arange(len(predicted))])
    columns = np.concatenate([candidates.true, len(true) + np.arange(len(predicted))])
    # A stored zero would be no edge.
    prices = np.concatenate([candidates.misfit + 1, np.full(len(predicted), alone)])
    graph = csr_array((prices, (rows, columns)), shape=(len(predicted), len(true) + len(predicted)))
    chosen = dict(zip(*min_weight_full_bipartite_matching(graph), strict=True))
    taken = [chosen[p] == t for p, t in zip(candidates.predicted, candidates.true, strict=True)]
    return candidates.only(np.array(taken))


def possible_pairs(predicted: Catalogue, true: Catalogue, radius_km: float = MOON_RADIUS_KM) -> Pairs:
    """Return all pairs that the rule allows, whatever else their craters could be paired with."""
    sphere = radius_km if predicted.on_sphere else None
    if not len(predicted) or not len(true):
        nothing = np.zeros(0, np.int64)
        return Pairs(nothing, nothing, np.zeros(0), np.zeros(0))
    radius, other_radius = predicted.diameter / 2, true.diameter / 2
    # min(r) is at most the radius of the predicted one.
    reach = _chord(radius * np.sqrt(DISTANCE_LIMIT), sphere)
    places, other_places = _points(predicted, sphere), _points(true, sphere)
    near = cKDTree(other_places).query_ball_point(places, reach)
    at = np.repeat(np.arange(len(predicted)), [len(one) for one in near])
    beside = np.concatenate([np.asarray(one, np.int64) for one in near])
    straight = np.linalg.norm(places[at] - other_places[beside], axis=1)
    distance = _arc(straight, sphere)
    smaller = np.minimum(radius[at], other_radius[beside])
    far = (distance / smaller) ** 2
    unlike = np.abs(radius[at] - other_radius[beside]) / smaller
    allowed = (far < DISTANCE_LIMIT) & (unlike < RADIUS_LIMIT)
    return Pairs(at, beside, distance, far + unlike).only(allowed)


def _points(catalogue: Catalogue, sphere: float | None) -> NDArray[np.float64]:
    """Return the centres as points: (craters, 2) in pixels, or (craters, 3) on the sphere in km."""
    if sphere is None:
        return np.stack([catalogue.x, catalogue.y], axis=1)
    longitude, latitude = np.radians(catalogue.x), np.radians(catalogue.y)
    across = np.cos(latitude)
    unit = (across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude))
    return sphere * np.stack(unit, axis=1)


def _chord(arc: NDArray[np.float64], sphere: float | None) -> NDArray[np.float64]:
    """Return the straight distance of points whose great circle is ``arc`` long, slightly rounded up."""
    if sphere is None:
        return arc
    half_angle = np.minimum(arc / (2 * sphere), np.pi / 2)
    return 2 * sphere * np.sin(half_angle) * (1 + 1e-9)


def _arc(chord: NDArray[np.float64], sphere: float | None) -> NDArray[np.float64]:
    if sphere is None:
        return chord
    return 2 * sphere * np.arcsin(np.minimum(chord / (2 * sphere), 1))
