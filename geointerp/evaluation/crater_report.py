"""Predicted against true craters: the report that ``geointerp evaluate`` prints of two catalogues."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.evaluation.catalogues import Catalogue, Units, read_catalogue
from geointerp.evaluation.craters import MOON_RADIUS_KM, Pairs, match
from geointerp.evaluation.folder import REPORT, check_folder, write_report, write_rows
from geointerp.evaluation.metrics import f1_of, ratio
from geointerp.sinks.output import whole_or_not_at_all


def evaluate_catalogues(
    prediction: str | Path,
    truth: str | Path,
    *,
    units: Units | None = None,
    min_diameter: float = 0.0,
    radius: float | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Compare a catalogue of predicted craters with one of true craters.

    Args:
        prediction: CSV file, see ``geointerp.evaluation.catalogues`` for its columns.
        truth: CSV file, likewise.
        units: what a diameter without a unit is measured in.
        min_diameter: in pixels, or km on a sphere. Smaller craters count neither as predicted nor as true,
            but a larger one may find its partner among them: a crater near the limit is not lost by it.
        radius: of the body in km, for catalogues in degrees; the Moon's, 1737.4, by default.
        output: a folder for ``report.json`` and ``matches.csv``.
        overwrite: whether it may be replaced.

    Returns:
        ``precision, recall, f1`` (None where nothing was predicted or nothing is true), the counts
        ``predicted``, ``true`` and ``matched`` (true ones that were found), the matched ones'
        ``median_position_error`` and ``median_diameter_error``, and their ``units``: ``pixels`` or ``km``;
        on a sphere its ``radius_km``.

    Raises:
        DataError: a catalogue cannot be read, or one is in pixels and the other in degrees.
        UsageError: the least diameter is negative, or the radius is none, or none is needed.
        OutputError: the output exists.
    """
    if not 0 <= min_diameter < np.inf:
        raise UsageError(f"the least diameter is {min_diameter}, it must be 0 or more")
    if radius is not None and not 0 < radius < np.inf:
        raise UsageError(f"the radius of the body is {radius} km, it must be above 0")
    check_folder(output, prediction, truth, overwrite=overwrite)
    predicted, true = read_catalogue(Path(prediction), units), read_catalogue(Path(truth), units)
    _check_same_kind(prediction, predicted, truth, true)
    if radius is not None and not true.on_sphere:
        raise UsageError(f"{truth} is in pixels, where --radius means nothing", hint="leave --radius out")
    sphere = radius or MOON_RADIUS_KM
    pairs = match(predicted, true, sphere)
    report = _report(predicted, true, pairs, min_diameter) | ({"radius_km": sphere} if true.on_sphere else {})
    if output is not None:
        _write(Path(output), report, predicted, true, pairs, overwrite)
    return report


def _report(predicted: Catalogue, true: Catalogue, pairs: Pairs, min_diameter: float) -> dict[str, Any]:
    """Return the figures; see ``evaluate_catalogues``."""
    large, large_true = predicted.diameter >= min_diameter, true.diameter >= min_diameter
    right, found = large[pairs.predicted].sum(), large_true[pairs.true].sum()
    precision, recall = ratio(right, large.sum()), ratio(found, large_true.sum())
    counted = pairs.only(large_true[pairs.true])
    diameter_error = np.abs(predicted.diameter[counted.predicted] - true.diameter[counted.true])
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1_of(precision, recall),
        "predicted": int(large.sum()),
        "true": int(large_true.sum()),
        "matched": int(found),
        "median_position_error": _median(counted.distance),
        "median_diameter_error": _median(diameter_error),
        "units": "km" if true.on_sphere else "pixels",
    }


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if values.size else None


def _check_same_kind(
    prediction: str | Path, predicted: Catalogue, truth: str | Path, true: Catalogue
) -> None:
    if predicted.on_sphere != true.on_sphere:
        kinds = {True: "longitude and latitude", False: "pixels"}
        raise DataError(
            f"{prediction} is in {kinds[predicted.on_sphere]}, {truth} in {kinds[true.on_sphere]}",
            hint="give both catalogues in the same kind of coordinates",
        )


def _write(
    folder: Path, report: dict[str, Any], predicted: Catalogue, true: Catalogue, pairs: Pairs, overwrite: bool
) -> None:
    """Write the report, and each pair of craters as a row of ``matches.csv``."""
    header = ("predicted", "true", "distance", "predicted_diameter", "true_diameter")
    columns = (
        pairs.predicted,
        pairs.true,
        pairs.distance,
        predicted.diameter[pairs.predicted],
        true.diameter[pairs.true],
    )
    with whole_or_not_at_all(folder, overwrite=overwrite, marker=REPORT) as partial:
        partial.mkdir()
        write_report(partial, report)
        write_rows(partial / "matches.csv", header, zip(*(one.tolist() for one in columns), strict=True))
