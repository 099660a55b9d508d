"""Slabs go to the device, and results come back, while it computes.

On CUDA they go through pinned memory and streams of their own: a copy from memory that may be paged out waits
for all that the device has been told to do. The thread that copies waits here; the network's does not.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from geointerp.errors import MachineError


class Carrier:
    """Carries arrays to a device and back, for several threads at once."""

    def __init__(self, device: torch.device) -> None:
        """Open a stream for each way, where the device has streams."""
        self.device = device
        self._up = self._down = None
        if device.type == "cuda":
            self._up = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            self._down = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def bring(self, array: npt.NDArray[np.float32]) -> Tensor:
        """Return a float32 ``array`` on the device, there when this returns; on a processor the same memory.

        Raises:
            MachineError: the device has too little memory.
        """
        if self._up is None:
            return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
        try:
            with torch.cuda.stream(self._up):
                pinned = torch.empty(array.shape, dtype=torch.float32, pin_memory=True)
                np.copyto(pinned.numpy(), array)
                there = pinned.to(self.device, non_blocking=True)
        except torch.OutOfMemoryError as error:
            raise MachineError(
                f"{self.device} has too little memory for {array.nbytes / 2**20:.0f} MiB of data",
                hint="is something else running on it? A smaller --batch-size or model leaves more",
            ) from error
        self._up.synchronize()
        # It is used in the network's stream: only what that has done may be overwritten.
        there.record_stream(torch.cuda.current_stream(self.device))
        return there

    def told(self) -> torch.cuda.Event | None:
        """Mark what the device has been told to compute so far, by this thread."""
        if self._down is None:
            return None
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self.device))
        return event

    def fetch(
        self, tensors: Mapping[str, Tensor], after: torch.cuda.Event | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Return tensors as arrays, waiting for what was ``told`` until they were complete."""
        if self._down is None or after is None:
            return {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        arrays = {}
        with torch.cuda.stream(self._down), torch.inference_mode():
            self._down.wait_event(after)
            for name, tensor in tensors.items():
                pinned = torch.empty_like(tensor, device="cpu", pin_memory=True)
                arrays[name] = pinned.copy_(tensor, non_blocking=True).numpy()
        self._down.synchronize()
        return arrays
