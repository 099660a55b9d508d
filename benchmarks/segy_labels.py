"""How long labels of 300,000 traces take to become SEG-Y with the headers of their survey.

Run it from the repository: ``python benchmarks/segy_labels.py [FOLDER]``. It prints wall and processor time.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

from geointerp.sinks.segy_labels import write_segy_labels
from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_volume

SHAPE = (500, 600, 100)


def main(folder: Path) -> None:
    """Write a survey of ``SHAPE``, then its labels."""
    template = folder / "survey.sgy"
    rng = np.random.default_rng(0)
    amplitude = np.broadcast_to(rng.normal(size=SHAPE[1:]).astype(np.float32), SHAPE)
    write_survey(
        template, amplitude, inlines=range(SHAPE[0]), crosslines=range(SHAPE[1]), sample_interval_ms=4
    )
    volume = open_volume(template)
    values = rng.integers(0, 2, SHAPE, dtype=np.uint8)
    labels = xr.Dataset({"labels": volume.copy(data=values)}).chunk(inline=64)
    wall, processor = time.perf_counter(), time.process_time()
    write_segy_labels(labels, folder / "labels.sgy", template=template)
    print(
        f"{SHAPE[0] * SHAPE[1]:,} traces of {SHAPE[2]} samples: {time.perf_counter() - wall:.2f} s, "
        f"{time.process_time() - processor:.2f} s of processor time"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
