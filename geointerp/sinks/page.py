"""A result as one HTML page that needs nothing else: summary, provenance, and a viewer of its slices.

The arrays are in the page as gzip in base64, which browsers unpack by themselves. The page's own security
policy forbids it every request.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.sinks.classes import BACKGROUND, classes_of
from geointerp.sinks.preview import MOST_CELLS, Preview, preview
from geointerp.tasks import NOTHING, TASKS, LabelClass

_SCRIPTS = ("data.js", "panel.js", "controls.js")
_OPACITY = {True: 85, False: 45}


def write_page(
    labels: xr.Dataset, path: Path, *, volume: xr.DataArray | None, most_cells: int = MOST_CELLS
) -> None:
    """Write a result as one HTML page, with its summary, provenance and a viewer of its slices.

    Args:
        labels: what ``predict`` returns, or a label store; read block by block.
        path: the page to write.
        volume: the input, which is shown below the labels; without it the labels are shown alone.
        most_cells: larger results are thinned out to this many cells, in a way that keeps thin faults.

    Raises:
        DataError: the labels do not lie on the samples of the input.
    """
    told = labels.attrs.get("geointerp", {})
    told = json.loads(told) if isinstance(told, str) else told  # as NetCDF keeps it
    shown = preview(labels["labels"], volume, most_cells)
    classes = classes_of(labels["labels"], told)
    assets = files("geointerp.sinks") / "viewer"
    page = Template((assets / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(_title(told)),
        subtitle=escape(_subtitle(told)),
        style=(assets / "page.css").read_text(encoding="utf-8"),
        script="\n".join((assets / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        facts=_rows(_summary(labels["labels"], told, shown)),
        bars=_bars(classes, shown.counts),
        provenance=_rows(_flat(told) or {"origin": "not recorded"}),
        opacity=_OPACITY[classes[0].name == BACKGROUND],
        viewer=_json(_viewer_facts(shown, classes)),
        labels=_packed(shown.labels),
        greys="" if shown.greys is None else _packed(shown.greys),
    )
    path.write_text(page, encoding="utf-8")


def _title(told: Mapping[str, Any]) -> str:
    source = (told.get("source") or {}).get("path")
    return Path(source).name if source else "Labels"


def _subtitle(told: Mapping[str, Any]) -> str:
    task = TASKS.get(str(told.get("task")))
    model = (told.get("model") or {}).get("name")
    parts = [
        task.title if task else "interpreted classes",
        f"predicted by the model {model}" if model else "",
    ]
    return ", ".join(filter(None, parts))


def _summary(labels: xr.DataArray, told: Mapping[str, Any], shown: Preview) -> dict[str, Any]:
    """Return what the reader wants to know first; what is not known is left out."""
    sizes = " × ".join(f"{size:,} {dim}" for dim, size in labels.sizes.items())
    factors = [f"{factor} {dim}" for dim, factor in shown.factors.items() if factor > 1]
    known = int(shown.counts[:NOTHING].sum())
    facts = {
        "File": (told.get("source") or {}).get("path"),
        "Task": told.get("task"),
        "Model": (told.get("model") or {}).get("name"),
        "Size": sizes,
        "Labelled": f"{known / max(labels.size, 1):.1%} of {labels.size:,} samples",
        "Views": ", ".join(told.get("views") or ()),
        "Precision": told.get("precision"),
        "Created": told.get("created"),
        "Shown": f"thinned out: a cell is {' × '.join(factors)} samples" if factors else "every sample",
    }
    spans = {f"Range of {dim}": _span(labels, str(dim), shown.units[str(dim)]) for dim in labels.dims}
    return {name: value for name, value in (facts | spans).items() if value}


def _span(labels: xr.DataArray, dim: str, unit: str) -> str:
    first, last = labels[dim].values[[0, -1]]
    if labels[dim].dtype.kind == "M":
        return f"{np.datetime_as_string(first, unit='ms')} to {np.datetime_as_string(last, unit='ms')}"
    ends = [f"{end:.10g}" for end in dict.fromkeys((first, last))]
    return f"{' to '.join(ends)} {unit}".rstrip()


def _rows(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items())


def _flat(told: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Return nested facts as one level, the names joined by dots."""
    flat: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{above}{name}.")
        else:
            flat[f"{above}{name}"] = value if isinstance(value, str) else json.dumps(value, default=str)
    return flat


def _bars(classes: list[LabelClass], counts: NDArray[np.int64]) -> str:
    """Return the share of each class among the labelled samples, as bars."""
    known = max(int(counts[:NOTHING].sum()), 1)
    bars = []
    for value, one in enumerate(classes):
        share = counts[value] / known
        bars.append(
            f'<li><span class="name">{escape(one.name)}</span><span class="bar"><span class="{_kind(one)}" '
            f'style="width:{share:.4%};background-color:{escape(one.colour)}"></span></span>'
            f'<span class="share" title="{counts[value]:,} samples">{_percent(share)}</span></li>'
        )
    return "\n".join(bars)


def _percent(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def _kind(one: LabelClass) -> str:
    return "plain" if one.name == BACKGROUND else "coloured"


def _viewer_facts(shown: Preview, classes: list[LabelClass]) -> dict[str, Any]:
    """Return what the viewer needs to know beside the two arrays."""
    dims = list(shown.cells)
    return {
        "dims": dims,
        "shape": shown.labels.shape,
        "cells": {dim: values.tolist() for dim, values in shown.cells.items()},
        "units": shown.units,
        "names": shown.names,
        "cuts": [
            {
                "dim": next(iter(cut.at), None),
                "start": _nearest(shown, cut.at),
                "rows": cut.rows,
                "columns": cut.columns,
            }
            for cut in shown.cuts
        ],
        "equal": bool({"x", "row"} & {*dims}),
        "gaps": bool(shown.counts[NOTHING]) or (shown.greys is not None and not shown.greys.all()),
        "low": shown.low,
        "high": shown.high,
        "classes": [
            {"name": one.name, "colour": one.colour, "background": one.name == BACKGROUND} for one in classes
        ],
    }


def _nearest(shown: Preview, at: Mapping[str, Any]) -> int:
    """Return the cell in which a cut lies."""
    return next((int(np.argmin(np.abs(shown.cells[dim] - value))) for dim, value in at.items()), 0)


def _json(facts: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(facts, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _packed(array: NDArray[np.uint8]) -> str:
    return base64.b64encode(gzip.compress(array.tobytes(), compresslevel=6, mtime=0)).decode("ascii")
