"""Memory of a worker that is given back only when it pays."""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_MOST_MMAP_THRESHOLD = 32 << 20


def keep_memory() -> None:
    """Let this process keep the memory of freed tensors for the next ones, where dask forbade it.

    Dask's nanny starts workers with ``MALLOC_TRIM_THRESHOLD_``, which makes glibc hand every freed block of
    more than 128 KiB back to the system: a network then spends half of its time on page faults. What is
    set here is where glibc by itself arrives after the first large tensors.
    """
    if sys.platform != "linux" or "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have none
        mallopt(_MMAP_THRESHOLD, _MOST_MMAP_THRESHOLD)
        mallopt(_TRIM_THRESHOLD, 2 * _MOST_MMAP_THRESHOLD)
