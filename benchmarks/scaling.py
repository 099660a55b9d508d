"""Cost against the size of the volume, over two decades, and against the number of dask workers.

    python benchmarks/scaling.py

Slices of 400 x 462 samples. Sizes, with the bundled fault model: time per million samples of predictions,
start-up of the program left out. Workers: one thread each, on a cluster that is up before; a survey of eight
whole blocks (of 20 slices), enough for the half a second to lay out and send a job not to matter.
"""

import tempfile
from pathlib import Path
from time import perf_counter

from common import interleaved, write_results
from distributed import LocalCluster
from subjects import write_model, write_volume

import geointerp
from geointerp.network.loading import LoadedModel
from geointerp.tiling.fit import fitted_tile

SLICE = 462 * 400


def cost(folder: Path, model: LoadedModel, slices: int) -> float:
    """Seconds per million samples of a prediction of so many slices."""
    survey = write_volume(folder / "survey.sgy", (slices, 462, 400))
    started = perf_counter()
    geointerp.predict(survey, model=model, device="cpu", output=folder / "labels.zarr", overwrite=True)
    return (perf_counter() - started) / (slices * SLICE / 1e6)


def sizes(folder: Path) -> None:
    counts = (54, 170, 540, 1700)
    model = geointerp.load_model("faults", fitted_tile([(1, (400, 462))], (224, 224), 0.25, 14))
    cost(folder, model, 8)  # warms up
    costs = {count: cost(folder, model, count) for count in counts}
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
    small = write_model(folder / "model")
    write_results(
        "scaling.py (workers)",
        "160 slices of 400 x 462 through ViT-S + MLA on a dask cluster that is up, one thread a worker.",
        ("", "1 worker", "2 workers", "times faster"),
        [("seconds", *speed_up(folder, str(small), 160))],
    )


def speed_up(folder: Path, model: str, slices: int) -> tuple[str, str, str]:
    """Seconds of a prediction by one worker and by two, and their ratio."""
    survey = write_volume(folder / "survey.sgy", (slices, 462, 400))

    def with_workers(cluster: LocalCluster) -> None:
        geointerp.predict(
            survey,
            model=model,
            device="cpu",
            scheduler=cluster.scheduler_address,
            output=folder / "labels.zarr",
            overwrite=True,
        )

    def cluster(number: int) -> LocalCluster:
        return LocalCluster(
            n_workers=number, threads_per_worker=1, dashboard_address=":0", env={"OMP_NUM_THREADS": "1"}
        )

    with cluster(1) as one, cluster(2) as two:
        seconds = interleaved({"one": lambda: with_workers(one), "two": lambda: with_workers(two)}, repeats=3)
    return f"{seconds['one']:.1f}", f"{seconds['two']:.1f}", f"{seconds['one'] / seconds['two']:.2f}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        workers(Path(place))
        sizes(Path(place))
