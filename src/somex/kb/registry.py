"""The sources by name. Ours register through the entry points that outsiders use too.

A package adds a source with an entry point of the group ``somex.kb_sources`` that names a `Source`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points

from somex.core.errors import ConfigError, unknown_value
from somex.core.known_software import KnownSoftware
from somex.kb.source_file import SourceFile

ENTRY_POINT_GROUP = "somex.kb_sources"


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of dump that software is read from.

    Attributes:
        name: Its name on the command line.
        description: What it is, in one line.
        read: Yields the software of a dump, as a stream, and counts what it can't read. The first
            identifier of each is the source's own; what comes again with it adds to the first.
        options: Name of each option -> what it does.
    """

    name: str
    description: str
    read: Callable[[SourceFile], Iterator[KnownSoftware]]
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ConfigError(f"source name {self.name!r} is no identifier, like 'cran' is")


@cache
def sources() -> dict[str, Source]:
    """Return all registered sources by name, sorted.

    Raises:
        ConfigError: An entry point names something else than a `Source`.
    """
    found: dict[str, Source] = {}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        loaded = point.load()
        if not isinstance(loaded, Source) or loaded.name != point.name:
            raise ConfigError(
                f"entry point {point.name!r} of {ENTRY_POINT_GROUP} ({point.value}) names no "
                "Source of that name"
            )
        found[point.name] = loaded
    return found


def get_source(name: str) -> Source:
    """Return the source called ``name``.

    Raises:
        ConfigError: There is none; the message lists all names.
    """
    known = sources()
    if name not in known:
        raise ConfigError(unknown_value("source", name, list(known)))
    return known[name]
