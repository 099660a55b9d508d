"""Labels that were written before: a store or a NetCDF file, and the input they were predicted from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from geointerp.errors import DataError
from geointerp.sources.pieces import warn_of_missing
from geointerp.sources.stores import provenance_of


def open_labels(path: Path) -> xr.Dataset:
    """Open a result of ``predict``.

    Args:
        path: a ``.zarr`` store or a ``.nc`` file.

    Returns:
        What ``predict`` returned, read lazily; nothing predicted is NaN.

    Raises:
        DataError: there is none, or it holds no labels.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist", hint="give labels that predict wrote, .zarr or .nc")
    if path.name.startswith(".") and path.name.endswith(".partial"):
        raise DataError(
            f"{path} is what an unfinished prediction has done so far",
            hint="finish it with predict --resume",
        )
    if path.is_file() and path.suffix.lower() != ".nc":
        raise DataError(f"{path} is no label store", hint="give a .zarr or .nc that predict wrote")
    try:
        # Times are in ms or s, which some versions of xarray would decode.
        opened = (
            xr.open_zarr(path, consolidated=False, decode_timedelta=False)
            if path.is_dir()
            else xr.open_dataset(path, chunks={}, decode_timedelta=False)
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0].partition(". Consider")[0]
        raise DataError(
            f"{path} cannot be opened as a label store: {why}",
            hint="give a .zarr or .nc that predict wrote",
        ) from None
    if "labels" not in opened:
        raise DataError(
            f"{path} has no 'labels', only {', '.join(map(str, opened.data_vars)) or 'nothing'}",
            hint="give a .zarr or .nc that predict wrote",
        )
    if told := provenance_of(opened):
        opened.attrs["geointerp"] = told
        warn_of_missing(path, told)
    dataset: xr.Dataset = opened
    return dataset


def reopen_input(labels: xr.Dataset, like: str | Path | None = None) -> xr.DataArray:
    """Open the input that labels were predicted from, read as it was then.

    Args:
        labels: with their provenance.
        like: where the input lies (a path or URL), or a file with the same geometry, if not where it lay.

    Raises:
        DataError: it is not there, was not recorded, or another file lies there now.
    """
    from geointerp.sources.open import open_volume, suiting
    from geointerp.sources.remote import is_url

    told = labels.attrs.get("geointerp") or {}
    recorded = (told.get("source") or {}).get("path")
    place = like or recorded
    if not place:
        raise DataError("the labels do not say what they were predicted from", hint="name it with --like")
    if like is None and not is_url(str(recorded)) and not Path(str(recorded)).exists():
        raise DataError(
            f"{place}, which the labels were predicted from, is not there", hint="say with --like where it is"
        )
    reading = told.get("reading") or {}
    volume: xr.DataArray = open_volume(place, **(suiting(place, reading) if like else reading))
    if like is None:
        _check_same_input(volume, told["source"])
    return volume


def _check_same_input(volume: xr.DataArray, recorded: Mapping[str, Any]) -> None:
    """Refuse another file where the input was: one with other headers, or that begins otherwise.

    Folders may have grown; what labels and data share is found by coordinates.

    Raises:
        DataError: it is another file.
    """
    then, now = recorded.get("headers_sha256"), volume.attrs.get("source_headers_sha256")
    if then is None or now is None or then == now or not Path(volume.attrs["source"]).is_file():
        return
    sizes = [f"{size:,}" for size in (recorded.get("size"), volume.attrs.get("source_size")) if size]
    size = f" (of {sizes[0]} bytes, now {sizes[1]})" if len(set(sizes)) == 2 else ""
    raise DataError(
        f"{recorded.get('path')} is no longer the file that the labels were predicted from{size}: "
        f"its {'headers' if 'segy' in volume.attrs else 'first bytes'} are others",
        hint="predict again, or name that file with --like, or this one if it is meant",
    )
