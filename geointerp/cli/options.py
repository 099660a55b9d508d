"""Options that more than one command has."""

import os
from collections.abc import Callable
from typing import Annotated, Literal

import typer

from geointerp.errors import UsageError


def _remember(name: str) -> Callable[[typer.Context, bool], bool]:
    """Return a callback that stores a flag in the run's console as soon as it is read."""

    def store(ctx: typer.Context, value: bool) -> bool:
        setattr(ctx.obj, name, value)
        return value

    return store


def _hush(ctx: typer.Context, value: bool) -> bool:
    """Store it, and keep the hub from drawing bars where we draw none; it heeds this when it is imported."""
    ctx.obj.quiet = value
    if not ctx.obj.shows_bars:
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    return value


Json = Annotated[
    bool,
    typer.Option(
        "--json", callback=_remember("json"), help="Print one JSON object a result, one a line, to stdout."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", callback=_hush, help="Silence all but errors.")]
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

_OTHER = "How other files are read"

Shape = Annotated[
    str | None,
    typer.Option(
        metavar="IL,XL,T", help="Shape of a headerless file, as it is stored.", rich_help_panel=_OTHER
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(help="Sample type of a headerless file: float32, int16, >i2 …", rich_help_panel=_OTHER),
]
Variable = Annotated[
    str | None, typer.Option(help="Which variable of a Zarr, NetCDF or HDF5 file.", rich_help_panel=_OTHER)
]
Band = Annotated[
    int | None, typer.Option(help="Which band of a raster or picture, from 1.", rich_help_panel=_OTHER)
]
Hillshade = Annotated[
    bool | None,
    typer.Option(
        help="Read elevation as relief under a low sun, or as it is; by default as the model asks.",
        rich_help_panel=_OTHER,
    ),
]
Sun = Annotated[
    str | None,
    typer.Option(
        metavar="AZIMUTH,ALTITUDE",
        help="Where that sun stands, in degrees; 315,45 is north-west, half-way up.",
        rich_help_panel=_OTHER,
    ),
]

_SOURCE_NAMES = (
    "inline_byte",
    "crossline_byte",
    "x_byte",
    "y_byte",
    "cdp_byte",
    "endian",
    "sample_format",
    "sample_interval",
    "duplicates",
    "shape",
    "dtype",
    "variable",
    "band",
)


def given_source_options(ctx: typer.Context) -> dict[str, str | float | bool]:
    """Return the options of reading that were given, by the names that ``open_volume`` has for them.

    Raises:
        UsageError: the sun is placed, and nothing to be lit.
    """
    given = {name: ctx.params[name] for name in _SOURCE_NAMES if ctx.params[name] is not None}
    if ctx.params["sun"] and not ctx.params["hillshade"]:
        raise UsageError("--sun says from where relief is lit", hint="give --hillshade as well")
    if ctx.params["hillshade"] is not None:
        given["hillshade"] = ctx.params["sun"] or ctx.params["hillshade"]
    return given
