from __future__ import annotations

import numpy as np
import pytest

from somex.core.schema import ENTITY_TYPES, EntityType
from somex.decoding import DecodingConfig
from somex.model.span.decoding import decode_schema_spans, decode_spans


def _scores(n_units: int, max_width: int, n_labels: int, **spans: float) -> np.ndarray:
    """Build scores, -5 but for spans given as ``s<first>_<width>_<label>``."""
    scores = np.full((n_units, max_width, n_labels), -5.0, np.float32)
    for name, value in spans.items():
        first, width, label = (int(part) for part in name[1:].split("_"))
        scores[first, width - 1, label] = value
    return scores


def _found(scores: np.ndarray, **options: float) -> list[tuple[int, int, int]]:
    return [(s.unit_start, s.unit_end, s.label) for s in decode_spans(scores, **options)]


def test_span_decoding_takes_the_surest_first_and_none_that_overlaps() -> None:
    scores = _scores(6, 3, 2, s0_2_0=2.0, s1_2_1=3.0, s3_1_0=1.0, s3_1_1=0.5, s4_2_0=0.1)
    assert _found(scores) == [(1, 3, 1), (3, 4, 0), (4, 6, 0)]


def test_span_decoding_leaves_out_what_ends_after_the_sentence() -> None:
    assert _found(_scores(3, 3, 1, s1_3_0=9.0, s2_2_0=9.0, s0_1_0=1.0)) == [(0, 1, 0)]


def test_span_decoding_needs_more_than_the_threshold() -> None:
    scores = _scores(2, 1, 1, s0_1_0=0.0, s1_1_0=1.0)
    assert _found(scores) == [(1, 2, 0)]
    assert _found(scores, least=1.0) == []
    assert _found(scores, least=-1.0) == [(0, 1, 0), (1, 2, 0)]


@pytest.mark.parametrize("seed", range(20))
def test_span_decoding_equals_a_plain_greedy_search(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_units, max_width, n_labels = rng.integers(1, 9), rng.integers(1, 5), rng.integers(1, 4)
    scores = rng.normal(size=(n_units, max_width, n_labels)).astype(np.float32)
    candidates = [
        (-float(scores[i, k, c]), i, i + k + 1, c)
        for i in range(n_units)
        for k in range(max_width)
        for c in range(n_labels)
        if i + k + 1 <= n_units and scores[i, k, c] > 0
    ]
    expected: list[tuple[int, int, int]] = []
    for _, start, end, label in sorted(candidates):
        if all(end <= a or start >= b for a, b, _ in expected):
            expected.append((start, end, label))
    assert _found(scores) == sorted(expected)


def test_span_decoding_gives_schema_types_and_probabilities() -> None:
    version = ENTITY_TYPES.index(EntityType.VERSION)
    scores = _scores(4, 2, len(ENTITY_TYPES), **{f"s1_2_{version}": 2.0, "s0_1_0": 0.5})
    first, second = decode_schema_spans(scores)
    assert (second.unit_start, second.unit_end, second.type) == (1, 3, EntityType.VERSION)
    assert second.confidence == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert first.type == ENTITY_TYPES[0]
    leaning = decode_schema_spans(scores, DecodingConfig(lean=1.0))
    assert leaning == [second]
    assert decode_schema_spans(scores, DecodingConfig(min_confidence=0.7)) == [second]
