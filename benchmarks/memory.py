"""Peak memory against the length of the volume, and against MONAI's sliding window.

    python benchmarks/memory.py

Each length runs in a process of its own; its peak resident memory is what the system accounts to it, and to
it alone: ``ru_maxrss`` would begin with that of the process which started it. The bundled fault model over
slices of 400 x 462 samples, tiles as fitted; medians of rounds, for whether the demands of the threads fall
together is chance, by 2 % of the peak. MONAI is counted where benchmarks/peers.py has installed it: the
volume it keeps, the logits and weights of all slices.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from common import write_results
from subjects import write_volume

HERE = Path(__file__).parent
SHAPE = (174, 462, 400)  # 8 times this is 1 GiB
LENGTHS = (1, 2, 4, 8)
ROUNDS = 5


def peak(work: str, survey: Path, python: str = sys.executable) -> float:
    """Return the peak memory of ``work`` in MiB, run in a process of its own, which never saw the survey."""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [python, __file__, work, str(survey)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "GEOINTERP_CACHE": cache},
        )
    return float(done.stdout.splitlines()[-1])


def ours(survey: Path) -> None:
    import geointerp

    geointerp.predict(survey, task="faults", device="cpu", output=survey.with_suffix(".zarr"), overwrite=True)


def monai(survey: Path) -> None:
    """A volume in memory through MONAI; a stub network, since only what MONAI itself keeps is looked for."""
    import torch
    from monai.inferers import SlidingWindowInferer

    import geointerp

    slices = torch.from_numpy(geointerp.open_volume(survey).values).transpose(1, 2)[:, None]
    with torch.inference_mode():
        inferer = SlidingWindowInferer((224, 224), 8, 0.25, "gaussian")
        inferer(slices, lambda x: torch.cat([x, -x], 1)).argmax(1)


def main() -> None:
    peers = HERE / ".peers" / "bin" / "python"
    peaks: dict[int, list[float]] = {length: [] for length in LENGTHS}
    others, megabytes = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        surveys = {
            length: write_volume(Path(folder) / f"{length}.sgy", (SHAPE[0] * length, *SHAPE[1:]))
            for length in LENGTHS
        }
        for length, survey in surveys.items():
            megabytes[length] = survey.stat().st_size / 2**20
            others[length] = f"{peak('monai', survey, str(peers)):.0f}" if peers.exists() else "not installed"
        for _ in range(ROUNDS):
            for length, survey in surveys.items():
                peaks[length].append(peak("ours", survey))
    usual = {length: median(found) for length, found in peaks.items()}
    write_results(
        Path(__file__).name,
        f"Peak resident memory of a whole process, MiB, median of {ROUNDS}; slices of 400 x 462.",
        ("length", "input MiB", "geointerp MiB", "least to most", "over 1x", "MONAI MiB"),
        [
            (
                f"{length}x",
                f"{megabytes[length]:.0f}",
                f"{usual[length]:.0f}",
                f"{min(found):.0f} to {max(found):.0f}",
                f"{usual[length] / usual[LENGTHS[0]]:.3f}",
                others[length],
            )
            for length, found in peaks.items()
        ],
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"ours": ours, "monai": monai}[sys.argv[1]](Path(sys.argv[2]))
        status = Path("/proc/self/status").read_text()
        print(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024)
    else:
        main()
