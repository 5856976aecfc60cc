"""The mentions to link: each with what its document says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from somex.core.errors import AnnotationError
from somex.core.schema import SOFTWARE_TYPES, EntityType, Purpose, RelationType
from somex.core.software import Identifier, MentionRef
from somex.core.types import Document, LabeledDocument, Mention, Relation, Sentence
from somex.linking.identifiers import identifiers_in
from somex.text.sentences import sentences_of

LINKED_TYPES = SOFTWARE_TYPES | {EntityType.SOFTWARE_COREFERENCE}
"""Types of the mentions that are linked."""


@dataclass(frozen=True, slots=True)
class LinkItem:
    """A mention of a software, with what its document says of it.

    Attributes:
        ref: Document and mention.
        surface: The mention as it stands in the text.
        type: Entity type.
        sentence: The sentence that it stands in; may be empty.
        char_start: Where it starts in ``sentence``.
        versions: Versions that the text gives it.
        developers: Developers, likewise.
        citations: Citations as they stand, which mean something only in their document.
        aliases: Other names that the text gives it (abbreviations, alternative names).
        identifiers: What its URLs, citations and links identify.
        host: Name of the software that it extends, where the text tells.
        antecedent: Of a SoftwareCoreference, the mention that it stands for.
    """

    ref: MentionRef
    surface: str
    type: EntityType
    sentence: str = ""
    char_start: int = 0
    versions: tuple[str, ...] = ()
    developers: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    host: str | None = None
    antecedent: MentionRef | None = None

    def __post_init__(self) -> None:
        if self.type not in LINKED_TYPES:
            raise AnnotationError(
                f"a {self.type} mention can't be linked; valid: {', '.join(sorted(LINKED_TYPES))}"
            )
        if not self.surface.strip():
            raise AnnotationError(f"mention {self.ref} has no text to link by")


_ALIAS_RELATIONS = {RelationType.ABBREVIATION_OF, RelationType.ALTERNATIVE_NAME_OF}


def read_items(labeled_documents: Iterable[LabeledDocument]) -> Iterator[LinkItem]:
    """Yield the mentions to link of documents, in reading order.

    Mention ids are those of JSON Lines: T1 is the first mention in reading order.
    """
    for labeled in labeled_documents:
        yield from _DocumentItems(labeled).read()


class _DocumentItems:
    """Makes the items of one document."""

    def __init__(self, labeled: LabeledDocument) -> None:
        self._document: Document = labeled.document
        self._mentions = labeled.annotation.mentions
        self._ids = {m: f"T{n}" for n, m in enumerate(self._mentions, start=1)}
        self._to: dict[Mention, list[Relation]] = defaultdict(list)
        self._from: dict[Mention, list[Relation]] = defaultdict(list)
        for relation in labeled.annotation.relations:
            self._to[relation.tail].append(relation)
            self._from[relation.head].append(relation)

    def read(self) -> Iterator[LinkItem]:
        linked = [mention for mention in self._mentions if mention.type in LINKED_TYPES]
        if not linked:
            return
        sentences = sentences_of(self._document)
        place, named = 0, list[Mention]()
        for mention in linked:
            while place + 1 < len(sentences) and sentences[place].char_end <= mention.char_start:
                place += 1
            antecedent = None
            if mention.type is EntityType.SOFTWARE_COREFERENCE:
                antecedent = find_antecedent(named)
            else:
                named.append(mention)
            if self._text(mention).strip():
                sentence = sentences[place] if sentences else None
                yield self._item(mention, sentence, antecedent)

    def _item(
        self, mention: Mention, sentence: Sentence | None, antecedent: Mention | None
    ) -> LinkItem:
        if sentence is None or not sentence.holds(mention):
            sentence = Sentence(mention.char_start, mention.char_end)
        return LinkItem(
            self._ref(mention),
            self._text(mention),
            mention.type,
            self._document.slice(sentence.char_start, sentence.char_end),
            mention.char_start - sentence.char_start,
            versions=self._attributes(mention, {RelationType.VERSION_OF, RelationType.RELEASE_OF}),
            developers=self._attributes(mention, {RelationType.DEVELOPER_OF}),
            citations=self._attributes(mention, {RelationType.CITATION_OF}),
            aliases=self._aliases(mention),
            identifiers=tuple(sorted(set(self._identifiers(mention)))),
            host=self._host(mention),
            antecedent=None if antecedent is None else self._ref(antecedent),
        )

    def _ref(self, mention: Mention) -> MentionRef:
        return MentionRef(self._document.id, self._ids[mention])

    def _text(self, mention: Mention) -> str:
        return " ".join(self._document.slice(mention.char_start, mention.char_end).split())

    def _attributes(self, mention: Mention, types: set[RelationType]) -> tuple[str, ...]:
        return tuple(self._text(r.head) for r in self._to[mention] if r.type in types)

    def _aliases(self, mention: Mention) -> tuple[str, ...]:
        of_others = [r.tail for r in self._from[mention] if r.type in _ALIAS_RELATIONS]
        return self._attributes(mention, _ALIAS_RELATIONS) + tuple(map(self._text, of_others))

    def _host(self, mention: Mention) -> str | None:
        hosts = [r.tail for r in self._from[mention] if r.type is RelationType.PLUGIN_OF]
        return self._text(hosts[0]) if hosts else None

    def _identifiers(self, mention: Mention) -> Iterator[Identifier]:
        """Yield what URLs, citations and links of a mention identify."""
        yield from self._links(mention)
        for relation in self._to[mention]:
            if relation.type is RelationType.URL_OF:
                yield from identifiers_in(self._text(relation.head))
                yield from self._links(relation.head)
            elif relation.type is RelationType.CITATION_OF:
                yield from identifiers_in(self._text(relation.head), is_address=False)

    def _links(self, mention: Mention) -> Iterator[Identifier]:
        for url in self._document.urls_of(mention.char_start, mention.char_end):
            yield from identifiers_in(url)


def find_antecedent(named: list[Mention]) -> Mention | None:
    """Return which of the software named so far words such as "the software" stand for.

    That is the last one that the authors created or deposited, else the last one of all.
    """
    own = [m for m in named if m.purpose in (Purpose.CREATION, Purpose.DEPOSITION)]
    return next(reversed(own or named), None)
