"""Optional packages: there, or an error that says how to install them."""

import importlib
from typing import Any

from geointerp.errors import MachineError


def needed(module: str, extra: str, what: str) -> Any:
    """Import an optional package.

    Args:
        module: its name.
        extra: of this package that brings it.
        what: needs it, such as ``x.tif is a raster``, for the message.

    Raises:
        MachineError: it is not installed; the hint names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MachineError(
            f"{what}, and {module}, which that needs, is not installed ({error})",
            hint=f"pip install 'geointerp[{extra}]'",
        ) from None
