import json
import os

import pytest

from geointerp.errors import OutputError
from geointerp.inference.manifest import Record, begin, differences, held, key, resume

SETTINGS = {"model": "abc", "views": ["inline"], "tile": (28, 42)}


def test_records_come_back(tmp_path):
    path = tmp_path / "manifest"
    manifest = begin(path, SETTINGS)
    manifest.add(Record(0, 0, 12, []))
    manifest.add(Record(1, 3, 5, [7, 1]))
    manifest.add(Record(1, 4, 6, [2, 3]))
    back = resume(path, SETTINGS)
    assert back.records == manifest.records
    assert (1, 3) in back
    assert (1, 2) not in back
    assert back.tiles == 23
    assert back.counts(2) == [9, 4]


def test_a_torn_line_is_cut_off_so_that_the_next_one_is_whole(tmp_path):
    path = tmp_path / "manifest"
    begin(path, SETTINGS).add(Record(0, 0, 12, []))
    with path.open("a") as file:
        file.write('{"view": 0, "blo')
    back = resume(path, SETTINGS)
    assert list(back.records) == [(0, 0)]
    back.add(Record(0, 1, 2, []))
    assert list(resume(path, SETTINGS).records) == [(0, 0), (0, 1)]
    assert [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("content", [None, "", '{"key": "a'])
def test_without_a_first_line_there_is_nothing_to_resume(tmp_path, content):
    path = tmp_path / "manifest"
    if content is not None:
        path.write_text(content)
    assert resume(path, SETTINGS) is None


def test_other_settings_are_refused_by_name(tmp_path):
    begin(tmp_path / "manifest", SETTINGS)
    with pytest.raises(OutputError, match='model was "abc" and is "xyz"'):
        resume(tmp_path / "manifest", {**SETTINGS, "model": "xyz"})


def test_a_tuple_and_a_list_are_the_same_setting():
    assert key(SETTINGS) == key({**SETTINGS, "tile": [28, 42]})
    assert differences({"a": [1]}, {"a": (1,)}) == ""
    assert differences({"a": 1}, {"b": 2}) == "a was 1 and is null; b was null and is 2"


def test_a_whole_manifest_is_not_written_again(tmp_path, monkeypatch):
    path = tmp_path / "manifest"
    begin(path, SETTINGS).add(Record(0, 0, 12, []))
    os.utime(path, (1, 1))
    assert len(resume(path, SETTINGS).records) == 1
    assert path.stat().st_mtime == 1


def test_one_run_at_a_time(tmp_path):
    path = tmp_path / "manifest"
    begin(path, SETTINGS)
    with held(path), pytest.raises(OutputError, match="another run is at work on"), held(path):
        raise AssertionError
    with held(path), held(None), held(tmp_path / "none"):
        pass


def test_a_manifest_is_begun_by_one_run_alone(tmp_path):
    """Of two that cleared the place in the same moment."""
    begin(tmp_path / "manifest", SETTINGS)
    before = (tmp_path / "manifest").read_bytes()
    with pytest.raises(OutputError, match="another run is at work"):
        begin(tmp_path / "manifest", {})
    assert (tmp_path / "manifest").read_bytes() == before
