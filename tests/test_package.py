"""The package's own names, errors and tasks."""

import subprocess
import sys

import pytest

import geointerp
from geointerp import errors
from geointerp.errors import GeointerpError, UsageError
from geointerp.tasks import TASKS, task_named


@pytest.mark.parametrize("name", geointerp.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(geointerp, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        geointerp.no_such_name  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'timm', 'peft', 'dask', 'xarray', 'numpy'}"
    code = f"import sys, geointerp; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_only_usage_errors_blame_the_command_line() -> None:
    kinds = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, GeointerpError)
    ]
    assert len(kinds) > 5
    assert {one for one in kinds if one.exit_status == 2} == {UsageError}
    assert all(one.exit_status in (1, 2) for one in kinds)


def test_an_unknown_task_names_the_five() -> None:
    with pytest.raises(UsageError, match="no task is called 'karst'") as error:
        task_named("karst")
    assert error.value.hint == "the tasks are faults, salt, facies, craters, events"


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_classes_have_names_and_colours_of_their_own(task) -> None:
    names = [one.name for one in task.classes]
    colours = [one.colour for one in task.classes]
    assert len(set(names)) == len(names) >= 2
    assert len(set(colours)) == len(colours)
    assert all(len(colour) == 7 and int(colour[1:], 16) >= 0 for colour in colours)
