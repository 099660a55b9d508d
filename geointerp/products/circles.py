"""Circles in a mask: one for each disc, also where discs touch or overlap.

The first circle is fitted to the whole outline. While the circles do not cover the mask well, the place of
the mask that is furthest from its edge and in no circle yet starts another; then each point of the outline
goes to the circle it lies nearest to and all circles are fitted anew. A further circle stays if the circles
together match the mask better than before (intersection over union), and if enough of its own outline is
there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_fill_holes, distance_transform_edt
from skimage.measure import find_contours

_GOOD = 0.9
_GAIN = 0.02
_SUPPORT = 0.35
_MOST = 60
_ROUNDS = 12
_FEWEST_SECTORS, _SECTORS = 8, 36
_PAD = 1
_LEAST_POINTS = 5
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Circle:
    """A circle in a mask.

    Attributes:
        centre: row and column, in units of the mask's sampling.
        radius: likewise.
        outline: (points, 2) row and column of the outline that is its own, in pixels.
        support: share of its circumference that has outline.
    """

    centre: Floats
    radius: float
    outline: Floats
    support: float

    def line(self, sampling: tuple[float, float], points: int = 72) -> Floats:
        """Return places on the whole circle, (points, 2) row and column in pixels."""
        turn = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
        around = self.radius * np.stack([np.sin(turn), np.cos(turn)], axis=1)
        whole: Floats = (self.centre + around) / np.array(sampling)
        return whole


def find_circles(
    mask: Mask,
    sampling: tuple[float, float] = (1.0, 1.0),
    free: Mask | None = None,
    gaps: Mask | None = None,
) -> list[Circle]:
    """Find the circles of one connected component.

    Args:
        mask: the component in its box.
        sampling: height and width of a pixel, so that an ellipse in the mask may be a circle on the ground.
        free: the sides of the box (top, bottom, left, right) that are no outline, being the data's edge.
        gaps: where in the box and a pixel around it nothing is known; beside it is no outline either.

    Returns:
        Circles, the largest first; none if the outline is too short to tell.
    """
    filled, gaps = _filled(mask, gaps)
    outline = _outline(filled, mask.shape, free, gaps)
    if len(outline) <= _LEAST_POINTS:
        return []
    scale = np.array(sampling)
    circles, best = _settled(outline, scale, [fit_circle(outline * scale)], filled, gaps)
    inside = distance_transform_edt(filled, sampling=sampling)
    tried = np.zeros(filled.shape, bool)
    while best < _GOOD and len(circles) < _MOST:
        left = np.where(tried | _drawn(circles, scale, filled.shape), 0, inside)
        peak = np.array(np.unravel_index(np.argmax(left), left.shape))
        radius = float(left[tuple(peak)])
        if radius < 1.5 * scale.max():
            break
        start = ((peak - _PAD) * scale, radius)
        starts = [*((c.centre, c.radius) for c in circles), start]
        more, match = _settled(outline, scale, starts, filled, gaps)
        if match > best + _GAIN and len(more) > len(circles):
            circles, best = more, match
        else:
            tried |= _drawn([Circle(*start, outline, 1.0)], scale, filled.shape)
    return sorted(circles, key=lambda circle: -circle.radius)


def overlap_with(
    mask: Mask, circles: list[Circle], sampling: tuple[float, float], gaps: Mask | None = None
) -> float:
    """Return the intersection over union of a mask and its circles together, ``gaps`` left out."""
    filled, gaps = _filled(mask, gaps)
    return _match(circles, np.array(sampling), filled, gaps)


def _filled(mask: Mask, gaps: Mask | None) -> tuple[Mask, Mask]:
    """Return a mask, padded, without its holes, and the gaps outside it."""
    filled = binary_fill_holes(np.pad(mask, _PAD))
    return filled, np.zeros_like(filled) if gaps is None else gaps & ~filled


def _outline(filled: Mask, shape: tuple[int, ...], free: Mask | None, gaps: Mask) -> Floats:
    """Return the outline, half-way between pixels inside and outside; without what is the data's edge."""
    contours = find_contours(filled.astype(np.float32), 0.5)  # type: ignore[no-untyped-call]
    parts = [part[:-1] for part in contours]
    points = np.concatenate(parts) - _PAD if parts else np.empty((0, 2))
    top, bottom, left, right = np.zeros(4, bool) if free is None else free
    row, column = points.T
    cut = (top & (row < 0)) | (bottom & (row > shape[0] - 1))
    cut |= (left & (column < 0)) | (right & (column > shape[1] - 1))
    if gaps.any():
        cut |= _beside(points + _PAD, filled, gaps)
    return points[~cut]


def _beside(points: Floats, filled: Mask, gaps: Mask) -> Mask:
    """Return which points of the outline, in the padded mask, belong to a pixel that a gap touches."""
    near = binary_dilation(gaps, np.ones((3, 3), bool)) & filled
    one, other = (tuple(side(points).astype(int).T) for side in (np.floor, np.ceil))  # one of them is inside
    touched: Mask = near[one] | near[other]
    return touched


def fit_circle(points: Floats) -> tuple[Floats, float]:
    """Return centre and radius of the circle through points, by linear least squares (Kåsa 1976)."""
    middle = points.mean(axis=0)
    own = points - middle
    design = np.column_stack([2 * own, np.ones(len(own))])
    solution = np.linalg.lstsq(design, (own**2).sum(axis=1), rcond=None)[0]
    return middle + solution[:2], float(np.sqrt(max(solution[2] + (solution[:2] ** 2).sum(), 0.0)))


def _settled(
    outline: Floats, scale: Floats, starts: list[tuple[Floats, float]], filled: Mask, gaps: Mask
) -> tuple[list[Circle], float]:
    """Let circles and outline settle: points to their nearest circle, circles to their points.

    Returns:
        The circles that keep enough outline, and how well they match the mask.
    """
    points, circles = outline * scale, starts
    for _ in range(_ROUNDS):
        _, owner = _nearest(points, circles)
        counts = np.bincount(owner, minlength=len(circles))
        kept = np.flatnonzero(counts >= _LEAST_POINTS)
        if not kept.size:  # so little outline, where most of it is the data's edge, that none has enough
            return [], 0.0
        circles = [fit_circle(points[owner == one]) for one in kept]
    off, owner = _nearest(points, circles)
    found = []
    for one, (centre, radius) in enumerate(circles):
        own = (owner == one) & (off < max(1.5 * scale.max(), 0.1 * radius))
        support = _support(points[own] - centre, radius / scale.max())
        if own.sum() >= _LEAST_POINTS and (support >= _SUPPORT or len(circles) == 1):
            found.append(Circle(centre, radius, outline[own], support))
    return found, _match(found, scale, filled, gaps)


def _nearest(points: Floats, circles: list[tuple[Floats, float]]) -> tuple[Floats, NDArray[np.intp]]:
    """Return how far points are from their nearest circle's line, and which that is."""
    off = np.stack([np.abs(np.hypot(*(points - centre).T) - radius) for centre, radius in circles])
    owner = off.argmin(axis=0)
    return off[owner, np.arange(len(points))], owner


def _support(points: Floats, radius: float) -> float:
    """Return the share of directions from the centre in which there are points; ``radius`` is in pixels."""
    sectors = int(np.clip(np.pi * radius, _FEWEST_SECTORS, _SECTORS))  # of two pixels or more
    sector = np.floor((np.arctan2(*points.T) / (2 * np.pi) + 0.5) * sectors).astype(int)
    return np.unique(sector.clip(max=sectors - 1)).size / sectors


def _drawn(circles: list[Circle], scale: Floats, shape: tuple[int, ...]) -> Mask:
    """Return the padded mask that circles make."""
    drawn = np.zeros(shape, bool)
    for circle in circles:
        middle, reach = circle.centre / scale + _PAD, circle.radius / scale
        low = np.floor(middle - reach).astype(int).clip(0, shape)
        high = np.ceil(middle + reach + 1).astype(int).clip(0, shape)
        rows, columns = (np.arange(*ends) for ends in zip(low, high, strict=True))
        away = np.hypot((rows - middle[0])[:, None] * scale[0], (columns - middle[1]) * scale[1])
        drawn[low[0] : high[0], low[1] : high[1]] |= away <= circle.radius
    return drawn


def _match(circles: list[Circle], scale: Floats, filled: Mask, gaps: Mask) -> float:
    drawn = _drawn(circles, scale, filled.shape) & ~gaps
    return float((drawn & filled).sum() / max((drawn | filled).sum(), 1))
