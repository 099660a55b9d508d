"""The five tasks, one table: their classes, colours and default views."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from geointerp.errors import UsageError

NOTHING = 255
"""The label of samples that nothing is known about, or for which nothing was predicted."""

_SPARE_COLOURS = ("#4363d8", "#e6194b", "#3cb44b", "#f58231", "#911eb4", "#42d4f4", "#ffe119", "#a9a9a9")


@dataclass(frozen=True)
class LabelClass:
    """One class of a task: its name and the colour it is drawn in (``#rrggbb``)."""

    name: str
    colour: str


@dataclass(frozen=True)
class Task:
    """What a task's result is made of.

    Attributes:
        name: the word given to ``--task``.
        title: the task in plain words.
        classes: in the order of their label values, starting at 0; class 0 is the background.
        views: the slices a 3D volume is read as, unless the model folder says otherwise.
        data: what it is about, ``seismic survey``, ``map`` or ``recording``.
    """

    name: str
    title: str
    classes: tuple[LabelClass, ...]
    views: tuple[str, ...]
    data: str


TASKS = {
    task.name: task
    for task in (
        Task(
            "faults",
            "faults in seismic sections",
            (LabelClass("background", "#ffffff"), LabelClass("fault", "#e6194b")),
            ("inline",),
            "seismic survey",
        ),
        Task(
            "salt",
            "salt bodies in seismic sections",
            (LabelClass("background", "#ffffff"), LabelClass("salt", "#f58231")),
            ("inline",),
            "seismic survey",
        ),
        Task(
            "facies",
            "seismic facies by reflection pattern",
            (
                LabelClass("parallel", "#4363d8"),
                LabelClass("subparallel", "#42d4f4"),
                LabelClass("divergent", "#3cb44b"),
                LabelClass("clinoform", "#ffe119"),
                LabelClass("chaotic", "#e6194b"),
                LabelClass("transparent", "#a9a9a9"),
            ),
            ("inline",),
            "seismic survey",
        ),
        Task(
            "craters",
            "impact craters in lunar images and elevation models",
            (LabelClass("background", "#ffffff"), LabelClass("crater", "#f032e6")),
            (),
            "map",
        ),
        Task(
            "events",
            "seismic events in DAS recordings",
            (LabelClass("background", "#ffffff"), LabelClass("event", "#3cb44b")),
            (),
            "recording",
        ),
    )
}


def task_named(name: str) -> Task:
    """Return the task called ``name``.

    Raises:
        UsageError: there is no such task.
    """
    if name not in TASKS:
        raise UsageError(f"no task is called '{name}'", hint=f"the tasks are {', '.join(TASKS)}")
    return TASKS[name]


def data_with(dims: Collection[str]) -> str | None:
    """Return what data of these dimensions is, as ``Task.data``; None where it may be any, as a picture."""
    if not {"inline", "crossline", "cdp"}.isdisjoint(dims):
        return "seismic survey"
    if "distance" in dims:
        return "recording"
    return "map" if {*dims} == {"y", "x"} else None


def classes_named(names: Sequence[str]) -> tuple[LabelClass, ...]:
    """Return classes with the colours that the tasks give to their names, and spare ones for the others."""
    known = {one.name: one.colour for task in TASKS.values() for one in task.classes}
    return tuple(
        LabelClass(name, known.get(name, _SPARE_COLOURS[value % len(_SPARE_COLOURS)]))
        for value, name in enumerate(names)
    )
