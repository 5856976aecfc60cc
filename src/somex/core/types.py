"""The data model: documents, sentences, tokens, mentions, relations. Frozen, checked when built.

All offsets are half-open and count Unicode code points of ``Document.text``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from somex.core.errors import AnnotationError
from somex.core.notebook import document_to_html
from somex.core.origins import CallOut, Link, Origin, Reference, check_span
from somex.core.schema import PURPOSE_TYPES, EntityType, Purpose, RelationType, is_compatible


@dataclass(frozen=True, slots=True)
class Token:
    """A token: characters ``char_start`` to ``char_end`` of its document."""

    char_start: int
    char_end: int

    def __post_init__(self) -> None:
        check_span("token", self.char_start, self.char_end)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A slice of a document with its tokens, in reading order and without overlap."""

    char_start: int
    char_end: int
    tokens: tuple[Token, ...] = ()

    def __post_init__(self) -> None:
        check_span("sentence", self.char_start, self.char_end, allow_empty=True)
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
        check_span(f"section {self.name!r}", self.char_start, self.char_end, allow_empty=True)


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
        origins: Where its characters came from, in order and without overlap; empty where the
            text is the source itself. Characters that a reader put in (line breaks between
            paragraphs) have none.
        references: The entries of its bibliography, which is not part of the text.
        call_outs: Where the text points at references.
        links: Where the text carries hyperlinks.
    """

    id: str
    text: str
    sentences: tuple[Sentence, ...] = ()
    sections: tuple[Section, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[Origin, ...] = ()
    references: tuple[Reference, ...] = ()
    call_outs: tuple[CallOut, ...] = ()
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        if not self.id:
            raise AnnotationError("a document needs an id that is not empty")
        parts: list[Sentence | Section | Origin | CallOut | Link] = [*self.sentences]
        parts += [*self.sections, *self.origins, *self.call_outs, *self.links]
        for part in parts:
            if part.char_end > len(self.text):
                raise AnnotationError(
                    f"document {self.id!r}: {type(part).__name__.lower()} "
                    f"{part.char_start}-{part.char_end} ends after the text "
                    f"({len(self.text)} characters)"
                )
        self._check_origins()
        self._check_references()

    def _check_origins(self) -> None:
        reached = 0
        for origin in self.origins:
            if origin.char_start < reached:
                raise AnnotationError(
                    f"document {self.id!r}: origin {origin.char_start}-{origin.char_end} overlaps "
                    "the one before it; origins come in order"
                )
            reached = origin.char_end

    def _check_references(self) -> None:
        known = {reference.id for reference in self.references}
        if len(known) != len(self.references):
            raise AnnotationError(f"document {self.id!r}: two references share an id")
        for call_out in self.call_outs:
            for id in call_out.reference_ids:
                if id not in known:
                    raise AnnotationError(
                        f"document {self.id!r}: the call-out at {call_out.char_start} names "
                        f"reference {id!r}, which is not among the references"
                    )

    def origins_of(self, char_start: int, char_end: int) -> tuple[Origin, ...]:
        """Return where the characters of a span came from, one origin a piece of the source."""
        found = []
        index = bisect_right(self.origins, char_start, key=lambda origin: origin.char_end)
        for origin in self.origins[index:]:
            if origin.char_start >= char_end:
                break
            found.append(origin.clip(char_start, char_end))
        return tuple(found)

    def origin_of(self, char: int) -> Origin | None:
        """Return where one character came from; None where the reader put it in."""
        return next(iter(self.origins_of(char, char + 1)), None)

    def references_of(self, char_start: int, char_end: int) -> tuple[Reference, ...]:
        """Return the references that the call-outs in or across a span point at, in order."""
        ids = {
            id: None
            for call_out in self.call_outs
            if call_out.char_start < char_end and char_start < call_out.char_end
            for id in call_out.reference_ids
        }
        by_id = {reference.id: reference for reference in self.references}
        return tuple(by_id[id] for id in ids)

    def urls_of(self, char_start: int, char_end: int) -> tuple[str, ...]:
        """Return the URLs of the hyperlinks in or across a span, in order."""
        urls = {
            link.url: None
            for link in self.links
            if link.char_start < char_end and char_start < link.char_end
        }
        return tuple(urls)

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
        check_span(f"{self.type} mention", self.char_start, self.char_end)
        _check_confidence(self.confidence)
        if self.purpose is not None and not self.takes_purpose:
            raise AnnotationError(
                f"a {self.type} mention has purpose {self.purpose}; "
                f"only {', '.join(sorted(PURPOSE_TYPES))} have one"
            )

    @property
    def takes_purpose(self) -> bool:
        """Tell whether mentions of this type have a purpose."""
        return self.type in PURPOSE_TYPES

    @property
    def key(self) -> tuple[int, int, EntityType]:
        """Span and type: what the shared task compares."""
        return (self.char_start, self.char_end, self.type)

    def overlaps(self, other: Mention) -> bool:
        """Tell whether the mentions share a character."""
        return self.char_start < other.char_end and other.char_start < self.char_end


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

    def restricted_to(self, mentions: Collection[Mention]) -> Annotation:
        """Return the annotation with some of its mentions and the relations between them."""
        kept = {*mentions}
        relations = (r for r in self.relations if r.head in kept and r.tail in kept)
        return Annotation.build((m for m in self.mentions if m in kept), relations)

    def with_mentions(self, new: Mapping[Mention, Mention]) -> Annotation:
        """Return the annotation with other mentions in the place of its own; relations follow.

        Args:
            new: What each mention becomes, all of them.
        """
        relations = (replace(r, head=new[r.head], tail=new[r.tail]) for r in self.relations)
        return Annotation.build((new[m] for m in self.mentions), relations)


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

    def _repr_html_(self) -> str:
        """Return the text with its mentions coloured, as notebooks show it."""
        return document_to_html(self)
