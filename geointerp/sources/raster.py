"""Rasters through rasterio: images and elevation on a map, read window by window."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from dask.base import tokenize
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.extras import needed
from geointerp.sources.hillshade import Sun, shade
from geointerp.sources.raster_bands import channels, class_numbers
from geointerp.sources.raster_place import Shading, has_transform, place_of_raster, shading_of
from geointerp.sources.raw_raster import check_whole
from geointerp.sources.windows import as_float32, lazily, read_indexed

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Floats = NDArray[np.float32]

_SIDE = 2048  # pixels of a chunk, about: 16 MiB
_LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as Pillow has it
_ONE_OPENER = Lock()
"""Rasterio allows one opener at a time for a file; two threads with one each end the process."""


@dataclass(frozen=True, eq=False)
class RasterPixels:
    """An array-like over a raster for dask: (rows, columns) float32, NaN where there is no datum.

    Attributes:
        opening: the arguments of ``rasterio.open``.
        bands: counted from 1: one, or red, green and blue that become their luminance.
        shape: rows and columns.
        shading: turns elevation into brightness.
        indices: whether samples are class numbers, to be read as they are stored.
    """

    opening: Mapping[str, Any]
    bands: tuple[int, ...]
    shape: tuple[int, int]
    shading: Shading | None = None
    indices: bool = False
    dtype = np.dtype(np.float32)
    ndim = 2

    def __getitem__(self, key: Any) -> Floats:
        """Read a window.

        Raises:
            DataError: the file is damaged there.
        """
        return read_indexed(key, self.shape, self._read if self.shading is None else self._shaded)

    def _read(self, rows: slice, columns: slice) -> Floats:
        """Read a rectangle, with scale and offset applied."""
        import rasterio
        from rasterio.windows import Window

        window = Window.from_slices(rows, columns)
        try:
            # Opened for each window: a dataset may serve only one thread, and one left open keeps its cache.
            with opened(self.opening) as dataset:
                if self.indices:
                    return as_float32(class_numbers(dataset, self.bands[0], window))
                parts = channels(dataset, self.bands, window)
        except rasterio.errors.RasterioError as error:
            raise DataError(
                f"{self.opening['fp']}: rows {rows.start} to {rows.stop} cannot be read: {_innermost(error)}",
                hint="the file is truncated or damaged: copy it again",
            ) from None
        if len(parts) == 1:
            return as_float32(parts[0])
        return as_float32(np.tensordot(_LUMINANCE, parts, 1))

    def _shaded(self, rows: slice, columns: slice) -> Floats:
        """Read a rectangle with the pixels around it, and light it; edges of the raster repeat."""
        assert self.shading is not None
        bounds = [(part.start - 1, part.stop + 1) for part in (rows, columns)]
        inside = [
            slice(max(first, 0), min(last, size))
            for (first, last), size in zip(bounds, self.shape, strict=True)
        ]
        missing = [
            (part.start - first, last - part.stop) for (first, last), part in zip(bounds, inside, strict=True)
        ]
        elevation = np.pad(self._read(*inside), missing, mode="edge")
        return shade(elevation, self.shading.east[rows], self.shading.north, self.shading.sun)


def open_raster(
    path: Path | str,
    *,
    band: int | None = None,
    sun: Sun | None = None,
    indices: bool = False,
    opener: Any = None,
) -> xr.DataArray:
    """Open a raster that GDAL reads: GeoTIFF, COG, VRT, PDS3, PDS4, ISIS cube, JPEG 2000 and others.

    Args:
        path: of the file, or its URL.
        band: counted from 1; needed where there are other than one or three bands, beside an opacity that
            hides nothing.
        sun: lights an elevation model.
        indices: whether the samples are class numbers: neither colours nor scale and offset are applied.
        opener: opens remote files, for rasterio.

    Returns:
        float32, NaN where there is no datum, with scale and offset applied; of colours the luminance. Dims
        (y, x) with the centres of the pixels as coordinates (float64) and, if the raster says what they mean,
        the CF grid mapping ``spatial_ref``; without a place on a map (row, column), int32 from 0.

    Raises:
        DataError: the file cannot be read, is truncated, holds complex numbers, lies askew on its map,
            or has several bands and none is chosen.
        UsageError: there is no such band, or no metres between pixels to shade relief by.
    """
    rasterio = needed("rasterio", "raster", f"{path} is a raster")
    opening = {"fp": str(path)} | ({"opener": opener} if opener else {})
    try:
        with opened(opening) as dataset:
            check_whole(dataset)
            bands = _bands(path, dataset, band)
            place = place_of_raster(path, dataset)
            shading = shading_of(path, dataset, bands, place, sun) if sun else None
            if indices:
                _check_indices(path, dataset, bands)
            pixels = RasterPixels(opening, bands, dataset.shape, shading, indices)
            chunks, attrs = _chunks(dataset), _attributes(path, dataset, bands)
            if sun:
                attrs.pop("units", None)  # brightness has none
    except rasterio.errors.RasterioError as error:
        raise DataError(
            f"{path} is no readable raster: {_innermost(error)}", hint="is it complete?"
        ) from None
    lazy = lazily(pixels, chunks, f"raster-{tokenize(str(path), attrs, sun, indices)}")
    dims = ("y", "x") if "y" in place else ("row", "column")
    return xr.DataArray(lazy, place, dims, "amplitude", attrs)


@contextmanager
def opened(opening: Mapping[str, Any]) -> Iterator["DatasetReader"]:
    """Open a dataset; that it may lie on no map is no cause for a warning."""
    import rasterio

    # Not warnings.catch_warnings: windows are read in several threads, and it would undo another's change.
    warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
    with _ONE_OPENER if "opener" in opening else nullcontext(), rasterio.open(**opening) as dataset:
        yield dataset


def is_on_map(path: Path) -> bool:
    """Whether rasterio finds a place on a map for a picture, in it or in a file beside it.

    Raises:
        ImportError: rasterio is absent.
    """
    import rasterio

    try:
        with opened({"fp": str(path)}) as dataset:
            return has_transform(dataset)
    except rasterio.errors.RasterioError:
        return False


def _innermost(error: BaseException) -> str:
    """Return GDAL's own words, which rasterio wraps."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)


def _bands(path: Path | str, dataset: "DatasetReader", band: int | None) -> tuple[int, ...]:
    """Return the bands to read.

    Raises:
        DataError: none is chosen and it is not clear which is meant, or they hold no real numbers.
        UsageError: there is no such band.
    """
    if band is not None and not 1 <= band <= dataset.count:
        raise UsageError(f"{path} has {dataset.count} bands: there is no --band {band}")
    colours = dataset.count - 1 if band is None and _opaque(dataset) else dataset.count
    if band is None and colours not in (1, 3):
        raise DataError(
            f"{path} has {dataset.count} bands, and one is interpreted at a time",
            hint=f"say which, from --band 1 to --band {dataset.count}, or store it as grey or RGB"
            if dataset.count
            else None,
        )
    bands = (band,) if band else (1, 2, 3)[:colours]
    for number in bands:
        if np.dtype(dataset.dtypes[number - 1]).kind not in "biuf":
            raise DataError(f"{path}: band {number} holds {dataset.dtypes[number - 1]}, not real numbers")
    return bands


def _opaque(dataset: "DatasetReader") -> bool:
    """Whether the last band is an opacity beside grey or colours, and hides nothing; it is read whole."""
    last = dataset.count
    if last not in (2, 4) or dataset.colorinterp[-1].name != "alpha" or dataset.dtypes[-1] != "uint8":
        return False
    return all((dataset.read(last, window=part) == 255).all() for _, part in dataset.block_windows(last))


def _check_indices(path: Path | str, dataset: "DatasetReader", bands: tuple[int, ...]) -> None:
    """Warn where zero, the first class, is also what stands for no datum.

    Raises:
        DataError: there are several bands, colours.
    """
    if len(bands) > 1:
        raise DataError(f"{path} has {len(bands)} bands, and labels are one", hint="write the class numbers")
    if dataset.nodatavals[bands[0] - 1] == 0:
        warnings.warn(
            f"{path}: zero stands for no datum, and is read as the first class; 255 is what is not looked at",
            stacklevel=2,
        )


def _chunks(dataset: "DatasetReader") -> tuple[int, int]:
    """Return chunks of about `_SIDE` squared pixels in whole blocks of the file: each is read once."""
    rows, columns = dataset.shape
    block_rows, block_columns = dataset.block_shapes[0]
    wide = columns if block_columns >= columns else _whole(_SIDE, block_columns)
    return min(rows, _whole(_SIDE * _SIDE // min(wide, columns), block_rows)), min(columns, wide)


def _whole(pixels: int, block: int) -> int:
    return max(1, pixels // block) * block


def _attributes(path: Path | str, dataset: "DatasetReader", bands: tuple[int, ...]) -> dict[str, Any]:
    """Return the provenance, in plain values."""
    first = bands[0] - 1
    nodata = dataset.nodatavals[first]
    return {
        "format": f"{dataset.driver} raster",
        **({"units": dataset.units[first]} if dataset.units[first] else {}),
        "raster": {
            "driver": dataset.driver,
            "bands": dataset.count,
            "read": list(bands),
            "sample_type": dataset.dtypes[first],
            "nodata": None if nodata is None else float(nodata) if np.isfinite(nodata) else str(nodata),
            "scale": dataset.scales[first],
            "offset": dataset.offsets[first],
            "crs": dataset.crs.to_wkt() if dataset.crs else None,
            "on_map": has_transform(dataset),
        },
    }
