"""``geointerp predict``: data in, labels out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geointerp.cli import options
from geointerp.cli.arguments import parse_tile
from geointerp.cli.console import Console
from geointerp.cli.funnel import report
from geointerp.cli.places import expand_inputs, place_outputs
from geointerp.cli.progress import TileProgress
from geointerp.errors import UsageError
from geointerp.sinks.output import STORE_SUFFIX, check_free, partial_of, put_in_place, remove
from geointerp.tasks import task_named

if TYPE_CHECKING:
    import xarray as xr

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
            help="Where to write, by suffix: .zarr .nc .npy .sgy .tif .png .html, and as the task has them "
            ".txt .csv .geojson .gpkg; a folder for several inputs.",
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
        raise UsageError("say which model, by either --task or --model", hint="such as --task faults")
    settings = {
        "views": views,
        "region": region,
        "overlap": overlap,
        "batch_size": batch_size,
        "device": device,
        "precision": precision,
        "compile": compile,
        "probability": probability,
        "resume": resume,
    }
    paths = expand_inputs(inputs)
    shape = parse_tile(tile) if tile else None
    from geointerp.network.bundle import load_model
    from geointerp.network.home import bundled_model

    loaded = load_model(bundled_model(task_named(task).name) if task else str(model), shape)
    outputs = place_outputs(paths, output, loaded.description.task or loaded.description.name)
    work = partial(_predict_file, ctx.obj, loaded, settings, options.given_segy_options(ctx), overwrite)
    _each(ctx.obj, list(zip(paths, outputs, strict=True)), work)


def _each(
    console: Console, pairs: list[tuple[Path, Path]], work: Callable[[Path, Path], dict[str, Any]]
) -> None:
    """Work on each input; of several, those that fail are reported and the rest go on."""
    failed = 0
    for path, output in pairs:
        try:
            facts = work(path, output)
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


def _predict_file(
    console: Console,
    model: "LoadedModel",
    settings: dict[str, Any],
    reading: dict[str, Any],
    overwrite: bool,
    path: Path,
    output: Path,
) -> dict[str, Any]:
    """Predict one file and write its labels.

    Returns:
        What ``--json`` prints.
    """
    from geointerp.inference.predict import predict
    from geointerp.inference.result import summary
    from geointerp.sources.open import open_volume

    to_store = output.suffix.lower() == STORE_SUFFIX
    if settings["resume"] and not to_store:
        raise UsageError(f"only a .zarr output can be gone on with, not {output}", hint="leave --resume out")
    if not to_store:
        check_free(output, overwrite=overwrite, source=str(path))
    console.resume_hint = "go on with --resume" if to_store else None
    volume = open_volume(path, **reading)
    if not to_store:
        from geointerp.products.write import Wishes, check_product

        check_product(output, volume, model.description.task, wishes=Wishes(), volume=volume)
    with TileProgress(console) as progress:
        work = partial(predict, volume, model=model, progress=progress, **settings)
        if to_store:
            return summary(work(output=output, overwrite=overwrite), output)
        return summary(_converted(work, volume, output), output)


def _converted(work: "Callable[..., xr.Dataset]", volume: "xr.DataArray", output: Path) -> "xr.Dataset":
    """Predict into a store beside the output, on the disk as that may be larger than memory, and convert it.

    Returns:
        The result, of which only the attributes and sizes can still be read.
    """
    from geointerp.products.write import write_product

    folder = partial_of(output)
    remove(folder)
    try:
        labels = work(output=folder / f"labels{STORE_SUFFIX}")
        write_product(labels, folder / output.name, volume=volume)
        put_in_place(folder / output.name, output)
    finally:
        remove(folder)
    return labels


def _in_words(facts: dict[str, Any]) -> str:
    """Return a result in one line: its size, its classes, how long it took."""
    size = " × ".join(f"{length} {dim}" for dim, length in zip(facts["dims"], facts["shape"], strict=True))
    classes = ", ".join(f"{name} {share:.1%}" for name, share in facts["class_fractions"].items())
    how = f"{facts['tiles']} tiles in {facts['seconds']:.1f} s on {facts['device']} in {facts['precision']}"
    return f"{size}: {classes}; {how}"
