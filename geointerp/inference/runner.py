"""The network on its device: batches of tiles in, class probabilities out.

On a processor each part of a batch is computed by one thread, and several parts at the same time: no layer
waits for all threads, and what is bound by memory in one part goes on beside the products of another.
"""

import os
import shutil
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from functools import partial
from importlib.util import find_spec
from traceback import clear_frames
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

import torch
from torch import Tensor, nn

from geointerp.errors import MachineError
from geointerp.inference.device import NETWORK_HINT, Machine, out_of_memory, room_for
from geointerp.inference.replay import Replay
from geointerp.inference.threads import insist
from geointerp.network.lowered import lowered
from geointerp.network.segmenter import Segmenter
from geointerp.network.unet import UNet

# The rounding of a product may depend on how many tiles are computed at once, so for fp32, whose labels are
# the same whatever the batch size, this many always are. One at a time costs a processor little: vit_tiny at
# 224 in fp32 gives 30.7 tiles/s at one and 30.6 at eight on one core. It may depend on the number of threads
# as well: another reason for one thread each.
FP32_TILES = {"cpu": 1, "cuda": 16, "mps": 8}
# 18 s to compile ViT-B, which then takes 0.08 ms less for a tile, pay after 220,000 on an H100; others have
# more to gain of a tile.
COMPILE_FROM_TILES = 100_000
# Of 224 x 224, for each thread: in bf16 two are 5 % slower, one 13 %, and eight no quicker (ViT-S).
_TILES_A_THREAD, _MOST_THREADS = 4, 16
_COMPILER = ("torch._dynamo", "torch._inductor")  # modules of the errors of torch.compile


class Runner:
    """Runs the network on parts of batches.

    Used as a context, it keeps its threads from one batch to the next, and torch to one thread outside them.
    """

    def __init__(
        self,
        network: nn.Module,
        machine: Machine,
        batch_size: int,
        compiled: bool = False,
        note: Callable[[str], None] = lambda message: None,
        prepared: dict[Hashable, Any] | None = None,
    ) -> None:
        """Move the network to the device; in bf16 a copy that is made for it.

        Args:
            network: grey tiles (batch, channels, height, width) to logits (batch, classes, height, width).
            machine: device and precision.
            batch_size: tiles computed at once; in fp32 the number is fixed per kind of device.
            compiled: whether torch compiles the network first.
            note: tells the user.
            prepared: copies of this very network that were made before, and are used again.

        Raises:
            MachineError: the device has too little memory for the network.
        """
        self.note = note
        self.machine = machine
        self._threads = self._count_threads()
        self.size = max(1, batch_size // self._threads)
        if machine.precision == "fp32":
            self.size = FP32_TILES[machine.device.type]
        self.lowered = _can_be_lowered(network, machine)
        with room_for("the network", machine.device, NETWORK_HINT):
            self.network = self._brought(network, compiled, {} if prepared is None else prepared)
        # For fp32 see FP32_TILES; what is compiled, recorded, or chosen by a race, is so for one shape.
        self._one_size = compiled or not self.lowered or machine.device.type == "cuda"
        self._pool: ThreadPoolExecutor | None = None
        self._parts: WeakSet[Future[Tensor]] = WeakSet()

    def _brought(self, network: nn.Module, compiled: bool, prepared: dict[Hashable, Any]) -> Any:
        """Return what computes on the device: the network, or a copy in half precision."""
        if self.lowered:
            return _kept_copy(prepared, self.machine, network, compiled)
        network = network.to(self.machine.device).eval()
        return torch.compile(network) if compiled else network

    def _count_threads(self) -> int:
        return torch.get_num_threads() if self.machine.device.type == "cpu" else 1

    def __enter__(self) -> Self:
        self._threads = self._count_threads()
        if self._threads > 1:
            # The number is each thread's own, but for MKL, which has one for all.
            torch.set_num_threads(1)
            self._pool = ThreadPoolExecutor(
                self._threads, "geointerp-tiles", lambda: torch.set_num_threads(1)
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            try:
                insist(partial(self._end, self._pool))
            finally:
                self._pool = None
                torch.set_num_threads(self._threads)

    def _end(self, pool: ThreadPoolExecutor) -> None:
        """Begin nothing more, and wait for what has begun: only then are the threads sure to end at once."""
        pool.shutdown(wait=False, cancel_futures=True)
        wait([part for part in self._parts if not part.cancelled()])
        pool.shutdown()

    def __call__(self, tiles: Tensor) -> Tensor:
        """Return the class probabilities of ``tiles``, float32 (batch, classes, height, width).

        Raises:
            MachineError: not even one tile fits into memory, or the network cannot be compiled.
        """
        with self:
            return self.start(tiles)()

    def start(self, tiles: Tensor) -> Callable[[], Tensor]:
        """Begin with a batch; what is returned waits for its probabilities and returns them, as a call does.

        Out of memory, the parts are halved and the batch repeated; later batches keep to what fitted. In fp32
        the labels may then differ in single pixels from those of a run with more memory, and the user is told
        so.
        """
        size = self.size
        try:
            begun = [self._begin(part) for part in torch.split(tiles, self._share(len(tiles)))]
        except RuntimeError as error:
            self._check_memory(error, tiles, size)
        else:
            return partial(self._finish, begun, tiles, size)
        # Only here: while an error is handled, its frames hold all that the failed pass had in memory.
        self._make_room(size)
        return self.start(tiles)

    def _finish(self, begun: "list[Future[Tensor]]", tiles: Tensor, size: int) -> Tensor:
        """Wait for the parts of a batch that were begun with ``size`` tiles each, and return all of it."""
        wait(begun)  # all, so that none takes memory when a smaller part is tried
        try:
            return torch.cat([part.result() for part in begun])
        except RuntimeError as error:
            self._check_memory(error, tiles, size)
        begun.clear()  # what did fit is computed again
        self._make_room(size)
        return self.start(tiles)()

    def _share(self, tiles: int) -> int:
        """Return how many tiles of a batch a part gets: an even share of a short one if sizes are free."""
        return self.size if self._one_size else min(self.size, -(-tiles // self._threads))

    def _begin(self, part: Tensor) -> "Future[Tensor]":
        """Begin with one part; without threads, it is done on return."""
        if self._pool:
            begun = self._pool.submit(self._forward_in_thread, part)
            self._parts.add(begun)
            return begun
        done: Future[Tensor] = Future()
        done.set_result(self._forward(part))
        return done

    def _check_memory(self, error: RuntimeError, tiles: Tensor, size: int) -> None:
        """Return if it was memory that ``size`` tiles lacked, and fewer may fit.

        Raises:
            RuntimeError: it was not.
            MachineError: one tile was too much, or the network cannot be compiled.
        """
        if type(error).__module__.startswith(_COMPILER):
            reason = str(getattr(error, "inner_exception", error)).strip().split("\n")[0]
            raise MachineError(
                f"torch cannot compile the network: {reason}",
                hint="it needs a C++ compiler (g++ or clang, or what CXX names), on CUDA one of C (gcc or "
                "clang, or what CC names); --compile off needs none",
            ) from error
        if not out_of_memory(error):
            raise error
        if size == 1:
            raise MachineError(
                f"{self.machine.device} has too little memory for one tile of "
                f"{tiles.shape[2]} x {tiles.shape[3]} pixels",
                hint="use a smaller --tile or a smaller model",
            ) from error

    def _forward_in_thread(self, tiles: Tensor) -> Tensor:
        """Run a part of a batch; its error waits for the batch to be asked for, without holding memory."""
        try:
            return self._forward(tiles)
        except RuntimeError as error:
            clear_frames(error.__traceback__)
            raise

    def _forward(self, tiles: Tensor) -> Tensor:
        """Run a part of a batch; where its size must be ``self.size``, filled up with its last tile."""
        count = len(tiles)
        if self._one_size and count < self.size:
            tiles = torch.cat([tiles, tiles[-1:].expand(self.size - count, -1, -1, -1)])
        if self.lowered:
            tiles = tiles.to(self.machine.dtype)
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
        return torch.autocast(self.machine.device.type, self.machine.dtype, enabled=not self.lowered)

    def _make_room(self, size: int) -> None:
        """Halve the parts, if ``size`` tiles are still what is tried; a batch before may have done so."""
        if size != self.size:
            return
        self.size //= 2
        if self.machine.device.type == "cuda":
            torch.cuda.empty_cache()
        message = f"out of memory on {self.machine.device}: going on with {self.size} tiles at once"
        if self.machine.precision == "fp32":
            message += "; labels may differ in single pixels from those of a run with more memory"
        self.note(message)


def _can_be_lowered(network: nn.Module, machine: Machine) -> bool:
    """Whether there is a copy of the network that computes in half precision throughout."""
    suited = machine.precision == "bf16" and machine.device.type in ("cpu", "cuda")
    return suited and isinstance(network, Segmenter | UNet)


def _kept_copy(prepared: dict[Hashable, Any], machine: Machine, network: nn.Module, compiled: bool) -> Any:
    """Return the copy that was made before, if the weights are still those; or one made now, and kept."""
    held = (*network.parameters(), *network.buffers())
    weights = [(one.data_ptr(), 0 if one.is_inference() else one._version) for one in held]
    made_of, copied = prepared.get((machine, compiled), (None, None))
    if made_of != weights:
        prepared.pop((machine, compiled), None)
        del copied  # before another is made: both might not fit
        copied = _copy_for(machine, network, compiled)
        prepared[machine, compiled] = weights, copied
    return copied


def _copy_for(machine: Machine, network: Any, compiled: bool) -> Any:
    """Return a copy of the network for a device, in half precision."""
    on_cpu = machine.device.type == "cpu"
    packed = on_cpu and not compiled
    copied = lowered(network, machine.dtype, device=machine.device, packed=packed, plain=on_cpu)
    # Frozen weights are packed for the products: on a processor that is most of what compiling gains.
    run = torch.compile(copied, options={"freezing": on_cpu}) if compiled else copied
    return run if on_cpu else Replay(run)


def whole_batches(machine: Machine, batch_size: int) -> int:
    """Return the batch size rounded up to whole batches of the fixed size of fp32: none is filled up."""
    fixed = FP32_TILES[machine.device.type] if machine.precision == "fp32" else 1
    return -(-batch_size // fixed) * fixed


def default_batch_size(machine: Machine, tile: tuple[int, int]) -> int:
    """Return a batch size for tiles of this size: of 224 x 224, 4 for each thread, or 64 on a GPU."""
    threads = min(torch.get_num_threads(), _MOST_THREADS) if machine.device.type == "cpu" else 1
    whole = _TILES_A_THREAD if machine.device.type == "cpu" else 64
    return threads * max(1, whole * 224 * 224 // (tile[0] * tile[1]))


def can_compile() -> bool:
    """Whether torch can compile for a GPU on this machine: by Triton, which needs a C compiler."""
    compilers = [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]
    return find_spec("triton") is not None and any(map(shutil.which, compilers))


def worth_compiling(compile_: str, machine: Machine, tiles: int) -> bool:
    """Whether to compile: as said (``on``, ``off``), or for ``auto`` on CUDA when there are many tiles."""
    return compile_ == "on" or (
        compile_ == "auto" and machine.device.type == "cuda" and tiles >= COMPILE_FROM_TILES
    )
