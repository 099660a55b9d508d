"""Packages that only some outputs need."""

from collections.abc import Iterator
from contextlib import contextmanager

from geointerp.errors import MachineError


@contextmanager
def needs_extra(module: str, extra: str, what: str) -> Iterator[None]:
    """Turn a failing import into an error that says what to install.

    Args:
        module: that is imported inside.
        extra: of geointerp, which brings it.
        what: needs it, such as ``writing a.tif``.

    Raises:
        MachineError: the module is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MachineError(
            f"{what} needs {module}, which is not installed", hint=f"pip install 'geointerp[{extra}]'"
        ) from error
