"""What is wrong with a data set, collected over all its files and told in one error."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from geointerp.errors import DataError, GeointerpError

_NAMED = 3


@dataclass
class Problems:
    """Problems met so far.

    Attributes:
        folder: the data set.
        found: one text a problem, beginning with the file.
        hints: what to do about them, in the order met.
    """

    folder: Path
    found: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def add(self, where: str, what: str, hint: str | None = None) -> None:
        """Note a problem of one file."""
        self._note(f"{where}: {what}", hint)

    def add_error(self, where: str, error: GeointerpError) -> None:
        """Note an error met in reading a file; most say themselves which."""
        what = error.message.replace(f"{self.folder}{os.sep}", "")
        self._note(what if where in what else f"{where}: {what}", error.hint)

    def refuse(self) -> None:
        """Refuse the data set if anything is wrong with it.

        Raises:
            DataError: names the first problems and counts all of them.
        """
        if not self.found:
            return
        count = len(self.found)
        more = f"; and {count - _NAMED} more" if count > _NAMED else ""
        raise DataError(
            f"{self.folder}: {count} {'problem' if count == 1 else 'problems'}: "
            + "; ".join(self.found[:_NAMED])
            + more,
            hint=self.hints[0] if self.hints else None,
        )

    def _note(self, text: str, hint: str | None) -> None:
        self.found.append(text)
        if hint and hint not in self.hints:
            self.hints.append(hint)
