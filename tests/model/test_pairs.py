from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from somex.core.schema import ENTITY_TYPES, RELATION_TYPES, EntityType, is_compatible
from somex.model.pairs import (
    ALLOWED,
    MAX_BETWEEN,
    N_BETWEEN,
    N_DISTANCES,
    NO_RELATION,
    PairBatch,
    UnitMention,
    build_pairs,
    pair_targets,
)

E = EntityType
ROW = [
    UnitMention(0, 2, E.APPLICATION),
    UnitMention(3, 4, E.VERSION),
    UnitMention(6, 7, E.APPLICATION),
    UnitMention(8, 9, E.CITATION),
]


def _pairs(batch: PairBatch) -> list[tuple[int, int]]:
    return list(zip(batch.pair_head.tolist(), batch.pair_tail.tolist(), strict=True))


def test_allowed_is_the_schema() -> None:
    for i, head in enumerate(ENTITY_TYPES):
        for j, tail in enumerate(ENTITY_TYPES):
            for k, relation in enumerate(RELATION_TYPES):
                assert ALLOWED[i, j, k] == is_compatible(relation, head, tail)


def test_build_pairs_pair_head_lists_every_ordered_pair() -> None:
    batch = build_pairs([ROW], relation_head="pair")
    assert _pairs(batch) == list(itertools.permutations(range(4), 2))


def test_build_pairs_host_head_lists_compatible_hosts_and_none() -> None:
    batch = build_pairs([ROW], relation_head="host")
    expected = [(0, 0), (0, 2), (1, 1), (1, 0), (1, 2), (2, 2), (2, 0), (3, 3), (3, 0), (3, 2)]
    assert _pairs(batch) == expected


def test_build_pairs_host_head_gives_no_pair_to_a_mention_without_possible_host() -> None:
    batch = build_pairs(
        [[UnitMention(0, 1, E.VERSION), UnitMention(1, 2, E.CITATION)]], relation_head="host"
    )
    assert _pairs(batch) == []
    assert batch.mention_type.tolist() == [5, 8]


@pytest.mark.parametrize("head", ["pair", "host"])
def test_build_pairs_of_a_batch_are_those_of_its_rows(head: str) -> None:
    rows = [ROW, [], ROW[:1], ROW[1:]]
    batch = build_pairs(rows, relation_head=head)
    assert batch.mention_row.tolist() == [0] * 4 + [2] + [3] * 3
    offsets = [0, 4, 4, 5]
    seen = 0
    for row, offset in zip(rows, offsets, strict=True):
        alone = build_pairs([row], relation_head=head)
        n = len(alone.pair_head)
        part = slice(seen, seen + n)
        assert (batch.pair_head[part] - offset).tolist() == alone.pair_head.tolist()
        assert (batch.pair_tail[part] - offset).tolist() == alone.pair_tail.tolist()
        assert batch.pair_distance[part].tolist() == alone.pair_distance.tolist()
        assert batch.pair_between[part].tolist() == alone.pair_between.tolist()
        seen += n
    assert seen == len(batch.pair_head)


@pytest.mark.parametrize("head", ["pair", "host"])
@pytest.mark.parametrize("rows", [[], [[]], [[], []]])
def test_build_pairs_without_mentions_is_empty(head: str, rows: list[list[UnitMention]]) -> None:
    batch = build_pairs(rows, relation_head=head)
    for field in dataclasses.fields(batch):
        array = getattr(batch, field.name)
        assert array.shape == (0,)
        assert array.dtype == np.int64
    targets = pair_targets(batch, [[] for _ in rows])
    assert len(targets.label) == len(targets.has_host) == 0


def test_build_pairs_features_stay_within_their_embeddings() -> None:
    rng = np.random.default_rng(5)
    starts = np.cumsum(rng.integers(1, 40, size=40))
    row = [UnitMention(int(s), int(s) + 1, E.APPLICATION) for s in starts]
    for head in ("pair", "host"):
        batch = build_pairs([row], relation_head=head)
        assert batch.pair_distance.min() >= 0
        assert batch.pair_distance.max() == N_DISTANCES - 1
        assert batch.pair_between.min() >= 0
        assert batch.pair_between.max() == N_BETWEEN - 1


def test_build_pairs_distance_knows_side_and_size() -> None:
    batch = build_pairs([ROW], relation_head="pair")
    distance = dict(zip(_pairs(batch), batch.pair_distance.tolist(), strict=True))
    assert distance[0, 1] - distance[1, 0] == N_DISTANCES // 2  # same gap, other side
    assert distance[1, 0] < distance[1, 0] + 1 == distance[2, 1]  # gaps of 1 and 2 units
    assert distance[0, 3] > distance[0, 2] > distance[0, 1]


def test_build_pairs_between_counts_the_rival_hosts() -> None:
    batch = build_pairs([ROW], relation_head="host")
    between = dict(zip(_pairs(batch), batch.pair_between.tolist(), strict=True))
    assert between[3, 0] == 1  # mention 2 stands between the citation and mention 0
    assert between[3, 2] == 0
    assert between[1, 2] == MAX_BETWEEN + 1  # the host follows, none between


def test_pair_targets_label_the_gold_pairs() -> None:
    rows = [ROW, ROW]
    gold = [
        [(1, 0, RELATION_TYPES[0])],
        [(1, 2, RELATION_TYPES[0]), (3, 2, RELATION_TYPES[4])],
    ]
    for head in ("pair", "host"):
        batch = build_pairs(rows, relation_head=head)
        targets = pair_targets(batch, gold)
        labelled = {
            pair: label
            for pair, label in zip(_pairs(batch), targets.label.tolist(), strict=True)
            if label != NO_RELATION
        }
        assert labelled == {(1, 0): 0, (5, 6): 0, (7, 6): 4}
        hosted = {int(h) for h, yes in zip(batch.pair_head, targets.has_host, strict=True) if yes}
        assert hosted == {1, 5, 7}
