"""Samples too large for float32 become infinite, as samples without a datum, whatever holds them."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
import zarr

from geointerp.sources.open import open_volume

VALUES = np.random.default_rng(0).normal(size=(40, 50))
VALUES[3, 4], VALUES[5, 6] = 1e300, -1e200


def zarr_store(path: Path) -> dict[str, object]:
    dataset = xr.Dataset({"amplitude": (("cdp", "time"), VALUES)})
    dataset.to_zarr(path.with_suffix(".zarr"), consolidated=False)
    return {"path": path.with_suffix(".zarr")}


def bare_array(path: Path) -> dict[str, object]:
    zarr.create_array(path.with_suffix(".zarr"), data=VALUES, chunks=(16, 16))
    return {"path": path.with_suffix(".zarr")}


def netcdf(path: Path) -> dict[str, object]:
    xr.Dataset({"amplitude": (("cdp", "time"), VALUES)}).to_netcdf(path)
    return {"path": path}


def hdf5(path: Path) -> dict[str, object]:
    with h5py.File(path, "w") as file:
        file["samples"] = VALUES
    return {"path": path, "variable": "samples"}


def npy(path: Path) -> dict[str, object]:
    np.save(path.with_suffix(".npy"), VALUES)
    return {"path": path.with_suffix(".npy")}


def headerless(path: Path) -> dict[str, object]:
    VALUES.tofile(path)
    return {"path": path, "shape": "40,50", "dtype": "float64"}


def raster(path: Path) -> dict[str, object]:
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    from raster_files import write

    return {"path": write(path, VALUES)}


def recording(path: Path) -> dict[str, object]:
    pytest.importorskip("dascore", reason="dascore is not installed")
    from das_files import write_dasdae

    return {"path": write_dasdae(path, VALUES)}


@pytest.mark.parametrize(
    "written", [zarr_store, bare_array, netcdf, hdf5, npy, headerless, raster, recording]
)
def test_what_float32_cannot_hold_is_infinite(tmp_path, written: Callable[[Path], dict[str, object]]):
    volume = open_volume(**written(tmp_path / "a"))
    assert volume.dtype == np.float32
    expected = np.clip(VALUES, -1e30, 1e30).astype(np.float32)
    expected[3, 4], expected[5, 6] = np.inf, -np.inf
    np.testing.assert_array_equal(volume.values, expected)
    np.testing.assert_array_equal(volume[2:7, 3:].values, expected[2:7, 3:])
