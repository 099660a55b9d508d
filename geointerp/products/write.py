"""A result is written: the labels themselves, or what an interpreter takes away from them.

The suffix of the output and the task choose the product; a name chooses another one.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from geointerp.errors import UsageError
from geointerp.extras import needed
from geointerp.products.kinds import Product, choose_product
from geointerp.sinks.classes import BACKGROUND
from geointerp.sinks.files import check_writable, write_labels
from geointerp.sinks.output import check_free, check_suffix, whole_or_not_at_all
from geointerp.sinks.tables import Table, write_table
from geointerp.tasks import TASKS


@dataclass(frozen=True)
class Wishes:
    """What a user may say about a product; None leaves the choice to it.

    Attributes:
        product: its name, see ``geointerp.products.kinds``.
        form: of a text (charisma, opendtect), or of SEG-Y samples (ieee, ibm, int8).
        min_size: samples of the smallest component that is kept.
        velocity: in m/s, for volumes of what lies in two-way time.
        every: sections from one with fault sticks to the next.
        at: where a picture is cut, such as ``inline=120,time=800``.
        min_rim: share of its circumference that a crater must show.
    """

    product: str | None = None
    form: str | None = None
    min_size: int | None = None
    velocity: float | None = None
    every: int = 1
    at: str | None = None
    min_rim: float | None = None


def check_product(
    path: Path, place: xr.DataArray, task: str | None, *, wishes: Wishes, volume: xr.DataArray | None
) -> Product:
    """Return the product that an output's name asks for; refuse what cannot be made before work is done.

    Args:
        path: the output.
        place: the labels, or the input they will have dimensions and coordinates of.
        task: what is interpreted, None for classes of one's own.
        wishes: of the user.
        volume: the input, where it is at hand.

    Raises:
        UsageError: the suffix is unknown, or there is no such product of this task or kind of data.
        DataError: the data lack what the product needs, such as coordinates or a map of a known kind.
    """
    check_suffix(path)
    product = choose_product(path, place, task, wishes.product)
    _check_wishes(path, place, product, wishes)
    if product.is_labels:
        check_writable(place, path, volume=volume, form=wishes.form)
    if path.suffix.lower() == ".gpkg":
        needed("pyogrio", "raster", f"{path.name} is a GeoPackage")
    if product.name == "craters" and "spatial_ref" in place.coords:
        needed("rasterio", "raster", "craters on a map have longitude and latitude")
    if product.name in ("craters", "areas"):
        from geointerp.products.ground import ground_of

        ground_of(place)
    if product.name == "sticks":
        from geointerp.products.stick_files import check_sticks

        check_sticks(place, wishes.form)
    elif wishes.form is not None and not product.is_labels:
        raise UsageError(f"there is no form '{wishes.form}' of {product.title}: {path}")
    return product


def _check_wishes(path: Path, place: xr.DataArray, product: Product, wishes: Wishes) -> None:
    """Refuse what says nothing about a product."""
    if wishes.velocity is not None and product.name not in ("bodies", "areas"):
        raise UsageError(f"a velocity is for volumes of bodies and areas, not for {product.title}: {path}")
    if wishes.velocity is not None and (place.dims[-1] != "time" or place.dims[0] == "distance"):
        dims = ", ".join(map(str, place.dims))
        raise UsageError(f"a velocity is for surveys in two-way time, not for labels along {dims}: {path}")
    if wishes.min_size is not None and product.name in ("labels", "areas"):
        raise UsageError(f"a least size is for what is made of components, not for {product.title}: {path}")
    if wishes.every != 1 and product.name != "sticks":
        raise UsageError(f"every n-th section is for fault sticks, not for {product.title}: {path}")
    if wishes.min_rim is not None and not 0 <= wishes.min_rim <= 1:
        raise UsageError(
            f"the least share of a rim is a number from 0 to 1, not {wishes.min_rim:g}",
            hint="0.75 asks that three quarters of a circle be labelled",
        )
    if wishes.min_rim is not None and product.name != "craters":
        raise UsageError(f"a least share of the rim is for craters, not for {product.title}: {path}")
    if wishes.at is not None and path.suffix.lower() != ".png":
        raise UsageError(f"a place to cut at is for pictures, .png, not for {path}")


def write_product(
    labels: xr.Dataset,
    path: Path,
    *,
    volume: xr.DataArray | None = None,
    overwrite: bool = False,
    wishes: Wishes | None = None,
) -> dict[str, Any]:
    """Write labels, or a product of them; the file appears whole or not at all.

    Args:
        labels: what ``predict`` returns, or a label store.
        path: the output, whose suffix chooses the writer.
        volume: the input, which SEG-Y, pictures and pages need.
        overwrite: whether an existing file may be replaced.
        wishes: of the user.

    Returns:
        ``product``, and ``count`` where it consists of rows, sticks or traces.

    Raises:
        UsageError: there is no such output of these labels.
        DataError: they lack what it needs.
        OutputError: the file exists, or cannot be written.
    """
    wishes = wishes or Wishes()
    told = labels.attrs.get("geointerp") or {}
    task, predicted_from = told.get("task"), (told.get("source") or {}).get("path")
    product = check_product(path, labels["labels"], task, wishes=wishes, volume=volume)
    check_free(path, overwrite=overwrite, source=predicted_from)
    if product.name != "labels":
        labels = _with_background(labels, task)
    least = product.min_size if wishes.min_size is None else wishes.min_size
    if product.is_labels:
        if product.name == "surfaces":
            from geointerp.products.surfaces import thinned

            labels = thinned(labels, min_size=least)
        write_labels(labels, path, volume=volume, overwrite=overwrite, form=wishes.form, at=wishes.at)
        return {"product": product.name}
    source = None if volume is None else volume.attrs.get("source")
    with whole_or_not_at_all(path, overwrite=overwrite, source=source) as partial:
        if path.suffix.lower() == ".txt":
            count = _write_text(labels["labels"], partial, product, least, wishes)
        else:
            table = _table(labels, product, least, wishes)
            write_table(table, partial, path.suffix.lower())
            count = len(table)
    if not count:
        warnings.warn(f"{path.name}: {product.title}: none were found, it holds no rows", stacklevel=2)
    return {"product": product.name, "count": count}


def _with_background(labels: xr.Dataset, task: str | None) -> xr.Dataset:
    """Return labels of a task with a background under that name, whatever their model calls class 0.

    Not those whose background is another class: there class 0 is what is looked for.
    """
    names = str(labels["labels"].attrs.get("flag_meanings", "")).split()
    if not names or BACKGROUND in names or task not in TASKS or TASKS[task].classes[0].name != BACKGROUND:
        return labels
    meanings = " ".join([BACKGROUND, *names[1:]])
    return labels.assign(labels=labels["labels"].assign_attrs(flag_meanings=meanings))


def _write_text(labels: xr.DataArray, path: Path, product: Product, least: int, wishes: Wishes) -> int:
    """Write fault sticks or a horizon, and return how many sticks or traces there are."""
    if product.name == "sticks":
        from geointerp.products.stick_files import write_sticks
        from geointerp.products.sticks import find_sticks

        sticks = find_sticks(labels, min_size=least, every=wishes.every)
        return write_sticks(labels, sticks, path, wishes.form)
    from geointerp.products.horizons import write_horizon

    return write_horizon(labels, path, end=product.name, min_size=least)


def _table(labels: xr.Dataset, product: Product, least: int, wishes: Wishes) -> Table:
    """Return the table of a product."""
    if product.name == "areas":
        from geointerp.products.areas import area_table

        return area_table(labels["labels"], velocity=wishes.velocity)
    if product.name == "bodies":
        from geointerp.products.bodies import body_table

        return body_table(labels["labels"], min_size=least, velocity=wishes.velocity)
    if product.name == "craters":
        from geointerp.products.craters import LEAST_RIM, crater_table

        rim = LEAST_RIM if wishes.min_rim is None else wishes.min_rim
        return crater_table(labels["labels"], min_size=least, min_rim=rim)
    from geointerp.products.events import event_table

    return event_table(labels, min_size=least)
