"""A sentence as the model sees it: its text, its tokens, and where a quote of it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from somex.core.errors import AnnotationError
from somex.core.types import Annotation, Document, LabeledDocument, Mention, Token
from somex.text.words import split_words


@dataclass(frozen=True, slots=True)
class Place:
    """A span of characters of a sentence's document."""

    char_start: int
    char_end: int


@dataclass(frozen=True, slots=True)
class SentenceView:
    """The one sentence of a document.

    Attributes:
        document: Its document.
        text: Its characters, nothing changed.
        char_offset: Where it begins in its document.
        tokens: Its tokens, offsets of the document.
    """

    document: Document
    text: str
    char_offset: int
    tokens: tuple[Token, ...]

    def count(self, quote: str) -> int:
        """Return how often a quote stands in the sentence, on token borders or not."""
        return len(self._starts(quote))

    def find(self, quote: str) -> list[Place]:
        """Return where a quote stands in the sentence, character by character, on token borders."""
        starts = {token.char_start for token in self.tokens}
        ends = {token.char_end for token in self.tokens}
        places = (
            Place(self.char_offset + start, self.char_offset + start + len(quote))
            for start in self._starts(quote)
        )
        return [p for p in places if p.char_start in starts and p.char_end in ends]

    def spans(self, n_most: int) -> list[str]:
        """Return the texts of runs of whole tokens, the shorter runs first, up to ``n_most``.

        Runs of one length are listed all or, where they are too many, not at all; single tokens
        always are.
        """
        found: dict[str, None] = {}
        for length in range(1, len(self.tokens) + 1):
            firsts, lasts = self.tokens, self.tokens[length - 1 :]
            starts = [token.char_start for token in firsts[: len(lasts)]]
            ends = [token.char_end for token in lasts]
            runs = [self.document.slice(a, b) for a, b in zip(starts, ends, strict=True)]
            if length > 1 and len(found | dict.fromkeys(runs)) > n_most:
                break
            found |= dict.fromkeys(runs)
        return list(found)

    def _starts(self, quote: str) -> list[int]:
        found: list[int] = []
        start = self.text.find(quote) if quote else -1
        while start >= 0:
            found.append(start)
            start = self.text.find(quote, start + 1)
        return found


def view_sentence(document: Document) -> SentenceView:
    """Return the view of a document with one sentence.

    Raises:
        AnnotationError: It has none, or several; `somex.corpus.split_labeled` cuts them.
    """
    if len(document.sentences) != 1:
        raise AnnotationError(
            f"document {document.id!r} has {len(document.sentences)} sentences; a language model "
            "is asked sentence by sentence"
        )
    (sentence,) = document.sentences
    text = document.slice(sentence.char_start, sentence.char_end)
    tokens = sentence.tokens or split_words(text, char_offset=sentence.char_start)
    return SentenceView(document, text, sentence.char_start, tuple(tokens))


@dataclass(frozen=True, slots=True)
class Labels:
    """A sentence with its right annotation."""

    view: SentenceView
    annotation: Annotation


def view_labeled(labeled: LabeledDocument) -> Labels:
    """Return a labelled document with one sentence as an example.

    Raises:
        AnnotationError: As `view_sentence`.
    """
    return Labels(view_sentence(labeled.document), labeled.annotation)


def labels_to_json(labels: Labels, *, with_relations: bool) -> dict[str, Any]:
    """Return the right answer for a sentence in the form that is asked for.

    Mentions that do not stand on token borders, which no answer could name, are left out.
    """
    view = labels.view
    mentions: list[dict[str, Any]] = []
    numbers: dict[Mention, int] = {}
    for mention in labels.annotation.mentions:
        quote = view.document.slice(mention.char_start, mention.char_end)
        places = view.find(quote)
        place = Place(mention.char_start, mention.char_end)
        if place not in places:
            continue
        numbers[mention] = len(numbers) + 1
        named = {"id": numbers[mention], "text": quote, "occurrence": places.index(place) + 1}
        mentions.append({**named, "type": str(mention.type)})
    if not with_relations:
        return {"mentions": mentions}
    relations = [
        {"type": str(r.type), "head": numbers[r.head], "tail": numbers[r.tail]}
        for r in labels.annotation.relations
        if r.head in numbers and r.tail in numbers
    ]
    return {"mentions": mentions, "relations": relations}
