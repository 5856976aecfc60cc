"""What outputs say of a document: ids, contexts, sections and attributes of its mentions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from somex.core.schema import PURPOSE_TYPES, EntityType, RelationType
from somex.core.software import DocumentSoftware
from somex.core.types import Document, LabeledDocument, Mention, Relation, Sentence
from somex.outputs.source import Linking
from somex.readers.jsonl import Result
from somex.readers.paper_builder import find_doi
from somex.text.matching import name_key
from somex.text.sentences import sentences_of

CONTEXT_CHARS = 80
MAX_SENTENCE = 500


def collapse(text: str) -> str:
    """Return a text with each run of white space as one blank."""
    return " ".join(text.split())


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """Return values without those that came before."""
    return tuple(dict.fromkeys(values))


@dataclass(frozen=True, slots=True)
class MentionFacts:
    """A mention with what follows from its document.

    Attributes:
        id: Its id: T1 is the first in reading order.
        mention: The mention.
        text: Its characters.
        software_key: What its software is called: the id of the linking or, where nobody linked,
            the key of the name that its document uses most; None where it stands for no software.
        elsewhere: What is attached to other mentions of the same software in the document.
        attributes: Relation type -> the mentions that are attached to it, in reading order.
        hosts: The relations that attach it to others.
    """

    id: str
    mention: Mention
    text: str
    software_key: str | None
    attributes: Mapping[RelationType, tuple[Mention, ...]]
    hosts: tuple[Relation, ...]
    elsewhere: tuple[Relation, ...] = ()

    @property
    def is_software(self) -> bool:
        """Tell whether it is of a type that names software, or points at one."""
        return self.mention.type in PURPOSE_TYPES

    @property
    def has_version(self) -> bool:
        """Tell whether a version or a release is attached."""
        return not self.attributes.keys().isdisjoint(
            (RelationType.VERSION_OF, RelationType.RELEASE_OF)
        )

    @property
    def has_citation(self) -> bool:
        """Tell whether a citation is attached."""
        return RelationType.CITATION_OF in self.attributes


@dataclass(slots=True)
class DocumentFacts:
    """A document with what its outputs say of it.

    Attributes:
        result: The document and what made its annotation.
        linking: The linking; one without software where nobody linked.
        mentions: Its mentions in reading order.
        sentences: Its sentences: those of the source, else by rules.
    """

    result: Result
    linking: Linking
    mentions: tuple[MentionFacts, ...] = field(init=False)
    sentences: tuple[Sentence, ...] = field(init=False)
    _ids: dict[Mention, str] = field(init=False)
    _software: dict[Mention, DocumentSoftware] = field(init=False)

    def __post_init__(self) -> None:
        document, annotation = self.labeled.document, self.labeled.annotation
        self.sentences = sentences_of(document)
        self._ids = {m: f"T{n}" for n, m in enumerate(annotation.mentions, start=1)}
        self.linking.check(document.id, set(self._ids.values()))
        self._software = {m: one for one in self.result.resolve() for m in one.mentions}
        attributes: dict[Mention, dict[RelationType, tuple[Mention, ...]]] = {}
        hosts: dict[Mention, tuple[Relation, ...]] = {}
        for relation in annotation.relations:
            of_tail = attributes.setdefault(relation.tail, {})
            of_tail[relation.type] = (*of_tail.get(relation.type, ()), relation.head)
            hosts[relation.head] = (*hosts.get(relation.head, ()), relation)
        self.mentions = tuple(
            MentionFacts(
                id,
                mention,
                self.text_of(mention),
                self._software_key(mention, id),
                attributes.get(mention, {}),
                hosts.get(mention, ()),
                self._elsewhere(mention),
            )
            for mention, id in self._ids.items()
        )

    def _software_key(self, mention: Mention, id: str) -> str | None:
        if self.linking.is_linked:
            return self.linking.id_of(self.document.id, id)
        software = self._software.get(mention)
        if mention.type not in PURPOSE_TYPES or software is None or not software.is_named:
            return None
        return name_key(software.name)

    def _elsewhere(self, mention: Mention) -> tuple[Relation, ...]:
        software = self._software.get(mention)
        if software is None or mention.type not in PURPOSE_TYPES:
            return ()
        return tuple(r for r in software.attributes if r.tail != mention)

    @property
    def labeled(self) -> LabeledDocument:
        """The document with its annotation."""
        return self.result.labeled

    @property
    def document(self) -> Document:
        """The document."""
        return self.labeled.document

    @property
    def title(self) -> str | None:
        """The title, where the source has one."""
        return collapse(self.document.provenance.get("title", "")) or None

    @property
    def doi(self) -> str | None:
        """The DOI, bare and in lower case."""
        given = self.document.provenance.get("doi")
        return None if not given else find_doi(given) or given

    @property
    def model_name(self) -> str | None:
        """The name of the model that annotated it; None for gold."""
        model: Mapping[str, Any] | None = self.result.model
        return None if model is None else str(model.get("name", "unknown"))

    def id_of(self, mention: Mention) -> str:
        """Return the id of a mention."""
        return self._ids[mention]

    def text_of(self, mention: Mention) -> str:
        """Return the characters of a mention."""
        return self.document.slice(mention.char_start, mention.char_end)

    def texts_of(self, facts: MentionFacts, *types: RelationType) -> tuple[str, ...]:
        """Return the texts of what is attached by relations of these types, each once."""
        attached = (mention for type in types for mention in facts.attributes.get(type, ()))
        return unique(collapse(self.text_of(mention)) for mention in attached)

    def section_of(self, mention: Mention) -> str | None:
        """Return the name of the innermost section that holds a mention."""
        holding = [
            part
            for part in self.document.sections
            if part.char_start <= mention.char_start and mention.char_end <= part.char_end
        ]
        return min(holding, key=lambda p: p.char_end - p.char_start).name if holding else None

    def context_of(self, mention: Mention) -> str:
        """Return the sentence around a mention, or 80 characters to each side of a long one."""
        start, end = mention.char_start, mention.char_end
        for sentence in self._sentences_at(start, end):
            start, end = min(start, sentence.char_start), max(end, sentence.char_end)
        if end - start > MAX_SENTENCE or not self.sentences:
            start = max(start, mention.char_start - CONTEXT_CHARS)
            end = min(end, mention.char_end + CONTEXT_CHARS)
        return collapse(self.document.slice(start, end))

    def _sentences_at(self, char_start: int, char_end: int) -> Iterator[Sentence]:
        first = bisect_right(self.sentences, char_start, key=lambda s: s.char_end)
        for sentence in self.sentences[first:]:
            if sentence.char_start >= char_end:
                return
            yield sentence

    def citations_of(self, facts: MentionFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the bibliography entries that a mention or its citations lead to, and DOIs."""
        citing = list(facts.attributes.get(RelationType.CITATION_OF, ()))
        if facts.mention.type == EntityType.CITATION:
            citing.append(facts.mention)
        entries: list[str] = []
        dois: list[str] = []
        for mention in citing:
            for reference in self.document.references_of(mention.char_start, mention.char_end):
                entries.append(reference.text)
                if reference.doi:
                    dois.append(reference.doi)
            in_text = find_doi(self.text_of(mention))
            if in_text:
                dois.append(in_text)
        return unique(entries), unique(dois)
