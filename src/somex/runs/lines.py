"""The documents of a part that is not finished: a file that grows line by line, with an index."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """A document's line.

    Attributes:
        start: Where it begins in the file.
        n_bytes: Its length, newline included.
        provenance: That of the document.
        counts: Its mentions, relations and characters.
    """

    start: int
    n_bytes: int
    provenance: Mapping[str, str]
    counts: tuple[int, int, int]


class GrowingLines:
    """Lines by the id of their document; what a killed process left is taken over.

    Args:
        path: The file; made where it is missing. A torn last line is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.lines: dict[str, Line] = {}
        self._path = path
        self._end = 0
        self._stream = path.open("a+b")
        self._stream.seek(0)
        for raw in self._stream:
            if not raw.endswith(b"\n") or not self._index(raw):
                break
        self._stream.truncate(self._end)

    def append(self, raw: bytes) -> None:
        """Add a line, newline included; it survives the end of the process.

        Raises:
            ValueError: It is no document.
        """
        if not self._index(raw):
            raise ValueError(f"not the line of a document: {raw[:80]!r}")
        self._stream.write(raw)
        self._stream.flush()

    def read(self, ids: list[str]) -> Iterator[bytes]:
        """Yield the lines of documents, those that are there, in the order of ``ids``."""
        for id in ids:
            if (line := self.lines.get(id)) is not None:
                self._stream.seek(line.start)
                yield self._stream.read(line.n_bytes)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def remove(self) -> None:
        """Close and delete the file."""
        self.close()
        self._path.unlink()

    def _index(self, raw: bytes) -> bool:
        """Take a line into the index, in place of an earlier one of its document."""
        try:
            found: dict[str, Any] = json.loads(raw)
            counts = (len(found["mentions"]), len(found["relations"]), len(found["text"]))
            line = Line(self._end, len(raw), found["provenance"], counts)
            self.lines[found["id"]] = line
        except (ValueError, KeyError, TypeError):
            return False
        self._end += len(raw)
        return True


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive the end of the machine."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
