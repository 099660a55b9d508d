"""``geointerp info``: what a file is and how it is read."""

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geointerp.cli import options
from geointerp.cli.console import Console

if TYPE_CHECKING:
    from rich.table import Table

_BYTES = ("inline_byte", "crossline_byte", "cdp_byte", "x_byte", "y_byte")


def command(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="File, folder or URL to describe.")],
    inline_byte: options.InlineByte = None,
    crossline_byte: options.CrosslineByte = None,
    x_byte: options.XByte = None,
    y_byte: options.YByte = None,
    cdp_byte: options.CdpByte = None,
    endian: options.Endian = None,
    sample_format: options.SampleFormat = None,
    sample_interval: options.SampleInterval = None,
    duplicates: options.Duplicates = None,
    shape: options.Shape = None,
    dtype: options.Dtype = None,
    variable: options.Variable = None,
    band: options.Band = None,
    hillshade: options.Hillshade = None,
    sun: options.Sun = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Tell what a file is and how it is read."""
    from geointerp.sources.describe import describe

    console: Console = ctx.obj
    facts = describe(file, **options.given_source_options(ctx))
    console.result(None, facts)
    if not json:
        console.show(_axes_table(facts))
        console.show(_facts_table(facts))
        console.note(_text_header(facts))


def _axes_table(facts: dict[str, Any]) -> "Table":
    """Lay the dimensions out, one a row."""
    from rich.table import Table

    table = Table(title=Path(facts["file"]).name, title_justify="left", title_style="bold", box=None)
    for heading in ("dimension", "first", "last", "step", "count"):
        table.add_column(heading, justify="left" if heading == "dimension" else "right", overflow="fold")
    for dim in facts["dims"]:
        axis = facts["axes"].get(dim, {})
        name = f"{dim} ({axis['units']})" if "units" in axis else dim
        table.add_row(name, *(_number(axis.get(key)) for key in ("first", "last", "step", "count")))
    return table


def _facts_table(facts: dict[str, Any]) -> "Table":
    """Lay everything else out, a name and what there is to say on each row."""
    from rich.table import Table

    table = Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, text in _facts(facts):
        table.add_row(name, text)
    return table


def _facts(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    segy = facts.get("segy", {})
    yield "format", _format(facts, segy)
    yield "size", "unknown" if facts["bytes"] is None else f"{facts['bytes']:,} bytes"
    if "traces" in facts:
        yield "traces", ", ".join(f"{count:,} {kind}" for kind, count in facts["traces"].items())
    for name, extent in facts.get("extent", {}).items():
        yield name, "unknown" if extent is None else f"{extent[0]:,.1f} to {extent[1]:,.1f}"
    if segy:
        used = (name for name in _BYTES if segy.get(name))
        yield "header bytes", ", ".join(f"{name.removesuffix('_byte')} {segy[name]}" for name in used)
        yield "coordinate scalar", ", ".join(map(str, segy["coordinate_scalar"]))
    for name in ("raster", "das", "reading"):
        yield from ((key.replace("_", " "), _plain(value)) for key, value in facts.get(name, {}).items())
    if found := facts.get("prediction"):
        yield "labels", f"{found['task']}, by the model {found['model']}, {found['created']}"
        yield "predicted from", found["source"] or "an array in memory"
        yield "views", _plain(found["views"])
        shares = found["class_fractions"] or {}
        yield "classes", ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    else:
        yield "amplitudes", _percentiles(facts["amplitude"], facts.get("units", ""), facts["shape"])
    for name, reason in segy.get("why", {}).items():
        yield f"why {name.replace('_', ' ')}", reason


def _text_header(facts: dict[str, Any]) -> str:
    """Return the lines of a SEG-Y text header that say something."""
    lines = facts.get("segy", {}).get("text_header", "").splitlines()
    return "\n".join(line.rstrip() for line in lines if line[3:].strip())


def _format(facts: dict[str, Any], segy: dict[str, Any]) -> str:
    if not segy:
        return str(facts["format"])
    return (
        f"{facts['format']} revision {segy['revision']}, {segy['sample_format']} samples, "
        f"{segy['endianness']}-endian, {segy['text_encoding']} text header"
    )


def _plain(value: Any) -> str:
    """Return a fact as text; what is not known, or is none, as a dash."""
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return "–" if value is None else str(value)


def _percentiles(amplitude: dict[str, Any], units: str, shape: Sequence[int]) -> str:
    """Return the percentiles in one line, among how many samples these are, and the units where told."""
    if not amplitude["percentiles"]:
        return "none but zeros and no-data"
    names = {"0": "least", "50": "median", "100": "greatest"}
    shown = (f"{names.get(p, p + ' %')} {value:.4g}" for p, value in amplitude["percentiles"].items())
    of = f"; of {amplitude['sampled']:,} samples other than zero, out of {prod(shape):,}"
    return ", ".join(shown) + of + (f"; units {units}" if units else "")


def _number(value: float | str | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.10g}"
