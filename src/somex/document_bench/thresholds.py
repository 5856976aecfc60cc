"""A threshold of confidence, chosen for each fold on the documents of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from somex.core.schema import PURPOSE_TYPES, SOFTWARE_TYPES
from somex.core.types import Annotation, LabeledDocument
from somex.corpus import bucket_of
from somex.metrics import pair_documents

CANDIDATES = tuple(n / 20 for n in range(20))


def choose_threshold(gold: Sequence[LabeledDocument], found: Sequence[LabeledDocument]) -> float:
    """Return the threshold with the best micro F1 of software spans, of equals the lowest.

    Args:
        gold: Documents with the right annotation.
        found: The same documents, annotated with confidences.
    """
    n_gold, spans = 0, []
    for right, guessed in pair_documents(gold, found):
        known = {m.key[:2] for m in right.annotation.mentions if m.type in SOFTWARE_TYPES}
        n_gold += len(known)
        software = (m for m in guessed.annotation.mentions if m.type in SOFTWARE_TYPES)
        spans += [(m.confidence, m.key[:2] in known) for m in software]

    def f1(threshold: float) -> float:
        kept = [is_right for confidence, is_right in spans if confidence >= threshold]
        return 2 * sum(kept) / max(1, len(kept) + n_gold)

    return max(CANDIDATES, key=f1)


def drop_below(labeled: LabeledDocument, threshold: float) -> LabeledDocument:
    """Leave out software less sure than a threshold, with the attributes that it alone has."""
    annotation = labeled.annotation
    kept = {
        m for m in annotation.mentions if m.type not in PURPOSE_TYPES or m.confidence >= threshold
    }
    relations = [r for r in annotation.relations if r.head in kept and r.tail in kept]
    held = {end for r in relations for end in (r.head, r.tail)}
    had = {r.head for r in annotation.relations}
    mentions = (m for m in kept if m in held or m.type in PURPOSE_TYPES or m not in had)
    return replace(labeled, annotation=Annotation.build(mentions, relations))


def apply_thresholds(
    gold: Sequence[LabeledDocument], found: Sequence[LabeledDocument], *, n_folds: int
) -> tuple[list[LabeledDocument], Mapping[int, float]]:
    """Cut each fold's annotations at the threshold that is best for the other folds.

    Args:
        gold: Documents of two folds or more, with the right annotation.
        found: The same documents in the same order, annotated.
        n_folds: Number of folds, those that are not there included.

    Returns:
        The annotations that are left, and each fold's threshold.
    """
    folds = [bucket_of(labeled.document.id, n_folds) for labeled in gold]
    thresholds: dict[int, float] = {}
    for fold in sorted(set(folds)):
        others = [index for index, other in enumerate(folds) if other != fold]
        thresholds[fold] = choose_threshold([gold[i] for i in others], [found[i] for i in others])
    left = [drop_below(d, thresholds[fold]) for d, fold in zip(found, folds, strict=True)]
    return left, thresholds
