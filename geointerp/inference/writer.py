"""Finished blocks are written in a thread of their own, behind the device."""

import queue
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from geointerp.inference.threads import Helper, insist

T = TypeVar("T")


class Writer(Generic[T]):
    """Hands items to ``write`` in a thread, in order; its exceptions are raised in the caller's thread.

    Used as a context: leaving it waits until all is written, also by an exception, so that what was computed
    need not be computed again.
    """

    def __init__(self, write: Callable[[T], None], depth: int = 2) -> None:
        """Start the thread; ``depth`` items may wait."""
        self._write = write
        self._waiting: queue.Queue[T | None] = queue.Queue(depth)
        self._failure: BaseException | None = None
        self._thread = Helper(self._work, "writer")

    def put(self, item: T | None) -> None:
        """Queue an item, waiting for room.

        Raises:
            BaseException: whatever an earlier ``write`` raised.
        """
        self._raise()
        self._waiting.put(item)

    def __enter__(self) -> "Writer[T]":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        insist(self._end)
        if error is None:
            self._raise()

    def _end(self) -> None:
        """Tell the thread to end, once or again, and wait until it has written all."""
        self._waiting.put(None)
        self._thread.finish()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        """Write until told to end; after a failure only empty the queue, so that nobody waits for room."""
        while (item := self._waiting.get()) is not None:
            if self._failure is not None:
                continue
            try:
                self._write(item)
            except BaseException as error:
                self._failure = error
