"""Whether two lists of classes are the same: labels are numbers, and mean what their classes are called."""

import warnings
from collections.abc import Sequence

from geointerp.errors import DataError


def compare_classes(named: Sequence[str], wanted: Sequence[str], told: str, hint: str) -> None:
    """Refuse classes of which one has another number; warn of such as are only called otherwise.

    Args:
        named: names in the order of the labels, as one side has them; none where it does not say them.
        wanted: likewise, as the other has them.
        told: says for people which both are.
        hint: what to do where they are refused.

    Raises:
        DataError: a name stands at different numbers.
    """
    # Blanks are no part of a name where it is stored with labels.
    mine, theirs = (["_".join(name.split()) for name in names] for names in (named, wanted))
    if not mine or not theirs or mine == theirs:
        return
    if any(mine.index(name) != theirs.index(name) for name in {*mine} & {*theirs}):
        raise DataError(told, hint=hint)
    warnings.warn(f"{told}: they are taken for the same, number by number", stacklevel=3)
