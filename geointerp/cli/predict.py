"""``geointerp predict``: data in, labels out."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geointerp.cli import options
from geointerp.cli.arguments import parse_tile
from geointerp.cli.console import Console
from geointerp.cli.funnel import in_words, report
from geointerp.cli.places import expand_inputs, place_outputs
from geointerp.cli.progress import TileProgress
from geointerp.errors import GeointerpError, OutputError, UsageError
from geointerp.sinks.output import STORE_SUFFIX, TABLE_SUFFIXES, check_free, partial_of, put_in_place, remove
from geointerp.tasks import task_named

if TYPE_CHECKING:
    import xarray as xr

_HOW = "How it is computed"
_LOCK = "lock"


def command(
    ctx: typer.Context,
    inputs: Annotated[
        list[str], typer.Argument(help="Files, folders or URLs to interpret; - reads them from stdin.")
    ],
    task: Annotated[
        str | None,
        typer.Option(help="Use the bundled model of this name: faults, facies, salt, craters, events."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Use this model or run folder, or hf:owner/name of the hub, not a bundled one."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to write, by suffix: .zarr .nc .npy .sgy .tif .png .html, and as the task has them "
            ".txt .csv .geojson .gpkg; a folder for several inputs; by default ./<input>.<task>.zarr.",
        ),
    ] = None,
    views: Annotated[
        str | None,
        typer.Option(help="Slices a volume is read as: inline,crossline,time; by default the model's own."),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Only this part, ends included: inline=100:200,time=0:1500.")
    ] = None,
    probability: Annotated[bool, typer.Option("--probability", help="Keep the class probabilities.")] = False,
    overwrite: options.Overwrite = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted .zarr output.")] = False,
    tile: Annotated[
        str | None,
        typer.Option(
            help="Tile in samples: 224 or 224x448; by default one that suits the data.", rich_help_panel=_HOW
        ),
    ] = None,
    overlap: Annotated[
        float | None,
        typer.Option(
            help="Share of a tile that its neighbour covers too; by default the model's, mostly 0.25.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Tiles at a time; by default 4 of 224 x 224 a thread, or 64 on a GPU.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda[:N] or mps.", rich_help_panel=_HOW)] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"],
        typer.Option(help="Of the network's arithmetic.", rich_help_panel=_HOW),
    ] = "auto",
    compile: Annotated[
        Literal["auto", "on", "off"], typer.Option(help="Compile the network first.", rich_help_panel=_HOW)
    ] = "auto",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Compute in so many processes.", rich_help_panel=_HOW)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Compute on a dask.distributed cluster: tcp://host:8786.", rich_help_panel=_HOW),
    ] = None,
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
    """Label every sample of data with the class a model gives it."""
    if (task is None) == (model is None):
        raise UsageError("say which model, by either --task or --model", hint="such as --task faults")
    settings = {
        "views": views,
        "region": region,
        "tile": parse_tile(tile) if tile else None,
        "overlap": overlap,
        "batch_size": batch_size,
        "device": device,
        "precision": precision,
        "compile": compile,
        "probability": probability,
        "workers": workers,
        "scheduler": scheduler,
        "resume": resume,
    }
    if "-" in inputs and sys.stdin is not None and sys.stdin.isatty():
        ctx.obj.note("type the paths, one a line; Ctrl-D ends them")
    paths = expand_inputs(inputs)
    from geointerp.network.description import read_description
    from geointerp.network.home import bundled_model, find_model

    folder = find_model(bundled_model(task_named(task).name) if task else str(model))
    about = read_description(folder)
    outputs = place_outputs(paths, output, about.task or about.name)
    work = partial(_predict_file, ctx.obj, folder, settings, options.given_source_options(ctx), overwrite)
    _each(ctx.obj, list(zip(paths, outputs, strict=True)), work)


def _each(
    console: Console, pairs: list[tuple[str, Path]], work: Callable[[str, Path], dict[str, Any]]
) -> None:
    """Work on each input; of several, those that fail are reported and the rest go on."""
    statuses: list[int] = []
    done: list[Path] = []
    for path, output in pairs:
        console.resumable = partial(_is_begun, output, done)
        try:
            facts = work(path, output)
        except Exception as error:
            if len(pairs) == 1:
                raise
            statuses.append(report(error, console))
        else:
            done.append(output)
            console.result(output, facts)
            console.note(_in_words(facts))
    if statuses:
        console.error(f"{len(statuses)} of {len(pairs)} inputs failed")
        # The command line is at fault where it is for each of them.
        raise typer.Exit(min(statuses) if len(statuses) == len(pairs) else 1)


def _predict_file(
    console: Console,
    model: Path,
    settings: dict[str, Any],
    reading: dict[str, Any],
    overwrite: bool,
    path: str,
    output: Path,
) -> dict[str, Any]:
    """Predict one file and write its labels.

    Returns:
        What ``--json`` prints.
    """
    from geointerp.network.description import read_description
    from geointerp.sources.open import open_volume

    suffix = output.suffix.lower()
    to_store = suffix == STORE_SUFFIX
    if settings["resume"] and not to_store:
        raise UsageError(f"only a .zarr output can be gone on with, not {output}", hint="leave --resume out")
    if not to_store:
        check_free(output, overwrite=overwrite, source=path)
    about = read_description(model)
    peaks = about.task == "events" and suffix in TABLE_SUFFIXES  # their table has a column for it
    holds = to_store or peaks or suffix == ".nc"
    if settings["probability"] and not holds:
        raise UsageError(
            f"a {output.suffix} output holds no probabilities",
            hint=f"leave --probability out, or write {STORE_SUFFIX} or .nc",
        )
    volume = open_volume(path, elevation=about.elevation, **reading)
    _tell_relief(console, volume, path, reading)
    if not to_store:
        from geointerp.products.write import Wishes, check_product

        check_product(output, volume, about.task, wishes=Wishes(), volume=volume)
    # Torch takes seconds to load: what is wrong with the files is told before.
    from geointerp.inference.predict import predict
    from geointerp.inference.result import summary

    with TileProgress(console) as progress:
        work = partial(predict, volume, model=model, progress=progress, **settings)
        if to_store:
            return summary(work(output=output, overwrite=overwrite), output)
        return summary(_converted(work, volume, output), output)


def _is_begun(output: Path, done: Sequence[Path]) -> bool:
    """Whether an interrupt leaves something to go on with; outputs that are ``done`` would be left alone."""
    from geointerp.inference.manifest import FILE_NAME

    if done:
        return True
    return output.suffix.lower() == STORE_SUFFIX and (partial_of(output) / FILE_NAME).exists()


def _tell_relief(console: Console, volume: "xr.DataArray", path: str, reading: dict[str, Any]) -> None:
    """Say that an elevation model was turned into relief, where the model asked for it and not the user."""
    if volume.attrs["reading"].get("hillshade") and "hillshade" not in reading:
        why = volume.attrs["raster"]["elevation_why"]
        console.note(
            f"{path} is taken for an elevation model ({why}): the model sees it as relief under a low sun; "
            "--no-hillshade leaves it as it is"
        )


def _converted(work: "Callable[..., xr.Dataset]", volume: "xr.DataArray", output: Path) -> "xr.Dataset":
    """Predict into a store beside the output, on the disk as that may be larger than memory, and convert it.

    Returns:
        The result, of which only the attributes and sizes can still be read.
    """
    from geointerp.inference.manifest import held

    folder = partial_of(output)
    try:
        with held(folder / _LOCK):
            remove(folder)
        folder.mkdir(parents=True)
        (folder / _LOCK).touch()
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{output} cannot be written: {error.strerror or error}",
            hint="give -o a place that exists, has room, and that you may write to",
        ) from None
    with held(folder / _LOCK):
        return _made_in(folder, work, volume, output)


def _made_in(
    folder: Path, work: "Callable[..., xr.Dataset]", volume: "xr.DataArray", output: Path
) -> "xr.Dataset":
    """Predict and convert in a folder, which is gone afterwards."""
    from geointerp.products.write import write_product

    store, labels = folder / f"labels{STORE_SUFFIX}", None
    try:
        labels = work(output=store)
        write_product(labels, folder / output.name, volume=volume)
        put_in_place(folder / output.name, output)
    except GeointerpError as error:
        if labels is not None and not isinstance(error, OutputError):
            error.hint = _rescued(store, output)
        elif "--resume" in (error.hint or ""):  # there is nothing that could be gone on with
            error.hint = f"a {STORE_SUFFIX} output keeps what is done, and --resume goes on with it"
        raise
    except Exception as error:
        if labels is None:
            raise
        raise OutputError(
            f"{output} cannot be written, though all labels are computed: {in_words(error)}",
            hint=_rescued(store, output),
        ) from error
    finally:
        remove(folder)
    return labels


def _rescued(store: Path, output: Path) -> str:
    """Keep labels that could not be written as asked, under a free name; return a hint that says where."""
    names = chain([output.stem], (f"{output.stem}-{number}" for number in count(2)))
    places = (output.with_name(f"{name}{STORE_SUFFIX}") for name in names)
    place = next(place for place in places if not os.path.lexists(place))
    store.rename(place)
    return f"the labels are kept in {place}: geointerp export {place} -o … writes them in another form"


def _in_words(facts: dict[str, Any]) -> str:
    """Return a result in one line: its size, its classes, how long it took."""
    size = " × ".join(f"{length} {dim}" for dim, length in zip(facts["dims"], facts["shape"], strict=True))
    if (held := facts["predicted"]) is not None and held < 0.9995:
        size += f", {held:.1%} of it data"
    classes = ", ".join(f"{name} {share:.1%}" for name, share in facts["class_fractions"].items())
    tiles = "1 tile" if facts["tiles"] == 1 else f"{facts['tiles']:,} tiles"
    how = f"{tiles} in {facts['seconds']:.1f} s on {facts['device']} in {facts['precision']}"
    return f"{size}: {classes}; {how}"
