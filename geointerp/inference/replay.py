"""A forward pass on CUDA, recorded once and played again: hundreds of launches become one.

A large GPU is done with a layer sooner than Python tells it the next.
"""

from collections.abc import Callable
from functools import lru_cache
from threading import Lock

import torch
from torch import Tensor

_one_at_a_time = Lock()
_WARM_UP = 3  # passes, in which libraries choose their kernels and torch compiles; as torch's manual has it


class Replay:
    """Plays a forward pass again for each batch of the shape that it was recorded for."""

    def __init__(self, forward: Callable[[Tensor], Tensor]) -> None:
        """Record nothing yet.

        Args:
            forward: a batch of tiles to a tensor; neither may depend on anything but the batch.
        """
        self._forward = forward
        self._shape: torch.Size | None = None

    def __call__(self, tiles: Tensor) -> Tensor:
        """Return what the pass gives for ``tiles``; in the stream that is current."""
        with _one_at_a_time:
            if tiles.shape != self._shape:
                self._record(tiles)
            self._tiles.copy_(tiles)
            self._graph.replay()
            return self._result.clone()

    def _record(self, tiles: Tensor) -> None:
        """Record the pass for batches of this shape.

        Raises:
            torch.OutOfMemoryError: it does not fit; then nothing is recorded.
        """
        self._shape = None
        self._tiles = tiles.clone()
        beside, here = _stream(tiles.device), torch.cuda.current_stream(tiles.device)
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UP):
                self._forward(self._tiles)
        here.wait_stream(beside)
        self._graph = torch.cuda.CUDAGraph()
        # Other threads go on reading: what they ask of the device must not end the recording.
        with torch.cuda.graph(self._graph, stream=beside, capture_error_mode="thread_local"):
            self._result = self._forward(self._tiles)
        self._shape = tiles.shape


@lru_cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """Return the stream in which all passes are recorded: cuBLAS keeps 32 MiB for each that it has seen."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
