"""What label values mean: the names of the classes and the colours they are drawn in."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from geointerp.sinks.decimate import UNKNOWN
from geointerp.tasks import TASKS, LabelClass

_SPARE_COLOURS = ("#4363d8", "#e6194b", "#3cb44b", "#f58231", "#911eb4", "#42d4f4", "#ffe119", "#a9a9a9")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
BACKGROUND = "background"


def classes_of(labels: xr.DataArray, told: Mapping[str, Any] | None = None) -> list[LabelClass]:
    """Return the classes of a label array, in the order of their values.

    Args:
        labels: with ``flag_meanings``; without, the classes are the label values.
        told: the provenance of the labels, whose classes carry the model's own names and colours. By
            default the colours are those that the tasks give to the names.
    """
    names = str(labels.attrs.get("flag_meanings", "")).split() or _values(labels)
    known = {one.name: one.colour for task in TASKS.values() for one in task.classes}
    own = list((told or {}).get("classes", ()))
    if len(own) == len(names):  # there a name may be several words, which a meaning may not
        names = [str(one["name"]) for one in own]
        known |= {one["name"]: one["colour"] for one in own if _COLOUR.fullmatch(str(one["colour"]))}
    return [
        LabelClass(name, known.get(name, _SPARE_COLOURS[value % len(_SPARE_COLOURS)]))
        for value, name in enumerate(names)
    ]


def _values(labels: xr.DataArray) -> list[str]:
    """Return 0 and all values up to the largest, as names."""
    largest = float(labels.where(labels != UNKNOWN).max())
    return [str(value) for value in range(int(np.nan_to_num(largest)) + 1)]
