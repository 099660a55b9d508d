"""Training folders written by numpy, Pillow and xarray alone, independently of geointerp."""

import json
from pathlib import Path

import numpy as np
import xarray as xr
from PIL import Image


def write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".dat":
        values.tofile(path)
    else:
        Image.fromarray(values).save(path)


def write_pairs(
    folder, count=3, shape=(20, 30), suffix=".npy", classes=2, seed=0, names=("images", "labels")
):
    """``count`` random pairs numbered from 0; returns images and labels."""
    rng = np.random.default_rng(seed)
    pairs = []
    for number in range(count):
        image = rng.normal(size=shape).astype(np.float32)
        if suffix in (".png", ".tif"):
            image = rng.integers(1, 256, shape, dtype=np.uint8)
        labels = rng.integers(0, classes, shape, dtype=np.uint8)
        write(folder / names[0] / f"{number}{suffix}", image)
        write(folder / names[1] / f"{number}{suffix}", labels)
        pairs.append((image, labels))
    return pairs


def write_set(folder: Path, **splits: int):
    """A set of pairs with folders of splits."""
    return {split: write_pairs(folder / split, count, seed=count) for split, count in splits.items()}


def describe(folder: Path, **content) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps(content))


def volume(shape=(20, 16, 16), seed=0, first=(100, 300, 0.0), step=(1, 2, 4.0)) -> xr.DataArray:
    """A random volume with line numbers and times."""
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    dims = ("inline", "crossline", "time")
    coords = {
        dim: (np.arange(size) * s + f).astype(np.float64 if dim == "time" else np.int32)
        for dim, size, f, s in zip(dims, shape, first, step, strict=True)
    }
    return xr.DataArray(values, coords, dims, "amplitude")


def label_values(amplitude: xr.DataArray) -> xr.DataArray:
    """Labels that tell where they belong: from the coordinates, 0 to 6."""
    code = amplitude["inline"] + 3 * amplitude["crossline"] + 5 * (amplitude["time"] / 4.0)
    return (code % 7).astype(np.uint8).transpose(*amplitude.dims).rename("labels")


def store(path: Path, array: xr.DataArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    array.to_netcdf(path, engine="h5netcdf")
