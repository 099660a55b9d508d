"""Slabs of SEG-Y along both line directions against segyio, and against a plain read of the same bytes.

    python benchmarks/reading.py

A survey of 600 x 500 traces of 500 samples, IBM and IEEE floats, in the page cache; slabs of 16 lines. The
reader alone gives an array, as segyio does; a prediction asks it for each slab through the opened volume. Who
cuts that volume with xarray reads by dask, which puts a slab together from the parts that it has of several
chunks.
"""

import tempfile
from pathlib import Path

import numpy as np
import segyio
from common import interleaved, write_results
from subjects import write_volume

import geointerp
from geointerp.inference.window import slices_of
from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.slabs import SegyTraces
from geointerp.sources.segy.survey import understand

SHAPE, LINES = (600, 500, 500), 16


def compare(path: Path, dim: str) -> dict[str, float]:
    """Median seconds of reading ``LINES`` lines in the middle, by each way."""
    volume = geointerp.open_volume(path)
    number = 0 if dim == "inline" else 1
    first = SHAPE[number] // 2
    lines_wanted = slice(first, first + LINES)
    survey = understand(path, SegyOptions())
    traces = SegyTraces(path, survey.layout, survey.map)
    key = (slice(None),) * number + (lines_wanted,)
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
        return traces[key]

    def labelled() -> np.ndarray:
        values: np.ndarray = volume.isel({dim: lines_wanted}).values
        return values

    def predicted() -> np.ndarray:
        return slices_of(volume, {dim: lines_wanted}, volume.dims)

    def theirs() -> np.ndarray:
        return np.stack([lines[int(line)] for line in wanted], axis=number)

    np.testing.assert_allclose(ours(), theirs(), rtol=1e-6)
    np.testing.assert_array_equal(ours(), labelled())
    np.testing.assert_array_equal(ours(), predicted())
    with opened:
        works = {"reader": ours, "predicted": predicted, "volume": labelled, "segyio": theirs, "plain": plain}
        return interleaved(works, 15)


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, code in (("IEEE", 5), ("IBM", 1)):
            path = write_volume(Path(folder) / f"{name}.sgy", SHAPE, code)
            for dim in ("inline", "crossline"):
                seconds = compare(path, dim)
                theirs = seconds["segyio"]
                rows.append(
                    (
                        f"{name}, {LINES} {dim}s",
                        f"{seconds['reader'] * 1000:.1f} ms",
                        f"{theirs / seconds['reader']:.1f}",
                        f"{theirs / seconds['predicted']:.1f}",
                        f"{theirs / seconds['volume']:.1f}",
                        f"{seconds['reader'] / seconds['plain']:.2f}",
                    )
                )
    write_results(
        Path(__file__).name,
        f"{SHAPE[0]} x {SHAPE[1]} traces of {SHAPE[2]} samples; slabs of {LINES} lines.",
        (
            "slab",
            "reader",
            "times faster than segyio",
            "the same in a prediction",
            "cut by xarray",
            "reader over a plain read",
        ),
        rows,
        note="Across the lines, the plain read is of the whole file.",
    )


if __name__ == "__main__":
    main()
