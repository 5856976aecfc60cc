"""Candidate pairs of mentions for the relation heads, with their features. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from somex.core.schema import (
    ENTITY_TYPES,
    RELATION_TYPES,
    EntityType,
    RelationType,
    relations_between,
)
from somex.model.inputs import IntArray

N_RELATIONS = len(RELATION_TYPES)
NO_RELATION = N_RELATIONS
"""Label id of the no-relation class of the pair head."""

ALLOWED: np.ndarray = np.zeros((len(ENTITY_TYPES), len(ENTITY_TYPES), N_RELATIONS), bool)
"""(14, 14, 11): may this relation lead from a head of the first type to a tail of the second?"""
for _i, _head in enumerate(ENTITY_TYPES):
    for _j, _tail in enumerate(ENTITY_TYPES):
        for _relation in relations_between(_head, _tail):
            ALLOWED[_i, _j, RELATION_TYPES.index(_relation)] = True

_DISTANCES = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64])
N_DISTANCES = 2 * (len(_DISTANCES) + 1)
MAX_BETWEEN = 7
N_BETWEEN = 2 * (MAX_BETWEEN + 1)


@dataclass(frozen=True, slots=True)
class UnitMention:
    """A mention inside a window: half-open unit span and type."""

    unit_start: int
    unit_end: int
    type: EntityType


@dataclass(frozen=True, slots=True)
class MentionBatch:
    """M mentions of a batch of windows.

    Attributes:
        mention_row: (M,) window of each mention.
        mention_start: (M,) first unit.
        mention_last: (M,) last unit (inclusive).
        mention_type: (M,) index into ENTITY_TYPES.
    """

    mention_row: IntArray
    mention_start: IntArray
    mention_last: IntArray
    mention_type: IntArray


@dataclass(frozen=True, slots=True)
class PairBatch(MentionBatch):
    """M mentions and P candidate pairs of a batch of windows.

    Attributes:
        pair_head: (P,) mention that a relation leads from, grouped: equal heads stand together.
        pair_tail: (P,) mention it leads to; equal to the head for "no host" (host head only).
        pair_distance: (P,) bucket of the signed distance in units.
        pair_between: (P,) signed number of possible hosts between the two, capped.
    """

    pair_head: IntArray
    pair_tail: IntArray
    pair_distance: IntArray
    pair_between: IntArray


def build_mentions(mentions: Sequence[Sequence[UnitMention]]) -> MentionBatch:
    """Flatten the mentions of each window."""
    flat = [(row, m) for row, of_row in enumerate(mentions) for m in of_row]
    return MentionBatch(
        np.array([row for row, _ in flat], np.int64),
        np.array([m.unit_start for _, m in flat], np.int64),
        np.array([m.unit_end - 1 for _, m in flat], np.int64),
        np.array([ENTITY_TYPES.index(m.type) for _, m in flat], np.int64),
    )


def build_pairs(mentions: Sequence[Sequence[UnitMention]], *, relation_head: str) -> PairBatch:
    """List the candidate pairs of a batch.

    Args:
        mentions: The mentions of each window.
        relation_head: ``pair``: every ordered pair of two mentions of a window (the paper).
            ``host``: only pairs that the schema allows, and each head with itself for "none".
    """
    flat = build_mentions(mentions)
    types = flat.mention_type.tolist()
    pairs: list[tuple[int, int, int, int]] = []
    base = 0
    for of_row in mentions:
        n = len(of_row)
        for i in range(n):
            tails = _tails(types[base : base + n], i, every=relation_head == "pair")
            for j in tails:
                between = _between(of_row, i, j, tails)
                pairs.append((base + i, base + j, _distance(of_row[i], of_row[j]), between))
        base += n
    columns = np.array(pairs, np.int64).reshape(-1, 4).T
    return PairBatch(
        flat.mention_row, flat.mention_start, flat.mention_last, flat.mention_type, *columns
    )


def _tails(types: Sequence[int], head: int, *, every: bool) -> list[int]:
    if every:
        return [j for j in range(len(types)) if j != head]
    tails = [j for j, t in enumerate(types) if j != head and ALLOWED[types[head], t].any()]
    return [head, *tails] if tails else []


def _distance(head: UnitMention, tail: UnitMention) -> int:
    if tail is head:
        return 0
    if tail.unit_start >= head.unit_start:
        gap, side = tail.unit_start - head.unit_end, 1
    else:
        gap, side = head.unit_start - tail.unit_end, 0
    bucket = int(np.searchsorted(_DISTANCES, max(gap, 0), side="right"))
    return bucket + side * (len(_DISTANCES) + 1)


def _between(of_row: Sequence[UnitMention], head: int, tail: int, tails: Sequence[int]) -> int:
    low, high = sorted((of_row[head].unit_start, of_row[tail].unit_start))
    n = sum(low < of_row[k].unit_start < high for k in tails if k not in (head, tail))
    after = of_row[tail].unit_start >= of_row[head].unit_start
    return min(n, MAX_BETWEEN) + (MAX_BETWEEN + 1) * int(after)


@dataclass(frozen=True, slots=True)
class PairTargets:
    """Gold of a PairBatch.

    Attributes:
        label: (P,) relation id of each pair, or NO_RELATION.
        has_host: (P,) whether the head of the pair has any gold host in its window.
    """

    label: IntArray
    has_host: np.ndarray


def pair_targets(
    batch: PairBatch, relations: Sequence[Sequence[tuple[int, int, RelationType]]]
) -> PairTargets:
    """Label each pair of a batch from the gold relations (indices into a window's mentions)."""
    offsets = np.searchsorted(batch.mention_row, np.arange(len(relations)))
    gold = {
        (int(offsets[row]) + head, int(offsets[row]) + tail): RELATION_TYPES.index(relation)
        for row, of_row in enumerate(relations)
        for head, tail, relation in of_row
    }
    hosted = {head for head, _ in gold}
    heads, tails = batch.pair_head.tolist(), batch.pair_tail.tolist()
    label = [gold.get(pair, NO_RELATION) for pair in zip(heads, tails, strict=True)]
    return PairTargets(
        np.array(label, np.int64), np.array([head in hosted for head in heads], bool)
    )
