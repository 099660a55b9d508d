"""Slabs go to the device, and results come back, while it computes.

On CUDA they go through pinned memory and streams of their own: a copy from memory that may be paged out waits
for all that the device has been told to do. The thread that copies waits here; the network's does not.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from time import sleep
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geointerp.inference.device import out_of_memory, room_for

# While the network is recorded it takes more memory than ever after: what does not fit may do so soon.
_TRIES, _SECONDS_BETWEEN = 30, 0.2
DATA = "the data beside the network"
DATA_HINT = "is something else running on it? A smaller --batch-size or model leaves more"


class Streams(NamedTuple):
    """Streams of a CUDA device beside that of the network: towards it, from it, and for recording."""

    up: torch.cuda.Stream
    down: torch.cuda.Stream
    recording: torch.cuda.Stream


def streams_of(device: torch.device) -> Streams:
    """Return the streams of a device, the same throughout: torch and cuBLAS keep memory for each one."""
    return _streams(torch.cuda.current_device() if device.index is None else device.index)


@lru_cache
def _streams(number: int) -> Streams:
    return Streams(*(torch.cuda.Stream(number) for _ in range(3)))  # type: ignore[no-untyped-call]


class Carrier:
    """Carries arrays to a device and back, for several threads at once; made by the network's."""

    def __init__(self, device: torch.device) -> None:
        """Remember the stream in which this thread computes, where the device has streams."""
        self.device = device
        on_cuda = device.type == "cuda"
        self._streams = streams_of(device) if on_cuda else None
        self._network = torch.cuda.current_stream(device) if on_cuda else None

    def bring(self, array: npt.NDArray[np.float32]) -> Tensor:
        """Return a float32 ``array`` on the CUDA device, there when this returns; else as a tensor, here.

        What is not CUDA may not bear several threads: the network's moves the tensor itself.

        Raises:
            MachineError: the device has too little memory, and goes on to have.
        """
        if self._streams is None or self._network is None:
            return torch.from_numpy(array)
        with torch.cuda.stream(self._streams.up):
            pinned = torch.empty(array.shape, dtype=torch.float32, pin_memory=True)
            np.copyto(pinned.numpy(), array)
            there = self._room_for(array.shape).copy_(pinned, non_blocking=True)
        self._streams.up.synchronize()
        # It is used in the network's stream: only what that has done may be overwritten.
        there.record_stream(self._network)
        return there

    def _room_for(self, shape: tuple[int, ...]) -> Tensor:
        """Return room on the device, waiting some seconds for it."""
        for _ in range(_TRIES - 1):
            try:
                return torch.empty(shape, dtype=torch.float32, device=self.device)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
            sleep(_SECONDS_BETWEEN)
        with room_for(DATA, self.device, DATA_HINT):
            return torch.empty(shape, dtype=torch.float32, device=self.device)

    def fetching(self, tensors: Mapping[str, Tensor]) -> Callable[[], dict[str, npt.NDArray[Any]]]:
        """Return what waits for tensors that this thread has told the device to compute, as arrays.

        On CUDA another thread may call it, and waits for no more than these; else they are fetched now.
        """
        if self._network is None:
            arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
            return lambda: arrays
        told = torch.cuda.Event()  # type: ignore[no-untyped-call]
        told.record(self._network)
        return partial(self._fetch, tensors, told)

    def _fetch(self, tensors: Mapping[str, Tensor], told: torch.cuda.Event) -> dict[str, npt.NDArray[Any]]:
        assert self._streams is not None
        arrays = {}
        with torch.cuda.stream(self._streams.down), torch.inference_mode():
            self._streams.down.wait_event(told)
            for name, tensor in tensors.items():
                pinned = torch.empty_like(tensor, device="cpu", pin_memory=True)
                arrays[name] = pinned.copy_(tensor, non_blocking=True).numpy()
        self._streams.down.synchronize()
        return arrays
