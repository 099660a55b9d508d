"""How long `geointerp --help` and `--version` take, over an empty program: medians of seven runs.

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
from time import perf_counter

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "geointerp --version": ("-m", "geointerp", "--version"),
    "geointerp --help": ("-m", "geointerp", "--help"),
}


def main() -> None:
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(7):
        for name, words in COMMANDS.items():
            started = perf_counter()
            subprocess.run([sys.executable, *words], check=True, capture_output=True)
            seconds[name].append(perf_counter() - started)
    empty = statistics.median(seconds["python -c pass"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{name:20} {median:.3f} s, {median / empty:.1f} of an empty program")


if __name__ == "__main__":
    main()
