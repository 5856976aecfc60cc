"""The formats by name. Ours register through the entry points that outsiders use too.

A package adds a format with an entry point of the group ``somex.formats`` that names a `Format`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from somex.core.errors import FormatError, unknown_value
from somex.core.types import LabeledDocument
from somex.readers.losses import WriteReport
from somex.readers.problems import Problem

ENTRY_POINT_GROUP = "somex.formats"

Matches = Callable[[Path], bool]
Read = Callable[[Path], Iterator[LabeledDocument]]
Write = Callable[[Iterable[LabeledDocument], Path], WriteReport]
Validate = Callable[[Path], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Format:
    """A corpus format.

    Attributes:
        name: Its name on the command line.
        description: What it is, in one line.
        matches: Tells whether a file or folder looks like the format.
        read: Yields the documents of a file or folder.
        write: Writes documents to a file or folder; None where the format is only read.
        validate: Yields every fault of a file or folder.
    """

    name: str
    description: str
    matches: Matches
    read: Read
    write: Write | None
    validate: Validate

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise FormatError(f"format name {self.name!r} is no identifier, like 'jsonl' is")


@cache
def formats() -> dict[str, Format]:
    """Return all registered formats by name, sorted.

    Raises:
        FormatError: An entry point names something else than a `Format`.
    """
    found: dict[str, Format] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        loaded = point.load()
        if not isinstance(loaded, Format) or loaded.name != point.name:
            raise FormatError(
                f"entry point {point.name!r} of {ENTRY_POINT_GROUP} ({point.value}) names no "
                "Format of that name"
            )
        found[point.name] = loaded
    return found


def get_format(name: str) -> Format:
    """Return the format called ``name``.

    Raises:
        FormatError: There is none; the message lists all names.
    """
    known = formats()
    if name not in known:
        raise FormatError(unknown_value("format", name, list(known)))
    return known[name]


def detect_format(path: str | Path) -> Format:
    """Return the one format that a file or folder looks like.

    Plain text counts only where nothing else matches, since most formats hold ``.txt`` files.

    Raises:
        FormatError: Nothing is there, or no format or more than one matches.
    """
    place = Path(path)
    if not place.exists():
        raise FormatError("no such file or folder", path=str(path))
    matching = [found for found in formats().values() if found.matches(place)]
    special = [found for found in matching if found.name != "text"] or matching
    if len(special) != 1:
        which = ", ".join(found.name for found in special) or "none"
        message = f"looks like {which} of the formats {', '.join(formats())}; name one"
        raise FormatError(message, path=str(path))
    return special[0]


def read_corpus(path: str | Path, *, format: str | None = None) -> Iterator[LabeledDocument]:
    """Return the documents of a corpus.

    Args:
        path: File or folder.
        format: Name of its format; found out unless given.

    Raises:
        FormatError: The format is unknown or the corpus breaks it.
    """
    found = detect_format(path) if format is None else get_format(format)
    return found.read(Path(path))
