import ctypes
import os
import subprocess
import sys

import pytest

from geointerp.inference import allocation

COUNTING = """
import ctypes
from threading import Barrier, Thread
from geointerp.inference.allocation import few_arenas

few_arenas(3)
c, all_have_some = ctypes.CDLL(None), Barrier(10)
threads = [Thread(target=lambda: (c.malloc(1000), all_have_some.wait())) for _ in range(10)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
c.malloc_info(0, ctypes.c_void_p.in_dll(c, "stdout"))
c.fflush(None)
"""


FREED = """
import ctypes, re
from pathlib import Path
from geointerp.inference.allocation import return_freed

def held():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

c, before = ctypes.CDLL(None), held()
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [c.malloc(100_000) for _ in range(1000)]
for block in blocks:
    ctypes.memset(ctypes.c_void_p(block), 1, 100_000)
for block in blocks[:-1]:
    c.free(block)
kept = held() - before
return_freed()
print(kept, held() - before)
"""


class Library:
    """Notes how the allocator is set."""

    def __init__(self):
        self.told = {}

    def mallopt(self, name, value):
        self.told[name] = value
        return 1


@pytest.fixture
def library(monkeypatch):
    library = Library()
    monkeypatch.setattr(allocation.ctypes, "CDLL", lambda name: library)
    return library


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
@pytest.mark.parametrize("of_dask", [True, False])
def test_the_allocator_is_set_where_dask_did(monkeypatch, library, of_dask):
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    if of_dask:
        monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    allocation.keep_memory()
    assert library.told == ({-3: 32 << 20, -1: 64 << 20} if of_dask else {})


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
@pytest.mark.parametrize(
    ("threads", "own", "told"),
    [
        (1, ("OTHER", "1"), {-8: 2}),
        (6, ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"), {-8: 6}),
        (6, ("MALLOC_ARENA_MAX", "1"), {}),
        (6, ("GLIBC_TUNABLES", "glibc.malloc.arena_max=1"), {}),
    ],
)
def test_pools_of_memory_are_few_unless_the_user_says_how_many(monkeypatch, library, threads, own, told):
    for name in ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(*own)
    allocation.few_arenas(threads)
    assert library.told == told


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
def test_the_system_takes_what_it_is_told():
    """In a process of its own: many threads that keep memory have no more pools than they are given."""
    if not hasattr(ctypes.CDLL(None), "malloc_info"):
        pytest.skip("this C library has no arenas")
    free = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    done = subprocess.run(
        [sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True, env=free
    )
    assert done.stdout.count("<heap nr=") == 3


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
def test_what_is_free_goes_back_to_the_system():
    """In a process of its own: of 95 MiB one block is in use, the last, which holds all others in place."""
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this C library keeps nothing that could be given back")
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    kept, after = (int(number) for number in done.stdout.split())
    assert kept > 80
    assert after < 10


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
def test_beside_a_gpu_slabs_are_kept(monkeypatch, library):
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    allocation.suit_allocator("cpu", 4)
    assert library.told == {-8: 4}
    allocation.suit_allocator("cuda", 4)
    assert library.told == {-8: 1, -3: 32 << 20, -1: 1 << 30}
