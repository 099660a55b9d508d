"""``geointerp info``: what a file is and how it is read."""

from pathlib import Path
from typing import Annotated

import typer

from geointerp.cli import options


def command(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="File to describe.")],
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Tell what a file is and how it is read."""
