"""Cost against the size of the volume, over two decades, and against the number of dask workers.

    python benchmarks/scaling.py

Slices of 400 x 462 samples. Sizes, with the bundled fault model: time per million samples of predictions,
start-up of the program left out; of the two largest all is opened and 170 slices predicted, and the rest
reckoned as those. Opening counts once, what comes before the first slice as often as it is reckoned. The
smallest is predicted three times in each round, for a moment's noise would be a larger part of it; no round
takes long, so that a machine whose speed drifts (by 5 % within minutes, that of ``results.md``) drifts under
all alike. Workers: one thread each, on a cluster configured as that of `--workers`, which is up before and
has predicted a block by each, so that the network is loaded; the other cluster is down. A survey of four
whole blocks (of 20 slices), since of three one worker would get two.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import dask
import xarray as xr
from common import interleaved, write_results
from distributed import LocalCluster
from subjects import write_model, write_volume

import geointerp
from geointerp.inference.cluster import UNWATCHED
from geointerp.network.loading import LoadedModel
from geointerp.sources.segy.cache import cache_folder
from geointerp.tiling.fit import fitted_tile

SLICE = 462 * 400
ROUNDS = 5
ROUNDS_OF_SIZES = 9


def sizes(folder: Path) -> None:
    model = geointerp.load_model("faults", fitted_tile([(1, (400, 462))], (224, 224), 0.25, 14))
    predicted = {54: 54, 170: 170, 540: 540, 1700: 170, 5400: 170}
    times = {54: 3, 170: 1, 540: 1}
    works: dict[str, Callable[[], object]] = {}
    for slices, some in predicted.items():
        survey = write_volume(folder / f"{slices}.sgy", (slices, 462, 400))
        works[f"open {slices}"] = partial(open_anew, survey)
        works[f"predict {slices}"] = partial(
            predict_middle, geointerp.open_volume(survey), model, some, times[some]
        )
    seconds = interleaved(works, ROUNDS_OF_SIZES)
    costs = {
        slices: (seconds[f"open {slices}"] + seconds[f"predict {slices}"] / times[some] * slices / some)
        / (slices * SLICE / 1e6)
        for slices, some in predicted.items()
    }
    write_results(
        "scaling.py (size)",
        "Seconds per million samples; slices of 400 x 462.",
        ("samples", "predicted", "s / million", "over the smallest"),
        [
            (
                f"{slices * SLICE / 1e6:.0f} million",
                f"{predicted[slices]} of {slices} slices",
                f"{each:.3f}",
                f"{each / costs[54]:.3f}",
            )
            for slices, each in costs.items()
        ],
    )


def open_anew(survey: Path) -> xr.DataArray:
    """Open a survey as one that was never seen before."""
    shutil.rmtree(cache_folder(), ignore_errors=True)
    return geointerp.open_volume(survey)


def predict_middle(volume: xr.DataArray, model: LoadedModel, slices: int, times: int) -> None:
    """Predict so many slices of a survey that is open, so many times."""
    lines = volume["inline"].values
    first = (len(lines) - slices) // 2
    for _ in range(times):
        geointerp.predict(
            volume,
            model=model,
            device="cpu",
            region={"inline": (lines[first], lines[first + slices - 1])},
            output=Path(volume.attrs["source"]).with_suffix(".zarr"),
            overwrite=True,
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
        os.environ["GEOINTERP_CACHE"] = f"{place}/cache"
        workers(Path(place))
        sizes(Path(place))
