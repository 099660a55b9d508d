"""Which files a command reads and which it writes."""

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from geointerp.errors import UsageError
from geointerp.sinks.output import FILE_SUFFIXES, STORE_SUFFIX, check_suffix
from geointerp.sources.remote import is_url


def expand_inputs(words: Sequence[str]) -> list[str]:
    """Return the paths or URLs of the inputs, ``-`` replaced by the lines of stdin.

    Raises:
        UsageError: stdin was named and is empty, or holds something else.
    """
    paths: list[str] = []
    for word in words:
        paths += _from_stdin() if word == "-" else [word]
    if not paths:
        raise UsageError(
            "no paths came from stdin", hint="pipe them in, one a line: find . -name '*.sgy' | …"
        )
    return paths


def _from_stdin() -> list[str]:
    """Return the lines of stdin that hold something; none where it is closed.

    Raises:
        UsageError: it is no text.
    """
    # As bytes: a name need not be text, and holds whatever but a newline and a NUL.
    stream = getattr(sys.stdin, "buffer", None)
    try:
        text = os.fsdecode(stream.read()) if stream else sys.stdin.read() if sys.stdin else ""
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(
            "what comes from stdin is no list of paths", hint="one a line: find . -name '*.sgy' | …"
        )
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line.strip()]


def place_outputs(inputs: Sequence[str], output: str | None, task: str) -> list[Path]:
    """Return where the result of each input goes.

    One input and an ``output`` that is no folder: the output itself. Otherwise the output is a
    folder (the current one when none is given), and the results are ``<stem>.<task>.zarr``.

    Args:
        inputs: their paths or URLs.
        output: what was given to ``-o``; a trailing slash or an existing folder is a folder, but no store.
        task: the word between stem and suffix.

    Raises:
        UsageError: the output has no known suffix, is a file for several inputs, or two inputs
            would be written to the same place.
    """
    if output is not None and len(inputs) == 1 and not _is_folder(output):
        if not Path(output).suffix:
            suffixes = ", ".join((STORE_SUFFIX, *FILE_SUFFIXES))
            raise UsageError(
                f"{output} has no suffix that says what to write",
                hint=f"a folder is named {output}/, a file with one of {suffixes}",
            )
        check_suffix(Path(output))
        return [Path(output)]
    folder = Path(output or ".")
    if output is not None and len(inputs) == 1 and folder.suffix.lower() in FILE_SUFFIXES:
        raise UsageError(
            f"{output} is a folder", hint="give -o the name of a file, or of a folder without suffix"
        )
    if output is not None and folder.suffix.lower() in (STORE_SUFFIX, *FILE_SUFFIXES):
        raise UsageError(
            f"there are {len(inputs)} inputs and one output, {output}",
            hint="name a folder, such as -o labels/",
        )
    outputs = [folder / f"{_stem(path)}.{task}{STORE_SUFFIX}" for path in inputs]
    _refuse_clashes(inputs, outputs)
    return outputs


def _stem(path: str) -> str:
    """Return the name of an input without its suffix; of a URL without what is asked for after it.

    A link is called what it is called, not what it leads to; ``.`` and ``..`` are called what they are.
    """
    if is_url(path):
        return Path(urlsplit(path).path).stem
    return Path(os.path.abspath(path)).stem  # noqa: PTH100 - resolve() would follow the link


def _is_folder(output: str) -> bool:
    path = Path(output)
    # Shells complete the name of a store, which is a folder to them, with a slash.
    return path.suffix.lower() != STORE_SUFFIX and (output.endswith("/") or path.is_dir())


def _refuse_clashes(inputs: Sequence[str], outputs: Sequence[Path]) -> None:
    """Raise when two inputs have the same output."""
    claims = defaultdict(list)
    for path, output in zip(inputs, outputs, strict=True):
        claims[output].append(path)
    for output, claimants in claims.items():
        if len(claimants) > 1:
            raise UsageError(
                f"both {claimants[0]} and {claimants[1]} would be written to {output}",
                hint="give them one by one, each with its own -o",
            )
