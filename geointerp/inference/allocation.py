"""How glibc keeps memory for the threads of a prediction: in few pools, and given back only when it pays."""

import ctypes
import os
import sys
from collections.abc import Callable

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's mallopt
_MOST_MMAP_THRESHOLD = 32 << 20
_KEPT_BESIDE_A_GPU = 1 << 30


def suit_allocator(device: str, threads: int) -> None:
    """Have this process keep memory as suits a prediction, on a ``cuda`` device or another one.

    A processor shares its memory with what it computes. Beside a GPU there is enough of it, and not returned
    to the system between two slabs it need not be asked for again: of 38 ms to read one of 18 MiB, 11 to 18
    were page faults, and 3 remain (Zen 4).

    Args:
        device: kind of the device.
        threads: that torch computes with.
    """
    if device == "cuda":
        # The pools of other threads are of 64 MiB: of one pool alone all can be kept.
        _share_arenas(1)
        _set({_MMAP_THRESHOLD: _MOST_MMAP_THRESHOLD, _TRIM_THRESHOLD: _KEPT_BESIDE_A_GPU})
    else:
        few_arenas(threads)


def few_arenas(threads: int) -> None:
    """Let the threads of this process share as many pools of memory as ``threads`` compute, two or more.

    Left to itself glibc gives each thread a pool of its own, and there are some that read, write and compress
    beside those that compute. Each keeps the most that its thread has ever had in it at once, so that the
    memory of a prediction grew for a minute, by a tenth. What is set first holds for the whole process, and
    only where there are not many pools yet.
    """
    _share_arenas(max(2, threads))


def _share_arenas(count: int) -> None:
    """Let all threads share so many pools, unless the user has said how many."""
    own = "MALLOC_ARENA_MAX" in os.environ or "arena_max" in os.environ.get("GLIBC_TUNABLES", "")
    if not own:
        _set({_ARENA_MAX: count})


def return_freed() -> None:
    """Give what is free in the pools back to the system.

    Of opening a survey 150 bytes of each trace are left there, and the prediction would not use them all.
    """
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def keep_memory() -> None:
    """Let this process keep the memory of freed tensors for the next ones, where dask forbade it.

    Dask's nanny starts workers with ``MALLOC_TRIM_THRESHOLD_``, which makes glibc hand every freed block of
    more than 128 KiB back to the system: a network then spends half of its time on page faults. What is
    set here is where glibc by itself arrives after the first large tensors.
    """
    if "MALLOC_TRIM_THRESHOLD_" in os.environ:
        _set({_MMAP_THRESHOLD: _MOST_MMAP_THRESHOLD, _TRIM_THRESHOLD: 2 * _MOST_MMAP_THRESHOLD})


def _set(options: dict[int, int]) -> None:
    """Set options of the allocator, if it is glibc's: others have no ``mallopt``."""
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """Return a function of the C library, if it has it."""
    found: Callable[..., int] | None = (
        getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    )
    return found
