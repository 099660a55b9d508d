"""The device, the precision and the processes of a training, through ``accelerate``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from geointerp.errors import MachineError, UsageError
from geointerp.inference.device import Machine, choose_machine

# The names by which `accelerate` itself is told, as `accelerate launch` does.
_DEVICE = "ACCELERATE_TORCH_DEVICE"
_ON_CPU = "ACCELERATE_USE_CPU"
_MIXED = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def process_count() -> int:
    """How many processes train together: those that ``accelerate launch`` or ``torchrun`` started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def launched() -> bool:
    """Whether ``accelerate launch`` or ``torchrun`` started this process, and numbered it."""
    return "RANK" in os.environ


def is_main_process() -> bool:
    """Whether this is the process that writes and speaks."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def accelerated(device: str, precision: str) -> Iterator[tuple[Accelerator, Machine]]:
    """Give what trains on one device, or on one in each of several processes.

    Args:
        device: as of ``choose_machine``; with several processes each takes the one of its number.
        precision: as of ``choose_machine``.

    Yields:
        accelerate's object, and the device with its precision.

    Raises:
        UsageError: several processes are to share one device that is named by its number.
        MachineError: the machine lacks the device.
    """
    on_cpu = os.environ.get(_ON_CPU, "false").lower() in ("1", "true")
    machine = choose_machine("cpu" if device == "auto" and on_cpu else device, precision)
    if process_count() > 1 and machine.device.index is not None:
        raise UsageError(f"{process_count()} processes cannot share {device}", hint="use --device auto")
    here = int(os.environ.get("LOCAL_WORLD_SIZE", process_count()))  # of several machines, on this one
    if here > torch.cuda.device_count() and machine.device.type == "cuda":
        raise MachineError(f"{here} processes, but {torch.cuda.device_count()} CUDA devices")
    with _told(machine):
        accelerator = Accelerator(cpu=machine.device.type == "cpu", mixed_precision=_MIXED[machine.precision])
    try:
        yield accelerator, Machine(accelerator.device, machine.precision)
    finally:
        if process_count() == 1:
            # Otherwise the next training in this process could not choose another device or precision.
            AcceleratorState._reset_state(reset_partial_state=True)
        else:
            accelerator.end_training()


@contextmanager
def _told(machine: Machine) -> Iterator[None]:
    """Name the device to accelerate, which would take the first GPU."""
    if process_count() > 1:
        yield
        return
    before = os.environ.get(_DEVICE)
    os.environ[_DEVICE] = str(machine.device)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_DEVICE]
        else:
            os.environ[_DEVICE] = before
