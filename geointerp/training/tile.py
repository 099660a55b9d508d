"""The tile and the batch of a training that does not say which."""

from collections.abc import Sequence

from geointerp.tasks import LabelClass

SIDE = 224
_TALLEST = 1568
_NARROWEST = 112
_BATCH_PIXELS = 8 * SIDE * SIDE


def are_objects(classes: Sequence[LabelClass]) -> bool:
    """Whether the classes are objects on a background, and do not fill the slice between them."""
    return classes[0].name == "background"


def fitting_tile(
    classes: Sequence[LabelClass], shapes: Sequence[tuple[int, int]], patch: int
) -> tuple[int, int]:
    """Return height and width of a tile for classes in slices of some shapes.

    Objects on a background are known by what is around them: the tile is 224 x 224. Classes that fill the
    slice, such as intervals between horizons, are known by their order from top to bottom too: the tile is
    as high as the lowest slice, up to 1568, and of about the same area, but at least 112 wide.

    Args:
        classes: in the order of their label values.
        shapes: rows and columns of the training slices.
        patch: the sides are multiples of it.
    """
    square = _multiple(SIDE, patch)
    if are_objects(classes):
        return square, square
    height = _multiple(min(_TALLEST, min(rows for rows, _ in shapes)), patch)
    if height <= square:
        return square, square
    return height, _multiple(max(_NARROWEST, SIDE * SIDE // height), patch)


def _multiple(size: int, patch: int) -> int:
    """The largest multiple of the patch that is no longer, but one at least."""
    return max(1, size // patch) * patch


def fitting_batch(tile: tuple[int, int], processes: int) -> int:
    """Return how many tiles make a step: the pixels of 8 tiles of 224 x 224, evenly for the processes."""
    share = _BATCH_PIXELS / (tile[0] * tile[1] * processes)
    return max(1, round(share)) * processes
