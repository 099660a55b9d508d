import io
import os
import sys
from pathlib import Path

import pytest

from geointerp.cli.places import expand_inputs, place_outputs
from geointerp.errors import UsageError


def test_a_dash_reads_paths_from_stdin(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("b.sgy\n\n./c d.sgy\n"))
    assert expand_inputs(["a.sgy", "-"]) == ["a.sgy", "b.sgy", "./c d.sgy"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_whatever_a_file_may_be_called_is_read_from_stdin(monkeypatch):
    names = [b"caf\xe9.sgy", b" a\x0cb\x0bc.sgy", "d\x85e\u2028f.sgy".encode()]
    sent = names[0] + b"\r\n" + b"\n".join(names[1:]) + b"\n\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sent), encoding="utf-8"))
    assert [os.fsencode(path) for path in expand_inputs(["-"])] == names


def test_an_empty_stdin_is_an_error(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(UsageError, match="no paths came from stdin"):
        expand_inputs(["-"])


def test_one_input_is_written_to_the_output():
    assert place_outputs(["in/a.sgy"], "x/faults.npy", "faults") == [Path("x/faults.npy")]


def test_without_an_output_the_result_is_named_after_the_input():
    assert place_outputs(["in/a.b.sgy"], None, "faults") == [Path("a.b.faults.zarr")]


@pytest.mark.parametrize("output", ["labels", "labels/"])
def test_several_inputs_go_into_a_folder(output):
    places = place_outputs(["a.sgy", "in/b.sgy"], output, "salt")
    assert places == [Path("labels/a.salt.zarr"), Path("labels/b.salt.zarr")]


def test_one_input_goes_into_a_folder_that_exists_or_ends_in_a_slash(tmp_path):
    assert place_outputs(["a.sgy"], str(tmp_path), "salt") == [tmp_path / "a.salt.zarr"]
    assert place_outputs(["a.sgy"], "new/", "salt") == [Path("new/a.salt.zarr")]


def test_an_existing_store_is_no_folder_for_results(tmp_path):
    store = tmp_path / "old.zarr"
    store.mkdir()
    assert place_outputs(["a.sgy"], str(store), "salt") == [store]


def test_the_slash_after_a_completed_name_makes_no_folder_of_a_store(tmp_path):
    assert place_outputs(["a.sgy"], "old.zarr/", "salt") == [Path("old.zarr")]


def test_a_file_cannot_take_several_results():
    with pytest.raises(UsageError, match=r"there are 2 inputs and one output, all\.zarr"):
        place_outputs(["a.sgy", "b.sgy"], "all.zarr", "salt")


def test_a_folder_that_is_named_like_a_file_is_told_from_several_inputs(tmp_path):
    folder = tmp_path / "a.png"
    folder.mkdir()
    with pytest.raises(UsageError, match=r"a\.png is a folder"):
        place_outputs(["a.sgy"], str(folder), "salt")


def test_two_inputs_of_one_name_are_refused():
    with pytest.raises(UsageError, match=r"both x/a\.sgy and y/a\.sgy would be written to out/a\.salt\.zarr"):
        place_outputs(["x/a.sgy", "y/a.sgy"], "out", "salt")


def test_a_url_is_an_input_and_names_its_result():
    urls = ["https://example.org/data/a.sgy?token=1.2", "s3://bucket/b.zarr"]
    assert place_outputs(urls, "out", "salt") == [Path("out/a.salt.zarr"), Path("out/b.salt.zarr")]


def test_a_link_names_its_result_and_so_does_the_folder_that_one_is_in(tmp_path, monkeypatch):
    folder = tmp_path / "surveys" / "north.zarr"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    (tmp_path / "link.zarr").symlink_to(folder)
    inputs = [str(tmp_path / "link.zarr"), ".", ".."]
    expected = [Path(f"out/{name}.salt.zarr") for name in ("link", "north", "surveys")]
    assert place_outputs(inputs, "out", "salt") == expected


@pytest.mark.parametrize("sent", [b"a.sgy\0b.sgy\0", b"\xff\xfe\x00 \x81"])
def test_what_is_no_list_of_paths_is_refused(monkeypatch, sent):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sent), encoding="utf-8"))
    with pytest.raises(UsageError, match="no list of paths"):
        expand_inputs(["-"])
