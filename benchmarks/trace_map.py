"""How long the trace map of a large SEG-Y file takes, without and with the cache, over reading its bytes.

    python benchmarks/trace_map.py [traces]

A million traces by default, the file in the page cache.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import interleaved, write_results

from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_volume

CROSSLINES, SAMPLES = 500, 100


def main() -> None:
    inlines = (int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000) // CROSSLINES
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

        def built() -> None:
            shutil.rmtree(cache, ignore_errors=True)
            open_volume(path)

        plain = "reading the bytes"
        seconds = interleaved(
            {
                plain: path.read_bytes,
                "opening, map built": built,
                "opening, map from the cache": lambda: open_volume(path),
            }
        )
        size = path.stat().st_size / 1e6
    write_results(
        Path(__file__).name,
        f"{inlines * CROSSLINES:,} traces of {SAMPLES} samples, {size:.0f} MB.",
        ("", "seconds", "over reading"),
        [(name, f"{taken:.3f}", f"{taken / seconds[plain]:.2f}") for name, taken in seconds.items()],
    )


if __name__ == "__main__":
    main()
