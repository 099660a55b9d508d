"""Peak memory and rate of single slices larger than memory: rasters of growing side, a GeoTIFF, a recording.

    python benchmarks/large_slices.py [raster|geotiff|recording] [side, or thousands of samples] ...

Each is worked through in a process of its own, by a network that only repeats its input, so that what is
measured is reading, tiling, blending and writing. The GeoTIFF (256 x 256 blocks, one in four filled) is read
through rasterio block by block, the recording (5,000 channels) generated in files of 6,000 samples; without
the GeoTIFF, rasterio is not needed.
"""

import multiprocessing
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import dask.array
import numpy as np
import torch
import xarray as xr
from torch import nn

from geointerp.inference.predict import predict
from geointerp.network.description import BackboneInfo, DecoderInfo, ModelDescription, Normalisation
from geointerp.network.loading import LoadedModel
from geointerp.tasks import TASKS

PLAN = [("raster", 5000), ("raster", 10_000), ("raster", 20_000), ("geotiff", 20_000), ("recording", 72)]


class Repeat(nn.Module):
    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        return torch.cat([grey, 1 - grey], 1)


def model(normalisation: Literal["symmetric", "range"] = "symmetric") -> LoadedModel:
    description = ModelDescription(
        name="repeat",
        task="faults",
        classes=TASKS["faults"].classes,
        backbone=BackboneInfo("none", "0"),
        decoder=DecoderInfo("none"),
        normalisation=Normalisation(normalisation),
        tile=(224, 224),
    )
    return LoadedModel(Repeat(), description, Path("/nowhere"), "0" * 64)


def noise(shape: tuple[int, int], chunks: tuple[int, int]) -> dask.array.Array:
    def chunk(block_info: Any = None) -> np.ndarray[Any, Any]:
        (top, bottom), (left, right) = block_info[None]["array-location"]
        rows, columns = np.ogrid[top:bottom, left:right]
        return np.sin(rows * np.float32(0.37)) * np.cos(columns * np.float32(0.11))

    sizes = [
        tuple(min(step, size - start) for start in range(0, size, step))
        for size, step in zip(shape, chunks, strict=True)
    ]
    return dask.array.map_blocks(chunk, chunks=sizes, dtype=np.float32, meta=np.empty((0, 0), np.float32))


def geotiff(path: Path, side: int) -> xr.DataArray:
    import rasterio
    from rasterio.windows import Window

    values = (np.random.default_rng(0).random((256, 256)) * 250 + 1).astype(np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="uint8",
        tiled=True, blockxsize=256, blockysize=256, sparse_ok=True, compress="deflate", nodata=0,
    ) as raster:  # fmt: skip
        for row in range(0, side - 256, 512):
            for column in range(0, side - 256, 512):
                raster.write(values, 1, window=Window(column, row, 256, 256))

    def block(block_info: Any = None) -> np.ndarray[Any, Any]:
        (top, bottom), (left, right) = block_info[None]["array-location"]
        with rasterio.open(path) as raster:
            stored = raster.read(1, window=Window(left, top, right - left, bottom - top)).astype(np.float32)
        return np.where(stored == 0, np.float32(np.nan), stored)

    sizes = [tuple(min(1024, side - start) for start in range(0, side, 1024))] * 2
    lazy = dask.array.map_blocks(block, chunks=sizes, dtype=np.float32, meta=np.empty((0, 0), np.float32))
    return xr.DataArray(lazy, dims=("y", "x"))


def measure(kind: str, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if kind == "recording":
            volume = xr.DataArray(noise((5000, 1000 * size), (5000, 6000)), dims=("distance", "time"))
        elif kind == "geotiff":
            volume = geotiff(Path(folder) / "sparse.tif", size)
        else:
            volume = xr.DataArray(noise((size, size), (1024, 1024)), dims=("y", "x"))
        start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        began = perf_counter()
        predict(volume, model=model(), precision="fp32", output=Path(folder) / "labels.zarr")
        seconds = perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shape = " x ".join(f"{length:,}" for length in volume.shape)
    rate = volume.size / seconds / 1e6
    print(f"{kind:<10}{shape:>18}{seconds:>9.1f}{rate:>9.1f}{start:>9.0f}{peak:>9.0f}", flush=True)


def main() -> None:
    words = sys.argv[1:]
    plan = list(zip(words[::2], map(int, words[1::2]), strict=True)) or PLAN
    print(f"{'':<10}{'samples':>18}{'s':>9}{'M/s':>9}{'MiB at':>9}{'MiB at':>9}")
    print(f"{'':<10}{'':>18}{'':>9}{'':>9}{'start':>9}{'most':>9}")
    for kind, size in plan:
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(kind, size))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
