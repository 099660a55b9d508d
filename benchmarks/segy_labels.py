"""How long labels of 300,000 traces take to become SEG-Y with the headers of their survey.

python benchmarks/segy_labels.py
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from common import interleaved, write_results

from geointerp.sinks.segy_labels import write_segy_labels
from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_volume

SHAPE = (500, 600, 100)


def main() -> None:
    """Write a survey of ``SHAPE``, then its labels, and copy the file, in turn."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        template, output = Path(folder) / "survey.sgy", Path(folder) / "labels.sgy"
        amplitude = np.broadcast_to(rng.normal(size=SHAPE[1:]).astype(np.float32), SHAPE)
        write_survey(
            template, amplitude, inlines=range(SHAPE[0]), crosslines=range(SHAPE[1]), sample_interval_ms=4
        )
        volume = open_volume(template)
        values = rng.integers(0, 2, SHAPE, dtype=np.uint8)
        labels = xr.Dataset({"labels": volume.copy(data=values)}).chunk(inline=64)

        def written() -> None:
            output.unlink(missing_ok=True)
            write_segy_labels(labels, output, template=template)

        copying = "copying the survey"
        seconds = interleaved({copying: lambda: shutil.copyfile(template, output), "labels": written})
    write_results(
        Path(__file__).name,
        f"{SHAPE[0] * SHAPE[1]:,} traces of {SHAPE[2]} samples to SEG-Y, headers as in the survey.",
        ("", "seconds", "over copying"),
        [(name, f"{taken:.2f}", f"{taken / seconds[copying]:.1f}") for name, taken in seconds.items()],
    )


if __name__ == "__main__":
    main()
