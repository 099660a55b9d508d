"""Inputs beyond memory: a raster of 20,000 by 20,000 pixels, and two hours of 5,000 channels in 120 files.

    python benchmarks/large_inputs.py FOLDER [raster|recording] ...

Both are written sparse into FOLDER, so that they take little room. Each is opened in a process of its own,
which reports the time to open, to read one window and to sample the amplitudes, and the memory it took. In
another it is predicted whole, as ``geointerp predict`` does it, by a network that only repeats its input:
what is darker than the middle of the greys is labelled. So every label follows from what was written, and
is checked.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

NAMES = {"raster": "raster.tif", "recording": "recording"}
SIDE, TILE, APART = 20_000, 512, 2048
FILES, SECONDS, RATE, CHANNELS = 120, 60, 100, 5000
FILLED = 100  # channels of each file that hold samples
START = np.datetime64("2024-05-01", "ns")


def write_raster(path: Path) -> None:
    """Write a sparse, tiled GeoTIFF with data in a few tiles."""
    import rasterio

    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="uint8", crs="EPSG:32633",
        transform=rasterio.Affine(10, 0, 5e5, 0, -10, 5e6), tiled=True, blockxsize=TILE, blockysize=TILE,
        sparse_ok=True, compress="deflate",
    ) as target:  # fmt: skip
        for start in range(0, SIDE - TILE, APART):
            target.write(noise_tile(), 1, window=((start, start + TILE), (start, start + TILE)))


def noise_tile() -> np.ndarray:
    """What stands in each of the tiles along the raster's diagonal."""
    return np.random.default_rng(0).integers(1, 255, (TILE, TILE)).astype(np.uint8)


def write_recording(folder: Path) -> None:
    """Write DASDAE files, each with the samples of 100 channels and nothing stored for the others.

    Their names run against time, which they therefore say nothing about.
    """
    import dascore
    import h5py
    import tables

    folder.mkdir(exist_ok=True)
    samples = SECONDS * RATE
    for number in range(FILES):
        time_axis = START + (number * samples + np.arange(samples)) * np.timedelta64(1000 // RATE, "ms")
        coords = {"distance": np.arange(CHANNELS) * 1.0, "time": time_axis[:2]}
        patch = dascore.Patch(np.zeros((CHANNELS, 2), np.float32), coords, ("distance", "time"))
        path = recorded(folder, number)
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
            data = group.create_dataset("data", (CHANNELS, samples), "f4", chunks=(FILLED, samples))
            data[filled(number)] = np.random.default_rng(number).normal(size=(FILLED, samples))


def recorded(folder: Path, number: int) -> Path:
    """Return the file of some minute."""
    return folder / f"{FILES - 1 - number:03d}.h5"


def filled(number: int) -> slice:
    """Return which channels of some minute hold samples."""
    first = FILLED * (number % (CHANNELS // FILLED))
    return slice(first, first + FILLED)


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


def predict_whole(path: str) -> None:
    """Predict one input whole, print what it took, and check every label."""
    from large_slices import model

    from geointerp.inference.predict import predict
    from geointerp.sources.open import open_volume

    before = _resident()
    started = time.perf_counter()
    volume = open_volume(path)
    output = Path(f"{path}.labels.zarr")
    labels = predict(volume, model=model("range"), precision="fp32", output=output, overwrite=True)
    seconds, busy, peak = time.perf_counter() - started, time.process_time(), _resident()
    name, rate = Path(path).name, volume.size / seconds / 1e6
    print(
        f"{name}: {volume.size:,} samples predicted in {seconds:.0f} s, {rate:.1f} million a second, with "
        f"{busy:.0f} s of processor time; peak memory {peak} MiB, {before} of it before opening",
        flush=True,
    )
    scale = labels.attrs["geointerp"]["amplitude"]
    middle = (scale["low"] + scale["high"]) / 2
    parts = _recorded_minutes(labels, Path(path)) if Path(path).is_dir() else _raster_strips(labels)
    wrong, checked = 0, 0
    for found, samples in parts:
        certain = np.abs(samples - middle) > 1e-5 * (scale["high"] - scale["low"])  # others round either way
        wrong += np.count_nonzero((found != (samples < middle)) & certain)
        checked += np.count_nonzero(certain)
    print(f"{name}: {checked:,} labels checked against what was written, {wrong:,} of them wrong")


def _recorded_minutes(labels: object, folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield labels, found by their times, and the samples that h5py finds in the file of each minute."""
    import h5py

    for number in range(FILES):
        first = START + np.timedelta64(number * SECONDS, "s")
        minute = slice(first, first + np.timedelta64(SECONDS * 1000 - 1, "ms"))
        samples = np.zeros((CHANNELS, SECONDS * RATE), np.float32)
        with h5py.File(recorded(folder, number)) as file:
            samples[filled(number)] = next(iter(file["waveforms"].values()))["data"][filled(number)]
        yield labels["labels"].sel(time=minute).values, samples


def _raster_strips(labels: object) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield labels and what was written, rows of tiles at a time."""
    for start in range(0, SIDE, TILE):
        found = labels["labels"][start : start + TILE].values
        samples = np.zeros(found.shape, np.float32)
        if start % APART == 0 and start < SIDE - TILE:
            samples[:, start : start + TILE] = noise_tile()
        yield found, samples


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    works = {"measure": measure, "predict": predict_whole}
    if sys.argv[1] in works:
        works[sys.argv[1]](sys.argv[2])
        raise SystemExit
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    for kind in sys.argv[2:] or NAMES:
        path = place / NAMES[kind]
        if not path.exists():
            {"raster": write_raster, "recording": write_recording}[kind](path)
        for work in works:
            subprocess.run([sys.executable, __file__, work, str(path)], check=True)
