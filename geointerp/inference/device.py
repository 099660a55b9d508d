"""Which device computes, in which precision, and how it says that its memory is full."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from geointerp.errors import MachineError, UsageError

NETWORK_HINT = "is something else running on it? A smaller model needs less"
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Machine:
    """What the network runs on.

    Attributes:
        device: the torch device.
        precision: ``fp32``, ``bf16`` or ``fp16``.
    """

    device: torch.device
    precision: str

    @property
    def dtype(self) -> torch.dtype:
        """The type the network's products are computed in."""
        return DTYPES[self.precision]

    def __str__(self) -> str:
        """Say it for people: ``cpu in bf16``."""
        return f"{self.device} in {self.precision}"


def choose_machine(device: str = "auto", precision: str = "auto") -> Machine:
    """Return the device and precision to compute with.

    Args:
        device: ``auto`` (CUDA where it is there, else the processor), ``cpu``, ``cuda[:N]`` or ``mps``.
        precision: ``auto`` (bf16 where the hardware multiplies it, else fp16 on CUDA and fp32 elsewhere),
            ``fp32``, ``bf16`` or ``fp16``.

    Raises:
        UsageError: a word that is none of these.
        MachineError: the machine lacks the device.
    """
    chosen = _device(device)
    if precision == "auto":
        return Machine(chosen, _best_precision(chosen))
    if precision not in DTYPES:
        raise UsageError(f"no precision is called '{precision}'", hint="there is auto, fp32, bf16 and fp16")
    if precision == "fp16" and chosen.type == "cpu":
        raise MachineError("fp16 needs a GPU, and the device is the cpu", hint="use --precision auto")
    return Machine(chosen, precision)


def _device(name: str) -> torch.device:
    """Return the device called ``name``, having checked that it is there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, colon, number = name.partition(":")
    if (
        kind not in ("cpu", "cuda", "mps")
        or (colon and not number.isdecimal())
        or (kind != "cuda" and int(number or 0))
    ):
        raise UsageError(f"no device is called '{name}'", hint="there is auto, cpu, cuda, cuda:N and mps")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise MachineError("this machine has no mps device", hint="use --device auto")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise MachineError(
            f"{name} was asked for and there are {torch.cuda.device_count()} CUDA devices",
            hint="use --device auto",
        )
    # There is one processor and one mps: with a number it would not equal the device without.
    return torch.device(kind, int(number)) if number and kind == "cuda" else torch.device(kind)


def _best_precision(device: torch.device) -> str:
    """Return the quickest precision that the device computes natively."""
    if device.type == "cuda":
        with torch.cuda.device(-1 if device.index is None else device.index):  # -1 is the current one
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    # 1.8 times as quick as fp32 on two cores with avx512_bf16 (vit_tiny at 224, batch 8).
    return "bf16" if device.type == "cpu" and _processor_has_bf16() else "fp32"


def _processor_has_bf16() -> bool:
    """Whether the processor multiplies bf16 in hardware (avx512_bf16 or AMX)."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, check, bool)()) for check in checks)


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch ran out of memory; only its own allocator for CUDA has an exception class for that."""
    said = (
        "can't allocate memory",
        "MPS backend out of memory",
        "CUDA error: out of memory",
        "CUDA driver error: out of memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_ALLOC_FAILED",
    )
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in said)


@contextmanager
def room_for(what: str, device: torch.device, hint: str) -> Iterator[None]:
    """Say of what is done inside that the device has too little memory for it, in place of torch's words.

    Args:
        what: needs the memory, in words.
        device: whose memory it is.
        hint: what to do.

    Raises:
        MachineError: it has.
    """
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise MachineError(f"{device} has too little memory for {what}", hint=hint) from error
