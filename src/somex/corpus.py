"""The sentences that a recipe trains on: sources, folds, and a guard against leaks."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from somex.core.errors import ConfigError
from somex.core.marks import LABELS, with_mark, with_turn
from somex.core.partial_labels import SOFTCITE_MAY_BE
from somex.core.types import Document, LabeledDocument
from somex.made_sentences import make_sentences
from somex.purposes import carry_purposes
from somex.readers.registry import detect_format, read_corpus
from somex.readers.somd import read_somd_split
from somex.recipe import N_FIFTHS, DataConfig, Source
from somex.standoff import apply_standoff, read_standoff
from somex.text.matching import MIN_TELLING, squeeze
from somex.text.sentences import sentences_of

_N_SHARES = 1000


def read_source(source: Source) -> list[LabeledDocument]:
    """Read a source of a recipe.

    Raises:
        ConfigError: Its path does not exist.
        FormatError: A file of it breaks its format.
    """
    path = Path(source.path)
    if not path.exists():
        raise ConfigError(f"source {source.path} does not exist")
    format = source.format or detect_format(path).name
    if format == "somd":
        return read_somd_split(path, source.split)
    return list(read_corpus(path, format=format))


def split_labeled(labeled: LabeledDocument) -> list[LabeledDocument]:
    """Cut a document into its sentences, each with the mentions and relations that lie in it."""
    document, annotation = labeled.document, labeled.annotation
    parts = []
    for index, sentence in enumerate(sentences_of(document)):
        inside = [m for m in annotation.mentions if sentence.holds(m)]
        part = Document(f"{document.id}#{index}", document.text, (sentence,))
        parts.append(LabeledDocument(part, annotation.restricted_to(inside)))
    return parts


def sentence_text(labeled: LabeledDocument) -> str:
    """Return the text of a document that ``split_labeled`` cut (its first sentence)."""
    sentence = labeled.document.sentences[0]
    return labeled.document.slice(sentence.char_start, sentence.char_end)


def drop_documents_holding(
    documents: Iterable[LabeledDocument], sentences: Iterable[str]
) -> list[LabeledDocument]:
    """Leave out each document that holds any of the sentences, white space and case aside.

    Headings ("Statistical analysis") say nothing about where they come from: sentences below
    `MIN_TELLING` characters bar no document.
    """
    needles = [s for s in map(squeeze, sentences) if len(s) >= MIN_TELLING]
    kept = []
    for labeled in documents:
        text = squeeze(labeled.document.text)
        if not any(needle in text for needle in needles):
            kept.append(labeled)
    return kept


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What one training run sees.

    Attributes:
        train: Sentences to train on.
        dev: Sentences for early stopping; may be empty.
        test: The held-out fold; empty without folds.
    """

    train: list[LabeledDocument]
    dev: list[LabeledDocument]
    test: list[LabeledDocument]


def _never(_: LabeledDocument) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class HoldOut:
    """What a training is tested on and must not see; by default nothing.

    Attributes:
        is_test: Tells of a sentence of the main corpus whether it is tested on.
        is_barred: Tells of a sentence of any corpus whether it must not be trained on; equal
            sentences of test sentences (white space and case aside) never are.
        is_barred_document: Tells of an extra document whether it is left out whole.
        whole_documents: Whether an extra document that holds a test sentence is left out whole.
        names: Software names, squeezed, that must not be trained on.
    """

    is_test: Callable[[LabeledDocument], bool] = _never
    is_barred: Callable[[LabeledDocument], bool] = _never
    is_barred_document: Callable[[LabeledDocument], bool] = _never
    whole_documents: bool = True
    names: frozenset[str] = frozenset()


def hold_out_fold(fold: int | None, *, n_folds: int = 5) -> HoldOut:
    """Hold out a fold; equal sentences (white space and case aside) share one.

    Args:
        fold: 0 to ``n_folds`` - 1; None holds out nothing.
        n_folds: Number of folds.

    Raises:
        ConfigError: There is no such fold.
    """
    if fold is None:
        return HoldOut()
    if not 0 <= fold < n_folds:
        raise ConfigError(f"fold {fold} does not exist; valid: 0 to {n_folds - 1}")
    return HoldOut(is_test=lambda p: bucket_of(squeeze(sentence_text(p)), n_folds) == fold)


def build_training_data(
    config: DataConfig, *, seed: int, fold: int | None = None, n_folds: int = 5
) -> TrainingData:
    """Read a recipe's corpora and cut them.

    Args:
        config: The recipe's data part.
        seed: Draws the dev part and the empty sentences. The folds do not depend on it.
        fold: Held-out fold, 0 to ``n_folds`` - 1; None trains on everything.
        n_folds: Number of folds.

    Returns:
        Training, dev and test sentences; in the first, those with rare types stand repeatedly.
        Equal sentences (white space and case aside) share a fold; no extra document that holds a
        dev, test or forbidden sentence is trained on.
    """
    return cut_training_data(config, seed=seed, hold_out=hold_out_fold(fold, n_folds=n_folds))


def read_main(config: DataConfig) -> list[LabeledDocument]:
    """Read the main corpus of a recipe, cut into sentences, with purposes from elsewhere."""
    parts = [part for labeled in read_source(config.train) for part in split_labeled(labeled)]
    if config.purposes is None:
        return parts
    return carry_purposes(parts, read_source(config.purposes))


def cut_training_data(config: DataConfig, *, seed: int, hold_out: HoldOut) -> TrainingData:
    """Read a recipe's corpora and hold out a test part of the main one.

    Args:
        config: The recipe's data part.
        seed: Draws the dev part and the empty sentences.
        hold_out: What is tested on and what must not be trained on.

    Returns:
        As `build_training_data`.
    """
    main = read_main(config)
    keys = {id(part): squeeze(sentence_text(part)) for part in main}
    test = [p for p in main if hold_out.is_test(p)]
    held = {keys[id(p)] for p in test}
    rest = [p for p in main if keys[id(p)] not in held and not hold_out.is_barred(p)]
    dev_keys = _draw(sorted({keys[id(p)] for p in rest}), config.dev_fraction, seed)
    dev = [p for p in rest if keys[id(p)] in dev_keys]
    train = [p for p in rest if keys[id(p)] not in dev_keys]
    forbidden = [keys[id(p)] for p in (*(test if hold_out.whole_documents else ()), *dev)]
    forbidden += [text for source in config.never for text in _sentences(source)]
    known = {keys[id(p)] for p in train} | held | set(map(squeeze, forbidden))
    partial: list[LabeledDocument] = []
    for source in config.extra:
        found = _extra(source, forbidden, known, seed, hold_out)
        found = [_in_turn(part, source.turns) for part in found]
        if source.labels == "full":
            train += found
        else:
            partial += [_mark(part, source) for part in found]
    train, partial = (_share(parts, config.train_fraction) for parts in (train, partial))
    made = make_sentences(train, config, rng=random.Random(seed), barred=hold_out.names)
    made = [part for part in made if not hold_out.is_barred(part)]
    return TrainingData(train + made + partial, dev, test)


def _share(parts: list[LabeledDocument], fraction: float) -> list[LabeledDocument]:
    """Return the share of sentences that hash low: the same ones for every seed."""
    limit = round(fraction * _N_SHARES)
    return [p for p in parts if bucket_of(squeeze(sentence_text(p)), _N_SHARES) < limit]


def _in_turn(part: LabeledDocument, n_turns: int) -> LabeledDocument:
    """Give a sentence the turn in which it is shown, by its text; 1 is always."""
    if n_turns == 1:
        return part
    return with_turn(part, bucket_of(squeeze(sentence_text(part)), n_turns), n_turns)


def _mark(part: LabeledDocument, source: Source) -> LabeledDocument:
    """Note with a sentence that its labels are partial (`core.marks.LABELS`)."""
    for mention in part.annotation.mentions:
        if mention.type not in SOFTCITE_MAY_BE:
            raise ConfigError(
                f"source {source.path} has labels: {source.labels}, but {part.document.id} holds "
                f"a {mention.type}; valid there: {', '.join(SOFTCITE_MAY_BE)}"
            )
    return with_mark(part, LABELS, source.labels)


def _sentences(source: Source) -> list[str]:
    parts = (part for labeled in read_source(source) for part in split_labeled(labeled))
    return [sentence_text(part) for part in parts]


def _extra(
    source: Source, forbidden: Sequence[str], known: set[str], seed: int, hold_out: HoldOut
) -> list[LabeledDocument]:
    documents = [
        labeled
        for labeled in read_source(source)
        if not hold_out.is_barred_document(labeled) and fifth_of(labeled) != source.without_fifth
    ]
    full: list[LabeledDocument] = []
    empty: list[LabeledDocument] = []
    if source.annotations is not None:
        known = set(known)  # the corpus's own labels of the same sentences may follow
    for part in cut_sentences(source, drop_documents_holding(documents, forbidden)):
        key = squeeze(sentence_text(part))
        if key and key not in known and not hold_out.is_barred(part):
            known.add(key)
            (full if part.annotation.mentions else empty).append(part)
    if source.empty_per_mention >= 0:
        n_kept = min(len(empty), round(source.empty_per_mention * len(full)))
        empty = random.Random(seed).sample(empty, n_kept)
    return full + empty


def cut_sentences(
    source: Source, documents: Sequence[LabeledDocument]
) -> Iterator[LabeledDocument]:
    """Yield the sentences of a source's documents, with its ``annotations`` where it has them.

    Raises:
        ConfigError: The annotations can't be read, are of other texts, or of none of the documents.
    """
    if source.annotations is not None:
        entries = read_standoff(Path(source.annotations))
        if not any(labeled.document.id in entries for labeled in documents):
            raise ConfigError(
                f"{source.annotations} names none of the {len(documents)} document(s) that are "
                f"read from {source.path}"
            )
        yield from apply_standoff(documents, entries)
        return
    for labeled in documents:
        yield from split_labeled(labeled)


def fifth_of(labeled: LabeledDocument) -> int:
    """Return the fifth, 0 to 4, that a document belongs to by its id."""
    return bucket_of(labeled.document.id, N_FIFTHS)


def bucket_of(key: str, n_buckets: int) -> int:
    """Return the bucket of a text, 0 to ``n_buckets`` - 1; the same everywhere and always."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % n_buckets


def _draw(keys: Sequence[str], fraction: float, seed: int) -> set[str]:
    return set(random.Random(seed).sample(list(keys), round(fraction * len(keys))))


def hash_documents(documents: Sequence[LabeledDocument]) -> str:
    """Return the SHA-256 of sentences with their gold: the fingerprint of a training set."""
    digest = hashlib.sha256()
    for labeled in documents:
        digest.update(sentence_text(labeled).encode())
        for m in labeled.annotation.mentions:
            digest.update(f"{m.type} {m.char_start} {m.char_end};".encode())
        for r in labeled.annotation.relations:
            digest.update(f"{r.type} {r.head.char_start} {r.tail.char_start};".encode())
        digest.update(b"\n")
    return digest.hexdigest()
