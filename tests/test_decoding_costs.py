from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somex.core.tags import N_TAGS, N_TYPES, OUTSIDE, TAGS, begin_tag, inside_tag
from somex.decoding import DecodingConfig, decode_mentions, viterbi


def _is_legal(tags: tuple[int, ...] | list[int]) -> bool:
    for before, tag in zip([OUTSIDE, *tags], tags, strict=False):
        if tag > N_TYPES and before not in (tag, tag - N_TYPES):
            return False
    return True


def _costs_of(path: list[int], splits: list[float], borders: list[float]) -> float:
    """Add up what a sequence of tags pays, unit by unit."""
    total = 0.0
    for unit, (before, tag) in enumerate(itertools.pairwise(path), start=1):
        begins = 0 < tag <= N_TYPES
        if begins and before in (tag, tag + N_TYPES):
            total += splits[unit]
        ends = before != OUTSIDE and tag <= N_TYPES
        if begins or ends:
            total += borders[unit]
    return total


@settings(max_examples=120, deadline=None)
@given(
    n_units=st.integers(1, 5),
    seed=st.integers(0, 10**6),
    kinds=st.sets(st.integers(0, N_TYPES - 1), min_size=1, max_size=2),
    costs=st.lists(st.sampled_from([0.0, 1.0, 3.0, 50.0]), min_size=10, max_size=10),
)
def test_viterbi_pays_for_splits_and_borders(
    n_units: int, seed: int, kinds: set[int], costs: list[float]
) -> None:
    tags = [OUTSIDE, *(f(k) for k in sorted(kinds) for f in (begin_tag, inside_tag))]
    scores = np.full((n_units, N_TAGS), -1e9)
    scores[:, tags] = np.random.default_rng(seed).normal(size=(n_units, len(tags)), scale=3)
    splits, borders = costs[:5], costs[5:]

    def worth(path: list[int]) -> float:
        gained = sum(float(scores[u, t]) for u, t in enumerate(path))
        return gained - _costs_of(path, splits, borders)

    path = viterbi(scores, split_costs=splits, border_costs=borders).tolist()
    assert _is_legal(path)
    legal = (list(s) for s in itertools.product(tags, repeat=n_units) if _is_legal(s))
    assert worth(path) == pytest.approx(max(worth(s) for s in legal), abs=1e-6)


def test_decode_mentions_joins_two_of_a_type_unless_it_is_sure() -> None:
    logits = np.full((3, N_TAGS), -9.0, np.float32)
    logits[0, TAGS.index("B-Application")] = logits[1, TAGS.index("B-Application")] = 5.0
    logits[2, OUTSIDE] = 5.0
    config = DecodingConfig(split_cost=3.0)
    for inside, n_mentions in ((0.0, 2), (3.0, 1)):
        logits[1, TAGS.index("I-Application")] = inside
        assert len(decode_mentions(logits, config)) == n_mentions
        assert len(decode_mentions(logits)) == 2


def test_decode_mentions_pays_for_borders_inside_words() -> None:
    logits = np.full((3, N_TAGS), -9.0, np.float32)
    logits[0, TAGS.index("B-Application")] = logits[1, TAGS.index("B-Version")] = 5.0
    logits[1, TAGS.index("I-Application")] = 3.5
    logits[2, OUTSIDE] = 5.0
    config = DecodingConfig(border_cost=2.0)
    inside, outside = [False, True, False], [False, False, False]
    assert [m.unit_end for m in decode_mentions(logits, config, in_word=outside)] == [1, 2]
    assert [m.unit_end for m in decode_mentions(logits, config, in_word=inside)] == [2]
    assert [m.unit_end for m in decode_mentions(logits, in_word=inside)] == [1, 2]
