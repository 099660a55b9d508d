"""What label values mean: the names of the classes and the colours they are drawn in."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from geointerp.tasks import NOTHING, LabelClass, classes_named

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
    own = list((told or {}).get("classes", ()))
    if len(own) != len(names):
        return list(classes_named(names))
    # There a name may be several words, which a meaning may not.
    classes = classes_named([str(one["name"]) for one in own])
    return [
        replace(one, colour=str(said["colour"])) if _COLOUR.fullmatch(str(said["colour"])) else one
        for one, said in zip(classes, own, strict=True)
    ]


def _values(labels: xr.DataArray) -> list[str]:
    """Return 0 and all values up to the largest, as names."""
    largest = float(labels.where(labels != NOTHING).max())
    return [str(value) for value in range(int(np.nan_to_num(largest)) + 1)]
