"""Labelled sentences made from labelled sentences: other names in the same contexts.

Mention swapping follows Dai and Adel 2020 (COLING, section 3, "mention replacement"). Turning
abbreviations round is ours: SoMeSci calls a long name that explains a short one an alternative
name, and a short one that stands for a long one an abbreviation, so that ``Long Name (LN)`` and
``LN (Long Name)`` teach each other.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from somex.core.schema import EntityType, RelationType
from somex.core.types import Annotation, LabeledDocument, Mention, Relation
from somex.rewriting import Edit, only_sentence, rewrite
from somex.text.words import split_words

_TURNED = {
    RelationType.ABBREVIATION_OF: (RelationType.ALTERNATIVE_NAME_OF, EntityType.ALTERNATIVE_NAME),
    RelationType.ALTERNATIVE_NAME_OF: (RelationType.ABBREVIATION_OF, EntityType.ABBREVIATION),
}
_LINKS = (
    (" , ", ""),
    (" , ", " ,"),
    (" : ", ""),
    (" - ", ""),
    (" [ ", " ]"),
    (" ", ""),
    (" , also called ", " ,"),
)
"""What stands before and after a second name, in tokenised text."""

_BOUND_TO_OTHERS = frozenset(
    {EntityType.ABBREVIATION, EntityType.ALTERNATIVE_NAME, EntityType.SOFTWARE_COREFERENCE}
)
"""Types whose text only fits the name beside it, so that it is never swapped."""

DrawPublic: TypeAlias = Callable[[EntityType, str | None, random.Random], str | None]
"""Draws a name from a public list by type and host's text; None where no list fits."""


def replace_texts(labeled: LabeledDocument, texts: Mapping[Mention, str]) -> LabeledDocument:
    """Write other texts in the place of mentions; everything after them moves along.

    Args:
        labeled: A document that lists one sentence (as ``split_labeled`` gives).
        texts: New text by mention; mentions of the sentence that overlap none.

    Returns:
        A document of the new sentence alone; where it had tokens, a new text is split into words
        as SOMD does.

    Raises:
        AnnotationError: The document lists another number of sentences, or mentions overlap.
    """
    spaced = bool(only_sentence(labeled).tokens)
    edits = []
    for mention, text in texts.items():
        words = (text[w.char_start : w.char_end] for w in split_words(text))
        new = " ".join(words) if spaced else text
        edits.append(Edit(mention.char_start, mention.char_end, new, 0, len(new)))
    return rewrite(labeled, edits)


def turn_names(labeled: LabeledDocument) -> LabeledDocument | None:
    """Turn ``Long Name (LN)`` to ``LN (Long Name)`` or back: the two names change places.

    Args:
        labeled: A document that lists one sentence.

    Returns:
        The new sentence, with Abbreviation and AlternativeName exchanged; None where it holds
        not exactly one such relation, or none that leads from an attribute back to a name.
    """
    relation = _two_names(labeled)
    if relation is None or _overlapping(labeled.annotation.mentions):
        return None
    head, tail = relation.head, relation.tail
    text = labeled.document.text
    texts = {
        head: text[tail.char_start : tail.char_end],
        tail: text[head.char_start : head.char_end],
    }
    return _retype(replace_texts(labeled, texts))


def _two_names(labeled: LabeledDocument) -> Relation | None:
    """Return the one relation of a second name to the first, where the second comes later."""
    relations = [r for r in labeled.annotation.relations if r.type in _TURNED]
    if len(relations) != 1 or relations[0].head.type not in _BOUND_TO_OTHERS:
        return None
    later = relations[0].head.char_start >= relations[0].tail.char_end
    return relations[0] if later else None


def link_names(labeled: LabeledDocument, *, rng: random.Random) -> LabeledDocument | None:
    """Write ``LN (Long Name)`` as ``LN, Long Name`` or in another of the ways that papers use.

    Args:
        labeled: A document that lists one sentence.
        rng: Draws the way.

    Returns:
        The new sentence; None where no second name stands alone in parentheses after the first.
    """
    relation = _two_names(labeled)
    if relation is None:
        return None
    text, start = labeled.document.text, relation.tail.char_end
    name = text[relation.head.char_start : relation.head.char_end]
    match = re.compile(rf"\s?\(\s?{re.escape(name)}\s?\)").match(text, start)
    if match is None:
        return None
    before, after = rng.choice(_LINKS)
    if not only_sentence(labeled).tokens:  # natural text sets no blank before a comma
        before = re.sub(r"^ (?=[,:])", "", before)
        before, after = re.sub(r"\[ ", "[", before), re.sub(r" (?=[\],])", "", after)
    inner = len(before)
    new = f"{before}{name}{after}"
    return rewrite(labeled, [Edit(start, match.end(), new, inner, inner + len(name))])


def _overlapping(mentions: Sequence[Mention]) -> bool:
    ordered = sorted(mentions, key=lambda m: m.key)
    return any(a.char_end > b.char_start for a, b in itertools.pairwise(ordered))


def _retype(labeled: LabeledDocument) -> LabeledDocument:
    """Exchange Abbreviation and AlternativeName in the one relation between two names."""
    old = next(r for r in labeled.annotation.relations if r.type in _TURNED)
    relation_type, entity_type = _TURNED[old.type]
    head = replace(old.head, type=entity_type)
    relations = [
        replace(
            r,
            type=relation_type if r is old else r.type,
            head=head if r.head == old.head else r.head,
            tail=head if r.tail == old.head else r.tail,
        )
        for r in labeled.annotation.relations
    ]
    mentions = [head if m == old.head else m for m in labeled.annotation.mentions]
    return LabeledDocument(labeled.document, Annotation.build(mentions, relations))


class NamePool:
    """The texts of each entity type, to draw others from.

    Args:
        documents: Training sentences.
        public: Draws a name from elsewhere for a type and host (`PublicNames.draw`).
        share: Share of the draws for which ``public`` is asked, 0 to 1.
    """

    def __init__(
        self,
        documents: Iterable[LabeledDocument],
        *,
        public: DrawPublic | None = None,
        share: float = 0.5,
    ) -> None:
        self._public, self._share = public, share
        found: dict[EntityType, dict[str, None]] = {}
        for labeled in documents:
            text = labeled.document.text
            for m in labeled.annotation.mentions:
                found.setdefault(m.type, {})[text[m.char_start : m.char_end]] = None
        self._texts = {kind: list(texts) for kind, texts in found.items()}

    def draw(self, kind: EntityType, rng: random.Random, *, host: str | None = None) -> str | None:
        """Draw a text of a type, in its share from the public lists.

        Args:
            kind: The type.
            rng: Draws.
            host: Text of the software that the name is a part of.

        Returns:
            A text; None where neither the lists nor the training sentences have one.
        """
        if self._public is not None and rng.random() < self._share:
            name = self._public(kind, host, rng)
            if name is not None:
                return name
        return rng.choice(self._texts[kind]) if kind in self._texts else None

    def swap(self, labeled: LabeledDocument, *, rate: float, rng: random.Random) -> LabeledDocument:
        """Give mentions another text of their type.

        Args:
            labeled: A document that lists one sentence.
            rate: Probability of a swap for each mention, 0 to 1.
            rng: Draws.

        Returns:
            The new sentence; the old one where nothing was drawn, mentions overlap, or a name's
            abbreviation stands in it.
        """
        annotation = labeled.annotation
        if _overlapping(annotation.mentions) or any(
            r.type in _TURNED for r in annotation.relations
        ):
            return labeled
        hosts = {r.head: r.tail for r in annotation.relations if r.type is RelationType.PLUGIN_OF}
        drawn: dict[Mention, str] = {}
        for mention in sorted(annotation.mentions, key=lambda m: m in hosts):  # hosts come first
            if mention.type not in _BOUND_TO_OTHERS and rng.random() < rate:
                named = self._host_text(labeled, hosts.get(mention), drawn)
                text = self.draw(mention.type, rng, host=named)
                if text is not None:
                    drawn[mention] = text
        return replace_texts(labeled, drawn) if drawn else labeled

    @staticmethod
    def _host_text(
        labeled: LabeledDocument, host: Mention | None, drawn: Mapping[Mention, str]
    ) -> str | None:
        """Return what a host is called, after the swaps so far."""
        if host is None:
            return None
        return drawn.get(host) or labeled.document.slice(host.char_start, host.char_end)
