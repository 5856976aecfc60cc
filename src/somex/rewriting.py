"""Labelled sentences rewritten: characters are replaced, and mentions and relations move along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from somex.core.errors import AnnotationError
from somex.core.types import Document, LabeledDocument, Mention, Sentence, Token


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters to replace, none of them in a word that stays.

    Attributes:
        char_start: First character to replace.
        char_end: One past the last one.
        text: The new text; in a tokenised sentence, its words are tokens.
        inner_start: Where in ``text`` a mention begins that lay in the replaced characters.
        inner_end: Where in ``text`` it ends.
    """

    char_start: int
    char_end: int
    text: str
    inner_start: int
    inner_end: int


def rewrite(labeled: LabeledDocument, edits: Iterable[Edit]) -> LabeledDocument:
    """Apply edits to a sentence; mentions and relations move along.

    Args:
        labeled: A document that lists one sentence.
        edits: What to replace, in any order, within the sentence and without overlap.

    Returns:
        A document of the new sentence alone. A mention whose characters all lie in an edit gets
        the edit's inner span; one that an edit lies in grows or shrinks with it.

    Raises:
        AnnotationError: There is not one sentence, or edits overlap, leave it or cut a mention.
    """
    document, sentence = labeled.document, only_sentence(labeled)
    ordered = sorted(edits, key=lambda e: e.char_start)
    text, reached = "", sentence.char_start
    kept: list[tuple[int, int, int]] = []  # from, to, new place of characters that stay
    places: dict[Edit, int] = {}
    for edit in ordered:
        if edit.char_start < reached or edit.char_end > sentence.char_end:
            raise AnnotationError(
                f"document {document.id!r}: the edit at {edit.char_start}-{edit.char_end} "
                "overlaps the one before it or leaves the sentence"
            )
        kept.append((reached, edit.char_start, len(text)))
        text += document.slice(reached, edit.char_start)
        places[edit] = len(text)
        text, reached = text + edit.text, edit.char_end
    kept.append((reached, sentence.char_end, len(text)))
    text += document.slice(reached, sentence.char_end)
    moved = {m: _move(m, kept, places, document.id) for m in labeled.annotation.mentions}
    tokens = _tokens(sentence, kept, places)
    made = Document(document.id, text, (Sentence(0, len(text), tokens),))
    return LabeledDocument(made, labeled.annotation.with_mentions(moved))


def only_sentence(labeled: LabeledDocument) -> Sentence:
    """Return the one sentence that a document lists.

    Raises:
        AnnotationError: It lists another number of sentences.
    """
    sentences = labeled.document.sentences
    if len(sentences) != 1:
        raise AnnotationError(
            f"document {labeled.document.id!r} lists {len(sentences)} sentences; valid: 1"
        )
    return sentences[0]


def _move(
    mention: Mention, kept: Sequence[tuple[int, int, int]], places: Mapping[Edit, int], id: str
) -> Mention:
    for edit, place in places.items():
        if edit.char_start <= mention.char_start and mention.char_end <= edit.char_end:
            start, end = place + edit.inner_start, place + edit.inner_end
            return replace(mention, char_start=start, char_end=end)
    first = _shifted(mention.char_start, kept)
    last = _shifted(mention.char_end - 1, kept)
    if first is None or last is None:
        raise AnnotationError(
            f"document {id!r}: an edit cuts the {mention.type} mention at "
            f"{mention.char_start}-{mention.char_end}"
        )
    return replace(mention, char_start=first, char_end=last + 1)


def _shifted(char: int, kept: Sequence[tuple[int, int, int]]) -> int | None:
    return next((place + char - start for start, end, place in kept if start <= char < end), None)


def _tokens(
    sentence: Sentence, kept: Sequence[tuple[int, int, int]], places: Mapping[Edit, int]
) -> tuple[Token, ...]:
    if not sentence.tokens:
        return ()
    tokens = []
    for token in sentence.tokens:
        start = _shifted(token.char_start, kept)
        if start is not None:
            tokens.append(Token(start, start + token.char_end - token.char_start))
    for edit, place in places.items():
        words = re.finditer(r"\S+", edit.text)
        tokens += [Token(place + w.start(), place + w.end()) for w in words]
    return tuple(sorted(tokens, key=lambda t: t.char_start))


def is_clean(edit: Edit, labeled: LabeledDocument) -> bool:
    """Tell whether an edit can be applied.

    No mention or token may lie across a border of it, and one mention at most inside it.
    """
    touched = [
        m
        for m in labeled.annotation.mentions
        if m.char_start < edit.char_end and edit.char_start < m.char_end
    ]
    if not touched:
        return _is_between_tokens(edit, labeled)
    (first, *others) = touched
    inside = edit.char_start <= first.char_start and first.char_end <= edit.char_end
    around = first.char_start <= edit.char_start and edit.char_end <= first.char_end
    return not others and (inside or around) and _is_between_tokens(edit, labeled)


def _is_between_tokens(edit: Edit, labeled: LabeledDocument) -> bool:
    return all(
        token.char_end <= edit.char_start
        or token.char_start >= edit.char_end
        or (edit.char_start <= token.char_start and token.char_end <= edit.char_end)
        for token in only_sentence(labeled).tokens
    )
