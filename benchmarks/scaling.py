"""Cost against the size of the volume, over two decades, and against the number of dask workers.

    python benchmarks/scaling.py

Slices of 400 x 462 samples. Sizes, with the bundled fault model: time per million samples of predictions,
start-up of the program left out; of the largest all is opened and a tenth predicted, and the rest reckoned
as that tenth. Workers: one thread each, on a cluster configured as that of `--workers`, which is up before
and has predicted a block by each, so that the network is loaded; the other cluster is down. A survey of four
whole blocks (of 20 slices), since of three one worker would get two.
"""

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import dask
from common import write_results
from distributed import LocalCluster
from subjects import write_model, write_volume

import geointerp
from geointerp.inference.cluster import UNWATCHED
from geointerp.network.loading import LoadedModel
from geointerp.tiling.fit import fitted_tile

SLICE = 462 * 400
ROUNDS = 5


def cost(folder: Path, model: LoadedModel, slices: int) -> float:
    """Seconds per million samples of a prediction of so many slices."""
    survey = write_volume(folder / "survey.sgy", (slices, 462, 400))
    started = perf_counter()
    geointerp.predict(survey, model=model, device="cpu", output=folder / "labels.zarr", overwrite=True)
    return (perf_counter() - started) / (slices * SLICE / 1e6)


def estimated_cost(folder: Path, model: LoadedModel, slices: int) -> float:
    """Seconds per million samples of so many slices, from opening all of them and predicting a tenth."""
    survey = write_volume(folder / "survey.sgy", (slices, 462, 400))
    started = perf_counter()
    volume = geointerp.open_volume(survey)
    opening = perf_counter() - started
    some = volume["inline"].values[slices // 2 :][: slices // 10]
    started = perf_counter()
    geointerp.predict(
        volume,
        model=model,
        device="cpu",
        region={"inline": (some[0], some[-1])},
        output=folder / "labels.zarr",
        overwrite=True,
    )
    seconds = opening + (perf_counter() - started) * slices / some.size
    return seconds / (slices * SLICE / 1e6)


def sizes(folder: Path) -> None:
    counts = (54, 170, 540, 1700)
    most = 5400
    model = geointerp.load_model("faults", fitted_tile([(1, (400, 462))], (224, 224), 0.25, 14))
    cost(folder, model, 8)  # warms up
    costs = {count: cost(folder, model, count) for count in counts}
    costs[most] = estimated_cost(folder, model, most)
    write_results(
        "scaling.py (size)",
        "Seconds per million samples; slices of 400 x 462.",
        ("samples", "s / million", "over the smallest"),
        [
            (f"{count * SLICE / 1e6:.0f} million", f"{each:.3f}", f"{each / costs[counts[0]]:.3f}")
            for count, each in costs.items()
        ],
        note="Of the largest, opening all of it was measured, and predicting a tenth.",
    )


def workers(folder: Path) -> None:
    model = str(write_model(folder / "model"))
    survey = write_volume(folder / "survey.sgy", (80, 462, 400))
    blocks = {number: write_volume(folder / f"{number}.sgy", (20 * number, 462, 400)) for number in (1, 2)}

    def predict(volume: Path, cluster: LocalCluster) -> float:
        started = perf_counter()
        geointerp.predict(
            volume,
            model=model,
            device="cpu",
            scheduler=cluster.scheduler_address,
            output=folder / "labels.zarr",
            overwrite=True,
        )
        return perf_counter() - started

    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for number, taken in seconds.items():
            with (
                dask.config.set(UNWATCHED),
                LocalCluster(
                    n_workers=number,
                    threads_per_worker=1,
                    dashboard_address=":0",
                    env={"OMP_NUM_THREADS": "1"},
                ) as cluster,
            ):
                predict(blocks[number], cluster)
                taken.append(predict(survey, cluster))
    one, two = (median(taken) for taken in seconds.values())
    write_results(
        "scaling.py (workers)",
        "80 slices of 400 x 462 through ViT-S + MLA on a dask cluster that is up, one thread a worker.",
        ("", "1 worker", "2 workers", "times faster"),
        [("seconds", f"{one:.1f}", f"{two:.1f}", f"{one / two:.2f}")],
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        workers(Path(place))
        sizes(Path(place))
