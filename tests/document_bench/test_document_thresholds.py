from __future__ import annotations

from somex.core import (
    Annotation,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Relation,
    RelationType,
)
from somex.corpus import bucket_of
from somex.document_bench.thresholds import apply_thresholds, choose_threshold, drop_below

TEXT = "Wrenware 2.4 and Tolva 7 ran."
N_FOLDS = 2


def _labeled(id: str, *, sure: float, unsure: float) -> LabeledDocument:
    """Two names with a version each; Wrenware is the right one."""
    wrenware = Mention(EntityType.APPLICATION, 0, 8, confidence=sure)
    tolva = Mention(EntityType.APPLICATION, 17, 22, confidence=unsure)
    versions = [Mention(EntityType.VERSION, 9, 12), Mention(EntityType.VERSION, 23, 24)]
    relations = [
        Relation(RelationType.VERSION_OF, version, host)
        for version, host in zip(versions, (wrenware, tolva), strict=True)
    ]
    return LabeledDocument(
        Document(id, TEXT), Annotation.build([wrenware, tolva, *versions], relations)
    )


def _gold(id: str) -> LabeledDocument:
    mention = Mention(EntityType.APPLICATION, 0, 8)
    return LabeledDocument(Document(id, TEXT), Annotation.build([mention]))


def test_document_thresholds_best_is_the_lowest_of_equals() -> None:
    found = [_labeled("a", sure=0.9, unsure=0.42)]
    assert choose_threshold([_gold("a")], found) == 0.45
    assert choose_threshold([_gold("a")], [_labeled("a", sure=0.3, unsure=0.9)]) == 0.0


def test_document_thresholds_attributes_go_with_their_software() -> None:
    left = drop_below(_labeled("a", sure=0.9, unsure=0.4), 0.5).annotation
    assert [TEXT[m.char_start : m.char_end] for m in left.mentions] == ["Wrenware", "2.4"]
    assert len(left.relations) == 1


def test_document_thresholds_are_chosen_without_the_fold_itself() -> None:
    ids = [f"d{n}" for n in range(12)]
    found = [_labeled(id, sure=0.9, unsure=0.1 if bucket_of(id, N_FOLDS) else 0.6) for id in ids]
    left, thresholds = apply_thresholds([_gold(id) for id in ids], found, n_folds=N_FOLDS)
    assert thresholds == {0: 0.15, 1: 0.65}
    assert [labeled.document.id for labeled in left] == ids
