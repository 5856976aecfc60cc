"""The process that reads uploads: no network, no writing, bounded memory; it may be killed.

It takes requests and gives answers as JSON, each behind its length in 8 bytes. Started by
`somex.service.reading`.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from somex.core.errors import FormatError, SomexError
from somex.core.types import Document, LabeledDocument
from somex.readers.archives import DAMAGES, is_archive
from somex.readers.inputs import find_sources
from somex.readers.jsonl import document_to_json
from somex.readers.papers import SourceReader
from somex.readers.registry import detect_format

LENGTH = struct.Struct(">Q")
MEMORY_BYTES = 4 << 30
_CORPORA = ("jsonl", "softcite")
_CHUNK = 1 << 20


def read_frame(stream: IO[bytes]) -> Any:
    """Return the next message; None at the end."""
    head = stream.read(LENGTH.size)
    return json.loads(stream.read(*LENGTH.unpack(head))) if len(head) == LENGTH.size else None


def frame(message: dict[str, Any]) -> bytes:
    """Return a message as it is sent; lone surrogates stay escaped."""
    raw = json.dumps(message).encode("ascii")
    return LENGTH.pack(len(raw)) + raw


def unpacked_bytes(path: Path, n_most: int) -> int:
    """Return how many bytes a file unpacks to, or some number above ``n_most``.

    Raises:
        FormatError: It is a damaged archive.
    """
    name = path.name.lower()
    try:
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                return sum(info.file_size for info in archive.infolist())
        if is_archive(name) and not name.endswith(".tar"):
            with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
                return _sum_until((member.size for member in tar), n_most)
        if name.endswith(".gz"):
            with gzip.open(path) as stream:
                return _sum_until(map(len, iter(lambda: stream.read(_CHUNK), b"")), n_most)
    except DAMAGES as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise FormatError(f"can't be read: {reason}", path=path.name) from None
    return path.stat().st_size


def _sum_until(sizes: Iterator[int], n_most: int) -> int:
    total = 0
    for size in sizes:
        total += size
        if total > n_most:
            break
    return total


class Uploads:
    """The uploaded files of one request: a list of parts, each read when it is asked for.

    Args:
        names: Names of the files, in the working folder.
        unpacked_bytes: Most bytes that they unpack to together.
    """

    def __init__(self, names: list[str], *, unpacked_bytes: int) -> None:
        self._reader = SourceReader()
        self.parts: list[tuple[str, Callable[[], Document]]] = []
        self._room = unpacked_bytes
        self._n_most = unpacked_bytes
        for name in names:
            self._add(Path(name))

    def _add(self, path: Path) -> None:
        try:
            self._room -= unpacked_bytes(path, self._room)
            if self._room < 0:
                message = f"unpacks to more than {self._n_most:,} bytes, the most that is taken"
                raise FormatError(message, path=path.name)
            corpus = self._corpus(path)
            if corpus is not None:
                self.parts += [(d.id, lambda d=d: d) for d in corpus]  # type: ignore[misc]
                return
            for source in find_sources([path]):
                self.parts.append((source.id, lambda s=source: self._reader.read(s)))  # type: ignore[misc]
        except SomexError as error:
            told = _reason(error)

            def fail(told: str = told) -> Document:
                raise FormatError(told)

            self.parts.append((path.name, fail))

    def _corpus(self, path: Path) -> list[Document] | None:
        """Return the documents of a file that holds a corpus, None where it holds none."""
        if is_archive(path.name):
            return None
        try:
            found = detect_format(path)
        except FormatError:
            return None
        if found.name not in _CORPORA:
            return None
        return [labeled.document for labeled in found.read(path)]

    def read(self, index: int) -> dict[str, Any]:
        """Return a part as an answer: its document, or why there is none."""
        id, read = self.parts[index]
        try:
            return {"document": document_to_json(LabeledDocument(read()))}
        except SomexError as error:
            return {"id": id, "reason": _reason(error)}
        except MemoryError:
            return {"id": id, "reason": "needs more memory than is allowed"}
        except Exception as error:  # a fault of a reader; the others are still read
            return {"id": id, "reason": f"could not be read ({type(error).__name__})"}

    def close(self) -> None:
        """Close the archive that is open."""
        self._reader.close()


def _reason(error: SomexError) -> str:
    message = getattr(error, "message", None) or str(error)
    line = getattr(error, "line", None)
    text = " ".join(message.split())
    return f"line {line}: {text}" if line is not None else text


def _bound() -> None:
    """Give up what reading does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer requests until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    _bound()
    uploads: Uploads | None = None
    while (request := read_frame(requests)) is not None:
        if "folder" in request:
            if uploads is not None:
                uploads.close()
            os.chdir(request["folder"])
            uploads = Uploads(request["names"], unpacked_bytes=request["unpacked_bytes"])
            answer: dict[str, Any] = {"ids": [id for id, _ in uploads.parts]}
        elif "close" in request:
            if uploads is not None:
                uploads.close()
            uploads = None
            os.chdir("/")
            answer = {}
        else:
            assert uploads is not None
            answer = uploads.read(request["index"])
        answers.write(frame(answer))
        answers.flush()


if __name__ == "__main__":
    main()
