"""The products, one table: what each is made of, and which one an output's name asks for."""

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from geointerp.errors import UsageError
from geointerp.sinks.output import ARRAY_SUFFIXES, TABLE_SUFFIXES
from geointerp.tasks import TASKS

_SEISMIC, _RASTER, _RECORDING = "seismic data", "images and rasters", "DAS recordings"


@dataclass(frozen=True)
class Product:
    """What can be taken away from labels.

    Attributes:
        name: the word given to ``--product``.
        title: what it is, in plain words.
        suffixes: of the files it is written to.
        data: the kind of data it is made of; empty for any.
        tasks: that it is made of; empty for any.
        min_size: samples of the smallest component that is kept, unless the user says otherwise.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    data: str = ""
    tasks: tuple[str, ...] = ()
    min_size: int = 1

    @property
    def is_labels(self) -> bool:
        """Whether it is an array of labels, or shows one."""
        return not {".csv", ".txt"} & set(self.suffixes)


PRODUCTS = {
    product.name: product
    for product in (
        Product("labels", "labels", (*ARRAY_SUFFIXES, ".png", ".html")),
        Product("surfaces", "thinned fault surfaces", ARRAY_SUFFIXES, _SEISMIC, ("faults",), 50),
        Product("sticks", "fault sticks", (".txt",), _SEISMIC, ("faults",), 50),
        Product("top", "a horizon along the tops", (".txt",), _SEISMIC, ("salt",), 100),
        Product("base", "a horizon along the bases", (".txt",), _SEISMIC, ("salt",), 100),
        Product("bodies", "geobodies", TABLE_SUFFIXES, _SEISMIC, ("salt", "faults"), 100),
        Product("craters", "a crater catalogue", TABLE_SUFFIXES, _RASTER, ("craters",), 20),
        Product("events", "an event list", TABLE_SUFFIXES, _RECORDING, ("events",), 50),
        Product("areas", "areas of the classes", TABLE_SUFFIXES),
    )
}
"""In the order in which the first that suits is taken."""


def choose_product(path: Path, labels: xr.DataArray, task: str | None, named: str | None) -> Product:
    """Return the product that is named, or the first that suits suffix, task and data.

    Args:
        path: the output.
        labels: or the input, whose dimensions they have.
        task: what is interpreted; None, or no task of ours, for classes of one's own.
        named: what the user asks for.

    Raises:
        UsageError: there is none, or what is named does not suit.
    """
    task = task if task in TASKS else None
    if named is not None and named not in PRODUCTS:
        raise UsageError(f"there is no product '{named}'", hint=f"the products are {', '.join(PRODUCTS)}")
    candidates = [PRODUCTS[named]] if named else list(PRODUCTS.values())
    fitting = [one for one in candidates if _misfit(one, path, labels, task) is None]
    if fitting:
        return fitting[0]
    if named:
        own = [one.name for one in PRODUCTS.values() if _foreign(one, labels, task) is None]
        hint = _hint(labels, task) if named in own else f"the products of these labels are {', '.join(own)}"
        raise UsageError(f"{path}: {_misfit(PRODUCTS[named], path, labels, task)}", hint=hint)
    what = f"of the task {task}" if task else f"of labels with dimensions ({_listed(labels)})"
    raise UsageError(f"there is no {path.suffix.lower()} {what}: {path}", hint=_hint(labels, task))


def _misfit(product: Product, path: Path, labels: xr.DataArray, task: str | None) -> str | None:
    """Return why a product does not suit, or None if it does."""
    if path.suffix.lower() in product.suffixes:
        return _foreign(product, labels, task)
    return _foreign(product, labels, task) or f"{product.name} is written as {', '.join(product.suffixes)}"


def _foreign(product: Product, labels: xr.DataArray, task: str | None) -> str | None:
    """Return why a product cannot be made of some labels, or None if it can."""
    if product.data not in ("", _data_of(labels)):
        return f"{product.name} is made of {product.data}; these labels have dimensions ({_listed(labels)})"
    if task is not None and product.tasks and task not in product.tasks:
        return f"{product.name} is made of labels of {' or '.join(product.tasks)}; these are of {task}"
    return None


def _hint(labels: xr.DataArray, task: str | None) -> str:
    """Name the suffixes that there are products for."""
    kind = _data_of(labels)
    foreign = {".tif", ".tiff"} if kind != _RASTER else {".sgy", ".segy"}
    suffixes = [
        suffix
        for product in PRODUCTS.values()
        for suffix in product.suffixes
        if suffix not in foreign and _misfit(product, Path(f"x{suffix}"), labels, task) is None
    ]
    return f"the suffixes are .zarr, {', '.join(dict.fromkeys(suffixes))}"


def _data_of(labels: xr.DataArray) -> str:
    """Return the kind of data that dimensions tell of."""
    if labels.dims == ("distance", "time"):
        return _RECORDING
    if labels.dims in (("y", "x"), ("row", "column")):
        return _RASTER
    return _SEISMIC if labels.dims[-1] in ("time", "depth") else "something else"


def _listed(labels: xr.DataArray) -> str:
    return ", ".join(map(str, labels.dims))
