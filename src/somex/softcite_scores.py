"""Scores on softcite's terms: software names whatever their type, version, creator and URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from somex.core.schema import SOFTWARE_TYPES, EntityType, is_compatible
from somex.core.types import Annotation, LabeledDocument, Mention, Relation
from somex.metrics import Report, evaluate

_SAME: dict[EntityType, EntityType] = {
    **dict.fromkeys(SOFTWARE_TYPES, EntityType.APPLICATION),
    EntityType.VERSION: EntityType.VERSION,
    EntityType.RELEASE: EntityType.VERSION,
    EntityType.DEVELOPER: EntityType.DEVELOPER,
    EntityType.URL: EntityType.URL,
}
"""Type -> the one that stands for it; softcite calls a release by date a version, too."""

DOMAINS = ("biomedicine", "economics")


def as_softcite(labeled: LabeledDocument) -> LabeledDocument:
    """Reduce an annotation to what softcite annotates.

    Each software becomes an Application and each release a Version; other types are left out, and
    of the relations those that lead from a version, developer or URL to a software.
    """
    kept = {m: replace(m, type=_SAME[m.type]) for m in _first(labeled.annotation.mentions)}
    software = EntityType.APPLICATION
    relations: dict[tuple[object, ...], Relation] = {}
    for r in labeled.annotation.relations:
        if r.head not in kept or r.tail not in kept:
            continue
        head, tail = kept[r.head], kept[r.tail]
        name = "Version_of" if head.type is EntityType.VERSION else str(r.type)
        if name == f"{head.type}_of" and tail.type is software:
            kind = type(r.type)(name)
            if is_compatible(kind, head.type, tail.type):
                relations[kind, head.key, tail.key] = Relation(kind, head, tail, r.confidence)
    return LabeledDocument(labeled.document, Annotation.build(kept.values(), relations.values()))


def _first(mentions: Sequence[Mention]) -> list[Mention]:
    """Return the mentions to keep, the first of those that become equal."""
    found: dict[tuple[int, int, EntityType], Mention] = {}
    for m in mentions:
        if m.type in _SAME:
            found.setdefault((m.char_start, m.char_end, _SAME[m.type]), m)
    return list(found.values())


def score_softcite(gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument]) -> Report:
    """Score a prediction on softcite's terms: exact spans of four types, and their relations.

    Args:
        gold: Softcite documents (or others, which are reduced alike).
        predicted: The same documents with the annotation to score, of any type.

    Returns:
        A report in which Application stands for software of any kind, Version for version and
        release, Developer for creator; macro scores are means over these.

    Raises:
        AnnotationError: Gold and prediction are not the same documents.
    """
    return evaluate([as_softcite(d) for d in gold], [as_softcite(d) for d in predicted])


def score_names(gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument]) -> float:
    """Return the F1 (0 to 1) of software names: exact spans, whatever kind of software."""
    return names_of(score_softcite(gold, predicted))


def names_of(report: Report) -> float:
    """Return the F1 of software names from a report of `score_softcite`; 1 if there is nothing."""
    rows = {row.type: row.f1 for row in report.ner.per_type}
    return rows.get(str(EntityType.APPLICATION), 1.0)


def domain_of(labeled: LabeledDocument) -> str:
    """Return a softcite document's domain: its biomedical papers are called by their PMC id."""
    return DOMAINS[0] if labeled.document.id.startswith("PMC") else DOMAINS[1]
