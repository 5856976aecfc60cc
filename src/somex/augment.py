"""Labelled sentences made from labelled sentences: other names in the same contexts.

Mention swapping follows Dai and Adel 2020 (COLING, section 3, "mention replacement"). Turning
abbreviations round is ours: SoMeSci calls a long name that explains a short one an alternative
name, and a short one that stands for a long one an abbreviation, so that ``Long Name (LN)`` and
``LN (Long Name)`` teach each other.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from somex.core.errors import AnnotationError
from somex.core.schema import EntityType, RelationType
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Sentence,
    Token,
)
from somex.text.words import split_words

_TURNED = {
    RelationType.ABBREVIATION_OF: (RelationType.ALTERNATIVE_NAME_OF, EntityType.ALTERNATIVE_NAME),
    RelationType.ALTERNATIVE_NAME_OF: (RelationType.ABBREVIATION_OF, EntityType.ABBREVIATION),
}
_BOUND_TO_OTHERS = frozenset(
    {EntityType.ABBREVIATION, EntityType.ALTERNATIVE_NAME, EntityType.SOFTWARE_COREFERENCE}
)
"""Types whose text only fits the name beside it, so that it is never swapped."""


def replace_texts(labeled: LabeledDocument, texts: Mapping[Mention, str]) -> LabeledDocument:
    """Write other texts in the place of mentions; everything after them moves along.

    Args:
        labeled: A document that lists one sentence (as ``split_labeled`` gives).
        texts: New text by mention; mentions of the sentence that overlap none.

    Returns:
        A document of the new sentence alone, with tokens where it had them.

    Raises:
        AnnotationError: The document lists another number of sentences, or mentions overlap.
    """
    document, sentence = labeled.document, _only_sentence(labeled)
    text, tokens, moved = "", [], {}
    reached, left = sentence.char_start, list(sentence.tokens)
    for mention in sorted(labeled.annotation.mentions, key=lambda m: m.key):
        if mention.char_start < reached:
            raise AnnotationError(
                f"document {document.id!r}: the {mention.type} mention at {mention.char_start} "
                "overlaps the one before it"
            )
        tokens += _take(left, mention.char_start, shift=len(text) - reached)
        text += document.slice(reached, mention.char_start)
        start, reached = len(text), mention.char_end
        old = _take(left, mention.char_end, shift=start - mention.char_start)
        new = texts.get(mention)
        if new is not None and sentence.tokens:
            words = split_words(new)
            new = " ".join(new[w.char_start : w.char_end] for w in words)
            old = list(_spaced_tokens(new, start))
        tokens += old
        text += document.slice(mention.char_start, mention.char_end) if new is None else new
        moved[mention] = replace(mention, char_start=start, char_end=len(text))
    tokens += _take(left, sentence.char_end, shift=len(text) - reached)
    text += document.slice(reached, sentence.char_end)
    relations = (
        replace(r, head=moved[r.head], tail=moved[r.tail]) for r in labeled.annotation.relations
    )
    made = Document(document.id, text, (Sentence(0, len(text), tuple(tokens)),))
    return LabeledDocument(made, Annotation.build(moved.values(), relations))


def _only_sentence(labeled: LabeledDocument) -> Sentence:
    sentences = labeled.document.sentences
    if len(sentences) != 1:
        raise AnnotationError(
            f"document {labeled.document.id!r} lists {len(sentences)} sentences; valid: 1"
        )
    return sentences[0]


def _take(left: list[Token], char_end: int, *, shift: int) -> list[Token]:
    """Take the tokens off the front that end by ``char_end``, moved by ``shift``."""
    taken = []
    while left and left[0].char_end <= char_end:
        token = left.pop(0)
        taken.append(Token(token.char_start + shift, token.char_end + shift))
    return taken


def _spaced_tokens(text: str, char_start: int) -> Iterable[Token]:
    for word in text.split(" "):
        yield Token(char_start, char_start + len(word))
        char_start += len(word) + 1


def turn_names(labeled: LabeledDocument) -> LabeledDocument | None:
    """Turn ``Long Name (LN)`` to ``LN (Long Name)`` or back: the two names change places.

    Args:
        labeled: A document that lists one sentence.

    Returns:
        The new sentence, with Abbreviation and AlternativeName exchanged; None where it holds
        not exactly one such relation, or none that leads from an attribute back to a name.
    """
    relations = [r for r in labeled.annotation.relations if r.type in _TURNED]
    if len(relations) != 1 or relations[0].head.type not in _BOUND_TO_OTHERS:
        return None
    relation = relations[0]
    head, tail = relation.head, relation.tail
    if head.char_start < tail.char_end or _overlapping(labeled.annotation.mentions):
        return None
    text = labeled.document.text
    texts = {
        head: text[tail.char_start : tail.char_end],
        tail: text[head.char_start : head.char_end],
    }
    return _retype(replace_texts(labeled, texts))


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
        documents: Training sentences; the pool never holds a text from elsewhere.
    """

    def __init__(self, documents: Iterable[LabeledDocument]) -> None:
        found: dict[EntityType, dict[str, None]] = {}
        for labeled in documents:
            text = labeled.document.text
            for m in labeled.annotation.mentions:
                found.setdefault(m.type, {})[text[m.char_start : m.char_end]] = None
        self._texts = {kind: list(texts) for kind, texts in found.items()}

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
        drawn = {
            m: rng.choice(self._texts[m.type])
            for m in annotation.mentions
            if m.type not in _BOUND_TO_OTHERS and rng.random() < rate
        }
        return replace_texts(labeled, drawn) if drawn else labeled
