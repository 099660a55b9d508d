"""``geointerp predict``: data in, labels out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geointerp.cli import options
from geointerp.cli.arguments import parse_tile, parse_views
from geointerp.cli.console import Console
from geointerp.cli.funnel import report
from geointerp.cli.places import expand_inputs, place_outputs
from geointerp.errors import UsageError

if TYPE_CHECKING:
    from geointerp.network.bundle import LoadedModel

_HOW = "How it is computed"


def command(
    ctx: typer.Context,
    inputs: Annotated[list[str], typer.Argument(help="Files to interpret; - reads their paths from stdin.")],
    task: Annotated[
        str | None,
        typer.Option(help="Use the bundled model of this name: faults, facies, salt, craters, events."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Use this model folder instead of a bundled one.")] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to write, by suffix: .zarr .nc .npy .png; a folder for several inputs.",
        ),
    ] = None,
    views: Annotated[
        str | None, typer.Option(help="Slices a volume is read as: inline,crossline,time.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Only this part, ends included: inline=100:200,time=0:1500.")
    ] = None,
    probability: Annotated[bool, typer.Option("--probability", help="Keep the class probabilities.")] = False,
    overwrite: options.Overwrite = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted .zarr output.")] = False,
    tile: Annotated[
        str | None, typer.Option(help="Tile in samples: 224 or 224x448.", rich_help_panel=_HOW)
    ] = None,
    overlap: Annotated[
        float | None,
        typer.Option(help="Share of a tile that its neighbour covers too.", rich_help_panel=_HOW),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Tiles at a time.", rich_help_panel=_HOW)
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda[:N] or mps.", rich_help_panel=_HOW)] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"],
        typer.Option(help="Of the network's arithmetic.", rich_help_panel=_HOW),
    ] = "auto",
    compile: Annotated[
        Literal["auto", "on", "off"], typer.Option(help="Compile the network first.", rich_help_panel=_HOW)
    ] = "auto",
    inline_byte: options.InlineByte = None,
    crossline_byte: options.CrosslineByte = None,
    x_byte: options.XByte = None,
    y_byte: options.YByte = None,
    cdp_byte: options.CdpByte = None,
    endian: options.Endian = None,
    sample_format: options.SampleFormat = None,
    sample_interval: options.SampleInterval = None,
    duplicates: options.Duplicates = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Label every sample of seismic data with the class a model gives it."""
    if (task is None) == (model is None):
        raise UsageError(
            "say which model, by --task or by --model", hint="--task faults; geointerp models lists them"
        )
    from geointerp.network.bundle import load_model
    from geointerp.tiling.regions import parse_region

    settings = {
        "views": parse_views(views) if views else None,
        "region": parse_region(region) if region else None,
        "tile": parse_tile(tile) if tile else None,
        "overlap": overlap,
        "batch_size": batch_size,
        "device": device,
        "precision": precision,
        "compile": compile,
        "probability": probability,
        "overwrite": overwrite,
        "resume": resume,
    }
    reading = options.segy_options(
        inline_byte=inline_byte,
        crossline_byte=crossline_byte,
        x_byte=x_byte,
        y_byte=y_byte,
        cdp_byte=cdp_byte,
        endian=endian,
        sample_format=sample_format,
        sample_interval=sample_interval,
        duplicates=duplicates,
    )
    paths = expand_inputs(inputs)
    loaded = load_model(task or model)
    outputs = place_outputs(paths, output, loaded.description.task or loaded.description.name)
    _predict_all(ctx.obj, list(zip(paths, outputs, strict=True)), loaded, settings, reading)


def _predict_all(
    console: Console,
    pairs: list[tuple[Path, Path]],
    model: "LoadedModel",
    settings: dict[str, Any],
    reading: dict[str, Any],
) -> None:
    """Predict each input; of several, those that fail are reported and the rest go on."""
    failed = 0
    for path, output in pairs:
        try:
            facts = predict_file(path, output, model, settings, reading, console)
        except Exception as error:
            if len(pairs) == 1:
                raise
            report(error, console)
            failed += 1
        else:
            console.result(output, facts)
            console.note(_in_words(facts))
    if failed:
        console.error(f"{failed} of {len(pairs)} inputs failed")
        raise typer.Exit(1)


def predict_file(
    path: Path,
    output: Path,
    model: "LoadedModel",
    settings: dict[str, Any],
    reading: dict[str, Any],
    console: Console,
) -> dict[str, Any]:
    """Predict one file and write its labels; return the facts that ``--json`` prints."""
