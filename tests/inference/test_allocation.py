import sys

import pytest

from geointerp.inference import allocation


class Library:
    """Notes how the allocator is set."""

    def __init__(self):
        self.told = {}

    def mallopt(self, name, value):
        self.told[name] = value
        return 1


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
@pytest.mark.parametrize("of_dask", [True, False])
def test_the_allocator_is_set_where_dask_did(monkeypatch, of_dask):
    library = Library()
    monkeypatch.setattr(allocation.ctypes, "CDLL", lambda name: library)
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    if of_dask:
        monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    allocation.keep_memory()
    assert library.told == ({-3: 32 << 20, -1: 64 << 20} if of_dask else {})
