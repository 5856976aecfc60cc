"""From scored pairs to clusters: the surest pairs join first, and some may never join."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from somex.linking.candidates import Pair
from somex.linking.nodes import NameNode
from somex.linking.scorer import FloatArray
from somex.linking.union import UnionFind


def cluster_nodes(
    nodes: Sequence[NameNode], pairs: Sequence[Pair], log_odds: FloatArray, *, threshold: float
) -> list[list[int]]:
    """Join names, surest pairs first, unless something forbids it.

    Two clusters never join where a name of one extends a name of the other, where the same name
    was split, or where what is known of their pairs, all in all, speaks against it.

    Args:
        nodes: The names.
        pairs: Pairs that were scored, ``(low, high)``.
        log_odds: Their scores, shape (n_pairs,).
        threshold: Log odds from which on names are joined.

    Returns:
        Clusters of indices, each sorted, ordered by their first.
    """
    union = UnionFind(range(len(nodes)))
    known = dict(zip(pairs, log_odds.tolist(), strict=True))
    order = np.lexsort((np.arange(len(pairs)), -log_odds.round(9)))
    for place in order.tolist():
        if log_odds[place] < threshold:
            break
        a, b = pairs[place]
        if union.find(a) != union.find(b) and _may_join(nodes, union, known, a, b, threshold):
            union.join(a, b)
    return union.sets()


def _may_join(
    nodes: Sequence[NameNode],
    union: UnionFind[int],
    known: dict[Pair, float],
    a: int,
    b: int,
    threshold: float,
) -> bool:
    of_a, of_b = union.members(a), union.members(b)
    if _is_forbidden(nodes, of_a, of_b):
        return False
    scores = [known[p] for i in of_a for j in of_b if (p := (min(i, j), max(i, j))) in known]
    return sum(scores) / len(scores) >= threshold


def _is_forbidden(nodes: Sequence[NameNode], of_a: list[int], of_b: list[int]) -> bool:
    """Tell whether two clusters hold one name that was split, or a name and its host."""
    names_a = {nodes[i].name_key for i in of_a}
    names_b = {nodes[j].name_key for j in of_b}
    if names_a & names_b:
        return True
    hosts_a = {host for i in of_a for host in nodes[i].hosts}
    hosts_b = {host for j in of_b for host in nodes[j].hosts}
    return bool(hosts_a & names_b or hosts_b & names_a)
