import json
import shutil
from pathlib import Path

import pytest

from geointerp.errors import OutputError
from geointerp.inference.manifest import FILE_NAME, Manifest, Record
from geointerp.inference.staging import prepare

FREE = {"source": None, "overwrite": False, "resume_": False}


def begun(output, settings=None):
    staging = prepare(output, settings or {}, **FREE)
    staging.clear()
    staging.partial.mkdir()
    (staging.partial / "zarr.json").write_text("{}")
    staging.start(settings or {})
    return staging


def test_an_output_appears_whole(tmp_path):
    output = tmp_path / "new" / "faults.zarr"
    staging = begun(output)
    assert staging.partial == tmp_path / "new" / ".faults.zarr.partial"
    assert not output.exists()
    staging.publish()
    assert [path.name for path in output.iterdir()] == ["zarr.json"]
    assert [path.name for path in output.parent.iterdir()] == ["faults.zarr"]


def test_an_existing_output_is_refused_unless_it_may_be_overwritten(tmp_path):
    output = tmp_path / "faults.zarr"
    begun(output).publish()
    for resume in (False, True):
        with pytest.raises(OutputError, match=f"{output} exists"):
            prepare(output, {}, source=None, overwrite=False, resume_=resume)
    (output / "old").write_text("old")
    staging = prepare(output, {}, source=None, overwrite=True, resume_=False)
    assert (output / "old").exists()
    staging.partial.mkdir()
    staging.start({})
    staging.publish()
    assert list(output.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["faults.zarr"]


def test_a_complete_output_of_other_settings_is_no_run_to_resume(tmp_path):
    output = tmp_path / "faults.zarr"
    begun(output).publish()
    told = {"version": "1", "settings": "another", "model": {"name": "salt"}}
    told |= {"device": "cpu", "precision": "bf16"}
    (output / "zarr.json").write_text(json.dumps({"attributes": {"geointerp": told}}))
    made = "salt on cpu in bf16, geointerp 1"
    with pytest.raises(OutputError, match=f"exists, complete, but from other .*: made by model {made}"):
        prepare(output, {}, source=None, overwrite=False, resume_=True)
    with pytest.raises(OutputError, match="exists"):
        prepare(output, {}, source=None, overwrite=False, resume_=False)


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    with pytest.raises(OutputError, match="a folder of something else"):
        prepare(tmp_path / "photos", {}, source=None, overwrite=True, resume_=False)


def test_the_input_is_never_replaced(tmp_path):
    survey = tmp_path / "survey.zarr"
    begun(survey).publish()
    with pytest.raises(OutputError, match="is the input itself"):
        prepare(survey, {}, source=str(tmp_path / "." / "survey.zarr"), overwrite=True, resume_=False)


def test_remains_are_gone_on_with_or_discarded_as_said(tmp_path):
    output = tmp_path / "faults.zarr"
    staging = begun(output, {"tile": 28})
    Manifest(staging.partial / FILE_NAME).add(Record(0, 0, tiles=4, counts=[]))
    with pytest.raises(OutputError, match="interrupted run"):
        prepare(output, {"tile": 28}, **FREE)
    resumed = prepare(output, {"tile": 28}, source=None, overwrite=False, resume_=True)
    assert resumed.manifest is not None
    with pytest.raises(OutputError, match="tile was 28 and is 42"):
        prepare(output, {"tile": 42}, source=None, overwrite=False, resume_=True)
    fresh = prepare(output, {"tile": 42}, source=None, overwrite=True, resume_=False)
    assert fresh.manifest is None
    fresh.clear()
    assert not fresh.partial.exists()


def test_remains_in_which_nothing_is_done_are_no_obstacle(tmp_path):
    output = tmp_path / "faults.zarr"
    begun(output, {"tile": 28})
    assert prepare(output, {"tile": 42}, **FREE).manifest is None
    begun(output, {"tile": 42}).publish()
    assert [path.name for path in tmp_path.iterdir()] == ["faults.zarr"]


def filled(output, word):
    """A store begun for this output, with a word in it to know it by."""
    staging = prepare(output, {}, source=None, overwrite=True, resume_=False)
    staging.clear()
    staging.partial.mkdir()
    (staging.partial / "zarr.json").write_text("{}")
    (staging.partial / "word").write_text(word)
    staging.start({})
    return staging


# The steps of publishing before which a run is killed: what is called, and on which name.
KILLS = [
    (Path, "rename", "faults.zarr"),
    (Path, "rename", ".faults.zarr.partial"),
    (Path, "unlink", FILE_NAME),
    (shutil, "rmtree", ".faults.zarr.former"),
]


@pytest.mark.parametrize("leftover", [None, "folder", "link"])
@pytest.mark.parametrize(("owner", "step", "name"), KILLS)
def test_killed_while_publishing_nothing_is_lost(tmp_path, monkeypatch, owner, step, name, leftover):
    output, former = tmp_path / "faults.zarr", tmp_path / ".faults.zarr.former"
    filled(output, "old").publish()
    staging = filled(output, "new")
    if leftover == "link":
        former.symlink_to(tmp_path)
    elif leftover == "folder":
        former.mkdir()
    does = getattr(owner, step)

    def until_killed(path, *arguments, **options):
        if path.name == name:
            raise KeyboardInterrupt
        return does(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, until_killed)
        with pytest.raises(KeyboardInterrupt):
            staging.publish()
    words = [(place / "word").read_text() for place in (output, staging.partial) if place.exists()]
    assert "new" in words
    if staging.partial.exists():
        again = prepare(output, {}, source=None, overwrite=True, resume_=True)
        assert again.manifest is not None
        again.publish()
    else:
        filled(output, "new").publish()
    assert (output / "word").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["faults.zarr"]


def test_a_file_system_that_refuses_is_an_error_for_people_and_the_old_result_stays(tmp_path, monkeypatch):
    output = tmp_path / "faults.zarr"
    filled(output, "old").publish()
    staging = filled(output, "new")
    rename = Path.rename

    def refuse(path, target):
        if path == staging.partial:
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(OutputError, match="Permission denied"):
            staging.publish()
    assert (output / "word").read_text() == "old"
    assert (staging.partial / "word").read_text() == "new"
