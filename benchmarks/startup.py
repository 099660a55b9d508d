"""How long `geointerp --help`, `--version` and a prediction of one tile take, over an empty program.

    python benchmarks/startup.py

Medians of five runs, in turn; the tile is labelled by the bundled fault model.
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from common import interleaved, write_results

EMPTY = "python -c pass"


def run(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        section, labels = Path(folder) / "section.npy", Path(folder) / "labels.npy"
        np.save(section, np.random.default_rng(0).standard_normal((224, 224)).astype(np.float32))
        predict = ("predict", str(section), "--task", "faults", "-o", str(labels), "--overwrite")
        works = {
            EMPTY: partial(run, "-c", "pass"),
            "geointerp --version": partial(run, "-m", "geointerp", "--version"),
            "geointerp --help": partial(run, "-m", "geointerp", "--help"),
            "geointerp predict, one tile": partial(run, "-m", "geointerp", *predict),
        }
        seconds = interleaved(works)
    write_results(
        Path(__file__).name,
        "Whole commands, from the shell and back.",
        ("", "seconds", "over an empty program"),
        [(name, f"{taken:.2f}", f"{taken / seconds[EMPTY]:.1f}") for name, taken in seconds.items()],
    )


if __name__ == "__main__":
    main()
