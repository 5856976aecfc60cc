"""What a prefilter is trained and measured on: documents cut into sentences, and their folds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from somex.core.errors import ConfigError
from somex.core.schema import EntityType
from somex.core.types import LabeledDocument
from somex.corpus import (
    bucket_of,
    drop_documents_holding,
    read_main,
    read_source,
    sentence_text,
    split_labeled,
)
from somex.made_sentences import fill_templates
from somex.recipe import DataConfig, Source
from somex.text.matching import MIN_TELLING, squeeze

Change = Callable[[LabeledDocument], LabeledDocument]


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """A gold mention in a sentence; offsets count the UTF-8 bytes of the sentence, half-open."""

    type: EntityType
    byte_start: int
    byte_end: int
    text: str


@dataclass(frozen=True, slots=True)
class GoldSentence:
    """A sentence with its gold mentions.

    Attributes:
        text: Its characters.
        spans: Its mentions.
        folds: Folds whose documents hold the same sentence: it is not trained on where one of
            them is held out.
    """

    text: str
    spans: tuple[GoldSpan, ...]
    folds: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """The sentences of a document, in reading order; without a fold it is trained on only."""

    id: str
    sentences: tuple[GoldSentence, ...]
    fold: int | None = None


def cut_sentence(part: LabeledDocument, folds: frozenset[int] = frozenset()) -> GoldSentence:
    """Turn a document of one sentence, as ``split_labeled`` cuts it, into a gold sentence."""
    text = sentence_text(part)
    start = part.document.sentences[0].char_start

    def byte_of(char: int) -> int:
        return len(text[: char - start].encode("utf-8", "replace"))

    spans = (
        GoldSpan(
            m.type,
            byte_of(m.char_start),
            byte_of(m.char_end),
            part.document.slice(m.char_start, m.char_end),
        )
        for m in part.annotation.mentions
    )
    return GoldSentence(text, tuple(spans), folds)


def cut_document(
    labeled: LabeledDocument, *, fold: int | None = None, change: Change | None = None
) -> GoldDocument:
    """Cut a document into gold sentences.

    Args:
        labeled: The document.
        fold: Its fold, which its sentences share.
        change: Rewrites each sentence (``somex.perturbations``).
    """
    parts = split_labeled(labeled)
    folds = frozenset() if fold is None else frozenset({fold})
    changed = parts if change is None else map(change, parts)
    sentences = tuple(cut_sentence(part, folds) for part in changed)
    return GoldDocument(labeled.document.id, sentences, fold)


def read_gold_documents(config: DataConfig, *, n_folds: int) -> list[GoldDocument]:
    """Read all sentences of a recipe's corpora, those without mentions included.

    Documents of the extra sources with full labels are measured on; they get a fold by their id.
    The main corpus and partly labelled sources are trained on only, each sentence where no
    held-out document holds it, and so are the recipe's templates, filled; sentences annotated
    apart from their corpus are passed over. No document that holds a sentence of ``never`` is
    read, and no such sentence.

    Raises:
        ConfigError: A source does not exist, or none has whole documents to measure on.
    """
    never = _never(config)
    tested = read_measured_documents(config, n_folds=n_folds)
    folds = _FoldsOf(tested)
    barred = set(never)
    keyed = [(squeeze(sentence_text(part)), part) for part in read_main(config)]
    keyed = [(key, part) for key, part in keyed if key not in barred]
    trained = [
        GoldDocument(part.document.id, (cut_sentence(part, folds.within(key)),))
        for key, part in keyed
    ]
    main = [part for _, part in keyed]
    filled = fill_templates(main, config, rng=random.Random(0))
    trained += [GoldDocument(part.document.id, (cut_sentence(part),)) for part in filled]
    for source in config.extra:
        if source.labels != "full":
            documents = drop_documents_holding(read_source(source), never)
            trained += [_only_trained(d, folds) for d in documents]
    return tested + trained


def read_measured_documents(
    config: DataConfig, *, n_folds: int, change: Change | None = None
) -> list[GoldDocument]:
    """Read the documents that are measured on alone, each with its fold.

    Args:
        config: The recipe's data part.
        n_folds: Number of folds.
        change: Rewrites each sentence (``somex.perturbations``).

    Raises:
        ConfigError: As `read_gold_documents`.
    """
    never = _never(config)
    found = [
        cut_document(d, fold=bucket_of(d.document.id, n_folds), change=change)
        for source in config.extra
        if source.has_whole_documents
        for d in drop_documents_holding(read_source(source), never)
    ]
    if len({d.fold for d in found}) < n_folds:
        raise ConfigError(
            f"{len(found)} document(s) don't fill {n_folds} folds; a prefilter is measured on the "
            "documents of data.extra: name a corpus of whole documents there"
        )
    return found


def _never(config: DataConfig) -> list[str]:
    """Return the sentences, squeezed, that must not be trained on."""
    return [squeeze(text) for source in config.never for text in _texts(source)]


def _texts(source: Source) -> Iterable[str]:
    return [sentence_text(part) for d in read_source(source) for part in split_labeled(d)]


def _only_trained(labeled: LabeledDocument, folds: _FoldsOf) -> GoldDocument:
    sentences = tuple(
        cut_sentence(part, folds.equal(squeeze(sentence_text(part))))
        for part in split_labeled(labeled)
    )
    return GoldDocument(labeled.document.id, sentences)


class _FoldsOf:
    """Tells which folds hold a sentence, white space and case aside."""

    def __init__(self, documents: Sequence[GoldDocument]) -> None:
        self._by_key: dict[str, set[int]] = {}
        texts: dict[int, list[str]] = {}
        for document in documents:
            if document.fold is not None:
                keys = [squeeze(sentence.text) for sentence in document.sentences]
                texts.setdefault(document.fold, []).append("".join(keys))
                for key in keys:
                    self._by_key.setdefault(key, set()).add(document.fold)
        self._texts = {fold: "\n".join(parts) for fold, parts in texts.items()}

    def equal(self, key: str) -> frozenset[int]:
        """Return the folds that hold it as a sentence of their own."""
        return frozenset(self._by_key.get(key, ()))

    def within(self, key: str) -> frozenset[int]:
        """Return the folds that hold it anywhere: other tools cut sentences elsewhere."""
        if len(key) < MIN_TELLING:
            return self.equal(key)
        return frozenset(fold for fold, text in self._texts.items() if key in text)
