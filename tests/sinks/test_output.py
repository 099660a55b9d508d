from pathlib import Path

import pytest

from geointerp.errors import OutputError, UsageError
from geointerp.sinks import output as output_module
from geointerp.sinks.output import (
    check_free,
    check_suffix,
    former_of,
    partial_of,
    put_in_place,
    whole_or_not_at_all,
)


@pytest.mark.parametrize("name", ["a.zarr", "a.nc", "a.npy", "a.b.PNG", "a.SGY", "a.tif", "a.gpkg"])
def test_known_suffixes_are_let_through(name):
    assert check_suffix(Path(name)) == Path(name).suffix.lower()


def test_an_unknown_suffix_names_the_known_ones():
    with pytest.raises(UsageError, match=r"the suffix '\.doc': out/a\.doc") as caught:
        check_suffix(Path("out/a.doc"))
    assert caught.value.hint.startswith("the suffixes are .zarr, .nc, .npy, .sgy, .segy, .tif, .tiff, .png")


def test_work_takes_its_name_when_complete(tmp_path):
    path = tmp_path / "a.npy"
    with whole_or_not_at_all(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
        assert partial == tmp_path / ".a.npy.partial"
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_work_that_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.npy"
    path.write_text("old")

    def fail():
        with whole_or_not_at_all(path, overwrite=True) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.npy", "old")]


def test_folders_are_replaced_as_a_whole(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    (path / "old").touch()
    (path / "ours").touch()
    (tmp_path / ".data.partial").mkdir()
    with whole_or_not_at_all(path, overwrite=True, marker="ours") as partial:
        partial.mkdir()
        (partial / "new").touch()
    assert [one.name for one in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_output_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    path.touch()
    with pytest.raises(OutputError, match="exists") as caught, whole_or_not_at_all(path):
        raise AssertionError
    assert "--overwrite" in caught.value.hint


@pytest.mark.parametrize("marker", [None, "ours"])
def test_a_folder_of_something_else_is_never_replaced(tmp_path, marker):
    (tmp_path / "precious").touch()
    with (
        pytest.raises(OutputError, match="folder of something else"),
        whole_or_not_at_all(tmp_path, overwrite=True, marker=marker),
    ):
        raise AssertionError
    assert (tmp_path / "precious").exists()


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    survey = tmp_path / "survey.sgy"
    survey.write_text("precious")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r"survey\.sgy exists and is a file, which is not replaced"):
            check_free(survey, overwrite=overwrite, marker="zarr.json")
    check_free(survey, overwrite=True)
    assert survey.read_text() == "precious"


def test_the_input_is_never_replaced(tmp_path):
    path = tmp_path / "a.npy"
    path.touch()
    with (
        pytest.raises(OutputError, match="is the input itself"),
        whole_or_not_at_all(path, overwrite=True, source=str(path)),
    ):
        raise AssertionError


def test_folders_above_an_output_are_made(tmp_path):
    with whole_or_not_at_all(tmp_path / "b" / "c" / "a.npy") as partial:
        partial.touch()
    assert (tmp_path / "b" / "c" / "a.npy").exists()


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (PermissionError(13, "Permission denied"), (OutputError, "Permission denied")),
        (KeyboardInterrupt(), (KeyboardInterrupt, None)),
    ],
)
def test_a_folder_keeps_its_name_until_the_new_one_has_it(tmp_path, monkeypatch, error, seen):
    """The file system refuses the second of two renames, or a signal falls between them."""
    path = tmp_path / "data"
    path.mkdir()
    (path / "ours").write_text("old")
    rename = Path.rename

    def fail(one, target):
        if one.name == ".data.partial":
            raise error
        return rename(one, target)

    monkeypatch.setattr(Path, "rename", fail)

    def replace():
        with whole_or_not_at_all(path, overwrite=True, marker="ours") as partial:
            partial.mkdir()

    kind, words = seen
    with pytest.raises(kind, match=words):
        replace()
    assert (path / "ours").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["data"]


def test_what_an_earlier_run_moved_aside_is_not_put_back_in_pieces(tmp_path, monkeypatch):
    """Interrupted while the remains of a run are removed, which had been killed between two names."""
    former, partial = former_of(tmp_path / "data"), partial_of(tmp_path / "data")
    former.mkdir()
    partial.mkdir()

    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(output_module, "remove", interrupt)
    with pytest.raises(KeyboardInterrupt):
        put_in_place(partial, tmp_path / "data")
    assert sorted(tmp_path.iterdir()) == sorted([former, partial])


def test_a_link_is_replaced_and_not_what_it_leads_to(tmp_path):
    there, link = tmp_path / "there", tmp_path / "link"
    there.mkdir()
    (there / "ours").touch()
    link.symlink_to(there)
    with whole_or_not_at_all(link, overwrite=True, marker="ours") as partial:
        partial.mkdir()
    assert not link.is_symlink()
    assert (there / "ours").exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "there"]


def test_nothing_is_written_inside_a_store(tmp_path):
    (tmp_path / "labels.zarr").mkdir()
    (tmp_path / "labels.zarr" / "zarr.json").write_text("{}")
    with pytest.raises(OutputError, match=r"inner\.zarr lies inside the store"):
        check_free(tmp_path / "labels.zarr" / "inner.zarr")


def test_a_place_that_cannot_be_written_is_named_as_the_user_named_it(tmp_path):
    with (
        pytest.raises(OutputError, match=r"labels\.npy cannot be written: No such file"),
        whole_or_not_at_all(tmp_path / "labels.npy") as partial,
    ):
        (partial / "missing" / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_another_file_is_left_alone(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), whole_or_not_at_all(tmp_path / "labels.npy"):
        (tmp_path / "elsewhere").read_text()


def test_an_output_that_holds_the_input_is_not_replaced(tmp_path):
    (tmp_path / "a.zarr" / "amplitude").mkdir(parents=True)
    (tmp_path / "a.zarr" / "zarr.json").write_text("{}")
    with pytest.raises(OutputError, match="holds the input"):
        check_free(
            tmp_path / "a.zarr",
            overwrite=True,
            source=str(tmp_path / "a.zarr" / "amplitude"),
            marker="zarr.json",
        )


def test_the_current_folder_has_neighbours_too(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    assert partial_of(Path()) == tmp_path / ".run.partial"
