"""Options that more than one command has."""

from collections.abc import Callable
from typing import Annotated, Literal

import typer


def _remember(name: str) -> Callable[[typer.Context, bool], bool]:
    """Return a callback that stores a flag in the run's console as soon as it is read."""

    def store(ctx: typer.Context, value: bool) -> bool:
        setattr(ctx.obj, name, value)
        return value

    return store


Json = Annotated[
    bool,
    typer.Option(
        "--json", callback=_remember("json"), help="Print one JSON object a result, one a line, to stdout."
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", callback=_remember("quiet"), help="Silence all but errors.")
]
Debug = Annotated[
    bool, typer.Option("--debug", callback=_remember("debug"), help="Show the traceback of an error.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an output that exists.")]

_SEGY = "How SEG-Y is read, where its headers need help"

InlineByte = Annotated[
    int | None,
    typer.Option(help="Byte of the inline number in the trace header, from 1.", rich_help_panel=_SEGY),
]
CrosslineByte = Annotated[
    int | None, typer.Option(help="Byte of the crossline number.", rich_help_panel=_SEGY)
]
XByte = Annotated[int | None, typer.Option(help="Byte of the x coordinate.", rich_help_panel=_SEGY)]
YByte = Annotated[int | None, typer.Option(help="Byte of the y coordinate.", rich_help_panel=_SEGY)]
CdpByte = Annotated[
    int | None, typer.Option(help="Byte of the CDP number of a 2D line.", rich_help_panel=_SEGY)
]
Endian = Annotated[Literal["big", "little"] | None, typer.Option(help="Byte order.", rich_help_panel=_SEGY)]
SampleFormat = Annotated[
    str | None,
    typer.Option(help="Sample format: its SEG-Y code, or a name such as ibm.", rich_help_panel=_SEGY),
]
SampleInterval = Annotated[
    float | None, typer.Option(help="Sample interval in ms, or m in depth.", rich_help_panel=_SEGY)
]
Duplicates = Annotated[
    Literal["first", "last", "mean"] | None,
    typer.Option(help="Which to take of traces at the same position.", rich_help_panel=_SEGY),
]


_SEGY_NAMES = (
    "inline_byte",
    "crossline_byte",
    "x_byte",
    "y_byte",
    "cdp_byte",
    "endian",
    "sample_format",
    "sample_interval",
    "duplicates",
)


def given_segy_options(ctx: typer.Context) -> dict[str, str | float]:
    """Return the SEG-Y options that were given, by the names that ``open_volume`` has for them."""
    return {name: ctx.params[name] for name in _SEGY_NAMES if ctx.params[name] is not None}
