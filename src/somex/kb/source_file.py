"""A dump as a stream of lines in bounded memory, its faults counted and its progress told."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from somex.core.errors import FormatError
from somex.readers.archives import DAMAGES

MAX_LINE = 64 << 20
"""Bytes of a line; the longest entity of Wikidata has about 5 MB."""

_CHUNK = 1 << 20
_DAMAGES = (*DAMAGES, lzma.LZMAError)

Progress = Callable[[str, int, int], None]
"""Hears what is read, how many of its bytes are done, and how many it has."""


def no_progress(what: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Faults:
    """The faults of one dump: all are counted, the first few kept with their line.

    Attributes:
        n_faults: How many there were.
        first: The first of them, as texts with the line.
    """

    n_faults: int = 0
    first: list[str] = field(default_factory=list)

    def tell(self, line: int | None, message: str) -> None:
        """Count a fault."""
        self.n_faults += 1
        if len(self.first) < 5:
            self.first.append(f"line {line}: {message}" if line else message)


class _Counted(io.RawIOBase):
    """A file that tells how far it has been read."""

    def __init__(self, stream: IO[bytes], what: str, total: int, progress: Progress) -> None:
        self._stream, self._what, self._total = stream, what, total
        self._progress, self._done, self._told = progress, 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        n_read = cast("io.FileIO", self._stream).readinto(cast("bytearray", buffer)) or 0
        self._done += n_read
        if self._done - self._told >= _CHUNK or n_read == 0:
            self._told = self._done
            self._progress(self._what, self._done, self._total)
        return n_read


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A dump that a source reads.

    Attributes:
        path: The file; ``.gz``, ``.bz2`` and ``.xz`` are unpacked as they are read.
        options: Options of the source, by name.
        faults: Where the source counts what it could not read.
        progress: Hears how far the file has been read.
    """

    path: Path
    options: Mapping[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    progress: Progress = no_progress

    @contextmanager
    def open(self, what: str = "") -> Iterator[IO[bytes]]:
        """Open the unpacked bytes of the file as a buffered stream.

        Args:
            what: What is read, for the progress.

        Raises:
            FormatError: There is no such file, or it can't be opened.
        """
        try:
            total = self.path.stat().st_size
            raw = self.path.open("rb", buffering=0)
        except FileNotFoundError:
            raise FormatError("no such file", path=str(self.path)) from None
        except OSError as error:
            raise FormatError(f"can't be read: {error.strerror}", path=str(self.path)) from None
        with raw:
            counted = _Counted(cast("IO[bytes]", raw), what or self.path.name, total, self.progress)
            yield _unpacked(io.BufferedReader(counted, _CHUNK), self.path)

    def lines(self, what: str = "") -> Iterator[tuple[int, bytes]]:
        """Yield the lines with their 1-based numbers, line ends cut off.

        A line of more than `MAX_LINE` bytes is told and passed over; where the file is damaged so
        that nothing more can be unpacked, that is told and the lines end.
        """
        number = 0
        with self.open(what) as stream:
            try:
                while line := stream.readline(MAX_LINE):
                    number += 1
                    if len(line) == MAX_LINE and not line.endswith(b"\n"):
                        self._pass_over(stream, number)
                    else:
                        yield number, line.rstrip(b"\r\n")
            except _DAMAGES as error:
                self.tell_damage(number + 1, error)

    def _pass_over(self, stream: IO[bytes], number: int) -> None:
        self.faults.tell(number, f"has more than {MAX_LINE:,} bytes and is passed over")
        while (rest := stream.readline(_CHUNK)) and not rest.endswith(b"\n"):
            pass

    def tell_damage(self, line: int | None, error: BaseException) -> None:
        """Count what a library raised for a damaged file."""
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self.faults.tell(line, f"the file can't be read any further: {reason}")


def _unpacked(stream: io.BufferedReader, path: Path) -> IO[bytes]:
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return cast("IO[bytes]", io.BufferedReader(gzip.GzipFile(fileobj=stream), _CHUNK))
    if suffix == ".bz2":
        return cast("IO[bytes]", io.BufferedReader(bz2.BZ2File(stream), _CHUNK))
    if suffix == ".xz":
        return cast("IO[bytes]", io.BufferedReader(lzma.LZMAFile(stream), _CHUNK))
    return cast("IO[bytes]", stream)


def decode(raw: bytes) -> str:
    """Return a line as text: UTF-8, or Latin-1 where it is none (old entries of CRAN)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
