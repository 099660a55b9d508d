"""``geointerp evaluate``: predicted labels or craters against true ones, or a model on labelled data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from geointerp.cli import options
from geointerp.cli.console import Console
from geointerp.cli.progress import TileProgress
from geointerp.cli.scores import class_table, crater_summary, label_summary
from geointerp.errors import UsageError

_CATALOGUE = ".csv"
_FOR_CRATERS = ("units", "min_diameter", "radius")
_FOR_MODELS = ("data", "split", "device", "precision")
_FOR_LABELS = ("tolerance", "paper_metrics", "batch_size")
_FOR_ALL = ("output", "overwrite")
_MODEL = "A model on labelled data"
_CRATERS = "Two catalogues of craters"


def command(
    ctx: typer.Context,
    prediction: Annotated[
        str | None,
        typer.Argument(
            help="Predicted labels: .zarr, .nc, SEG-Y, .npy or an image (.zarr, SEG-Y and .tif also by URL); "
            "or craters: .csv."
        ),
    ] = None,
    truth: Annotated[str | None, typer.Argument(help="True labels or craters, likewise.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Run or model folder; beside two files, the run whose training slices distances count from.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of labelled data.", rich_help_panel=_MODEL)
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"] | None,
        typer.Option(help="Which part of the data; test by default.", rich_help_panel=_MODEL),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda[:N] or mps.", rich_help_panel=_MODEL)
    ] = None,
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"] | None,
        typer.Option(help="What the network computes in.", rich_help_panel=_MODEL),
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Also score thin labels, forgiving this many samples.")
    ] = None,
    paper_metrics: Annotated[
        bool, typer.Option("--paper-metrics", help="Add the published code's averages over batches.")
    ] = False,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Images in a batch of --paper-metrics; by default as published, or 1."),
    ] = None,
    units: Annotated[
        Literal["pixels", "m", "km"] | None,
        typer.Option(help="What a column 'diameter' beside long and lat holds.", rich_help_panel=_CRATERS),
    ] = None,
    min_diameter: Annotated[
        float | None,
        typer.Option(help="Leave out smaller craters, in pixels or km.", rich_help_panel=_CRATERS),
    ] = None,
    radius: Annotated[
        float | None,
        typer.Option(
            metavar="KM",
            help="Radius of the body, for catalogues in degrees; by default 1737.4, the Moon's.",
            rich_help_panel=_CRATERS,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the report, its pictures and its tables."),
    ] = None,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Compare predicted labels with true ones, matched by their coordinates; or score a model on data."""
    console: Console = ctx.obj
    if prediction is not None and truth is not None:
        suffixes = {path: Path(path).suffix.lower() for path in (prediction, truth)}
        if tables := [path for path, suffix in suffixes.items() if suffix in (".gpkg", ".geojson")]:
            raise UsageError(
                f"{tables[0]}: catalogues of craters are compared as {_CATALOGUE}",
                hint=f"geointerp export labels.zarr -o craters{_CATALOGUE} writes one",
            )
        catalogues = set(suffixes.values()) == {_CATALOGUE}
        report = _of_catalogues(ctx) if catalogues else _of_labels(ctx)
    elif prediction is None and model is not None and data is not None:
        report = _of_model(ctx, console)
    else:
        raise UsageError(
            "there is nothing to compare: evaluate takes a prediction and a truth, or --model and --data",
            hint="geointerp evaluate predicted.zarr truth.sgy, or evaluate --model runs/mine --data mydir",
        )
    console.result(output, report)
    if "classes" in report:
        console.show(class_table(report))
        console.show(label_summary(report, tolerance))
    else:
        console.show(crater_summary(report))


def _of_catalogues(ctx: typer.Context) -> dict[str, Any]:
    from geointerp.evaluation.crater_report import evaluate_catalogues

    _refuse(ctx, "two catalogues", (*_FOR_LABELS, "model", *_FOR_MODELS))
    return evaluate_catalogues(**_given(ctx, ("prediction", "truth", *_FOR_CRATERS, *_FOR_ALL)))


def _of_labels(ctx: typer.Context) -> dict[str, Any]:
    from geointerp.evaluation.report import evaluate

    _refuse(ctx, "two files of labels", _FOR_CRATERS + _FOR_MODELS)
    return evaluate(**_given(ctx, ("prediction", "truth", "model", *_FOR_LABELS, *_FOR_ALL)))


def _of_model(ctx: typer.Context, console: Console) -> dict[str, Any]:
    from geointerp.evaluation.of_model import evaluate_model

    _refuse(ctx, "a model on labelled data", _FOR_CRATERS)
    with TileProgress(console, "images") as progress:
        return evaluate_model(
            **_given(ctx, ("model", *_FOR_MODELS, *_FOR_LABELS, *_FOR_ALL)), progress=progress
        )


def _given(ctx: typer.Context, names: Sequence[str]) -> dict[str, Any]:
    """Return the arguments and options of these names that were given."""
    return {
        name: ctx.params[name]
        for name in names
        if not (ctx.params[name] is None or ctx.params[name] is False)
    }


def _refuse(ctx: typer.Context, what: str, names: Sequence[str]) -> None:
    """Refuse options that mean nothing for what is compared.

    Raises:
        UsageError: one was given.
    """
    for name in _given(ctx, names):
        raise UsageError(f"--{name.replace('_', '-')} means nothing for {what}")
