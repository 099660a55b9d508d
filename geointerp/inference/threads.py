"""Threads whose end is waited for, whatever breaks into the waiting.

A signal becomes an exception in the main thread, wherever that is. A thread left behind by it would go on
while Python ends, and be taken out of compiled code that cannot be left so: the process aborts.
"""

import threading
from collections.abc import Callable


def insist(wait: Callable[[], object]) -> None:
    """Wait, and begin again where a signal breaks into it, whose exception goes on afterwards.

    A second signal is heard at once: who asks twice need not wait for a disk that does not answer.
    """
    try:
        wait()
    except BaseException:
        wait()
        raise


class Helper(threading.Thread):
    """A thread at the side of the main one.

    Attributes:
        done: set when its work is. Before Python 3.13 an interrupted ``join`` takes a thread for ended that
            is not, so that joining it once more would not wait.
    """

    def __init__(self, work: Callable[[], object], name: str) -> None:
        """Prepare to ``work``; ``start`` begins."""
        super().__init__(name=f"geointerp-{name}", daemon=True)
        self._work = work
        self.done = threading.Event()

    def run(self) -> None:
        """Do the work, in the thread."""
        try:
            self._work()
        finally:
            self.done.set()
