"""Every error a user can meet, in one tree.

    GeointerpError              exit status 1: the data, the model or the machine is at fault
    ├── UsageError              exit status 2: the command line is at fault
    ├── DataError               an input cannot be read, or not without guessing
    │   └── SegyError           … a SEG-Y file
    │       ├── DuplicateTracesError
    │       └── PrestackError
    ├── ModelError              a model folder or checkpoint is missing, damaged or of another kind
    ├── OutputError             a result cannot be written where it was asked for
    └── MachineError            the device lacks what was asked of it (no CUDA, out of memory)

The command line prints ``error: <message>`` and, where there is one, ``hint: <hint>``.
"""


class GeointerpError(Exception):
    """Base of all errors meant for people: a message that says what is wrong, and a hint."""

    exit_status = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        """Store the message (with file and both numbers) and what to do about it."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GeointerpError, ValueError):
    """The command line, or an argument of a Python call, is at fault."""

    exit_status = 2


class DataError(GeointerpError, ValueError):
    """An input cannot be read, or not without guessing."""


class SegyError(DataError):
    """A SEG-Y file cannot be read, or not without guessing."""


class DuplicateTracesError(SegyError):
    """Two traces claim the same position."""


class PrestackError(SegyError):
    """The file holds gathers, not a stacked section or volume."""


class ModelError(GeointerpError):
    """A model folder or checkpoint is missing, damaged or of another kind."""


class OutputError(GeointerpError, OSError):
    """A result cannot be written where it was asked for."""


class MachineError(GeointerpError):
    """The device lacks what was asked of it."""
