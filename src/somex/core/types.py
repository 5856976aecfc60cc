"""The data model: documents, sentences, tokens, mentions, relations. Frozen, checked when built.

All offsets are half-open and count Unicode code points of ``Document.text``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from somex.core.errors import AnnotationError
from somex.core.schema import PURPOSE_TYPES, EntityType, Purpose, RelationType, is_compatible


def _check_span(what: str, char_start: int, char_end: int, *, allow_empty: bool = False) -> None:
    least = char_start if allow_empty else char_start + 1
    if char_start < 0 or char_end < least:
        raise AnnotationError(
            f"{what} spans characters {char_start} to {char_end}; "
            f"a span starts at 0 or later and ends {'at or ' if allow_empty else ''}after its start"
        )


@dataclass(frozen=True, slots=True)
class Token:
    """A token: characters ``char_start`` to ``char_end`` of its document."""

    char_start: int
    char_end: int

    def __post_init__(self) -> None:
        _check_span("token", self.char_start, self.char_end)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A slice of a document with its tokens, in reading order and without overlap."""

    char_start: int
    char_end: int
    tokens: tuple[Token, ...] = ()

    def __post_init__(self) -> None:
        _check_span("sentence", self.char_start, self.char_end, allow_empty=True)
        reached = self.char_start
        for token in self.tokens:
            if token.char_start < reached or token.char_end > self.char_end:
                raise AnnotationError(
                    f"token {token.char_start}-{token.char_end} lies outside its sentence "
                    f"{self.char_start}-{self.char_end} or overlaps the token before it"
                )
            reached = token.char_end

    def holds(self, mention: Mention) -> bool:
        """Tell whether a mention lies in the sentence as a whole."""
        return self.char_start <= mention.char_start and mention.char_end <= self.char_end


@dataclass(frozen=True, slots=True)
class Section:
    """A named part of a document."""

    name: str
    char_start: int
    char_end: int

    def __post_init__(self) -> None:
        _check_span(f"section {self.name!r}", self.char_start, self.char_end, allow_empty=True)


@dataclass(frozen=True, slots=True)
class Document:
    """A text to read.

    Attributes:
        id: Name of the document, unique in its corpus.
        text: The whole text; every offset counts its characters.
        sentences: The sentences with tokens where the source has them (SOMD); empty where the
            text is natural and is to be segmented.
        sections: Named parts, in reading order.
        provenance: Where the text came from (path, DOI, format), as plain strings.
    """

    id: str
    text: str
    sentences: tuple[Sentence, ...] = ()
    sections: tuple[Section, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            raise AnnotationError("a document needs an id that is not empty")
        parts: list[Sentence | Section] = [*self.sentences, *self.sections]
        for part in parts:
            if part.char_end > len(self.text):
                raise AnnotationError(
                    f"document {self.id!r}: {type(part).__name__.lower()} "
                    f"{part.char_start}-{part.char_end} ends after the text "
                    f"({len(self.text)} characters)"
                )

    def slice(self, char_start: int, char_end: int) -> str:
        """Return the text between two offsets."""
        return self.text[char_start:char_end]


@dataclass(frozen=True, slots=True)
class Mention:
    """A typed span of a document.

    Attributes:
        type: Entity type.
        char_start: First character.
        char_end: One past the last character.
        purpose: Why the software is mentioned, where that is known; software types only.
        confidence: Probability that span and type are right, 0 to 1; 1 for gold annotation.
    """

    type: EntityType
    char_start: int
    char_end: int
    purpose: Purpose | None = None
    confidence: float = 1.0

    def __post_init__(self) -> None:
        _check_span(f"{self.type} mention", self.char_start, self.char_end)
        _check_confidence(self.confidence)
        if self.purpose is not None and self.type not in PURPOSE_TYPES:
            raise AnnotationError(
                f"a {self.type} mention has purpose {self.purpose}; "
                f"only {', '.join(sorted(PURPOSE_TYPES))} have one"
            )

    @property
    def key(self) -> tuple[int, int, EntityType]:
        """Span and type: what the shared task compares."""
        return (self.char_start, self.char_end, self.type)


def _check_confidence(confidence: float) -> None:
    if not 0.0 <= confidence <= 1.0:
        raise AnnotationError(f"confidence {confidence} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Relation:
    """``head <type> tail``: the head is the attribute, the tail its host.

    Raises:
        AnnotationError: The schema does not allow the type between these mentions.
    """

    type: RelationType
    head: Mention
    tail: Mention
    confidence: float = 1.0

    def __post_init__(self) -> None:
        _check_confidence(self.confidence)
        if not is_compatible(self.type, self.head.type, self.tail.type):
            raise AnnotationError(
                f"{self.type} can't lead from {self.head.type} to {self.tail.type} "
                "(see somex.core.schema.RELATION_ARGUMENTS)"
            )


@dataclass(frozen=True, slots=True)
class Annotation:
    """The mentions and relations of one document, mentions in reading order.

    Raises:
        AnnotationError: Two mentions share span and type, or a relation names a mention that is
            not among the mentions.
    """

    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.mentions)
        keys = {mention.key for mention in self.mentions}
        if len(keys) != len(self.mentions):
            raise AnnotationError("two mentions of one document share span and type")
        for relation in self.relations:
            for end in (relation.head, relation.tail):
                if end not in known:
                    raise AnnotationError(
                        f"{relation.type} names a {end.type} mention at "
                        f"{end.char_start}-{end.char_end} that is not among the mentions"
                    )

    @classmethod
    def build(cls, mentions: Iterable[Mention], relations: Iterable[Relation] = ()) -> Annotation:
        """Return an annotation with mentions and relations in reading order."""
        return cls(
            tuple(sorted(mentions, key=lambda m: m.key)),
            tuple(sorted(relations, key=lambda r: (r.head.key, r.tail.key, r.type))),
        )


@dataclass(frozen=True, slots=True)
class LabeledDocument:
    """A document with its annotation.

    Raises:
        AnnotationError: A mention ends after the text.
    """

    document: Document
    annotation: Annotation = field(default_factory=Annotation)

    def __post_init__(self) -> None:
        for mention in self.annotation.mentions:
            if mention.char_end > len(self.document.text):
                raise AnnotationError(
                    f"document {self.document.id!r}: {mention.type} mention "
                    f"{mention.char_start}-{mention.char_end} ends after the text "
                    f"({len(self.document.text)} characters)"
                )
