"""Whether a prediction that is killed at a random moment ends, resumed, in the bytes of an uninterrupted one.

    python benchmarks/interruptions.py [SEED]

The program, bundled fault model, fp32, two views. Each of 20 predictions is ended by ``kill -9``: some
while it starts, before there is anything on the disk; most after a random number of blocks, at a random
moment of the next; some after the last block, while the result is put in its place. Then ``--resume``.
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import write_results
from subjects import write_volume

SHAPE = (48, 96, 128)
SLAB_BYTES = 2**21  # of a few slices, so that there are many blocks
PROGRAM = f"""
from functools import partial
from geointerp.inference import predict
from geointerp.tiling.plan import plan_views
predict.plan_views = partial(plan_views, budget={SLAB_BYTES})
from geointerp.cli import main
main()
"""
KILLS = 20
BEFORE_ANY_BLOCK, AFTER_ALL = 3, 3


class Case:
    """A survey, and the predictions of it in a folder."""

    def __init__(self, folder: Path) -> None:
        """Predict once without interruption, noting how long what takes."""
        self.folder = folder
        self.survey = write_volume(folder / "survey.sgy", SHAPE)
        started = time.perf_counter()
        process = self.start("whole")
        times = [started]
        while process.poll() is None:
            times += [time.perf_counter()] * max(0, self.done("whole") - len(times) + 1)
            time.sleep(0.005)
        assert process.returncode == 0
        self.blocks = len(times) - 1
        self.start_up = times[1] - started
        self.seconds_a_block = (times[-1] - times[1]) / max(1, self.blocks - 1)
        self.expected = self.contents("whole")

    def start(self, name: str, *words: str) -> "subprocess.Popen[bytes]":
        """Start the program."""
        command = [sys.executable, "-c", PROGRAM, "predict", str(self.survey), "--task", "faults"]
        command += ["--precision", "fp32", "--views", "crossline,inline", "--quiet"]
        output = ["-o", str(self.folder / f"{name}.zarr")]
        return subprocess.Popen([*command, *output, *words], stdout=subprocess.DEVNULL)

    def done(self, name: str) -> int:
        """Return how many blocks are recorded."""
        try:
            lines = (self.folder / f".{name}.zarr.partial/geointerp-manifest.jsonl").read_bytes().count(b"\n")
        except OSError:
            return 0
        return max(0, lines - 1)

    def contents(self, name: str) -> dict[str, bytes]:
        """Return every file of the arrays; the root's attributes hold the time of the run."""
        store = self.folder / f"{name}.zarr"
        files = (path for path in store.rglob("*") if path.is_file() and path != store / "zarr.json")
        return {str(path.relative_to(store)): path.read_bytes() for path in files}

    def kill(self, name: str, after: int, delay: float) -> float:
        """Kill a run so long after so many blocks; return how long it had run."""
        started = time.perf_counter()
        process = self.start(name)
        while self.done(name) < after and process.poll() is None:
            time.sleep(0.002)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return time.perf_counter() - started


def moments(case: Case, chance: random.Random) -> list[tuple[int, float]]:
    """Draw the moments: blocks to wait for, and seconds after them."""
    drawn = [(0, chance.uniform(0, case.start_up)) for _ in range(BEFORE_ANY_BLOCK)]
    drawn += [
        (chance.randrange(1, case.blocks), chance.uniform(0, case.seconds_a_block))
        for _ in range(KILLS - BEFORE_ANY_BLOCK - AFTER_ALL)
    ]
    return [*drawn, *((case.blocks, chance.uniform(0, 0.05)) for _ in range(AFTER_ALL))]


def main(seed: int) -> None:
    """Kill and resume, and write the table."""
    with tempfile.TemporaryDirectory() as place:
        case = Case(Path(place))
        rows = []
        for number, (after, delay) in enumerate(moments(case, random.Random(seed)), 1):
            ran = case.kill(str(number), after, delay)
            there = (case.folder / f"{number}.zarr").exists()
            done = case.blocks if there else case.done(str(number))
            status = case.start(str(number), "--resume").wait()
            same = status == 0 and case.contents(str(number)) == case.expected
            rows.append((str(number), f"{ran:.1f} s", f"{done} of {case.blocks}", "yes" if same else "NO"))
            print(" | ".join(rows[-1]), flush=True)
    write_results(
        "interruptions.py",
        f"{SHAPE[0]} x {SHAPE[1]} x {SHAPE[2]} samples, two views, fp32; seed {seed}.",
        ("kill -9", "after", "blocks recorded", "equal after --resume"),
        rows,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(2**32))
