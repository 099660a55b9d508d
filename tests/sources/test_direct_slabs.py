"""What the engine reads of each kind of file around dask, against what dask reads of it."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from das_files import noise, write_dasdae

from geointerp.inference.window import slices_of
from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_volume
from geointerp.sources.raster_place import part_of
from geointerp.sources.windows import source_of

VALUES = np.random.default_rng(3).normal(size=(11, 9, 30)).astype(np.float32)


def segy(folder: Path) -> xr.DataArray:
    path = folder / "a.sgy"
    mask = np.random.default_rng(4).random(VALUES.shape[:2]) < 0.8
    write_survey(
        path,
        np.where(mask[..., None], VALUES, np.nan),
        inlines=range(11),
        crosslines=range(9),
        sample_interval_ms=4,
    )
    return open_volume(path)


def numpy_file(folder: Path) -> xr.DataArray:
    np.save(folder / "a.npy", VALUES.astype(np.float64))
    return open_volume(folder / "a.npy")


def headerless(folder: Path) -> xr.DataArray:
    (VALUES * 100).astype(">i2").tofile(folder / "a.raw")
    return open_volume(folder / "a.raw", shape=VALUES.shape, dtype=">i2")


def hdf5(folder: Path) -> xr.DataArray:
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("data", data=VALUES, compression="gzip", chunks=(4, 4, 10))
    return open_volume(folder / "a.h5")


def netcdf(folder: Path) -> xr.DataArray:
    mask = np.random.default_rng(4).random(VALUES.shape[:2]) < 0.8
    dims = ("inline", "crossline", "time")
    coords = {dim: np.arange(size) for dim, size in zip(dims, VALUES.shape, strict=True)}
    data = xr.DataArray(VALUES, coords | {"trace_mask": (dims[:2], mask)}, dims, "amplitude")
    data.to_dataset().to_netcdf(folder / "a.nc", engine="h5netcdf")
    return open_volume(folder / "a.nc")


def raster(folder: Path) -> xr.DataArray:
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    from raster_files import MOON, write

    return open_volume(
        write(folder / "a.tif", np.abs(VALUES[0]), crs=MOON, nodata=float(np.abs(VALUES[0, 3, 3])))
    )


def relief(folder: Path) -> xr.DataArray:
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    from raster_files import MOON, write

    return open_volume(write(folder / "a.tif", 100 * VALUES[0], crs=MOON), hillshade=True)


def recording(folder: Path) -> xr.DataArray:
    pytest.importorskip("dascore", reason="dascore is not installed")
    return open_volume(write_dasdae(folder / "a.h5", noise(7, 90)))


@pytest.mark.parametrize("kind", [segy, numpy_file, headerless, hdf5, netcdf, raster, relief, recording])
def test_a_slab_is_that_of_dask(kind, tmp_path):
    whole = kind(tmp_path)
    dims = [str(dim) for dim in whole.dims]
    parts = {dim: (1, size - 1) for dim, size in whole.sizes.items()}
    for volume in (whole, part_of(whole, parts)):
        assert source_of(volume.data) is not None
        for dim in dims:
            for step in (slice(0, 3), slice(2, 3), slice(4, 1000), slice(0, volume.sizes[dim])):
                order = [dim, *(one for one in reversed(dims) if one != dim)]
                expected = volume.isel({dim: step}).transpose(*order).values
                found = slices_of(volume, {dim: step}, order)
                assert found.dtype == np.float32
                np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(slices_of(volume, {}, dims), volume.values)
