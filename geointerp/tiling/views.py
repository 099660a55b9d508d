"""How a volume is cut into slices: the dimension stepped through, and a slice's rows and columns.

A 3D volume has one view for each of its dimensions, named after the dimension it steps through. Time (or
depth) runs down the rows of a section; in a time slice inlines run down and crosslines across. A line, a DAS
recording, a raster or an image is a single slice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from geointerp.errors import DataError, UsageError

SAMPLE_DIMS = ("time", "depth")
CHANNEL_DIM = "distance"
STRIP = 64  # so many times as wide as high; less wide are maps, of which files may hold whole rows only


@dataclass(frozen=True)
class View:
    """One way of cutting a volume into slices.

    Attributes:
        name: what ``--views`` calls it.
        slices: the dimension stepped through; None where the data are a single slice.
        rows: the dimension that runs down a slice.
        columns: the dimension that runs across.
        strip: whether the data are a picture so much wider than high that even few rows are large.
    """

    name: str
    slices: str | None
    rows: str
    columns: str
    strip: bool = False

    @property
    def along(self) -> Literal["rows", "columns"]:
        """The axis along which a large slice is worked through, as such data grow and are stored.

        A section grows trace by trace, and whole traces are read; a recording of fixed channels grows with
        time; a raster and a time slice are stored by rows, and read once so, but a strip goes by columns.
        """
        traces = self.rows in SAMPLE_DIMS and self.columns != CHANNEL_DIM
        return "columns" if traces or self.strip else "rows"

    @property
    def band_dim(self) -> str:
        """The dimension of that axis."""
        return self.rows if self.along == "rows" else self.columns

    @property
    def order(self) -> tuple[str, ...]:
        """The dimensions as (slices,) rows, columns."""
        return (self.rows, self.columns) if self.slices is None else (self.slices, self.rows, self.columns)


def sample_dim(dims: Sequence[str]) -> str | None:
    """Return the dimension along which a trace runs, or None for a raster or an image."""
    return next((dim for dim in dims if dim in SAMPLE_DIMS), None)


def views_of(dims: Sequence[str]) -> tuple[View, ...]:
    """Return every view of data with these dimensions.

    Raises:
        DataError: the data have neither two nor three dimensions.
    """
    if len(dims) not in (2, 3):
        raise DataError(
            f"data of {len(dims)} dimensions {_listed(dims)} cannot be cut into slices", hint="2 or 3 do"
        )
    samples = sample_dim(dims)
    if len(dims) == 2:
        rows = samples or dims[0]
        name = "section" if samples else "image"
        return (View(name, None, rows, next(dim for dim in dims if dim != rows)),)
    return tuple(_view_along(dim, dims, samples) for dim in dims)


def choose_views(dims: Sequence[str], names: Sequence[str] | None) -> tuple[View, ...]:
    """Return the views called ``names``, in that order; the first of all where ``names`` is None or empty.

    "time" and "depth" mean the same: slices at one sample.

    Raises:
        UsageError: a name is no view of these data, or comes twice.
    """
    views = views_of(dims)
    if not names:
        return views[:1]
    wanted = [sample_dim(dims) or name if name in SAMPLE_DIMS else name for name in names]
    known = {view.name: view for view in views}
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"data with the dimensions {_listed(dims)} have no view '{name}'",
                hint=f"there is {', '.join(known)}",
            )
    if len(set(wanted)) < len(wanted):
        raise UsageError(f"a view is named twice: {', '.join(names)}")
    return tuple(known[name] for name in wanted)


def widened(views: Sequence[View], sizes: Mapping[str, int], least: int) -> tuple[View, ...]:
    """Replace views whose slices are narrower than ``least`` columns, where another has wider ones.

    A line that was stored as a volume of one crossline is so read as the section it is, not as hundreds of
    slices of one trace.
    """
    dims = tuple(sizes)
    wide = []
    for view in views:
        narrow = view.slices is not None and sizes[view.columns] < min(least, sizes[view.slices])
        wide.append(_view_along(view.columns, dims, sample_dim(dims)) if narrow else view)
    return tuple(dict.fromkeys(wide))


def sized(view: View, sizes: Mapping[str, int]) -> View:
    """Return a view of data of these sizes, which alone tell a strip: rounding depends on it."""
    picture = view.slices is None and view.rows not in SAMPLE_DIMS
    return replace(view, strip=picture and sizes[view.columns] >= STRIP * sizes[view.rows])


def _view_along(dim: str, dims: Sequence[str], samples: str | None) -> View:
    rest = [other for other in dims if other != dim]
    rows = samples if samples in rest else rest[0]
    return View(dim, dim, rows, next(other for other in rest if other != rows))


def _listed(dims: Sequence[str]) -> str:
    return f"({', '.join(map(str, dims))})"
