"""``geointerp synth``: labelled synthetic data."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geointerp.cli import options
from geointerp.cli.arguments import parse_shape
from geointerp.cli.console import Console
from geointerp.errors import UsageError
from geointerp.sinks.output import check_free, whole_or_not_at_all
from geointerp.tasks import TASKS, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

app = typer.Typer(help="Write labelled synthetic data.", no_args_is_help=True)

Seed = Annotated[int, typer.Option(min=0, max=2**62, help="The same seed gives the same data.")]

_SAMPLES_AT_ONCE = 16
_FIRST_INLINE, _FIRST_CROSSLINE = 1001, 2001
_SAMPLE_INTERVAL_MS = 4.0
_SUFFIXES = (".sgy", ".segy")
_TITLES = {
    "amplitude": "SYNTHETIC AMPLITUDES: GEOINTERP SYNTH SURVEY, SEED {seed}",
    "faults": "TRUE FAULTS OF THE SYNTHETIC SURVEY OF SEED {seed}: 1 ON FAULTS, 0 ELSEWHERE",
    "salt": "TRUE SALT OF THE SYNTHETIC SURVEY OF SEED {seed}: 1 IN SALT, 0 ELSEWHERE",
}
_MOST_SAMPLES = 32767  # the count is a signed word of 16 bits to most programs


def write_samples_of(task: Task) -> Callable[..., None]:
    """The command that writes samples of ``task``."""

    def write(
        ctx: typer.Context,
        output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
        count: Annotated[int, typer.Option(min=1, help="Number of samples.")] = 100,
        seed: Seed = 0,
        overwrite: options.Overwrite = False,
        json: options.Json = False,
        quiet: options.Quiet = False,
        debug: options.Debug = False,
    ) -> None:
        from geointerp.sinks.pairs import DESCRIPTION, write_pairs

        console: Console = ctx.obj
        with whole_or_not_at_all(output, overwrite=overwrite, marker=DESCRIPTION) as partial:
            splits = write_pairs(partial, task, labelled_samples(task.name, count, seed), count)
        console.result(
            output, {"output": str(output), "task": task.name, "count": count, "seed": seed, **splits}
        )
        parts = ", ".join(f"{number} {split}" for split, number in splits.items())
        console.note(f"{count} samples: {parts}")

    write.__doc__ = f"Write {task.title} as a training folder, {{train,val,test}}/{{images,labels}}/*.npy."
    return write


for _task in TASKS.values():
    app.command(_task.name)(write_samples_of(_task))


def labelled_samples(
    task: str, count: int, seed: int
) -> "Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]":
    """Yield samples of a task with labels, both (rows, columns); the first are the same for any count."""
    import numpy as np

    from geointerp.synthesis.generators import GENERATORS

    for first in range(0, count, _SAMPLES_AT_ONCE):
        # Batches of neighbouring seeds must not be each other's.
        batch_seed = int(np.random.SeedSequence([seed, first]).generate_state(1)[0])
        images, labels = GENERATORS[task](_SAMPLES_AT_ONCE, batch_seed)
        yield from zip(images[: count - first].numpy(), labels[: count - first].numpy(), strict=True)


@app.command("survey")
def survey(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="SEG-Y file to write.")],
    shape: Annotated[str, typer.Option(help="Inlines, crosslines, samples: IL,XL,T.")] = "96,192,288",
    salt: Annotated[bool, typer.Option("--salt", help="Add salt, and its truth as <stem>_salt.sgy.")] = False,
    seed: Seed = 0,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Write a faulted 3D survey as SEG-Y and its true faults beside it, as <stem>_faults.sgy."""
    size = parse_shape(shape)
    _check_survey(output, size)
    from geointerp.synthesis.survey import synthesise_survey

    console: Console = ctx.obj
    contents = ("amplitude", "faults", "salt") if salt else ("amplitude", "faults")
    paths = [output, *(output.with_name(f"{output.stem}_{truth}{output.suffix}") for truth in contents[1:])]
    for path in paths:
        check_free(path, overwrite=overwrite)
    made = synthesise_survey(size, seed, salt=salt)
    # None takes its name before all are written.
    with ExitStack() as files:
        for path, content in zip(paths, contents, strict=True):
            partial = files.enter_context(whole_or_not_at_all(path, overwrite=overwrite))
            _write(partial, getattr(made, content), _TITLES[content].format(seed=seed))
    left = output.with_name(f"{output.stem}_salt{output.suffix}")
    if left not in paths and left.exists():
        console.warning(f"{left} is of a survey that was there before: this one has no salt")
    for path, content in zip(paths, contents, strict=True):
        console.result(path, {"output": str(path), "content": content, "shape": size, "seed": seed})


def _check_survey(output: Path, shape: tuple[int, int, int]) -> None:
    """Refuse what would turn out impossible only after the survey was made.

    Raises:
        UsageError: the output is not SEG-Y, or a trace has more samples than its header can count.
    """
    if output.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"a survey is written as SEG-Y, and not as '{output.suffix}': {output}",
            hint=f"name it {output.with_suffix(_SUFFIXES[0]).name}",
        )
    if shape[2] > _MOST_SAMPLES:
        raise UsageError(
            f"{output}: a SEG-Y trace has at most {_MOST_SAMPLES} samples, and --shape asks for {shape[2]}",
            hint="make it shorter",
        )


def _write(path: Path, values: "NDArray[np.generic]", title: str) -> None:
    from geointerp.sinks.segy_write import write_survey

    inlines, crosslines, _ = values.shape
    write_survey(
        path,
        values,
        inlines=range(_FIRST_INLINE, _FIRST_INLINE + inlines),
        crosslines=range(_FIRST_CROSSLINE, _FIRST_CROSSLINE + crosslines),
        sample_interval_ms=_SAMPLE_INTERVAL_MS,
        text_lines=(title,),
    )
