"""A forward pass on CUDA, recorded once and played again: hundreds of launches become one.

A large GPU is done with a layer sooner than Python tells it the next.
"""

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import torch
from torch import Tensor

from geointerp.inference.carrier import streams_of

_one_at_a_time = Lock()
_WARM_UP = 3  # passes, in which libraries choose their kernels and torch compiles; as torch's manual has it


class _Recorded(NamedTuple):
    """A pass, where it takes its batch from, where it leaves its result, and when that was last copied."""

    graph: torch.cuda.CUDAGraph
    tiles: Tensor
    result: Tensor
    copied: torch.cuda.Event


class Replay:
    """Plays a forward pass again for each batch of the shape that it was recorded for."""

    def __init__(self, forward: Callable[[Tensor], Tensor]) -> None:
        """Record nothing yet.

        Args:
            forward: a batch of tiles to a tensor; neither may depend on anything but the batch.
        """
        self._forward = forward
        self._recorded: _Recorded | None = None

    def __call__(self, tiles: Tensor) -> Tensor:
        """Return what the pass gives for ``tiles``; in the stream that is current.

        Raises:
            torch.OutOfMemoryError: it does not fit; then nothing is recorded.
        """
        here = torch.cuda.current_stream(tiles.device)
        with _one_at_a_time, torch.cuda.device(tiles.device), torch.cuda.stream(here):
            if self._recorded is None or self._recorded.tiles.shape != tiles.shape:
                self._recorded = None  # before another is: both might not fit
                self._recorded = self._record(tiles, here)
            graph, taken, result, copied = self._recorded
            here.wait_event(copied)
            taken.copy_(tiles)
            graph.replay()
            own = result.clone()
            copied.record(here)
            return own

    def _record(self, tiles: Tensor, here: torch.cuda.Stream) -> _Recorded:
        """Record the pass for batches of this shape."""
        taken, beside = tiles.clone(), streams_of(tiles.device).recording
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UP):
                self._forward(taken)
        here.wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # Other threads go on reading: what they ask of the device must not end the recording.
        with torch.cuda.graph(graph, stream=beside, capture_error_mode="thread_local"):
            result = self._forward(taken)
        return _Recorded(graph, taken, result, torch.cuda.Event())  # type: ignore[no-untyped-call]
