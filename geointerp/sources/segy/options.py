"""What a user can say about a SEG-Y file when its headers cannot be trusted."""

from dataclasses import dataclass
from typing import Literal

from geointerp.errors import UsageError
from geointerp.sources.segy.binary import SAMPLE_FORMATS, TRACE_HEADER_BYTES

_ALIASES = {"ibm32": 1, "ieee32": 5, "float32": 5, "ieee64": 6}


@dataclass(frozen=True)
class SegyOptions:
    """The options of the command line, by the same names. None leaves the choice to the reader.

    Attributes:
        inline_byte: first byte, counted from 1, of the inline number in the trace header; likewise
            ``crossline_byte``, ``x_byte``, ``y_byte`` and ``cdp_byte``. All are four bytes wide.
        endian: ``big`` or ``little``.
        sample_format: a code of the standard (1, 5, …) or a name (ibm, ieee, int16, …).
        sample_interval: in ms (m for depth).
        duplicates: which of several traces at one position is taken: ``first``, ``last`` or their ``mean``.
    """

    inline_byte: int | None = None
    crossline_byte: int | None = None
    x_byte: int | None = None
    y_byte: int | None = None
    cdp_byte: int | None = None
    endian: Literal["big", "little"] | None = None
    sample_format: int | str | None = None
    sample_interval: float | None = None
    duplicates: Literal["first", "last", "mean"] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: an option has an impossible value, or one of a pair is missing.
        """
        self._check_bytes()
        _check_choice("--endian", self.endian, ("big", "little"))
        _check_choice("--duplicates", self.duplicates, ("first", "last", "mean"))
        if self.sample_interval is not None and not 0 < self.sample_interval < float("inf"):
            raise UsageError(f"--sample-interval must be above 0 ms, not {self.sample_interval}")
        if self.cdp_byte is not None and self.inline_byte is not None:
            raise UsageError("--cdp-byte reads a 2D line and --inline-byte a 3D survey: give one of them")
        _ = self.format_code

    def _check_bytes(self) -> None:
        for name in ("inline_byte", "crossline_byte", "x_byte", "y_byte", "cdp_byte"):
            byte = getattr(self, name)
            if byte is not None and not 1 <= byte <= TRACE_HEADER_BYTES - 3:
                option = "--" + name.replace("_", "-")
                raise UsageError(f"{option} must be from 1 to {TRACE_HEADER_BYTES - 3}, not {byte}")
        for one, other in (("inline_byte", "crossline_byte"), ("x_byte", "y_byte")):
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                names = " and ".join("--" + name.replace("_", "-") for name in (one, other))
                raise UsageError(f"{names} go together: only one is given")

    @property
    def endianness(self) -> str | None:
        """Numpy's sign for `endian`."""
        return {"big": ">", "little": "<", None: None}[self.endian]

    @property
    def format_code(self) -> int | None:
        """The code of `sample_format`.

        Raises:
            UsageError: there is no such format.
        """
        if self.sample_format is None:
            return None
        given = str(self.sample_format).lower()
        names = {form.name: code for code, form in SAMPLE_FORMATS.items()} | _ALIASES
        code = names.get(given, int(given) if given.isdecimal() else -1)
        if code not in SAMPLE_FORMATS:
            known = ", ".join(f"{form.code} ({form.name})" for form in SAMPLE_FORMATS.values())
            raise UsageError(f"--sample-format '{self.sample_format}' is none of {known}")
        return code


def _check_choice(option: str, given: str | None, choices: tuple[str, ...]) -> None:
    if given is not None and given not in choices:
        raise UsageError(f"{option} must be one of {', '.join(choices)}, not '{given}'")
