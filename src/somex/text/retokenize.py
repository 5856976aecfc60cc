"""Other tokenisations of a labelled sentence, to test what a model owes to the one it knows."""

from __future__ import annotations

import re
from dataclasses import replace

from somex.core.errors import AnnotationError
from somex.core.types import (
    Document,
    LabeledDocument,
    Sentence,
    Token,
)

_PART = re.compile(r"\w+|[^\w\s]|_")


def split_punctuation(labeled: LabeledDocument) -> LabeledDocument:
    """Let every punctuation mark stand alone, as SOMD 2025's Phase II does.

    ``[39]`` becomes ``[ 39 ]`` and ``3.10`` becomes ``3 . 10``; mentions keep their characters.

    Args:
        labeled: A document of one tokenised sentence (as the SOMD reader gives).

    Raises:
        AnnotationError: The document has another number of sentences.
    """
    document = labeled.document
    if len(document.sentences) != 1:
        raise AnnotationError(
            f"document {document.id!r} has {len(document.sentences)} tokenised sentences; valid: 1"
        )
    pieces: list[str] = []
    place: dict[int, int] = {}  # old offset of a character -> its new offset
    tokens: list[Token] = []
    reached = 0
    for token in document.sentences[0].tokens:
        for match in _PART.finditer(document.slice(token.char_start, token.char_end)):
            for index in range(len(match[0])):
                place[token.char_start + match.start() + index] = reached + index
            pieces.append(match[0])
            tokens.append(Token(reached, reached + len(match[0])))
            reached += len(match[0]) + 1
    text = " ".join(pieces)
    moved = {
        m: replace(m, char_start=place[m.char_start], char_end=place[m.char_end - 1] + 1)
        for m in labeled.annotation.mentions
    }
    sentence = Sentence(0, len(text), tuple(tokens))
    return LabeledDocument(
        Document(document.id, text, (sentence,), provenance=document.provenance),
        labeled.annotation.with_mentions(moved),
    )
