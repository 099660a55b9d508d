"""How much of a GPU `predict` uses, from SEG-Y to Zarr, and where the time goes.

    python benchmarks/gpu.py [starter small base base+compile large]

Networks with random weights and the MLA decoder (the starter: the bundled fault model), in bf16, over slices
of 400 x 462 samples with the tile that `predict` would choose. Share: the operations of the network as
published for all tiles, over the time, over the rate of a product of two large matrices in the same run. A
stage is busy for the time that it works over that of the whole: of the main thread its processor time, of a
reader and of the writer by the clock, their copies and what they wait for Python's lock included, what they
wait for each other not. The time of a GPU is that of the bare forward of as many tiles.
"""

import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any
from unittest.mock import patch

import torch
from common import write_results
from engine_overhead import operations
from subjects import write_model, write_volume

import geointerp
from geointerp.inference import passes, work
from geointerp.inference.carrier import Carrier
from geointerp.inference.device import Machine, choose_machine
from geointerp.inference.passes import READERS
from geointerp.inference.reader import read_in_turn
from geointerp.inference.runner import Runner, default_batch_size
from geointerp.inference.writer import Writer
from geointerp.network.loading import LoadedModel
from geointerp.network.lowered import lowered
from geointerp.sinks.zarr_store import LabelStore
from geointerp.tiling.fit import fitted_tile

SLICE = (400, 462)
SLICES = {"starter": 2048, "small": 2048, "base": 2048, "large": 1024}
SIDE, ROUNDS = 8192, 3
STAGES = ("GPU", "each reader", "main thread", "writer")
WAITS = ("waits for slabs", "for the writer")
BESIDE = "beside the pass"


@dataclass(frozen=True)
class Figures:
    """Seconds of a prediction and of its stages."""

    tiles: int
    whole: float
    bare: float
    stages: dict[str, float]


def main() -> None:
    if not torch.cuda.is_available():
        print("there is no CUDA device: nothing to measure")
        return
    wanted = sys.argv[1:] or ["starter", "small", "base", "base+compile", "large"]
    machine = choose_machine("cuda")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        most = max(SLICES[name.removesuffix("+compile")] for name in wanted)
        survey = write_volume(Path(folder) / "survey.sgy", (most, 462, 400))
        rate = product_rate(machine)
        for each in wanted:
            name = each.removesuffix("+compile")
            model = model_of(name, Path(folder))
            found = measured(model, survey, SLICES[name], machine, "on" if name != each else "off")
            rows.append(row(each, model, found, SLICES[name], rate))
            write_results(
                Path(__file__).name,
                f"{torch.cuda.get_device_name()}, {machine}: products of matrices at {rate / 1e12:.0f} "
                "TFLOP/s.",
                ("network", "tile", "Mvoxel/s", "share", *STAGES, *WAITS, BESIDE),
                rows,
                note="Compiling itself, 18 s for ViT-B, is left out. The columns behind the share are shares "
                "of the time: in which a stage is busy, in which the main thread waits, and which goes "
                "before the first block and after the last.",
            )


def product_rate(machine: Machine) -> float:
    """Operations a second of the product of two large matrices."""
    left, right = (torch.randn(SIDE, SIDE, device=machine.device, dtype=machine.dtype) for _ in range(2))
    return 2 * SIDE**3 / timed(lambda: left @ right, 20)


def timed(work_: Callable[[], object], times: int) -> float:
    """Median seconds of each of so many works, of five rounds after one to warm up."""
    seconds = []
    for _ in range(6):
        torch.cuda.synchronize()
        started = perf_counter()
        for _ in range(times):
            work_()
        torch.cuda.synchronize()
        seconds.append((perf_counter() - started) / times)
    return median(seconds[1:])


@cache
def model_of(name: str, folder: Path) -> LoadedModel:
    tile = fitted_tile([(1, SLICE)], (224, 224), 0.25, 14)
    if name == "starter":
        return geointerp.load_model("faults", tile)
    return geointerp.load_model(write_model(folder / name, f"vit_{name}_patch14_dinov2.lvd142m"), tile)


def measured(model: LoadedModel, survey: Path, slices: int, machine: Machine, compile_: str) -> Figures:
    """Predict so many slices, three times after once to warm up, and as many tiles without anything else."""
    volume = geointerp.open_volume(survey)
    lines = volume["inline"].values[[0, slices - 1]]
    output = survey.with_suffix(".zarr")
    runs = []
    for _ in range(ROUNDS + 1):
        with stages_timed() as stages:
            started, own = perf_counter(), thread_time()
            labels = geointerp.predict(
                volume,
                model=model,
                region={"inline": tuple(lines)},
                device="cuda",
                compile=compile_,
                output=output,
                overwrite=True,
            )
            whole = perf_counter() - started
            stages["main"] = thread_time() - own
        runs.append(Figures(labels.attrs["geointerp"]["tiles"], whole, 0.0, dict(stages)))
    middle = sorted(runs[1:], key=lambda one: one.whole)[ROUNDS // 2]
    size = default_batch_size(machine, model.description.tile)
    runner = Runner(model.network, machine, size, compile_ == "on", prepared=model.prepared)
    batch = torch.rand(size, 1, *model.description.tile, device=machine.device)
    return replace(middle, bare=timed(lambda: runner(batch), 10) * middle.tiles / size)


@contextmanager
def stages_timed() -> Iterator[Counter[str]]:
    """Sum up the seconds that reading a block and writing one take, whichever thread does it."""
    stages: Counter[str] = Counter()
    lock = threading.Lock()

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed_(*words: Any) -> Any:
            started = perf_counter()
            try:
                return function(*words)
            finally:
                with lock:
                    stages[name] += perf_counter() - started

        return timed_

    def awaited(*words: Any) -> Generator[Any]:
        with closing(read_in_turn(*words)) as ahead:
            following = clocked(WAITS[0], lambda: next(ahead, None))
            while (brought := following()) is not None:
                yield brought

    with (
        patch.object(work.SlabReader, "__call__", clocked("reading", work.SlabReader.__call__)),
        patch.object(Carrier, "bring", clocked("reading", Carrier.bring)),
        patch.object(passes, "read_in_turn", awaited),
        patch.object(passes.ViewPass, "run", clocked("pass", passes.ViewPass.run)),
        patch.object(Writer, "put", clocked(WAITS[1], Writer.put)),
        patch.object(LabelStore, "write", clocked("writing", LabelStore.write)),
        patch.object(work, "class_counts", clocked("writing", work.class_counts)),
    ):
        yield stages


def row(name: str, model: LoadedModel, found: Figures, slices: int, rate: float) -> tuple[str, ...]:
    height, width = model.description.tile
    counted = lowered(model.network, torch.bfloat16, packed=False)
    each = operations(counted, torch.zeros(1, 1, height, width, dtype=torch.bfloat16))
    stages = found.stages
    return (
        name.replace("+compile", ", compiled"),
        f"{height} x {width}",
        f"{slices * SLICE[0] * SLICE[1] / found.whole / 1e6:.0f}",
        f"{found.tiles * each / found.whole / rate:.3f}",
        f"{found.bare / found.whole:.2f}",
        f"{stages['reading'] / READERS['cuda'] / found.whole:.2f}",
        f"{stages['main'] / found.whole:.2f}",
        *(f"{stages[name] / found.whole:.2f}" for name in ("writing", *WAITS)),
        f"{1 - stages['pass'] / found.whole:.2f}",
    )


if __name__ == "__main__":
    main()
