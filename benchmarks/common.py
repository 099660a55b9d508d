"""What the benchmarks share: medians of interleaved runs, the machine in words, one page of results."""

import platform
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

RESULTS = Path(__file__).parent / "results.md"
_HEADING = """# Measured

Each table is written by the script named above it, as `make bench` runs them; ratios come from interleaved
runs, figures are medians. Times of other machines will differ; ratios less so.
"""


def interleaved(works: Mapping[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Return the median seconds of each work, run in turn so that a drifting machine hits all alike.

    Each is run once beforehand, uncounted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            started = perf_counter()
            work()
            if turn:
                seconds[name].append(perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def machine() -> str:
    """Describe the machine in a line: processor, cores, whether bf16 is in hardware, Python, torch."""
    import os

    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    bf16 = "bf16 in hardware" if torch.cpu._is_avx512_bf16_supported() else "no bf16 in hardware"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{_processor()}, {cores} cores, {bf16}; {versions}"


def _processor() -> str:
    """Return the processor's name, where Linux tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def write_results(
    script: str, question: str, heading: Sequence[str], rows: Sequence[Sequence[str]], note: str = ""
) -> None:
    """Print a table and put it into ``results.md``, in place of the one this script wrote before.

    Args:
        script: file name, under which the table stands.
        question: it answers.
        heading: of the columns.
        rows: of words.
        note: below the table.
    """
    table = [f"| {' | '.join(words)} |" for words in (heading, ["---"] * len(heading), *rows)]
    below = ["", note] if note else []
    section = "\n".join([f"## {script}", question, "", *table, *below, "", f"*{machine()}*"])
    print(section)
    text = RESULTS.read_text() if RESULTS.exists() else _HEADING
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    sections[script] = section.split("\n", 1)[1] + "\n\n"
    body = "".join(f"## {name}\n{text.rstrip()}\n\n" for name, text in sorted(sections.items()))
    RESULTS.write_text(f"{_HEADING}\n{body}")
