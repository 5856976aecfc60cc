"""Evidence too rare to be learned: identifiers and a knowledge base move the scores of pairs.

In the benchmark one pair in a thousand has identifiers of registries on both sides, so their
weights are set by hand here and not fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from somex.core.known_software import KnownSoftware
from somex.linking.candidates import Pair
from somex.linking.identifiers import REGISTRIES
from somex.linking.known import shares_entry
from somex.linking.nodes import NameNode
from somex.linking.scorer import FloatArray

SAME_ENTRY = 20.0
"""Log odds for names that stand for one entry of a registry or of the knowledge base."""

SAME_REPOSITORY = 3.0
OTHER_REPOSITORY = -2.0
OTHER_ENTRY = -6.0
OTHER_KNOWN = -3.0
"""Less than `OTHER_ENTRY`: knowledge bases hold some software twice."""


def adjust_scores(
    nodes: Sequence[NameNode],
    pairs: Sequence[Pair],
    log_odds: FloatArray,
    known: Mapping[int, KnownSoftware],
) -> FloatArray:
    """Return scores with what identifiers and knowledge base say added, shape (n_pairs,)."""
    moved = [
        _from_identifiers(nodes[a], nodes[b]) + _from_known(known.get(a), known.get(b))
        for a, b in pairs
    ]
    return log_odds + np.array(moved, dtype=np.float64)


def known_pairs(known: Mapping[int, KnownSoftware]) -> list[Pair]:
    """Return pairs of names that stand for one entry: each with the first of its entry."""
    first: dict[str, int] = {}
    pairs = []
    for index in sorted(known):
        for identifier in known[index].identifiers:
            other = first.setdefault(identifier.uri, index)
            if other != index:
                pairs.append((other, index))
    return sorted(set(pairs))


def _from_identifiers(a: NameNode, b: NameNode) -> float:
    entries_a, repositories_a = _by_kind(a)
    entries_b, repositories_b = _by_kind(b)
    if entries_a & entries_b:
        return SAME_ENTRY
    if {e.partition(":")[0] for e in entries_a} & {e.partition(":")[0] for e in entries_b}:
        return OTHER_ENTRY
    if repositories_a & repositories_b:
        return SAME_REPOSITORY
    return OTHER_REPOSITORY if repositories_a and repositories_b else 0.0


def _by_kind(node: NameNode) -> tuple[set[str], set[str]]:
    """Return the entries of registries and the repositories of a name, as keys."""
    entries = {key for key in node.identifiers if key.partition(":")[0] in REGISTRIES}
    return entries, node.identifiers - entries


def _from_known(a: KnownSoftware | None, b: KnownSoftware | None) -> float:
    if a is None or b is None:
        return 0.0
    return SAME_ENTRY if shares_entry(a, b) else OTHER_KNOWN
