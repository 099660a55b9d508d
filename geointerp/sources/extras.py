"""Optional packages: there, or an error that says how to install them."""

import importlib
from typing import Any

from geointerp.errors import DataError


def needed(module: str, extra: str, what: str) -> Any:
    """Import an optional package.

    Args:
        module: its name.
        extra: of this package that brings it.
        what: is to be read, for the message.

    Raises:
        DataError: it is not installed; the hint names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f"{what}, and {module} to read it is not installed ({error})",
            hint=f"pip install 'geointerp[{extra}]'",
        ) from None
