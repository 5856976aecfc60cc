"""Within a document: which mentions are of one software, and all that is said of it.

Names are joined where a relation says so (abbreviations, alternative names), where they are spelt
alike, and where one is the acronym or the beginning of one other; a coreference ("the software") is
joined with what it points back at, where that is plain. What is attached to any of the mentions is
then known of all: a version three sentences after the name, or the address that "the package" is
available from.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from somex.core.schema import SOFTWARE_TYPES, EntityType, RelationType
from somex.core.software import DocumentSoftware
from somex.core.types import Document, LabeledDocument, Mention, Sentence
from somex.text.matching import name_key
from somex.text.sentences import sentences_of

_NAMING = SOFTWARE_TYPES | {EntityType.ABBREVIATION, EntityType.ALTERNATIVE_NAME}
_ALIAS = (RelationType.ABBREVIATION_OF, RelationType.ALTERNATIVE_NAME_OF)
_BETWEEN_SOFTWARE = (*_ALIAS, RelationType.PLUGIN_OF, RelationType.SPECIFICATION_OF)
_SKIPPED = frozenset({"a", "an", "and", "for", "in", "of", "on", "the", "to", "with"})
_WORD = re.compile(r"[^\W_]+")
MIN_ACRONYM = 3
"""Letters from which on an acronym tells what it stands for."""

MAX_SENTENCES_BACK = 2
"""So far a coreference points back."""


def resolve_software(labeled: LabeledDocument) -> tuple[DocumentSoftware, ...]:
    """Group the mentions of a document by software, in the order of the first mention of each.

    Every mention that names a software is in exactly one group; a coreference without a plain
    antecedent is a group of its own.
    """
    document, annotation = labeled.document, labeled.annotation
    groups = _Groups(m for m in annotation.mentions if m.type in _NAMING)
    for relation in annotation.relations:
        if relation.type in _ALIAS and relation.tail in groups:
            groups.join(relation.head, relation.tail)
    _join_spellings(document, groups)
    _join_acronyms(document, groups)
    _join_beginnings(document, groups)
    _join_coreferences(labeled, groups)
    return tuple(_describe(labeled, members) for members in groups.in_order())


class _Groups:
    """Disjoint sets of mentions."""

    def __init__(self, mentions: Iterable[Mention]) -> None:
        self._parent = {mention: mention for mention in mentions}

    def __contains__(self, mention: Mention) -> bool:
        return mention in self._parent

    def __iter__(self) -> Iterator[Mention]:
        return iter(self._parent)

    def add(self, mention: Mention) -> None:
        self._parent.setdefault(mention, mention)

    def root(self, mention: Mention) -> Mention:
        while self._parent[mention] is not mention:
            self._parent[mention] = self._parent[self._parent[mention]]
            mention = self._parent[mention]
        return mention

    def join(self, left: Mention, right: Mention) -> None:
        first, second = sorted((self.root(left), self.root(right)), key=lambda m: m.key)
        self._parent[second] = first

    def in_order(self) -> list[list[Mention]]:
        found: dict[Mention, list[Mention]] = defaultdict(list)
        for mention in sorted(self._parent, key=lambda m: m.key):
            found[self.root(mention)].append(mention)
        return list(found.values())


def _text(document: Document, mention: Mention) -> str:
    return document.slice(mention.char_start, mention.char_end)


def _join_spellings(document: Document, groups: _Groups) -> None:
    by_key: dict[str, Mention] = {}
    for mention in groups:
        first = by_key.setdefault(name_key(_text(document, mention)), mention)
        groups.join(first, mention)


def _join_acronyms(document: Document, groups: _Groups) -> None:
    """Join an acronym with the one longer name whose initials it spells, where there is one."""
    initials: dict[str, set[Mention]] = defaultdict(set)
    for mention in groups:
        spelt = _initials(_text(document, mention))
        if len(spelt) >= MIN_ACRONYM:
            initials[spelt].add(groups.root(mention))
    for mention in list(groups):
        text = _text(document, mention)
        full = initials.get(text.casefold(), set()) if text.isupper() else set()
        roots = {groups.root(other) for other in full}
        if len(roots) == 1:
            groups.join(mention, roots.pop())


def _join_beginnings(document: Document, groups: _Groups) -> None:
    """Join a name with the one longer name of its type that begins with its words."""
    longer: dict[tuple[EntityType, str], set[Mention]] = defaultdict(set)
    for mention in groups:
        words = _text(document, mention).casefold().split()
        for n_words in range(1, len(words)):
            longer[mention.type, " ".join(words[:n_words])].add(groups.root(mention))
    for mention in list(groups):
        text = " ".join(_text(document, mention).casefold().split())
        roots = {groups.root(other) for other in longer.get((mention.type, text), ())}
        if len(roots) == 1 and len(text) >= MIN_ACRONYM:
            groups.join(mention, roots.pop())


def _initials(name: str) -> str:
    words = [word.casefold() for word in _WORD.findall(name)]
    return "".join(word[0] for word in words if word not in _SKIPPED) if len(words) > 1 else ""


def _join_coreferences(labeled: LabeledDocument, groups: _Groups) -> None:
    """Join each coreference with the one software of the nearest sentence that names any.

    Looked at are the sentence itself up to the coreference and the two before it, within the
    paragraph. Where the nearest names several, or none does, nothing is joined.
    """
    coreferences = [
        m for m in labeled.annotation.mentions if m.type is EntityType.SOFTWARE_COREFERENCE
    ]
    if not coreferences:
        return
    document = labeled.document
    sentences = sentences_of(document)
    names = sorted((m for m in groups if m.type in SOFTWARE_TYPES), key=lambda m: m.key)
    for coreference in coreferences:
        groups.add(coreference)
        index = bisect_right(sentences, coreference.char_start, key=lambda s: s.char_start) - 1
        if index < 0 or not sentences[index].holds(coreference):
            continue
        for sentence in reversed(sentences[max(0, index - MAX_SENTENCES_BACK) : index + 1]):
            between = document.slice(sentence.char_start, coreference.char_start)
            if "\n\n" in between:
                break
            before = _within(names, sentence)
            roots = {groups.root(m) for m in before if m.key < coreference.key}
            if len(roots) == 1:
                groups.join(coreference, next(iter(roots)))
            if roots:
                break


def _within(names: Sequence[Mention], sentence: Sentence) -> list[Mention]:
    """Return the mentions, sorted by place, that lie in a sentence as a whole."""
    first = bisect_left(names, sentence.char_start, key=lambda m: m.char_start)
    last = bisect_left(names, sentence.char_end, key=lambda m: m.char_start)
    return [mention for mention in names[first:last] if sentence.holds(mention)]


def _describe(labeled: LabeledDocument, members: Sequence[Mention]) -> DocumentSoftware:
    document, inside = labeled.document, set(members)
    attached = [
        r
        for r in labeled.annotation.relations
        if r.tail in inside and r.type not in _BETWEEN_SOFTWARE
    ]
    names = [m for m in members if m.type in SOFTWARE_TYPES] or list(members)
    counts: dict[str, int] = defaultdict(int)
    for mention in names:
        counts[" ".join(_text(document, mention).split())] += 1
    name = max(counts, key=lambda text: counts[text])  # of equals the first
    return DocumentSoftware(name, tuple(members), tuple(attached))
