"""Threads whose end is waited for, though a signal breaks into the waiting.

A signal becomes an exception in the main thread, wherever that is. A thread left behind by it would go on
while Python ends, and be taken out of compiled code that cannot be left so: the process aborts.
"""

import sys
import threading
from collections.abc import Callable


def insist(wait: Callable[[], object]) -> None:
    """Wait, and begin again where a first signal breaks into it, whose exception goes on afterwards.

    A second signal ends all waiting at once: who asks twice need not wait for a disk that does not answer.
    """
    heard = _signals_heard()
    if heard > 1:
        return
    try:
        wait()
    except BaseException:
        if not heard:
            wait()
        raise


def _signals_heard() -> int:
    """Return how many exceptions of signals are being handled: one may have come while another was."""
    error, count = sys.exception(), 0
    while error is not None:
        count += isinstance(error, KeyboardInterrupt | SystemExit)
        error = error.__context__
    return count


class Helper(threading.Thread):
    """A thread at the side of the main one."""

    def __init__(self, work: Callable[[], object], name: str) -> None:
        """Prepare to ``work``; ``start`` begins."""
        super().__init__(name=f"geointerp-{name}", daemon=True)
        self._work = work
        self._done = threading.Event()

    def run(self) -> None:
        """Do the work, in the thread."""
        try:
            self._work()
        finally:
            self._done.set()

    def finish(self) -> None:
        """Wait for the end of the work, however often it was waited for before.

        ``join`` alone may not: until Python 3.13, if interrupted, it takes the thread for ended.
        """
        self._done.wait()
        self.join()
