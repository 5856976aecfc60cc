"""Plain text files, UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from somex.core.errors import FormatError
from somex.core.types import Document, LabeledDocument
from somex.readers.files import read_utf8
from somex.readers.problems import Problem, problem_of


def read_text(path: str | Path, *, id: str | None = None) -> LabeledDocument:
    """Read a plain text as a document without annotation; an empty file is an empty text.

    Args:
        path: UTF-8 file; a byte order mark is removed, newlines stay as they are.
        id: Id of the document; the stem of the file unless given.

    Raises:
        FormatError: The file is missing or not UTF-8; the message gives byte offset and line.
    """
    place = Path(path)
    provenance = {"format": "text", "path": str(place)}
    return LabeledDocument(Document(id or place.stem, read_utf8(place), provenance=provenance))


def read_texts(path: str | Path) -> Iterator[LabeledDocument]:
    """Read a text file, or every ``.txt`` under a folder, sorted, ids being paths without suffix.

    Raises:
        FormatError: A file is not UTF-8, or there is none.
    """
    root = Path(path)
    if not root.is_dir():
        yield read_text(root)
        return
    paths = sorted(found for found in root.rglob("*.txt") if found.is_file())
    if not paths:
        raise FormatError("holds no .txt file", path=str(root))
    for found in paths:
        yield read_text(found, id=found.relative_to(root).as_posix().removesuffix(".txt"))


def check_texts(path: str | Path) -> Iterator[Problem]:
    """Yield the files that are not UTF-8."""
    root = Path(path)
    paths = sorted(root.rglob("*.txt")) if root.is_dir() else [root]
    for found in paths:
        try:
            read_utf8(found)
        except FormatError as error:
            yield problem_of(error, path=str(found))
