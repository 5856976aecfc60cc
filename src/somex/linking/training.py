"""Trains the scorer of pairs of names on gold clusters, NumPy alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from somex.core.errors import ConfigError
from somex.core.software import MentionRef
from somex.linking.candidates import Pair, find_candidates
from somex.linking.cluster import cluster_nodes
from somex.linking.cluster_metrics import ClusterScores, score_clusters
from somex.linking.evidence import adjust_scores
from somex.linking.features import pair_features
from somex.linking.items import LinkItem
from somex.linking.nodes import NameNode, build_nodes
from somex.linking.scorer import FloatArray, PairScorer, fit_logistic

L2 = 1.0
THRESHOLDS = (-1.5, -1.25, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)

Gold = Mapping[MentionRef, int]
"""Mention -> number of its gold cluster."""


@dataclass(frozen=True)
class Problem:
    """Mentions with gold clusters, their names compared.

    Attributes:
        items: The mentions, ordered by ``ref``.
        gold: The cluster of each mention.
        nodes: The names.
        pairs: Pairs of names to score.
        features: Their features, shape (n_pairs, n_features).
        labels: Whether most mentions of the two names are in one cluster, shape (n_pairs,).
    """

    items: Sequence[LinkItem]
    gold: Gold
    nodes: Sequence[NameNode] = field(init=False)
    pairs: Sequence[Pair] = field(init=False)
    features: FloatArray = field(init=False)
    labels: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        items = sorted(self.items, key=lambda item: item.ref)
        nodes = build_nodes(items)
        pairs = find_candidates(nodes)
        clusters = [self._cluster_of(items, node) for node in nodes]
        labels = np.array([clusters[a] == clusters[b] for a, b in pairs], dtype=np.bool_)
        found = {
            "items": items,
            "nodes": nodes,
            "pairs": pairs,
            "features": pair_features(nodes, pairs),
            "labels": labels,
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def _cluster_of(self, items: Sequence[LinkItem], node: NameNode) -> int:
        counts = Counter(self.gold[items[index].ref] for index in node.members)
        return min(counts, key=lambda cluster: (-counts[cluster], cluster))

    def cluster(self, log_odds: FloatArray, *, threshold: float) -> list[list[int]]:
        """Return clusters of names for scores of the pairs, shape (n_pairs,)."""
        adjusted = adjust_scores(self.nodes, self.pairs, log_odds, {})
        return cluster_nodes(self.nodes, self.pairs, adjusted, threshold=threshold)

    def refs(self, groups: Sequence[Sequence[int]]) -> list[list[MentionRef]]:
        """Return the mentions of clusters of names."""
        return [
            [self.items[m].ref for i in group for m in self.nodes[i].members] for group in groups
        ]

    def score(self, groups: Sequence[Sequence[MentionRef]]) -> ClusterScores:
        """Compare clusters with the gold clusters, cut to the mentions of the problem."""
        return score_clusters(cut_gold(self.gold, self.items), groups)


def cut_gold(gold: Gold, items: Sequence[LinkItem]) -> list[list[MentionRef]]:
    """Return the gold clusters with only the mentions of items in them; no empty ones."""
    found: dict[int, list[MentionRef]] = {}
    for item in items:
        found.setdefault(gold[item.ref], []).append(item.ref)
    return list(found.values())


def train_scorer(problems: Sequence[Problem], *, trained: Mapping[str, Any]) -> PairScorer:
    """Fit weights on all pairs, and choose the threshold with the best CoNLL F1 on the same data.

    Args:
        problems: Sets of mentions with gold clusters; pairs are within a set.
        trained: What to write down about the training.

    Raises:
        ConfigError: The pairs do not hold both pairs that mean one software and pairs that do not.
    """
    features = np.concatenate([problem.features for problem in problems])
    labels = np.concatenate([problem.labels for problem in problems])
    if labels.all() or not labels.any():
        raise ConfigError(
            f"{int(labels.sum())} of {len(labels)} pairs of names mean one software; "
            "training needs both kinds"
        )
    weights, bias = fit_logistic(features, labels, l2=L2)
    scores = [features_of.features @ weights + bias for features_of in problems]

    def conll(threshold: float) -> float:
        return sum(
            problem.score(problem.refs(problem.cluster(of_one, threshold=threshold))).conll
            for problem, of_one in zip(problems, scores, strict=True)
        )

    best = max(THRESHOLDS, key=lambda threshold: (round(conll(threshold), 9), -abs(threshold)))
    return PairScorer(weights, bias, best, trained)
