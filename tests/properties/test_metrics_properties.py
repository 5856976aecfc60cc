"""Metrics against seqeval, an independent implementation, and by properties."""

import warnings
from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seqeval.metrics.v1 import classification_report
from seqeval.scheme import IOB2

from somex.core import Annotation, Document, LabeledDocument, Mention, Relation
from somex.core.schema import EntityType, RelationType, relations_between
from somex.metrics import count_document, evaluate, sum_counts
from somex.significance import bootstrap_interval, paired_bootstrap

NAMES = ("Application", "Version", "Developer", "URL")
TAGS = st.sampled_from(["O", *(f"{prefix}-{name}" for prefix in "BI" for name in NAMES)])
TagPair = tuple[list[str], list[str]]


@st.composite
def tag_pairs(draw: st.DrawFn) -> TagPair:
    """Draw gold and predicted tags of one sentence, similar to each other."""
    gold = draw(st.lists(TAGS, min_size=1, max_size=12))
    changes = draw(st.dictionaries(st.integers(0, len(gold) - 1), TAGS, max_size=4))
    return gold, [changes.get(place, tag) for place, tag in enumerate(gold)]


def from_tags(tags: list[str], name: str) -> LabeledDocument:
    """Return the document of strict IOB2 tags: an entity begins with B, stray I tags are void."""
    mentions: list[Mention] = []
    for place, tag in enumerate(tags):
        if tag.startswith("B-"):
            end = place + 1
            while end < len(tags) and tags[end] == f"I-{tag[2:]}":
                end += 1
            mentions.append(Mention(EntityType(tag[2:]), 2 * place, 2 * end - 1))
    return LabeledDocument(Document(name, " ".join("x" * len(tags))), Annotation.build(mentions))


@given(st.lists(tag_pairs(), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_metrics_agree_with_seqeval(pairs: list[TagPair]) -> None:
    gold = [from_tags(tags, f"d{n}") for n, (tags, _) in enumerate(pairs)]
    predicted = [from_tags(tags, f"d{n}") for n, (_, tags) in enumerate(pairs)]
    assume(any(labeled.annotation.mentions for labeled in gold))
    report = evaluate(gold, predicted).ner
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = classification_report(
            [tags for tags, _ in pairs],
            [tags for _, tags in pairs],
            output_dict=True,
            scheme=IOB2,
            zero_division=0,
        )
    rows = {row.type: row for row in report.per_type}
    assert set(rows) == set(oracle) - {"micro avg", "macro avg", "weighted avg"}
    for name, row in rows.items():
        assert row.precision == pytest.approx(oracle[name]["precision"])
        assert row.recall == pytest.approx(oracle[name]["recall"])
        assert row.f1 == pytest.approx(oracle[name]["f1-score"])
        assert row.support == oracle[name]["support"]
    micro = oracle["micro avg"]
    assert report.micro_precision == pytest.approx(micro["precision"])
    assert report.micro_recall == pytest.approx(micro["recall"])
    assert report.micro_f1 == pytest.approx(micro["f1-score"])
    in_gold = [oracle[name] for name in rows if oracle[name]["support"]]
    for ours, key in (
        (report.macro_precision, "precision"),
        (report.macro_recall, "recall"),
        (report.macro_f1, "f1-score"),
    ):
        assert ours == pytest.approx(sum(row[key] for row in in_gold) / len(in_gold))


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    """Draw mentions of a text of 20 characters and relations that the schema allows."""
    spans = st.tuples(st.sampled_from(EntityType), st.integers(0, 9), st.integers(1, 3))
    drawn = draw(st.lists(spans, max_size=6, unique=True))
    mentions = [Mention(entity, start, start + length) for entity, start, length in drawn]
    possible: list[tuple[RelationType, Mention, Mention]] = [
        (relation, head, tail)
        for head in mentions
        for tail in mentions
        if head != tail
        for relation in relations_between(head.type, tail.type)
    ]
    chosen = draw(st.lists(st.sampled_from(possible), max_size=5, unique=True)) if possible else []
    return Annotation.build(mentions, [Relation(*item) for item in chosen])


def labeled(annotation: Annotation, place: int) -> LabeledDocument:
    return LabeledDocument(Document(f"d{place}", "x" * 20), annotation)


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[LabeledDocument], list[LabeledDocument]]:
    """Draw gold and prediction of a few documents, some of them equal."""
    gold = draw(st.lists(annotations(), min_size=1, max_size=5))
    predicted = [draw(st.one_of(st.just(annotation), annotations())) for annotation in gold]
    return (
        [labeled(annotation, place) for place, annotation in enumerate(gold)],
        [labeled(annotation, place) for place, annotation in enumerate(predicted)],
    )


Corpora = tuple[list[LabeledDocument], list[LabeledDocument]]


@given(corpora(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_metrics_do_not_depend_on_any_order(pair: Corpora, random: Random) -> None:
    gold, predicted = pair

    def shuffled(documents: list[LabeledDocument]) -> list[LabeledDocument]:
        mixed = []
        for document in random.sample(documents, len(documents)):
            old = document.annotation
            mentions = random.sample(old.mentions, len(old.mentions))
            relations = random.sample(old.relations, len(old.relations))
            mixed.append(
                replace(document, annotation=Annotation(tuple(mentions), tuple(relations)))
            )
        return mixed

    assert evaluate(shuffled(gold), shuffled(predicted)) == evaluate(gold, predicted)


@given(corpora())
@settings(max_examples=100, deadline=None)
def test_metrics_lie_between_zero_and_one_which_gold_itself_reaches(pair: Corpora) -> None:
    gold, predicted = pair
    report = evaluate(gold, predicted)
    for task in (report.ner, report.re):
        scores = [task.macro_precision, task.macro_recall, task.macro_f1, task.micro_f1]
        assert all(0.0 <= score <= 1.0 for score in scores)
    perfect = evaluate(gold, gold)
    assert perfect.total_macro_f1 == perfect.ner.micro_f1 == perfect.re.micro_f1 == 1.0


@given(corpora())
@settings(max_examples=100, deadline=None)
def test_metrics_swapping_gold_and_prediction_swaps_precision_and_recall(pair: Corpora) -> None:
    report, swapped = evaluate(*pair), evaluate(pair[1], pair[0])
    assert report.ner.micro_precision == swapped.ner.micro_recall or not any(
        labeled.annotation.mentions for side in pair for labeled in side
    )
    rows = {row.type: row for row in swapped.re.per_type}
    for row in report.re.per_type:
        other = rows[row.type]
        assert (row.precision, row.recall, row.f1) == (other.recall, other.precision, other.f1)


@given(corpora(), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_metrics_counts_of_parts_add_up_to_the_whole(pair: Corpora, cut: int) -> None:
    counts = [count_document(gold, predicted) for gold, predicted in zip(*pair, strict=True)]
    assert sum_counts(counts[:cut]) + sum_counts(counts[cut:]) == sum_counts(counts)


@given(corpora(), st.sampled_from(["total", "ner", "re"]))
@settings(max_examples=50, deadline=None)
def test_significance_agrees_with_the_report(pair: Corpora, metric: str) -> None:
    report = evaluate(*pair)
    score = {"total": report.total_macro_f1, "ner": report.ner.macro_f1, "re": report.re.macro_f1}
    interval = bootstrap_interval(*pair, metric=metric, n_resamples=30)  # type: ignore[arg-type]
    assert interval.point == pytest.approx(score[metric])
    assert 0.0 <= interval.low <= interval.point <= interval.high <= 1.0
    same = paired_bootstrap(
        pair[0],
        pair[1],
        pair[1],
        metric=metric,  # type: ignore[arg-type]
        n_resamples=30,
    )
    assert (same.difference, same.p_value) == (0.0, 1.0)
