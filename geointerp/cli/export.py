"""``geointerp export``: stored labels become what other programs load."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geointerp.cli import options
from geointerp.cli.console import Console
from geointerp.errors import UsageError
from geointerp.sinks.output import STORE_SUFFIX, check_free, check_suffix

if TYPE_CHECKING:
    import xarray as xr

    from geointerp.products.write import Wishes

_NEED_INPUT = (".sgy", ".segy", ".png", ".html")
_PRODUCT = "What is taken from the labels"


def command(
    ctx: typer.Context,
    labels: Annotated[Path, typer.Argument(readable=False, help="Labels that predict wrote, .zarr or .nc.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Where to write, by suffix: .sgy .tif .nc .npy .png .html, fault sticks and horizons as "
            ".txt, geobodies, areas, craters and events as .csv .geojson .gpkg.",
        ),
    ],
    like: Annotated[
        str | None,
        typer.Option(help="The input, if it lies elsewhere now: SEG-Y takes its headers, pictures show it."),
    ] = None,
    at: Annotated[str | None, typer.Option(help="Where a picture is cut: inline=120,time=800.")] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="Of fault sticks: charisma or opendtect; of SEG-Y samples: ieee, ibm or int8.",
        ),
    ] = None,
    product: Annotated[
        str | None,
        typer.Option(
            help="What to make, where the suffix leaves a choice: labels, surfaces, sticks, top, base, "
            "bodies, areas, craters, events.",
            rich_help_panel=_PRODUCT,
        ),
    ] = None,
    min_size: Annotated[
        int | None,
        typer.Option(min=1, help="Leave out what has fewer samples.", rich_help_panel=_PRODUCT),
    ] = None,
    min_rim: Annotated[
        float | None,
        typer.Option(
            help="Leave out craters that show less of their rim, 0 to 1; 0.6 by default.",
            rich_help_panel=_PRODUCT,
        ),
    ] = None,
    velocity: Annotated[
        float | None,
        typer.Option(help="In m/s, to give volumes in m³ where the axis is time.", rich_help_panel=_PRODUCT),
    ] = None,
    every: Annotated[
        int, typer.Option(min=1, help="Fault sticks on every n-th section.", rich_help_panel=_PRODUCT)
    ] = 1,
    features: Annotated[
        Path | None,
        typer.Option(help="Draw what a model sees in this image instead: LABELS is a model folder then."),
    ] = None,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Write stored labels, or what interpreters take from them, for other programs."""
    from geointerp.products.write import Wishes

    console: Console = ctx.obj
    if velocity is not None and not 0 < velocity < float("inf"):
        raise UsageError(
            f"--velocity must be above 0 m/s, not {velocity:g}",
            hint="the speed of waves in the bodies, such as 4500 for salt",
        )
    wishes = Wishes(product, form, min_size, velocity, every, at, min_rim)
    if features is not None:
        _refuse_beside_features({"like": like, **asdict(wishes)}, {"like": None, **asdict(Wishes())})
        console.result(output, _draw_features(labels, features, output, overwrite))
        return
    facts = _export(labels, output, like, wishes, overwrite)
    console.result(output, facts)
    counted = f", {facts['count']:,} of them" if "count" in facts else ""
    console.note(f"{facts['product']}{counted}: {output}")


def _export(path: Path, output: Path, like: str | None, wishes: "Wishes", overwrite: bool) -> dict[str, Any]:
    """Write one output and return what ``--json`` prints."""
    from geointerp.products.stored import open_labels
    from geointerp.products.write import write_product

    if check_suffix(output) == STORE_SUFFIX:
        raise UsageError(f"export does not write {STORE_SUFFIX}: {output}", hint="predict does")
    check_free(output, overwrite=overwrite, source=str(path))
    labels = open_labels(path)
    volume = _input(labels, output, like)
    facts = write_product(labels, output, volume=volume, overwrite=overwrite, wishes=wishes)
    task = (labels.attrs.get("geointerp") or {}).get("task")
    return {"input": str(path), "output": str(output), "task": task, **facts}


def _input(labels: "xr.Dataset", output: Path, like: str | None) -> "xr.DataArray | None":
    """Open the input where the output needs it.

    Raises:
        UsageError: it does not, and one was named.
    """
    from geointerp.products.stored import reopen_input

    if output.suffix.lower() in _NEED_INPUT:
        return reopen_input(labels, like)
    if like is not None:
        raise UsageError(
            f"--like is for {' '.join(_NEED_INPUT)}, which show or copy the input, not for {output}"
        )
    return None


def _refuse_beside_features(given: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Refuse the options that say something about labels, of which the picture of features shows none.

    Raises:
        UsageError: names them.
    """
    names = {"form": "format", "min_size": "min-size", "min_rim": "min-rim"}
    foreign = [f"--{names.get(name, name)}" for name, value in given.items() if value != defaults[name]]
    if foreign:
        raise UsageError(
            f"{', '.join(foreign)} says how labels are exported, and --features shows none",
            hint="leave one of them out",
        )


def _draw_features(model: Path, image: Path, output: Path, overwrite: bool) -> dict[str, Any]:
    """Draw what a model sees in an image and return what ``--json`` prints."""
    from geointerp.sinks.features import draw_features
    from geointerp.sinks.output import whole_or_not_at_all

    if output.suffix.lower() != ".png":
        raise UsageError(f"features are drawn as .png, not {output}")
    with whole_or_not_at_all(output, overwrite=overwrite, source=str(image)) as partial:
        draw_features(model, image, partial)
    return {"input": str(image), "model": str(model), "output": str(output)}
