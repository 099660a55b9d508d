"""Files behind a URL, through fsspec: what is asked of them are ranges of bytes, never the whole.

Credentials and endpoints are those of the clients' own configuration: the environment and files that s3fs and
gcsfs read, and fsspec's (``FSSPEC_S3_ANON=true`` for a public bucket).
"""

import io
import re
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Literal

from geointerp.errors import DataError

_SCHEMES = ("s3", "gs", "gcs", "http", "https")
_URL = re.compile(rf"({'|'.join(_SCHEMES)})://.", re.IGNORECASE)
_BLOCK_BYTES = 1 << 16  # of small reads, which headers are: each block is fetched once
_BLOCKS = 256
ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")


def is_url(text: str) -> bool:
    """Whether a path is a URL of a kind that is read."""
    return _URL.match(text) is not None


@dataclass(frozen=True)
class RemoteFile:
    """A file or Zarr store behind a URL, with the names that `pathlib.Path` has for the same things."""

    url: str

    def __str__(self) -> str:
        """Return the URL."""
        return self.url

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave connections behind when going to another process."""
        return RemoteFile, (self.url,)

    @property
    def suffix(self) -> str:
        """The suffix of the last part of the URL's path."""
        name = self.url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
        return f".{name.rsplit('.', 1)[1]}" if "." in name else ""

    @cached_property
    def filesystem(self) -> Any:
        """Fsspec's file system.

        Raises:
            DataError: its client is not installed.
        """
        try:
            import fsspec

            return fsspec.core.url_to_fs(self.url)[0]
        except ImportError as error:
            raise DataError(
                f"{self.url} lies elsewhere, and what reads it is not installed ({error})",
                hint="pip install 'geointerp[remote]'",
            ) from None

    @cached_property
    def info(self) -> dict[str, Any]:
        """What the server says: ``size``, and perhaps ``ETag`` and ``LastModified``.

        Raises:
            DataError: there is nothing there, or it may not be read.
        """
        try:
            return dict(self.filesystem.info(self.url))
        except DataError:
            raise
        except Exception as error:  # each client has errors of its own
            raise _unreachable(self.url, error) from None

    @property
    def version(self) -> str:
        """Changes when the file does, as far as the server tells."""
        told = {name.lower(): value for name, value in self.info.items()}
        return " ".join(str(told.get(name)) for name in ("etag", "lastmodified", "last-modified", "mtime"))

    def stat(self) -> Any:
        """Return the size as ``st_size``.

        Raises:
            DataError: the server does not say.
        """
        size = self.info.get("size")
        if size is None:
            raise DataError(f"{self.url}: the server does not say how large it is", hint="download it first")
        return SimpleNamespace(st_size=int(size))

    def is_file(self) -> bool:
        """Whether this is a file, not a Zarr store."""
        return not self.is_store

    @cached_property
    def is_store(self) -> bool:
        """Whether the metadata of a Zarr store lie under the URL."""
        if self.suffix not in ("", ".zarr", ".mdio"):
            return False
        return any(self._exists(f"{self.url.rstrip('/')}/{mark}") for mark in ZARR_MARKS)

    def _exists(self, url: str) -> bool:
        try:
            return bool(self.filesystem.exists(url))
        except PermissionError as error:
            raise _unreachable(self.url, error) from None

    def zarr_store(self) -> Any:
        """Return the store for zarr."""
        from zarr.storage import FsspecStore

        return FsspecStore.from_url(self.url, read_only=True)

    def open(self, mode: Literal["rb"] = "rb") -> io.BufferedReader:
        """Open for reading here and there: small blocks are fetched, once each."""
        return io.BufferedReader(_Position(self), 4096)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` up to ``stop``.

        Raises:
            DataError: the server does not answer, or with fewer bytes.
        """
        try:
            if stop - start <= _BLOCK_BYTES:
                return bytes(self._blocks._fetch(start, stop))
            return self._range(start, stop)
        except DataError:
            raise
        except Exception as error:
            raise _unreachable(self.url, error) from None

    def fill(self, buffer: memoryview, offset: int) -> int:
        """Read into the buffer in one request; returns the bytes read."""
        data = self.read(offset, offset + len(buffer))
        buffer[: len(data)] = data
        return len(data)

    @cached_property
    def _blocks(self) -> Any:
        from fsspec.caching import BlockCache

        return BlockCache(_BLOCK_BYTES, self._range, self.stat().st_size, maxblocks=_BLOCKS)

    def _range(self, start: int, stop: int) -> bytes:
        """Fetch a range; a server that ignores it and sends everything is refused.

        Raises:
            DataError: so it is.
        """
        wanted = min(stop, self.stat().st_size) - start
        data = bytes(self.filesystem.cat_file(self.url, start=start, end=start + wanted))
        if len(data) != wanted:
            raise DataError(
                f"{self.url}: {wanted} bytes from {start} were asked for and {len(data)} came",
                hint="does the server support ranges of bytes? otherwise download the file",
            )
        return data


class _Position(io.RawIOBase):
    """A place in a remote file that moves as it is read."""

    def __init__(self, file: RemoteFile) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.stat().st_size}
        self._at = origin[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        stop = min(self._at + len(buffer), self._file.stat().st_size)
        data = self._file.read(self._at, stop) if stop > self._at else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _unreachable(url: str, error: Exception) -> DataError:
    """Say in one line why something cannot be read."""
    answered = error.__cause__ is None or getattr(error.__cause__, "status", None) is not None
    if isinstance(error, FileNotFoundError) and answered:
        return DataError(f"{url} does not exist", hint="check the URL")
    if isinstance(error, PermissionError):
        return DataError(f"{url} may not be read: {error}", hint="are the credentials in the environment?")
    return DataError(
        f"{url} cannot be read: {type(error).__name__}: {error}",
        hint="check the URL, the network and the credentials",
    )
