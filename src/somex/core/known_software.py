"""Known software: what a knowledge base tells of one, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from somex.core.errors import AnnotationError
from somex.core.software import Identifier


@dataclass(frozen=True, slots=True)
class KnownSoftware:
    """An entry of a knowledge base.

    Attributes:
        identifiers: What registries call it, the main one first.
        name: Its registered name.
        aliases: Its other names.
        developers: Who made it.
        kind: What it is, in the words of its registry; empty where that is not known.
        homepage: URL of its home page.
        is_listed: It is in the user's own list, so that its names need no further evidence.
    """

    identifiers: tuple[Identifier, ...]
    name: str
    aliases: tuple[str, ...] = ()
    developers: tuple[str, ...] = ()
    kind: str = ""
    homepage: str | None = None
    is_listed: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise AnnotationError(f"known software {self.identifiers} needs a name, not blanks")


class KnowledgeBase(Protocol):
    """Looks up known software."""

    def lookup(self, name: str) -> tuple[KnownSoftware, ...]:
        """Return every software that a name or alias may stand for; none where it is unknown."""
        ...

    def by_identifier(self, identifier: Identifier) -> KnownSoftware | None:
        """Return the software that an identifier belongs to."""
        ...
