"""The cascade: a cheap filter, then the encoder on what passes, then on what its names point at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from somex.core.types import Annotation, Document, Sentence
from somex.prefilter.model import Prefilter
from somex.prefilter.names import NameMatcher, names_of
from somex.text.sentences import split_sentences


class Annotator(Protocol):
    """What annotates documents, sentences that they list being kept."""

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        """Return one annotation a document, in the same order."""


class Cascade:
    """Annotates documents, the encoder reading only sentences that may hold a mention.

    First those that the filter passes; then, once, those others that hold a name of a software
    which was found in the same document. Documents that list their sentences (tokenised corpora)
    are read as a whole.

    Args:
        annotator: Reads the sentences that pass.
        prefilter: Tells which ones do.
    """

    def __init__(self, annotator: Annotator, prefilter: Prefilter) -> None:
        self._annotator = annotator
        self.prefilter = prefilter
        self.n_sentences = 0
        """Sentences of natural text seen so far."""
        self.n_passed = 0
        """Those of them that the encoder read."""

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        """Return one annotation a document, in the same order."""
        passed, rest = [], []
        for document in documents:
            taken, left = self._sift(document)
            passed.append(taken)
            rest.append(left)
        first = self._read(documents, passed)
        again = [
            _holding_names(document, left, annotation)
            for document, left, annotation in zip(documents, rest, first, strict=True)
        ]
        self.n_passed += sum(map(len, again))
        second = self._read(documents, again)
        return [_join(a, b) for a, b in zip(first, second, strict=True)]

    def _sift(self, document: Document) -> tuple[list[Sentence], list[Sentence]]:
        """Return the sentences to read first, and those that the filter holds back."""
        if document.sentences:
            return list(document.sentences), []
        sentences = split_sentences(document.text)
        texts = [document.slice(s.char_start, s.char_end) for s in sentences]
        passes = self.prefilter.passes(texts).tolist()
        taken = [s for s, is_in in zip(sentences, passes, strict=True) if is_in]
        left = [s for s, is_in in zip(sentences, passes, strict=True) if not is_in]
        self.n_sentences += len(sentences)
        self.n_passed += len(taken)
        return taken, left

    def _read(
        self, documents: Sequence[Document], chosen: Sequence[Sequence[Sentence]]
    ) -> list[Annotation]:
        """Annotate some sentences of each document; those without any are not asked for."""
        asked = [
            (index, replace(documents[index], sentences=tuple(sentences)))
            for index, sentences in enumerate(chosen)
            if sentences
        ]
        found = [Annotation() for _ in documents]
        annotations = self._annotator.annotate([document for _, document in asked])
        for (index, _), annotation in zip(asked, annotations, strict=True):
            found[index] = annotation
        return found


def describe_passing(n_passed: int, n_sentences: int, *, lost: float | None) -> str:
    """Say in a few words how much was passed, and what share of mentions that may have lost."""
    share = n_passed / max(n_sentences, 1)
    told = "" if lost is None else f", which loses {100 * lost:.1f} % of mentions"
    return f"{100 * share:.0f} % of {n_sentences} sentences passed the prefilter{told}"


def _holding_names(
    document: Document, sentences: Sequence[Sentence], annotation: Annotation
) -> list[Sentence]:
    """Return the sentences that hold a name of a software found elsewhere in the document."""
    matcher = NameMatcher(names_of(document, annotation.mentions))
    return [s for s in sentences if matcher.is_in(document.slice(s.char_start, s.char_end))]


def _join(first: Annotation, second: Annotation) -> Annotation:
    if not second.mentions:
        return first
    return Annotation.build(
        (*first.mentions, *second.mentions), (*first.relations, *second.relations)
    )
