"""Compressed files and archives, read member by member in bounded memory and with suspicion.

Nothing is ever unpacked to disk. Refused are names that lead out of the archive, links and devices,
and what unpacks to far more than it is (bombs).
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from somex.core.errors import FormatError

MAX_BYTES = 256 << 20
"""Unpacked bytes of one document."""

MAX_RATIO = 200
"""Unpacked bytes for each packed one; text has 3 to 20."""

_SMALL = 1 << 20
_SKIP = 1 << 20
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz")
DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
    ValueError,
    OverflowError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive, and why it is not to be read where that is so."""

    name: str
    problem: str | None = None


def is_archive(name: str) -> bool:
    """Tell whether a file name is that of an archive."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def allowed_bytes(n_packed: int) -> int:
    """Return how many bytes so many packed ones may unpack to."""
    return max(_SMALL, n_packed * MAX_RATIO)


class BoundedGzip(gzip.GzipFile):
    """A gzip stream that refuses to go on where it unpacks to far too much."""

    def __init__(self, stream: IO[bytes], *, n_allowed: int, path: str) -> None:
        super().__init__(fileobj=stream, mode="rb")
        self._n_allowed, self._path = n_allowed, path

    def read(self, size: int | None = -1) -> bytes:
        """Read as a file does.

        Raises:
            FormatError: More would come out than is allowed.
        """
        room = self._n_allowed - self.tell() + 1
        found = super().read(room if size is None or size < 0 else min(size, room))
        self._check(self.tell())
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, as far as that is allowed."""
        if whence == 0:
            self._check(offset)
        return super().seek(offset, whence)

    def _check(self, place: int) -> None:
        if place > self._n_allowed:
            message = (
                f"unpacks to more than {self._n_allowed:,} bytes (at most {MAX_RATIO} for each "
                f"packed one, {MAX_BYTES:,} for a document), which is refused"
            )
            raise FormatError(message, path=self._path)


def name_problem(name: str) -> str | None:
    """Return why a member's name is refused: it leads out of the archive."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or plain[1:2] == ":":
        return "has an absolute name, which is refused"
    if ".." in PurePosixPath(plain).parts:
        return "has a name with '..', which leads out of the archive and is refused"
    if "\0" in name:
        return "has a name with a NUL character, which is refused"
    return None


class Archive:
    """An open archive.

    Args:
        path: A ``.zip``, ``.tar``, ``.tgz`` or ``.tar.gz``.

    Raises:
        FormatError: It can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: list[Any] = []
        self._zip: zipfile.ZipFile | None = None
        with damage_told(str(path)):
            if path.name.lower().endswith(".zip"):
                self._zip = zipfile.ZipFile(path)
                self._files.append(self._zip)
                return
            stream: IO[bytes] = path.open("rb")
            self._files.append(stream)
            if not path.name.lower().endswith(".tar"):
                n_allowed = allowed_bytes(path.stat().st_size)
                stream = cast("IO[bytes]", BoundedGzip(stream, n_allowed=n_allowed, path=str(path)))
                self._files.append(stream)
            self._tar = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115
            self._files.append(self._tar)

    def close(self) -> None:
        """Close the file."""
        while self._files:
            self._files.pop().close()

    def members(self) -> Iterator[Member]:
        """Yield the files in their order.

        Raises:
            FormatError: The archive is damaged.
        """
        with damage_told(str(self.path)):
            if self._zip is not None:
                for info in self._zip.infolist():
                    if not info.is_dir():
                        yield Member(info.filename, self._zip_problem(info))
            else:
                for member in self._tar:
                    if not member.isdir():
                        yield Member(member.name, _tar_problem(member))

    def _zip_problem(self, info: zipfile.ZipInfo) -> str | None:
        if (info.external_attr >> 28) == 0xA:
            return "is a link, which is refused"
        if info.flag_bits & 1:
            return "is encrypted; unpack it first"
        return name_problem(info.filename) or _size_problem(info.file_size, info.compress_size)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a member to read it from its beginning.

        Raises:
            FormatError: It is not there, is refused or damaged.
        """
        label = f"{self.path}!{name}"
        with damage_told(label):
            try:
                if self._zip is not None:
                    problem = self._zip_problem(self._zip.getinfo(name))
                    stream = None if problem else self._zip.open(name)
                else:
                    member = self._tar.getmember(name)
                    problem = _tar_problem(member)
                    stream = None if problem else self._tar.extractfile(member)
            except KeyError:
                raise FormatError("is not in the archive", path=label) from None
            if problem or stream is None:
                raise FormatError(problem or "is no file", path=label)
            with stream:
                yield stream


def _tar_problem(member: tarfile.TarInfo) -> str | None:
    if member.issym() or member.islnk():
        return "is a link, which is refused"
    if not member.isreg():
        return "is neither a file nor a folder, which is refused"
    return name_problem(member.name) or _size_problem(member.size, member.size)


def _size_problem(n_unpacked: int, n_packed: int) -> str | None:
    if n_unpacked > MAX_BYTES:
        return f"unpacks to {n_unpacked:,} bytes; at most {MAX_BYTES:,} are read as one document"
    if n_unpacked > allowed_bytes(n_packed):
        return (
            f"unpacks from {n_packed:,} to {n_unpacked:,} bytes, more than {MAX_RATIO} for each, "
            "which is refused"
        )
    return None


@contextmanager
def damage_told(path: str) -> Iterator[None]:
    """Turn what the libraries raise for damaged files into a FormatError."""
    try:
        yield
    except FormatError:
        raise
    except FileNotFoundError:
        raise FormatError("no such file", path=path) from None
    except DAMAGES as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise FormatError(f"can't be read: {reason}", path=path) from None
