"""Slabs of SEG-Y along both line directions against segyio, and against a plain read of the same bytes.

    python benchmarks/reading.py

A survey of 600 x 500 traces of 500 samples, IBM and IEEE floats, in the page cache; slabs of 16 lines.
"""

import tempfile
from pathlib import Path

import numpy as np
import segyio
from common import interleaved, write_results
from subjects import write_volume

import geointerp

SHAPE, LINES = (600, 500, 500), 16


def compare(path: Path, dim: str) -> dict[str, float]:
    """Median seconds of reading ``LINES`` lines in the middle, by each way."""
    volume = geointerp.open_volume(path)
    number = 0 if dim == "inline" else 1
    first = SHAPE[number] // 2
    part = volume.isel({dim: slice(first, first + LINES)})
    opened = segyio.open(str(path))
    lines = opened.iline if dim == "inline" else opened.xline
    wanted = volume[dim].values[first : first + LINES]

    def plain() -> None:
        size = 240 + 4 * SHAPE[2]
        with path.open("rb") as file:
            file.seek(3600 + size * (first * SHAPE[1] if dim == "inline" else 0))
            # Across, the wanted traces lie in all of the file.
            np.frombuffer(file.read(size * LINES * SHAPE[1] if dim == "inline" else -1), np.uint8)

    def ours() -> np.ndarray:
        return part.compute(scheduler="threads").values

    def theirs() -> np.ndarray:
        return np.stack([lines[int(line)] for line in wanted], axis=number)

    np.testing.assert_allclose(ours(), theirs(), rtol=1e-6)
    with opened:
        return interleaved({"geointerp": ours, "segyio": theirs, "plain": plain})


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, code in (("IEEE", 5), ("IBM", 1)):
            path = write_volume(Path(folder) / f"{name}.sgy", SHAPE, code)
            for dim in ("inline", "crossline"):
                seconds = compare(path, dim)
                own = seconds["geointerp"]
                rows.append(
                    (
                        f"{name}, {LINES} {dim}s",
                        f"{own * 1000:.0f} ms",
                        f"{seconds['segyio'] / own:.1f}",
                        f"{own / seconds['plain']:.1f}",
                    )
                )
    write_results(
        Path(__file__).name,
        f"{SHAPE[0]} x {SHAPE[1]} traces of {SHAPE[2]} samples; slabs of {LINES} lines.",
        ("slab", "geointerp", "times faster than segyio", "times a plain read"),
        rows,
        note="Across the lines, the plain read is of the whole file.",
    )


if __name__ == "__main__":
    main()
