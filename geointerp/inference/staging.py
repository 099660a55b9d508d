"""A result appears whole or not at all: built in ``.<name>.partial`` beside its place, then renamed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geointerp.errors import OutputError
from geointerp.inference.manifest import FILE_NAME, Manifest, begin, held, key, records_something, resume
from geointerp.sinks.output import STORE_MARKER, check_free, former_of, partial_of, put_in_place, remove
from geointerp.sources.pieces import lacking


@dataclass(frozen=True)
class Staging:
    """Where a store is built.

    Attributes:
        output: its place when complete.
        partial: the folder it is built in.
        manifest: of an earlier run that is gone on with; None for a fresh start.
        note: what the user should know of that.
        complete: the output is there already, from the same settings.
    """

    output: Path
    partial: Path
    manifest: Manifest | None
    note: str | None = None
    complete: bool = False

    def start(self, settings: dict[str, Any]) -> Manifest:
        """Make the manifest of a fresh start, the store having been created."""
        return begin(self.partial / FILE_NAME, settings)

    def clear(self) -> None:
        """Remove what an earlier run left, for a fresh start.

        Raises:
            OutputError: it is at work after all.
        """
        with held(self.partial / FILE_NAME):
            self.discard()
        self.output.parent.mkdir(parents=True, exist_ok=True)

    def discard(self) -> None:
        """Remove what has been done so far."""
        remove(self.partial)

    def publish(self) -> None:
        """Give the store its name, in place of what is there; then take away what is needed no more.

        The manifest goes last: killed before the store has its name, the run can be gone on with.
        """
        put_in_place(self.partial, self.output)
        self.tidy()

    def tidy(self) -> None:
        """Take away what a complete output needs no more."""
        former = former_of(self.output)
        try:
            (self.output / FILE_NAME).unlink(missing_ok=True)
            remove(former)
        except OSError as error:
            raise OutputError(
                f"{self.output} is complete, but {former.name} cannot be removed: {error.strerror or error}",
                hint=f"remove {former}",
            ) from error


def prepare(
    output: Path, settings: dict[str, Any], *, source: str | None, overwrite: bool, resume_: bool
) -> Staging:
    """Decide how to go about an output, changing nothing.

    Args:
        output: where the result shall be.
        settings: what decides the result.
        source: the input's path, which must not be overwritten.
        overwrite: whether an output, or the remains of an interrupted run, may be replaced.
        resume_: whether to go on with the remains of an interrupted run; an output that is complete already,
            from the same settings, is then the result.

    Raises:
        OutputError: the output is there, is not whole, is the input, or is no store; there are remains and
            neither option says what to do with them; or they were begun with other settings.
    """
    partial = partial_of(output)
    # With both options a new run may have been interrupted that was to replace this very result.
    if resume_ and _made_with(settings, output) and not (overwrite and partial.exists()):
        words = lacking(output, _recorded(output), whole=True)
        if words and not overwrite:
            raise OutputError(
                f"{output} lacks {' and '.join(words)}",
                hint="copy it again from where it is whole, or make it again with --overwrite",
            )
        if not words:
            return Staging(output, partial, None, f"{output} is complete already", complete=True)
    if resume_ and not (overwrite or partial.exists()) and (other := _made_by(output)):
        raise OutputError(
            f"{output} exists, complete, but from other settings or data: made by {other}",
            hint="for another result give another -o, or --overwrite",
        )
    check_free(output, overwrite=overwrite, source=source, marker=STORE_MARKER)
    with held(partial / FILE_NAME):
        pass
    if not partial.exists():
        note = f"nothing to resume for {output}: starting from the beginning" if resume_ else None
        return Staging(output, partial, None, note)
    if resume_:
        return _resumed(output, partial, settings)
    if not overwrite and records_something(partial / FILE_NAME):
        raise OutputError(
            f"{partial} is left from an interrupted run",
            hint="--resume goes on with it, --overwrite starts again",
        )
    return Staging(output, partial, None)


def _resumed(output: Path, partial: Path, settings: dict[str, Any]) -> Staging:
    """Go on where an earlier run stopped, if its manifest got as far as its first line."""
    manifest = resume(partial / FILE_NAME, settings)
    if manifest is None:
        return Staging(output, partial, None, f"{partial} records nothing yet: starting from the beginning")
    return Staging(output, partial, manifest, f"going on after {len(manifest.records)} blocks")


def _made_with(settings: dict[str, Any], output: Path) -> bool:
    """Whether a complete store lies there that records these settings."""
    return bool(_recorded(output).get("settings") == key(settings))


def _made_by(output: Path) -> str | None:
    """Say by what the complete store that lies there was made."""
    try:
        told = _recorded(output)
        return (
            f"model {told['model']['name']} on {told['device']} in {told['precision']}, "
            f"geointerp {told['version']}"
        )
    except (KeyError, TypeError):
        return None


def _recorded(output: Path) -> dict[str, Any]:
    """Return what a label store says of its making; nothing if there is no such store."""
    try:
        recorded = json.loads((output / STORE_MARKER).read_bytes())["attributes"]["geointerp"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return recorded if isinstance(recorded, dict) else {}
