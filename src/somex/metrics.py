"""Gold and predicted annotation → integer counts → report, scored as the SOMD shared task does.

- A mention is right if its span and its type are; a relation is right if its type, the start of
  its head mention and the start of its tail mention are.
- Within a document every item counts once: the same item written twice is one item (sets), as in
  the shared task's reference scoring, where a repeated sentence is a document of its own.
- Macro scores are means over the types that the GOLD holds. A type that is only predicted has no
  part in them; it stands in the table, and lowers the micro scores.
- The total is the mean of the two macro F1s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, Self

from somex.core.errors import AnnotationError
from somex.core.schema import ENTITY_TYPES, RELATION_TYPES
from somex.core.types import LabeledDocument

SCORES = ("total", "ner", "re", "ner_micro", "re_micro")
"""Names of the main scores: total, macro F1 of mentions and relations, micro F1 of both."""

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Counts:
    """Integer counts per type; counts of the same types can be added.

    Attributes:
        types: Names of the types, in the order of the schema.
        tp: Items that are in the gold and predicted, one number a type.
        n_gold: Items in the gold (support), one number a type.
        n_predicted: Predicted items, one number a type.

    Raises:
        AnnotationError: The lengths differ, a number is negative, or ``tp`` exceeds another.
    """

    types: tuple[str, ...]
    tp: tuple[int, ...]
    n_gold: tuple[int, ...]
    n_predicted: tuple[int, ...]

    def __post_init__(self) -> None:
        lengths = [len(row) for row in (self.types, self.tp, self.n_gold, self.n_predicted)]
        if len(set(lengths)) != 1:
            raise AnnotationError(f"counts need one number a type; the lengths are {lengths}")
        for name, tp, n_gold, n_predicted in self.rows():
            if not 0 <= tp <= min(n_gold, n_predicted):
                raise AnnotationError(
                    f"counts of {name}: tp {tp} must be 0 to the least of n_gold {n_gold} "
                    f"and n_predicted {n_predicted}"
                )

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Return ``(type, tp, n_gold, n_predicted)`` for each type."""
        return list(zip(self.types, self.tp, self.n_gold, self.n_predicted, strict=True))

    @classmethod
    def zero(cls, types: Sequence[str]) -> Self:
        """Return the counts of nothing."""
        none = (0,) * len(types)
        return cls(tuple(str(name) for name in types), none, none, none)

    def __add__(self, other: Counts) -> Counts:
        if self.types != other.types:
            raise AnnotationError(
                f"counts of different types can't be added: {', '.join(self.types)} "
                f"and {', '.join(other.types)}"
            )
        return Counts(
            self.types,
            _add(self.tp, other.tp),
            _add(self.n_gold, other.n_gold),
            _add(self.n_predicted, other.n_predicted),
        )


def _add(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(left, right, strict=True))


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """Counts of mentions (``ner``) and relations (``re``) of one or, added, several documents."""

    ner: Counts
    re: Counts

    @classmethod
    def zero(cls) -> Self:
        """Return the counts of no document."""
        return cls(Counts.zero(ENTITY_TYPES), Counts.zero(RELATION_TYPES))

    def __add__(self, other: DocumentCounts) -> DocumentCounts:
        return DocumentCounts(self.ner + other.ner, self.re + other.re)


@dataclass(frozen=True, slots=True)
class TypeScores:
    """Scores of one type.

    Attributes:
        type: Name of the type.
        precision: Share of the predicted items that are right, 0 to 1; 0 if none is predicted.
        recall: Share of the gold items that were found, 0 to 1; 0 if there is none.
        f1: Harmonic mean of the two.
        support: Items in the gold; 0 for a type that is only predicted and so not in the macro.
        n_predicted: Predicted items.
        tp: Right items.
    """

    type: str
    precision: float
    recall: float
    f1: float
    support: int
    n_predicted: int
    tp: int

    @property
    def in_macro(self) -> bool:
        """Tell whether the type is in the gold and so in the macro scores."""
        return self.support > 0


@dataclass(frozen=True, slots=True)
class TaskScores:
    """Scores of one task, all 0 to 1.

    Without any gold item every score is 1 if nothing is predicted either, else 0.

    Attributes:
        macro_precision: Mean precision over the types in the gold.
        macro_recall: Mean recall over the types in the gold.
        macro_f1: Mean F1 over the types in the gold (not the F1 of the two means).
        micro_precision: Precision over the items of all types, those only predicted as well.
        micro_recall: Recall over the items of all types.
        micro_f1: F1 of the two micro scores.
        per_type: Scores of the types that are in the gold or predicted, in schema order.
    """

    macro_precision: float
    macro_recall: float
    macro_f1: float
    micro_precision: float
    micro_recall: float
    micro_f1: float
    per_type: tuple[TypeScores, ...]

    @classmethod
    def from_counts(cls, counts: Counts) -> Self:
        """Return the scores of added counts."""
        rows = tuple(_score(*row) for row in counts.rows() if row[2] or row[3])
        micro = _score("micro", sum(counts.tp), sum(counts.n_gold), sum(counts.n_predicted))
        supported = [row for row in rows if row.in_macro]
        if not supported:
            value = 0.0 if rows else 1.0
            return cls(value, value, value, value, value, value, rows)
        return cls(
            macro_precision=sum(row.precision for row in supported) / len(supported),
            macro_recall=sum(row.recall for row in supported) / len(supported),
            macro_f1=sum(row.f1 for row in supported) / len(supported),
            micro_precision=micro.precision,
            micro_recall=micro.recall,
            micro_f1=micro.f1,
            per_type=rows,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the scores as values that ``json.dumps`` takes."""
        return {
            "macro": _triple(self.macro_precision, self.macro_recall, self.macro_f1),
            "micro": _triple(self.micro_precision, self.micro_recall, self.micro_f1),
            "per_type": {
                row.type: {
                    **_triple(row.precision, row.recall, row.f1),
                    "support": row.support,
                    "n_predicted": row.n_predicted,
                    "tp": row.tp,
                    "in_macro": row.in_macro,
                }
                for row in self.per_type
            },
        }


def _triple(precision: float, recall: float, f1: float) -> dict[str, float]:
    return {"precision": precision, "recall": recall, "f1": f1}


def _score(name: str, tp: int, n_gold: int, n_predicted: int) -> TypeScores:
    precision = tp / n_predicted if n_predicted else 0.0
    recall = tp / n_gold if n_gold else 0.0
    f1 = 2 * tp / (n_gold + n_predicted) if n_gold + n_predicted else 0.0
    return TypeScores(name, precision, recall, f1, n_gold, n_predicted, tp)


@dataclass(frozen=True, slots=True)
class Report:
    """Scores of a prediction.

    Attributes:
        ner: Scores of the mentions.
        re: Scores of the relations.
        n_documents: Number of documents that were compared.
    """

    ner: TaskScores
    re: TaskScores
    n_documents: int

    @classmethod
    def from_counts(cls, counts: DocumentCounts, *, n_documents: int) -> Self:
        """Return the report of the added counts of ``n_documents`` documents."""
        return cls(
            TaskScores.from_counts(counts.ner), TaskScores.from_counts(counts.re), n_documents
        )

    @property
    def total_macro_f1(self) -> float:
        """The shared task's total, 0 to 1: mean of the macro F1s of mentions and relations."""
        return (self.ner.macro_f1 + self.re.macro_f1) / 2

    def main_scores(self) -> dict[str, float]:
        """Return the main scores by name, see ``SCORES``."""
        f1s = (self.ner.macro_f1, self.re.macro_f1, self.ner.micro_f1, self.re.micro_f1)
        return dict(zip(SCORES, (self.total_macro_f1, *f1s), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return the report as values that ``json.dumps`` takes."""
        return {
            "n_documents": self.n_documents,
            "total_macro_f1": self.total_macro_f1,
            "ner": self.ner.to_json(),
            "re": self.re.to_json(),
        }


def evaluate(gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument]) -> Report:
    """Score a prediction; the order of documents, mentions and relations doesn't matter.

    Args:
        gold: Documents with the right annotation.
        predicted: The same documents (matched by id) with the annotation to score.

    Returns:
        The scores of mentions and relations.

    Raises:
        AnnotationError: Ids are missing, additional or repeated, or two documents of the same id
            have different texts.
    """
    pairs = pair_documents(gold, predicted)
    return Report.from_counts(
        sum_counts(count_document(*pair) for pair in pairs), n_documents=len(pairs)
    )


def count_document(gold: LabeledDocument, predicted: LabeledDocument) -> DocumentCounts:
    """Count the right, the gold and the predicted items of one document.

    Args:
        gold: The document with the right annotation.
        predicted: The same document with the annotation to score.

    Returns:
        The counts, which can be added over documents.

    Raises:
        AnnotationError: The texts differ, so that offsets can't be compared.
    """
    _check_same_text(gold, predicted)
    return DocumentCounts(
        _count(ENTITY_TYPES, _mention_items(gold), _mention_items(predicted)),
        _count(RELATION_TYPES, _relation_items(gold), _relation_items(predicted)),
    )


def sum_counts(counts: Iterable[DocumentCounts]) -> DocumentCounts:
    """Return the counts of several documents added up, all zero for none."""
    return sum(counts, start=DocumentCounts.zero())


def pair_documents(
    gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument]
) -> list[tuple[LabeledDocument, LabeledDocument]]:
    """Match the documents by id.

    Args:
        gold: Documents with the right annotation.
        predicted: The same documents, in any order.

    Returns:
        Gold and predicted document of each id, in the order of the gold.

    Raises:
        AnnotationError: Ids are missing, additional or repeated.
    """
    by_id = _by_id(predicted, "prediction")
    gold_ids = _by_id(gold, "gold")
    missing = [name for name in gold_ids if name not in by_id]
    additional = [name for name in by_id if name not in gold_ids]
    if missing or additional:
        faults = [
            f"{len(ids)} {fault} ({_named(ids)})"
            for ids, fault in (
                (missing, "of the gold's missing"),
                (additional, "that the gold has not"),
            )
            if ids
        ]
        raise AnnotationError(
            f"the prediction must hold the gold's {len(gold_ids)} documents; "
            f"document ids: {', '.join(faults)}"
        )
    return [(document, by_id[name]) for name, document in gold_ids.items()]


def _by_id(documents: Sequence[LabeledDocument], side: str) -> dict[str, LabeledDocument]:
    by_id = {labeled.document.id: labeled for labeled in documents}
    if len(by_id) != len(documents):
        n_per_id = Counter(labeled.document.id for labeled in documents)
        repeated = [name for name, n_documents in n_per_id.items() if n_documents > 1]
        raise AnnotationError(
            f"document ids of the {side} must be unique; repeated: {_named(repeated)}"
        )
    return by_id


def _named(ids: list[str]) -> str:
    names = ", ".join(repr(name) for name in ids[:_MAX_NAMED])
    return f"{names}, …" if len(ids) > _MAX_NAMED else names


def _check_same_text(gold: LabeledDocument, predicted: LabeledDocument) -> None:
    left, right = gold.document.text, predicted.document.text
    if left != right:
        place = next(
            (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
            min(len(left), len(right)),
        )
        raise AnnotationError(
            f"document {gold.document.id!r}: the texts of gold and prediction differ from "
            f"character {place} on ({len(left)} and {len(right)} characters); "
            "they must be equal for offsets to be compared"
        )


Item = tuple[str, int, int]
"""Type, and the two offsets that must be right."""


def _mention_items(labeled: LabeledDocument) -> set[Item]:
    return {(str(m.type), m.char_start, m.char_end) for m in labeled.annotation.mentions}


def _relation_items(labeled: LabeledDocument) -> set[Item]:
    return {
        (str(r.type), r.head.char_start, r.tail.char_start) for r in labeled.annotation.relations
    }


def _count(types: Sequence[str], gold: Set[Item], predicted: Set[Item]) -> Counts:
    return Counts(
        tuple(str(name) for name in types),
        _per_type(types, gold & predicted),
        _per_type(types, gold),
        _per_type(types, predicted),
    )


def _per_type(types: Sequence[str], items: Set[Item]) -> tuple[int, ...]:
    names = [item[0] for item in items]
    return tuple(names.count(str(name)) for name in types)
