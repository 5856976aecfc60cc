from __future__ import annotations

import pytest

from somex.core import (
    Annotation,
    AnnotationError,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Relation,
    RelationType,
)
from somex.document_bench.scores import ALL, WHOLE, MicroScore, score_whole_documents

TEXT = "We used Wrenware. It is version 2.4 now. Nothing else was run."


def _labeled(id: str, *mentions: Mention, relations: tuple[Relation, ...] = ()) -> LabeledDocument:
    return LabeledDocument(Document(id, TEXT), Annotation.build(mentions, relations))


def _mention(words: str, entity: EntityType = EntityType.APPLICATION) -> Mention:
    start = TEXT.index(words)
    return Mention(entity, start, start + len(words))


VERSION = _mention("2.4", EntityType.VERSION)
NAME = _mention("Wrenware")
CROSSING = Relation(RelationType.VERSION_OF, VERSION, NAME)


def test_document_scores_span_counts_whatever_the_software_type() -> None:
    gold = [_labeled("a/1", NAME)]
    found = [_labeled("a/1", _mention("Wrenware", EntityType.PLUGIN))]
    (scores,) = score_whole_documents(gold, found)
    assert scores.name == ALL
    assert scores.micro["software_span"].f1 == 1.0
    assert scores.micro["software"].f1 == 0.0


def test_document_scores_sentences_without_gold_count() -> None:
    gold = [_labeled("a/1", NAME)]
    found = [_labeled("a/1", NAME, _mention("Nothing"), _mention("version"))]
    (scores,) = score_whole_documents(gold, found)
    assert scores.micro["software"].precision == pytest.approx(1 / 3)
    assert (scores.n_sentences, scores.n_with_gold) == (3, 1)
    assert (scores.n_false, scores.n_false_alone) == (2, 2)


def test_document_scores_relations_across_sentences_are_told() -> None:
    gold = [_labeled("a/1", NAME, VERSION, relations=(CROSSING,))]
    (found,) = score_whole_documents(gold, gold)
    (missed,) = score_whole_documents(gold, [_labeled("a/1", NAME, VERSION)])
    assert (found.crossing.tp, found.crossing.n_gold, found.micro["relations"].f1) == (1, 1, 1.0)
    assert (missed.crossing.tp, missed.crossing.n_gold, missed.micro["relations"].f1) == (0, 1, 0)


def test_document_scores_sets_are_folders_and_whole_documents() -> None:
    long = Document("b/2", "Cells were kept cold. " * 10)
    gold = [_labeled("a/1", NAME), LabeledDocument(long)]
    names = [scores.name for scores in score_whole_documents(gold, gold)]
    assert names == [ALL, WHOLE, "a", "b"]
    by_type = score_whole_documents(gold, gold)[0].to_json()["by_type"]
    assert by_type["ner"]["per_type"]["Application"]["support"] == 1


def test_document_scores_interval_holds_the_score() -> None:
    gold = [_labeled(f"a/{i}", NAME) for i in range(20)]
    found = [_labeled(f"a/{i}", *([NAME] if i % 4 else [])) for i in range(20)]
    (scores,) = score_whole_documents(gold, found, n_resamples=200)
    score = scores.micro["software"]
    assert score.low < score.f1 < score.high
    assert score_whole_documents(gold, found, n_resamples=200)[0].micro["software"] == score


def test_document_scores_nothing_to_find_and_nothing_found_is_right() -> None:
    assert MicroScore(0, 0, 0, 1.0, 1.0).f1 == 1.0
    with pytest.raises(AnnotationError, match="no document"):
        score_whole_documents([], [])
