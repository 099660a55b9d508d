"""The trace map is kept by path, size and time of change; a cache that fails is done without."""

import os

import numpy as np
import pytest
from segy_files import Written, grid

from geointerp.sources.open import open_volume
from geointerp.sources.segy import survey


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("GEOINTERP_CACHE", str(folder))
    return folder / "trace-maps"


@pytest.fixture
def path(tmp_path):
    return Written(*grid(np.arange(4), np.arange(5))).write(tmp_path / "a.sgy")


@pytest.fixture
def built(monkeypatch):
    """Counts how often a trace map is built."""
    calls = []
    original = survey.read_headers

    def count(*arguments):
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(survey, "read_headers", count)
    return calls


def test_the_map_is_built_once(cache, path, built):
    first, second = open_volume(path), open_volume(path)
    assert len(built) == 1
    assert len(list(cache.iterdir())) == 1
    assert first.identical(second)
    assert first.attrs == second.attrs


def test_a_changed_file_is_read_anew(cache, path, built):
    before = open_volume(path).values
    Written(*grid(np.arange(4), np.arange(5)), seed=5).write(path)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
    assert not np.array_equal(open_volume(path).values, before)
    assert len(built) == 2


def test_options_have_their_own_map(cache, path, built):
    assert open_volume(path).dims != open_volume(path, cdp_byte=193, duplicates="first").dims
    assert len(built) == 2


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_cache_is_rebuilt(cache, path, built, damage):
    expected = open_volume(path).values
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:-200] if damage is None else damage)
    np.testing.assert_array_equal(open_volume(path).values, expected)
    assert len(built) == 2
    open_volume(path)
    assert len(built) == 2


def test_a_cache_of_another_shape_is_rebuilt(cache, path, built):
    open_volume(path)
    (kept,) = cache.iterdir()
    np.savez(kept, facts=np.array("{}"))
    assert open_volume(path).shape == (4, 5, 30)
    assert len(built) == 2


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, monkeypatch, path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GEOINTERP_CACHE", str(tmp_path / "file"))
    assert open_volume(path).shape == (4, 5, 30)


def test_nothing_half_written_stays(cache, path):
    open_volume(path)
    assert [file.suffix for file in cache.iterdir()] == [".npz"]
