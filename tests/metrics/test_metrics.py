import json
import math

import pytest

from somex.core import Annotation, AnnotationError, Document, LabeledDocument, Mention, Relation
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType as R
from somex.metrics import Counts, DocumentCounts, count_document, evaluate, sum_counts

TEXT = "We used Foo 2.1 by Acme Inc. and Bar 3 here"
FOO, FOO_VERSION = Mention(E.APPLICATION, 8, 11), Mention(E.VERSION, 12, 15)
ACME, ACME_SHORT = Mention(E.DEVELOPER, 19, 28), Mention(E.DEVELOPER, 19, 23)
BAR, BAR_VERSION = Mention(E.APPLICATION, 33, 36), Mention(E.VERSION, 37, 38)
HERE = Mention(E.URL, 39, 43)


def labeled(
    *mentions: Mention, relations: tuple[Relation, ...] = (), id: str = "a", text: str = TEXT
) -> LabeledDocument:
    return LabeledDocument(Document(id, text), Annotation.build(mentions, relations))


GOLD = labeled(
    FOO,
    FOO_VERSION,
    ACME,
    BAR,
    BAR_VERSION,
    relations=(
        Relation(R.VERSION_OF, FOO_VERSION, FOO),
        Relation(R.VERSION_OF, BAR_VERSION, BAR),
        Relation(R.DEVELOPER_OF, ACME, FOO),
    ),
)
PREDICTED = labeled(
    FOO,
    FOO_VERSION,
    ACME_SHORT,
    BAR,
    HERE,
    relations=(
        Relation(R.VERSION_OF, FOO_VERSION, BAR),
        Relation(R.DEVELOPER_OF, ACME_SHORT, FOO),
        Relation(R.URL_OF, HERE, FOO),
    ),
)


def test_metrics_of_an_example_computed_by_hand() -> None:
    report = evaluate([GOLD], [PREDICTED])
    # Application 2/2/2, Version 1 of 2 found (P 1, R .5, F1 2/3), Developer 0, URL predicted only.
    assert report.ner.macro_precision == pytest.approx((1 + 1 + 0) / 3)
    assert report.ner.macro_recall == pytest.approx((1 + 0.5 + 0) / 3)
    assert report.ner.macro_f1 == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert report.ner.micro_precision == pytest.approx(3 / 5)
    assert report.ner.micro_recall == pytest.approx(3 / 5)
    assert report.ner.micro_f1 == pytest.approx(3 / 5)
    # Version_of: 0 of 2, one predicted. Developer_of: starts agree, so it is right.
    assert report.re.macro_f1 == pytest.approx((0 + 1) / 2)
    assert report.re.micro_precision == pytest.approx(1 / 3)
    assert report.re.micro_recall == pytest.approx(1 / 3)
    assert report.total_macro_f1 == pytest.approx((5 / 9 + 1 / 2) / 2)
    assert report.n_documents == 1


def test_metrics_list_types_that_are_only_predicted() -> None:
    report = evaluate([GOLD], [PREDICTED])
    rows = {row.type: row for row in report.ner.per_type}
    assert list(rows) == ["Application", "Version", "Developer", "URL"]
    url = rows["URL"]
    assert (url.support, url.n_predicted, url.tp, url.in_macro) == (0, 1, 0, False)
    version = rows["Version"]
    assert (version.precision, version.recall, version.support) == (1.0, 0.5, 2)


def test_metrics_relation_needs_type_and_both_starts() -> None:
    other = labeled(
        FOO, FOO_VERSION, ACME_SHORT, relations=(Relation(R.DEVELOPER_OF, ACME_SHORT, FOO),)
    )
    counts = count_document(GOLD, other).re
    assert {name: tp for name, tp, _, _ in counts.rows() if tp} == {"Developer_of": 1}


def test_metrics_count_a_relation_once_in_a_document() -> None:
    twice = (Relation(R.VERSION_OF, FOO_VERSION, FOO),) * 2
    document = LabeledDocument(Document("a", TEXT), Annotation((FOO, FOO_VERSION), twice))
    counts = count_document(document, document).re
    assert (sum(counts.tp), sum(counts.n_gold), sum(counts.n_predicted)) == (1, 1, 1)


def test_metrics_perfect_prediction_scores_one() -> None:
    report = evaluate([GOLD], [GOLD])
    assert report.total_macro_f1 == report.ner.micro_f1 == report.re.micro_f1 == 1.0


@pytest.mark.parametrize(("predicted", "score"), [(labeled(), 1.0), (labeled(FOO), 0.0)])
def test_metrics_without_any_gold_item(predicted: LabeledDocument, score: float) -> None:
    report = evaluate([labeled()], [predicted])
    assert report.ner.macro_f1 == report.ner.micro_f1 == report.ner.macro_recall == score
    assert report.re.macro_f1 == 1.0


def test_metrics_no_prediction_scores_zero() -> None:
    report = evaluate([GOLD], [labeled()])
    assert report.total_macro_f1 == report.ner.micro_precision == 0.0


def test_metrics_json_holds_all_scores() -> None:
    read = json.loads(json.dumps(evaluate([GOLD], [PREDICTED]).to_json()))
    assert set(read) == {"n_documents", "total_macro_f1", "ner", "re"}
    assert math.isclose(read["ner"]["macro"]["f1"], 5 / 9)
    assert read["re"]["micro"] == {"precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3}
    assert read["ner"]["per_type"]["URL"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "support": 0,
        "n_predicted": 1,
        "tp": 0,
        "in_macro": False,
    }


def test_metrics_name_missing_and_additional_documents() -> None:
    gold = [labeled(id="a"), labeled(id="b")]
    with pytest.raises(AnnotationError, match=r"1 of the gold's missing \('b'\), 1 that .*\('c'\)"):
        evaluate(gold, [labeled(id="c"), labeled(id="a")])


def test_metrics_name_a_few_of_many_missing_documents() -> None:
    gold = [labeled(id=f"d{n}") for n in range(9)]
    with pytest.raises(AnnotationError, match=r"9 of the gold's missing \('d0', .*'d4', …\)"):
        evaluate(gold, [])


def test_metrics_name_repeated_documents() -> None:
    with pytest.raises(AnnotationError, match=r"ids of the prediction must be unique.*: 'a'"):
        evaluate([GOLD], [GOLD, GOLD])


def test_metrics_name_the_place_where_texts_differ() -> None:
    other = labeled(text=TEXT.replace("Bar", "Baz"))
    with pytest.raises(AnnotationError, match=r"'a': the texts .* from character 35 on"):
        evaluate([GOLD], [other])


def test_metrics_counts_add_up() -> None:
    one = count_document(GOLD, PREDICTED)
    both = sum_counts([one, count_document(GOLD, GOLD)])
    assert sum(both.ner.tp) == 3 + 5
    assert sum(both.re.n_gold) == 6
    assert sum_counts([]) == DocumentCounts.zero()
    assert one + DocumentCounts.zero() == one


def test_metrics_counts_refuse_contradictions() -> None:
    with pytest.raises(AnnotationError, match="counts of x: tp 2 must be 0 to the least"):
        Counts(("x",), (2,), (1,), (3,))
    with pytest.raises(AnnotationError, match=r"one number a type; the lengths are \[1, 2, 1, 1\]"):
        Counts(("x",), (1, 1), (1,), (1,))
    with pytest.raises(AnnotationError, match="different types can't be added: x and y"):
        Counts.zero(["x"]) + Counts.zero(["y"])
