"""Small DAS files of several formats for tests."""

import warnings
from pathlib import Path

import numpy as np

STEP = np.timedelta64(2, "ms")
START = np.datetime64("2024-05-01T10:00:00", "ns")


def write_dasdae(
    path: Path,
    values: np.ndarray,
    *,
    start=START,
    step=STEP,
    first_distance: float = 100.0,
    distance_step: float = 5.0,
    distance_units: str = "m",
    dims: tuple[str, str] = ("distance", "time"),
    units: str | None = "m/s",
    time: np.ndarray | None = None,
) -> Path:
    """Write one patch, given as (distance, time), in any order of dims."""
    import dascore

    size = values.shape[1]
    coords = {
        "distance": first_distance + distance_step * np.arange(values.shape[0]),
        "time": start + np.arange(size) * step if time is None else time,
    }
    data = values if dims[0] == "distance" else values.T
    patch = dascore.Patch(data=data, coords=coords, dims=dims, attrs={"data_type": "strain_rate"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTables has wishes for the names of patches
        patch.set_units(units, distance=distance_units).io.write(path, "dasdae")
    return path


def noise(channels: int, samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(channels, samples)).astype(np.float32)
