"""Software as an entity of its own: what mentions of one document, or of many, stand for."""

from __future__ import annotations

from dataclasses import dataclass

from somex.core.errors import AnnotationError, unknown_value
from somex.core.schema import SOFTWARE_TYPES, EntityType
from somex.core.types import Mention, Relation

IDENTIFIER_URIS = {
    "bioconductor": "https://bioconductor.org/packages/{}",
    "cran": "https://cran.r-project.org/package={}",
    "doi": "https://doi.org/{}",
    "pypi": "https://pypi.org/project/{}/",
    "rrid": "https://identifiers.org/RRID:{}",
    "url": "{}",
    "wikidata": "http://www.wikidata.org/entity/{}",
}
"""Scheme of an identifier -> the URI of a value of it."""


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """A name that a registry or the web gives to a software.

    Attributes:
        scheme: One of `IDENTIFIER_URIS`; repository addresses and home pages are ``url``.
        value: As its registry writes it: ``SCR_002865``, ``Q206904``, ``ggplot2``,
            ``10.5281/zenodo.1234``, ``https://github.com/owner/name``.
    """

    scheme: str
    value: str

    def __post_init__(self) -> None:
        if self.scheme not in IDENTIFIER_URIS:
            raise AnnotationError(
                unknown_value("identifier scheme", self.scheme, list(IDENTIFIER_URIS))
            )
        if not self.value or self.value != self.value.strip():
            raise AnnotationError(f"{self.scheme} identifier {self.value!r} is empty or has blanks")

    @property
    def uri(self) -> str:
        """The identifier as a URI."""
        return IDENTIFIER_URIS[self.scheme].format(self.value)


@dataclass(frozen=True, slots=True)
class DocumentSoftware:
    """One software of a document.

    Attributes:
        name: The name that the document uses most, of equals the one that comes first.
        mentions: Its names, abbreviations, alternative names and coreferences, in reading order.
        attributes: What is attached to any of them, in reading order of the attributes; the tail
            of each relation is the mention to which it is attached.

    Raises:
        AnnotationError: It has no mention, or something is attached to what is no mention of it.
    """

    name: str
    mentions: tuple[Mention, ...]
    attributes: tuple[Relation, ...] = ()

    def __post_init__(self) -> None:
        if not self.mentions:
            raise AnnotationError(f"software {self.name!r} has no mention")
        inside = set(self.mentions)
        for relation in self.attributes:
            if relation.tail not in inside:
                raise AnnotationError(
                    f"software {self.name!r}: the host of a {relation.type} at "
                    f"{relation.tail.char_start}-{relation.tail.char_end} is none of its mentions"
                )

    @property
    def is_named(self) -> bool:
        """Tell whether the document names it; else there are only coreferences or other names."""
        return any(mention.type in SOFTWARE_TYPES for mention in self.mentions)


@dataclass(frozen=True, slots=True, order=True)
class MentionRef:
    """A mention in a collection of documents.

    Attributes:
        document_id: Id of the document.
        mention_id: Id of the mention in JSON Lines: ``T1`` is the first in reading order.
    """

    document_id: str
    mention_id: str


@dataclass(frozen=True, slots=True)
class Software:
    """One software and all its mentions.

    Attributes:
        id: Stable id, unique in its collection.
        name: The name to show: the commonest or, with a knowledge base, the registered one.
        names: Every spelling met, the commonest first.
        type: Entity type of most of its mentions.
        mentions: Where it is mentioned, in order, each once.
        identifiers: What registries and the texts call it, sorted.
        developers: Developers that the texts name, the commonest first.
        host_id: Id of the software that it extends (of a PlugIn), where the texts agree on one.
    """

    id: str
    name: str
    names: tuple[str, ...]
    type: EntityType
    mentions: tuple[MentionRef, ...]
    identifiers: tuple[Identifier, ...] = ()
    developers: tuple[str, ...] = ()
    host_id: str | None = None

    def __post_init__(self) -> None:
        if not self.id or not self.name:
            raise AnnotationError("a software needs an id and a name that are not empty")
        if len(set(self.mentions)) != len(self.mentions):
            raise AnnotationError(f"software {self.id!r} lists a mention twice")
