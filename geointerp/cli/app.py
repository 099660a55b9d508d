"""The program: its commands, and the way in and out of it."""

from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from geointerp import __version__
from geointerp.cli import evaluate, export, finetune, info, models, predict, synth
from geointerp.cli.console import Console
from geointerp.cli.funnel import run

app = typer.Typer(
    name="geointerp",
    help="Interpret geophysical data with an adapted vision foundation model.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("predict")(predict.command)
app.command("finetune")(finetune.command)
app.command("evaluate")(evaluate.command)
app.command("info")(info.command)
app.command("export")(export.command)
app.command("models")(models.command)
app.add_typer(synth.app, name="synth")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"geointerp {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave with its exit status.

    Args:
        arguments: the words of the command line after the program's name; ``sys.argv`` by default.
    """
    raise SystemExit(run(app, Console(), arguments))
