"""Whole documents, gold against predicted: software by span and by type, all types, relations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from somex.core.errors import AnnotationError
from somex.core.schema import SOFTWARE_TYPES
from somex.core.types import LabeledDocument, Relation, Sentence
from somex.metrics import Report, evaluate, pair_documents
from somex.significance import micro_f1_interval
from somex.text.sentences import sentences_of

ALL = "all"
WHOLE = "whole documents"
MIN_WHOLE = 10
"""Sentences from which on a document counts as whole, or as a section, not as an excerpt."""

VIEWS = ("software_span", "software", "mentions", "relations")
"""Software mentions by span whatever their software type, and by span and type; mentions of all
14 types; relations of all 11, by type and the starts of both mentions."""

Items: TypeAlias = set[tuple[object, ...]]
Row: TypeAlias = tuple[int, int, int]
"""Right, gold and predicted items."""


@dataclass(frozen=True, slots=True)
class MicroScore:
    """Counts over documents, and the interval of their F1.

    Attributes:
        tp: Items in the gold and predicted.
        n_gold: Items in the gold.
        n_predicted: Predicted items.
        low: Lower end of the bootstrap interval of F1 over documents (95 %).
        high: Its upper end.
    """

    tp: int
    n_gold: int
    n_predicted: int
    low: float
    high: float

    @property
    def precision(self) -> float:
        """Share of the predicted items that are right; 0 if none is predicted."""
        return self.tp / self.n_predicted if self.n_predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold items that were found; 0 if there is none."""
        return self.tp / self.n_gold if self.n_gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; 1 where there is nothing to find and nothing found."""
        items = self.n_gold + self.n_predicted
        return 2 * self.tp / items if items else 1.0

    def to_json(self) -> dict[str, Any]:
        """Return counts and scores as values that ``json.dumps`` takes."""
        names = ("precision", "recall", "f1", "low", "high", "tp", "n_gold", "n_predicted")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class DocumentScores:
    """Scores of a set of documents.

    Attributes:
        name: Of the set: ``all``, ``whole documents``, or the folder that they stand in.
        n_sentences: Their sentences.
        n_with_gold: Those of them that hold a gold mention.
        micro: Score of each view, see ``VIEWS``.
        crossing: The same of the relations whose mentions stand in different sentences.
        n_false: Predicted software spans that the gold has not.
        n_false_alone: Those of them in sentences without any gold mention.
        report: Scores by type, macro and micro.
    """

    name: str
    n_sentences: int
    n_with_gold: int
    micro: dict[str, MicroScore]
    crossing: MicroScore
    n_false: int
    n_false_alone: int
    report: Report

    def to_json(self) -> dict[str, Any]:
        """Return the scores as values that ``json.dumps`` takes."""
        return {
            "name": self.name,
            "n_documents": self.report.n_documents,
            "n_sentences": self.n_sentences,
            "n_sentences_with_gold": self.n_with_gold,
            **{view: score.to_json() for view, score in self.micro.items()},
            "relations_across_sentences": self.crossing.to_json(),
            "false_software_spans": self.n_false,
            "false_software_spans_in_sentences_without_gold": self.n_false_alone,
            "by_type": {"ner": self.report.ner.to_json(), "re": self.report.re.to_json()},
        }


@dataclass(frozen=True, slots=True)
class _Pair:
    gold: LabeledDocument
    found: LabeledDocument
    sentences: Sequence[Sentence]

    @property
    def folder(self) -> str:
        return self.gold.document.id.rpartition("/")[0].partition("/")[0]


def score_whole_documents(
    gold: Sequence[LabeledDocument],
    predicted: Sequence[LabeledDocument],
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> list[DocumentScores]:
    """Score whole documents, all together and by the folders that their ids name.

    Args:
        gold: Documents with the right annotation.
        predicted: The same documents (matched by id) with the annotation to score.
        n_resamples: Resamples of the intervals.
        seed: Seed of the resamples.

    Returns:
        All documents; those of ``MIN_WHOLE`` sentences or more; and each folder. Sets that would
        be empty, or all documents again, are left out.

    Raises:
        AnnotationError: There is no document, or gold and prediction don't match.
    """
    if not gold:
        raise AnnotationError("there is no document to score; the gold is empty")
    pairs = [
        _Pair(right, found, sentences_of(right.document))
        for right, found in pair_documents(gold, predicted)
    ]
    sets = {ALL: pairs, WHOLE: [p for p in pairs if len(p.sentences) >= MIN_WHOLE]}
    for folder in sorted({p.folder for p in pairs} - {""}):
        sets[folder] = [p for p in pairs if p.folder == folder]
    return [
        _score(name, chosen, n_resamples=n_resamples, seed=seed)
        for name, chosen in sets.items()
        if chosen and (name == ALL or len(chosen) < len(pairs))
    ]


def _score(name: str, pairs: Sequence[_Pair], *, n_resamples: int, seed: int) -> DocumentScores:
    def micro(items_of: Callable[[LabeledDocument, Sequence[Sentence]], Items]) -> MicroScore:
        rows = [_row(items_of(p.gold, p.sentences), items_of(p.found, p.sentences)) for p in pairs]
        low, high = micro_f1_interval(rows, n_resamples=n_resamples, seed=seed)
        tp, n_gold, n_predicted = (sum(column) for column in zip(*rows, strict=True))
        return MicroScore(tp, n_gold, n_predicted, low, high)

    false = [_false_spans(p) for p in pairs]
    return DocumentScores(
        name=name,
        n_sentences=sum(len(p.sentences) for p in pairs),
        n_with_gold=sum(sum(_with_gold(p)) for p in pairs),
        micro={view: micro(_ITEMS[view]) for view in VIEWS},
        crossing=micro(_crossing),
        n_false=sum(n for n, _ in false),
        n_false_alone=sum(n for _, n in false),
        report=evaluate([p.gold for p in pairs], [p.found for p in pairs]),
    )


def _row(gold: Items, predicted: Items) -> Row:
    return len(gold & predicted), len(gold), len(predicted)


def _software_spans(labeled: LabeledDocument, _: Sequence[Sentence]) -> Items:
    mentions = labeled.annotation.mentions
    return {(m.char_start, m.char_end) for m in mentions if m.type in SOFTWARE_TYPES}


def _software(labeled: LabeledDocument, _: Sequence[Sentence]) -> Items:
    return {m.key for m in labeled.annotation.mentions if m.type in SOFTWARE_TYPES}


def _mentions(labeled: LabeledDocument, _: Sequence[Sentence]) -> Items:
    return {m.key for m in labeled.annotation.mentions}


def _relations(labeled: LabeledDocument, _: Sequence[Sentence]) -> Items:
    return _keys(labeled.annotation.relations)


def _keys(relations: Iterable[Relation]) -> Items:
    return {(r.type, r.head.char_start, r.tail.char_start) for r in relations}


def _crossing(labeled: LabeledDocument, sentences: Sequence[Sentence]) -> Items:
    return _keys(
        r
        for r in labeled.annotation.relations
        if not any(s.holds(r.head) and s.holds(r.tail) for s in sentences)
    )


_ITEMS: dict[str, Callable[[LabeledDocument, Sequence[Sentence]], Items]] = {
    "software_span": _software_spans,
    "software": _software,
    "mentions": _mentions,
    "relations": _relations,
}


def _with_gold(pair: _Pair) -> list[bool]:
    """Tell of each sentence whether a gold mention overlaps it."""
    mentions = pair.gold.annotation.mentions
    return [
        any(m.char_start < s.char_end and s.char_start < m.char_end for m in mentions)
        for s in pair.sentences
    ]


def _false_spans(pair: _Pair) -> tuple[int, int]:
    """Count the wrong software spans, and those of them in sentences without gold."""
    right = _software_spans(pair.gold, pair.sentences)
    wrong = _software_spans(pair.found, pair.sentences) - right
    gold = zip(pair.sentences, _with_gold(pair), strict=True)
    empty = [sentence for sentence, holds_gold in gold if not holds_gold]
    alone = [
        (start, end)
        for start, end in wrong
        if any(s.char_start <= start and end <= s.char_end for s in empty)  # type: ignore[operator]
    ]
    return len(wrong), len(alone)
