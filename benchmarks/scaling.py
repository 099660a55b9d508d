"""Cost against the size of the volume, over two decades, and against the number of dask workers.

    python benchmarks/scaling.py

The bundled fault model on slices of 400 x 462 samples. Sizes: time per million samples of whole predictions,
start-up of the program left out. Workers: one thread each, a survey of 48 slices.
"""

import os
import tempfile
from pathlib import Path
from time import perf_counter

from common import interleaved, write_results
from subjects import write_volume

import geointerp

SLICE = 462 * 400


def cost(folder: Path, slices: int) -> float:
    """Seconds per million samples of a prediction of so many slices."""
    survey = write_volume(folder / "survey.sgy", (slices, 462, 400))
    started = perf_counter()
    geointerp.predict(survey, task="faults", device="cpu", output=folder / "labels.zarr", overwrite=True)
    return (perf_counter() - started) / (slices * SLICE / 1e6)


def sizes(folder: Path) -> None:
    counts = (54, 170, 540, 1700)
    cost(folder, 8)  # warms up
    costs = {count: cost(folder, count) for count in counts}
    write_results(
        "scaling.py (size)",
        "Seconds per million samples; slices of 400 x 462.",
        ("samples", "s / million", "over the smallest"),
        [
            (f"{count * SLICE / 1e6:.0f} million", f"{each:.3f}", f"{each / costs[counts[0]]:.3f}")
            for count, each in costs.items()
        ],
    )


def workers(folder: Path) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    survey = write_volume(folder / "survey.sgy", (48, 462, 400))

    def with_workers(number: int) -> None:
        geointerp.predict(
            survey, task="faults", device="cpu", workers=number, output=folder / "labels.zarr", overwrite=True
        )

    seconds = interleaved({"1 worker": lambda: with_workers(1), "2 workers": lambda: with_workers(2)}, 5)
    write_results(
        "scaling.py (workers)",
        "48 slices on a local dask cluster, one thread a worker; the cluster's start included.",
        ("", "seconds", "speed over one"),
        [(name, f"{taken:.1f}", f"{seconds['1 worker'] / taken:.2f}") for name, taken in seconds.items()],
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        workers(Path(place))
        sizes(Path(place))
