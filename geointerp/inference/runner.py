"""The network on its device: batches of tiles in, class probabilities out."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from geointerp.errors import MachineError
from geointerp.inference.device import Machine

# The rounding of a product may depend on how many tiles are computed at once, so for fp32, whose labels are
# the same whatever the batch size, this many always are. One at a time costs a processor little: vit_tiny at
# 224 in fp32 gives 30.7 tiles/s at one and 30.6 at eight on one core. It may depend on the number of threads
# as well, so on a processor each tile is computed by one, and several tiles at the same time.
FP32_TILES = {"cpu": 1, "cuda": 16, "mps": 8}
COMPILE_FROM_TILES = 5000


class Runner:
    """Runs the network on batches of one shape; the last is filled up."""

    def __init__(
        self,
        network: nn.Module,
        machine: Machine,
        batch_size: int,
        compiled: bool = False,
        note: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Move the network to the device.

        Args:
            network: grey tiles (batch, channels, height, width) to logits (batch, classes, height, width).
            machine: device and precision.
            batch_size: tiles computed at once; in fp32 the number is fixed per kind of device.
            compiled: whether torch compiles the network first.
            note: tells the user.
        """
        self.note = note
        self.machine = machine
        self.size = FP32_TILES[machine.device.type] if machine.precision == "fp32" else batch_size
        network = network.to(machine.device).eval()
        self.network: Any = torch.compile(network) if compiled else network

    def __call__(self, tiles: Tensor) -> Tensor:
        """Return the class probabilities of ``tiles``, float32 (batch, classes, height, width).

        Out of memory, the batch is halved and repeated; later batches keep to what fitted. In fp32 the labels
        may then differ in single pixels from those of a run with more memory, and the user is told so.

        Raises:
            MachineError: not even one tile fits into memory.
        """
        while True:
            try:
                return torch.cat(self._each(torch.split(tiles, self.size)))
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
                if self.size == 1:
                    raise MachineError(
                        f"{self.machine.device} has too little memory for one tile of "
                        f"{tiles.shape[2]} x {tiles.shape[3]} pixels",
                        hint="use a smaller --tile or a smaller model",
                    ) from error
            self._halve()

    def _each(self, parts: Sequence[Tensor]) -> list[Tensor]:
        """Run batch after batch; in fp32 on a processor each on one thread, and several at the same time."""
        threads = torch.get_num_threads()
        if self.machine.precision != "fp32" or self.machine.device.type != "cpu" or threads == 1:
            return [self._forward(part) for part in parts]
        torch.set_num_threads(1)
        try:
            # The number is each thread's own, but for MKL, which has one for all.
            with ThreadPoolExecutor(threads, "geointerp-tiles", lambda: torch.set_num_threads(1)) as pool:
                return list(pool.map(self._forward, parts))
        finally:
            torch.set_num_threads(threads)

    def _forward(self, tiles: Tensor) -> Tensor:
        """Run one batch of exactly ``self.size`` tiles, the missing ones filled up with the last."""
        count = len(tiles)
        if count < self.size:
            tiles = torch.cat([tiles, tiles[-1:].expand(self.size - count, -1, -1, -1)])
        with torch.inference_mode(), self._precision():
            logits: Tensor = self.network(tiles.contiguous())
        with torch.inference_mode():
            return logits.float().softmax(1)[:count]

    def _precision(self) -> Any:
        """Let torch choose which operations are safe in the lower precision; fp32 is fp32 throughout."""
        if self.machine.precision == "fp32":
            if self.machine.device.type != "cuda":
                return nullcontext()
            # By default cuDNN rounds what it convolves to TF32, and picks its algorithm by a race.
            return torch.backends.cudnn.flags(
                enabled=True, benchmark=False, deterministic=True, allow_tf32=False
            )
        return torch.autocast(self.machine.device.type, self.machine.dtype)

    def _halve(self) -> None:
        self.size //= 2
        if self.machine.device.type == "cuda":
            torch.cuda.empty_cache()
        message = f"out of memory on {self.machine.device}: going on with {self.size} tiles at once"
        if self.machine.precision == "fp32":
            message += "; labels may differ in single pixels from those of a run with more memory"
        self.note(message)


def whole_batches(machine: Machine, batch_size: int) -> int:
    """Return the batch size rounded up to whole batches of the fixed size of fp32: none is filled up."""
    fixed = FP32_TILES[machine.device.type] if machine.precision == "fp32" else 1
    return -(-batch_size // fixed) * fixed


def default_batch_size(machine: Machine, tile: tuple[int, int]) -> int:
    """Return a batch size for tiles of this size: 8 tiles of 224 x 224 on a processor, 64 on a GPU."""
    whole = 8 if machine.device.type == "cpu" else 64
    return max(1, whole * 224 * 224 // (tile[0] * tile[1]))


def worth_compiling(compile_: str, machine: Machine, tiles: int) -> bool:
    """Whether to compile: as said (``on``, ``off``), or for ``auto`` on CUDA when there are many tiles."""
    return compile_ == "on" or (
        compile_ == "auto" and machine.device.type == "cuda" and tiles >= COMPILE_FROM_TILES
    )


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether torch ran out of memory; only CUDA's allocator has an exception class of its own."""
    said = ("can't allocate memory", "MPS backend out of memory")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in said)
