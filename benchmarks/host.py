"""What a prediction leaves to the processor where a GPU computes: slabs read and made grey, labels written.

    python benchmarks/host.py

512 slices of 400 x 462 samples, IEEE floats in the page cache, in blocks as they are beside a GPU; labels are
ready-made. Reading and writing are measured alone and at once, as in a prediction; what Python's lock makes
them wait for each other shows in the cores that are busy at once.
"""

import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from common import interleaved, write_results
from subjects import TILE, write_volume

import geointerp
from geointerp.inference.allocation import suit_allocator
from geointerp.inference.passes import READERS
from geointerp.inference.reader import SlabReader, read_in_turn
from geointerp.inference.work import class_counts
from geointerp.inference.writer import Writer
from geointerp.sinks.zarr_store import create_store
from geointerp.sources.scaling import measure_scale
from geointerp.tasks import TASKS
from geointerp.tiling.blocks import Block, storage
from geointerp.tiling.plan import plan_views
from geointerp.tiling.views import choose_views

SHAPE = (512, 462, 400)


def main() -> None:
    suit_allocator("cuda", 1)
    with tempfile.TemporaryDirectory() as folder:
        volume = geointerp.open_volume(write_volume(Path(folder) / "survey.sgy", SHAPE))
        sizes = {str(dim): size for dim, size in volume.sizes.items()}
        views = choose_views(list(sizes), ["inline"])
        (plan,) = plan_views(
            views, sizes, tile=TILE, overlap=0.25, patch=14, channels=1, classes=2, device="cuda"
        )
        chunks, shards = storage(plan.view, sizes, plan.thickness)
        store = create_store(
            Path(folder) / "labels.zarr", volume, TASKS["faults"].classes, chunks=chunks, shards=shards
        )
        reader = SlabReader(volume, plan.view, measure_scale(volume, "symmetric", 99))
        labels = np.random.default_rng(0).random((plan.thickness, SHAPE[1], SHAPE[2])) < 0.02
        stored = labels.astype(np.uint8).transpose(0, 2, 1)  # as on the device: laid out as it is stored

        def write(block: Block) -> None:
            store.discard_unfinished("labels", plan.view, block)
            store.write("labels", plan.view, block, stored[: len(block)])
            class_counts(stored[: len(block)], 2)

        def read_all(threads: int, then: Callable[[Block], None]) -> None:
            with closing(read_in_turn(reader, plan.blocks, threads)) as slabs:
                for slab in slabs:
                    then(slab.block)

        def write_all() -> None:
            with Writer(write) as writer:
                for block in plan.blocks:
                    writer.put(block)

        def both(threads: int) -> None:
            with Writer(write) as writer:
                read_all(threads, writer.put)

        many = READERS["cuda"]
        works: dict[str, Callable[[], None]] = {
            "read by one thread": partial(read_all, 1, lambda block: None),
            f"read by {many}": partial(read_all, many, lambda block: None),
            "written": write_all,
            "read by one and written": partial(both, 1),
            f"read by {many} and written": partial(both, many),
        }
        busy: dict[str, list[float]] = {name: [] for name in works}
        seconds = interleaved({name: partial(_counted, name, work, busy) for name, work in works.items()})
    samples = np.prod(SHAPE) / 1e6
    rows = [
        (
            name,
            f"{samples / taken:.0f}",
            f"{median(busy[name]) / taken:.2f}",
            f"{taken / seconds['written']:.1f}",
        )
        for name, taken in seconds.items()
    ]
    write_results(
        "host.py",
        f"A survey of {samples:.0f} million samples, {plan.thickness} slices a block.",
        ("", "million samples / s", "cores busy", "time over writing alone"),
        rows,
    )


def _counted(name: str, work: Callable[[], None], busy: dict[str, list[float]]) -> None:
    """Do a work, and keep the processor's seconds it took."""
    began = process_time()
    work()
    busy[name].append(process_time() - began)


if __name__ == "__main__":
    main()
