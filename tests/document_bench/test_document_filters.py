from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from somex.core import (
    Annotation,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Relation,
    RelationType,
)
from somex.corpus import sentence_text, split_labeled
from somex.document_bench.filters import FoldFilter, sift
from somex.prefilter.features import N_BITS
from somex.prefilter.model import Linear, Prefilter
from somex.text.matching import squeeze

TEXT = "We used Wrenware 2.4. Samples of Tolva were cold. Wrenware drew the curves."


class DigitFilter(Prefilter):
    """Passes sentences that hold a digit."""

    def passes(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([any(c.isdigit() for c in text) for text in texts], bool)


LINEAR = Linear(np.zeros(1 << N_BITS, np.int8), 1.0, 0.0)
DIGITS = DigitFilter(LINEAR, LINEAR, 1.0, 0.0, 0.0)


def _found() -> LabeledDocument:
    spans = [(8, 16), (33, 38), (50, 58)]
    assert [TEXT[a:b] for a, b in spans] == ["Wrenware", "Tolva", "Wrenware"]
    names = [Mention(EntityType.APPLICATION, *span) for span in spans]
    version = Mention(EntityType.VERSION, 17, 20)
    relation = Relation(RelationType.VERSION_OF, version, names[0])
    return LabeledDocument(Document("a", TEXT), Annotation.build([*names, version], [relation]))


def test_document_filters_sift_keeps_what_passes_and_what_its_names_point_at() -> None:
    (left,) = sift([_found()], DIGITS)
    assert [TEXT[m.char_start : m.char_end] for m in left.annotation.mentions] == [
        "Wrenware",
        "2.4",
        "Wrenware",
    ]
    assert left.annotation.relations == _found().annotation.relations
    assert left.document == _found().document


def test_document_filters_share_of_easy_sentences_is_spared() -> None:
    parts = split_labeled(_found())
    texts = [squeeze(sentence_text(part)) for part in parts]
    fold_filter = FoldFilter(DIGITS, frozenset(texts[1:]))
    spared = [fold_filter.is_spared(part, easy_share=0.0) for part in parts]
    assert spared == [False, True, True]
    assert not any(fold_filter.is_spared(part, easy_share=1.0) for part in parts)
