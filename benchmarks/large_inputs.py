"""Opening what is larger than memory: a raster of 20,000 by 20,000 pixels, and two hours of 5,000 channels.

    python benchmarks/large_inputs.py FOLDER

Both are written sparse into FOLDER, so that they take little room, and opened in a process of their own each,
which reports the time to open, to read one window and to sample the amplitudes, and the memory it took.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

FILES, SECONDS, RATE, CHANNELS = 120, 60, 100, 5000


def write_raster(path: Path) -> None:
    """Write a sparse, tiled GeoTIFF with data in a few tiles."""
    import rasterio

    with rasterio.open(
        path, "w", driver="GTiff", width=20_000, height=20_000, count=1, dtype="uint8", crs="EPSG:32633",
        transform=rasterio.Affine(1, 0, 0, 0, -1, 0), tiled=True, blockxsize=512, blockysize=512,
        sparse_ok=True, compress="deflate",
    ) as target:  # fmt: skip
        noise = np.random.default_rng(0).integers(1, 255, (1, 512, 512)).astype(np.uint8)
        for start in range(0, 20_000 - 512, 2048):
            target.write(noise, window=((start, start + 512), (start, start + 512)))


def write_recording(folder: Path) -> None:
    """Write DASDAE files, each with the samples of 100 channels and nothing stored for the others."""
    import dascore
    import h5py
    import tables

    folder.mkdir(exist_ok=True)
    samples = SECONDS * RATE
    for number in range(FILES):
        start = np.datetime64("2024-05-01", "ns") + np.timedelta64(number * SECONDS, "s")
        time_axis = start + np.arange(samples) * np.timedelta64(10, "ms")
        coords = {"distance": np.arange(CHANNELS) * 1.0, "time": time_axis[:2]}
        patch = dascore.Patch(np.zeros((CHANNELS, 2), np.float32), coords, ("distance", "time"))
        path = folder / f"{number:03d}.h5"
        patch.io.write(path, "dasdae")
        with tables.open_file(path, "a") as file:  # what the patch says of its time axis, made longer
            told = next(iter(file.root.waveforms))._v_attrs
            summary = told["_attrs_coords"]
            summary["time"]["max"] = time_axis[-1]
            told["_attrs_coords"] = summary
        with h5py.File(path, "a") as file:
            group = next(iter(file["waveforms"].values()))
            _replace(group, "_coord_time", time_axis.astype(np.int64))
            del group["data"]
            data = group.create_dataset("data", (CHANNELS, samples), "f4", chunks=(100, samples))
            data[100 * (number % 50) : 100 * (number % 50) + 100] = np.random.default_rng(number).normal(
                size=(100, samples)
            )


def _replace(group: object, name: str, values: np.ndarray) -> None:
    """Give a data set other values and keep its attributes."""
    attributes = dict(group[name].attrs)
    del group[name]
    group[name] = values
    group[name].attrs.update(attributes)


def measure(path: str) -> None:
    """Open, read a window and sample one input, and print what it took."""
    import dask  # noqa: F401
    import xarray  # noqa: F401

    from geointerp.sources.open import open_volume
    from geointerp.sources.scaling import measure_scale

    before = _resident()
    started = time.perf_counter()
    volume = open_volume(path)
    opened = time.perf_counter()
    rows = volume.sizes[volume.dims[0]]
    window = volume.isel({volume.dims[0]: slice(0, rows), volume.dims[1]: slice(5000, 6000)}).values
    read = time.perf_counter()
    measure_scale(volume, "symmetric")
    sampled = time.perf_counter()
    print(
        f"{Path(path).name}: {dict(volume.sizes)}: opened in {opened - started:.1f} s, a window of "
        f"{window.nbytes >> 20} MiB in {read - opened:.1f} s, amplitudes sampled in {sampled - read:.1f} s; "
        f"peak memory {_resident()} MiB, {before} of it before opening"
    )


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    if sys.argv[1] == "measure":
        measure(sys.argv[2])
        raise SystemExit
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "raster.tif").exists():
        write_raster(place / "raster.tif")
    if not (place / "recording").exists():
        write_recording(place / "recording")
    for name in ("raster.tif", "recording"):
        subprocess.run([sys.executable, __file__, "measure", str(place / name)], check=True)
