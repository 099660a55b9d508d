"""How long the trace map of a large SEG-Y file takes, without and with the cache, over reading its bytes.

    python benchmarks/trace_map.py [traces]

Medians of five runs in one process; the file is in the page cache.
"""

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_volume

CROSSLINES, SAMPLES = 500, 100


def median_seconds(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    seconds = []
    for _ in range(5):
        before()
        started = perf_counter()
        work()
        seconds.append(perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    inlines = (int(sys.argv[1]) if len(sys.argv) > 1 else 300_000) // CROSSLINES
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        os.environ["GEOINTERP_CACHE"] = str(cache)
        path = Path(folder) / "survey.sgy"
        write_survey(
            path,
            np.zeros((inlines, CROSSLINES, SAMPLES), np.float32) + 1,
            inlines=np.arange(inlines) + 1,
            crosslines=np.arange(CROSSLINES) + 1,
            sample_interval_ms=4,
        )
        plain = median_seconds(path.read_bytes)
        built = median_seconds(lambda: open_volume(path), lambda: shutil.rmtree(cache, ignore_errors=True))
        cached = median_seconds(lambda: open_volume(path))
    print(
        f"{inlines * CROSSLINES:,} traces of {SAMPLES} samples, "
        f"{(240 + 4 * SAMPLES) * inlines * CROSSLINES / 1e6:.0f} MB"
    )
    print(f"reading the bytes {plain:.3f} s")
    print(f"opening, map built {built:.3f} s, {built / plain:.2f} of reading")
    print(f"opening, map cached {cached:.3f} s, {cached / plain:.2f} of reading")


if __name__ == "__main__":
    main()
