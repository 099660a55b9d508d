"""Labels become a GeoTIFF: cloud-optimised, with the place, the colours and the names of the classes."""

import errno
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from geointerp.errors import DataError, UsageError
from geointerp.extras import needed
from geointerp.sinks.classes import classes_of
from geointerp.sinks.steps import as_stored, steps
from geointerp.sources.raster_place import to_the_map, told_step
from geointerp.tasks import NOTHING

_BLOCK = 512
_CACHE_MIB = 128  # GDAL would take a twentieth of the memory
_STEP_SAMPLES = 1 << 24
_UNEVEN = 1e-3  # of a pixel
_GEOTIFF = {
    "driver": "GTiff",
    "dtype": "uint8",
    "count": 1,
    "nodata": NOTHING,
    "tiled": True,
    "blockxsize": _BLOCK,
    "blockysize": _BLOCK,
    "compress": "deflate",
    "BIGTIFF": "IF_SAFER",
}


def check_raster(labels: xr.DataArray, path: Path) -> None:
    """Refuse what cannot be written as a GeoTIFF.

    Raises:
        UsageError: the labels are a volume, a section or a recording.
        DataError: the coordinates are unevenly spaced, or a GeoTIFF cannot hold the reference system.
        MachineError: rasterio is not installed.
    """
    if labels.dims not in (("y", "x"), ("row", "column")):
        dims = ", ".join(map(str, labels.dims))
        raise UsageError(
            f"a GeoTIFF holds a raster, and the labels have dimensions ({dims}): {path}",
            hint="write .sgy, .zarr or .nc, which hold volumes, or .png, a picture",
        )
    needed("rasterio", "raster", f"{path.name} is a GeoTIFF")
    for dim in {"x", "y"} & set(labels.dims):
        _step(labels, dim)
    _check_system(labels, path)


def _check_system(labels: xr.DataArray, path: Path) -> None:
    """Refuse a reference system that GDAL would put into a file beside, under the name of the moment."""
    from rasterio import MemoryFile

    crs = _system(labels)
    if crs is None:
        return
    one_pixel = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": 1, "width": 1}
    with _no_georeference_is_fine(), MemoryFile() as memory:
        with memory.open(**one_pixel, crs=crs):
            pass
        alone = memory.read()
    with _no_georeference_is_fine(), MemoryFile(alone) as memory, memory.open() as file:
        known = file.crs
    if not known:
        raise DataError(
            f"a GeoTIFF cannot hold the reference system of the labels: {path}",
            hint="write .zarr or .nc, or resample the input first to longitude and latitude or a projection, "
            "with gdalwarp -t_srs",
        )


def write_geotiff(dataset: xr.Dataset, path: Path) -> None:
    """Write labels as a cloud-optimised GeoTIFF, a strip of blocks at a time.

    Args:
        dataset: whose ``labels`` are written: (y, x) with coordinates of pixel centres and, in
            ``spatial_ref``, the reference system; or (row, column), which gives a plain TIFF.
        path: the file to write; a plain GeoTIFF lies beside it for a while.

    Raises:
        UsageError: the labels are no raster.
        DataError: as of ``check_raster``.
        MachineError: rasterio is not installed.
    """
    labels = dataset["labels"]
    check_raster(labels, path)
    rasterio = needed("rasterio", "raster", f"{path.name} is a GeoTIFF")
    copy = needed("rasterio.shutil", "raster", f"{path.name} is a GeoTIFF").copy
    where = _georeference(labels) if labels.dims == ("y", "x") else {}
    plain = path.with_name(f"{path.name}.plain")
    height, width = labels.shape
    try:
        with _no_georeference_is_fine(), rasterio.Env(GDAL_CACHEMAX=_CACHE_MIB):
            with rasterio.open(plain, "w", height=height, width=width, **_GEOTIFF, **where) as file:
                _describe(file, labels, dataset.attrs.get("geointerp"))
                for row, strip in _strips(labels):
                    file.write(strip, 1, window=((row, row + len(strip)), (0, width)))
            options = {"driver": "COG", "compress": "deflate", "overview_resampling": "nearest"}
            copy(plain, path, **options)
            if _checksum(path) != _checksum(plain):
                raise OSError(errno.EIO, "what was written reads back otherwise", str(path))
    except _gdal_errors() as error:
        raise OSError(errno.EIO, str(error.__cause__ or error), str(path)) from error
    finally:
        for one in (plain, path.with_name(f"{path.name}.aux.xml"), path.with_name(f"{plain.name}.aux.xml")):
            one.unlink(missing_ok=True)  # GDAL writes beside what a GeoTIFF has no place for


def _checksum(path: Path) -> int:
    """Read a raster back: where the disk is full by its last bytes, GDAL closes the file without an error."""
    import rasterio

    with rasterio.open(path) as file:
        checksum: int = file.checksum(1)
        return checksum


def _gdal_errors() -> tuple[type[Exception], ...]:
    """Return what rasterio raises where a file cannot be written; GDAL's own errors are no OSError."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioIOError

    return RasterioIOError, CPLE_BaseError


def _georeference(labels: xr.DataArray) -> dict[str, Any]:
    """Return the transform, and the reference system where it is known."""
    from rasterio.transform import Affine

    crs = _system(labels)
    (x0, dx), (y0, dy) = (_on_the_map(labels, dim, crs) for dim in ("x", "y"))
    where: dict[str, Any] = {"transform": Affine(dx, 0, x0 - dx / 2, 0, dy, y0 - dy / 2)}
    return where if crs is None else where | {"crs": crs}


def _system(labels: xr.DataArray) -> Any:
    """Return the reference system, rasterio's CRS, or None where there is none."""
    from rasterio.crs import CRS

    mapping = labels.coords.get("spatial_ref")
    text = "" if mapping is None else mapping.attrs.get("crs_wkt") or mapping.attrs.get("spatial_ref")
    return CRS.from_wkt(text) if text and labels.dims == ("y", "x") else None


def _on_the_map(labels: xr.DataArray, dim: str, crs: Any) -> tuple[float, float]:
    """Return the first coordinate and the step in the unit of the reference system, where there is one."""
    first, step = _step(labels, dim)
    unit = 1.0 if crs is None else to_the_map(labels, dim, crs)
    # The size of a single pixel is told in that unit.
    return first * unit, step * unit if labels.sizes[dim] > 1 else step


def _step(labels: xr.DataArray, dim: str) -> tuple[float, float]:
    """Return the first coordinate and the distance from one to the next."""
    values = labels[dim].values.astype(np.float64)
    step = (values[-1] - values[0]) / (values.size - 1) if values.size > 1 else told_step(labels, dim)
    off = np.abs(values - (values[0] + step * np.arange(values.size))).max()
    if off > _UNEVEN * abs(step) + _rounding(values):
        raise DataError(
            f"a GeoTIFF has pixels of one size, and {dim} is spaced unevenly: by {abs(step):g} on average, "
            f"up to {off:g} off",
            hint="write .zarr or .nc, which keep the coordinates",
        )
    return float(values[0]), float(step)


def _rounding(values: NDArray[np.float64]) -> float:
    """Return how far even coordinates may be off because they were float32; 0 of those with more digits.

    Each is up to half of the last digit off, and so are the ends that the others are measured by.
    """
    single = values.astype(np.float32)
    return float(np.spacing(np.abs(single).max())) if (single == values).all() else 0.0


def _strips(labels: xr.DataArray) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield first row and values of strips that end on block borders, so that each block is written once."""
    kept, row = np.empty((0, labels.shape[1]), np.uint8), 0
    for start, stop in steps(labels, _STEP_SAMPLES):
        kept = np.concatenate([kept, as_stored(labels[start:stop])])
        whole = len(kept) if stop == labels.shape[0] else len(kept) // _BLOCK * _BLOCK
        if whole:
            yield row, kept[:whole]
            row, kept = row + whole, kept[whole:]


def _describe(file: Any, labels: xr.DataArray, provenance: Any) -> None:
    """Say what the values mean: a colour and a name for each class."""
    classes = classes_of(labels, provenance)
    colours = {
        value: (*(int(one.colour[at : at + 2], 16) for at in (1, 3, 5)), 255)
        for value, one in enumerate(classes)
    }
    file.write_colormap(1, colours | {NOTHING: (0, 0, 0, 0)})
    file.set_band_description(1, "interpreted class")
    file.update_tags(1, **{f"CLASS_{value}": one.name for value, one in enumerate(classes)})
    if provenance:
        file.update_tags(GEOINTERP=json.dumps(provenance))


@contextmanager
def _no_georeference_is_fine() -> Iterator[None]:
    """Silence rasterio's warning of images that lie nowhere on the map."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
