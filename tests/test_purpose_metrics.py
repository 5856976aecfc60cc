from __future__ import annotations

import pytest

from somex.core import Annotation, Document, LabeledDocument, Mention
from somex.core.schema import EntityType, Purpose
from somex.purpose_metrics import evaluate_purposes

TEXT = "a b c d e f"
Row = tuple[int, Purpose | None]


def _labeled(*rows: Row, id: str = "d") -> LabeledDocument:
    mentions = [Mention(EntityType.APPLICATION, 2 * i, 2 * i + 1, purpose=p) for i, p in rows]
    return LabeledDocument(Document(id, TEXT), Annotation.build(mentions))


def test_evaluate_purposes_counts_matched_and_end_to_end() -> None:
    gold = _labeled((0, Purpose.USAGE), (1, Purpose.USAGE), (2, Purpose.CREATION))
    # one right, one wrong purpose, one missed, one spurious
    told = _labeled((0, Purpose.USAGE), (2, Purpose.USAGE), (4, Purpose.USAGE))
    report = evaluate_purposes([gold], [told])
    assert report is not None
    assert report.n_matched == 2
    assert report.matched.micro_f1 == pytest.approx(1 / 2)
    assert report.end_to_end.micro_precision == pytest.approx(1 / 3)
    assert report.end_to_end.micro_recall == pytest.approx(1 / 3)
    by_type = {row.type: row for row in report.matched.per_type}
    assert by_type["Usage"].precision == pytest.approx(1 / 2)
    assert by_type["Creation"].recall == 0


def test_evaluate_purposes_leaves_out_what_the_gold_does_not_know() -> None:
    gold = _labeled((0, Purpose.USAGE), (1, None))
    told = _labeled((0, Purpose.USAGE), (1, Purpose.MENTION))
    other = _labeled((0, None), id="e"), _labeled((0, Purpose.MENTION), id="e")
    report = evaluate_purposes([gold, other[0]], [told, other[1]])
    assert report is not None
    assert report.end_to_end.micro_f1 == 1
    assert report.end_to_end.macro_f1 == 1


def test_evaluate_purposes_of_a_gold_without_any_is_none() -> None:
    assert evaluate_purposes([_labeled((0, None))], [_labeled((0, Purpose.USAGE))]) is None
