"""Cross-validation of linking over documents, with baselines that need no training.

A fold's mentions are linked among themselves, by a scorer that saw none of the fold's documents.
Gold clusters run through documents of several folds; each is cut to the fold's mentions, so that a
cluster of 300 counts as one of about 60, and one with a single mention in the fold as that mention
alone. The score of the whole set links all mentions at once: each pair of names is scored by a
model that saw neither name, see `score_whole`.
"""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from somex.core.errors import ConfigError
from somex.core.software import MentionRef
from somex.linking.cluster_metrics import ClusterScores
from somex.linking.items import LinkItem
from somex.linking.scorer import PairScorer, fit_logistic
from somex.linking.somd2026 import LinkingBenchmark
from somex.linking.training import L2, Gold, Problem, train_scorer

EXACT, NORMALISED, LEARNED = "exact name", "normalised name", "learned"
METHODS = (EXACT, NORMALISED, LEARNED)
_N_NAME_FOLDS = 5

Groups = Sequence[Sequence[MentionRef]]


@dataclass(frozen=True)
class FoldScores:
    """The scores of each method on one fold."""

    seed: int
    fold: int
    n_mentions: int
    n_clusters: int
    scores: dict[str, ClusterScores]

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        scores = {method: found.to_json() for method, found in self.scores.items()}
        sizes = {"n_mentions": self.n_mentions, "n_clusters": self.n_clusters}
        return {"seed": self.seed, "fold": self.fold, **sizes, "scores": scores}


def gold_of(benchmark: LinkingBenchmark) -> dict[MentionRef, int]:
    """Return the gold cluster of each mention."""
    return {ref: number for number, group in enumerate(benchmark.clusters) for ref in group}


def cross_validate(
    benchmark: LinkingBenchmark,
    *,
    n_folds: int,
    seeds: Sequence[int],
    on_fold: Callable[[], object] = lambda: None,
) -> list[FoldScores]:
    """Score each method on folds of documents, once a seed.

    Args:
        benchmark: Mentions with gold clusters.
        n_folds: Folds, 2 or more.
        seeds: Each deals the documents to the folds anew.
        on_fold: Called after each fold.

    Raises:
        ConfigError: There are fewer than 2 folds, or more folds than documents.
    """
    gold = gold_of(benchmark)
    found = []
    for seed in seeds:
        for fold, test in enumerate(deal_documents(benchmark.items, n_folds=n_folds, seed=seed)):
            found.append(_run_fold(benchmark.items, gold, test, seed=seed, fold=fold))
            on_fold()
    return found


def deal_documents(items: Iterable[LinkItem], *, n_folds: int, seed: int) -> list[set[str]]:
    """Deal the documents of items to folds, all mentions of a document to one.

    Raises:
        ConfigError: There are fewer than 2 folds, or more folds than documents.
    """
    documents = sorted({item.ref.document_id for item in items})
    if not 2 <= n_folds <= len(documents):
        raise ConfigError(f"--folds is {n_folds}; valid: 2 to {len(documents)}, the documents")
    random.Random(seed).shuffle(documents)
    return [set(documents[fold::n_folds]) for fold in range(n_folds)]


def _run_fold(
    items: Sequence[LinkItem], gold: Gold, test: set[str], *, seed: int, fold: int
) -> FoldScores:
    train = Problem([i for i in items if i.ref.document_id not in test], gold)
    held_out = Problem([i for i in items if i.ref.document_id in test], gold)
    scorer = train_scorer([train], trained={})
    groups = _baselines(held_out) | {LEARNED: _learned(held_out, scorer)}
    scores = {name: held_out.score(of_method) for name, of_method in groups.items()}
    n_clusters = len({gold[item.ref] for item in held_out.items})
    return FoldScores(seed, fold, len(held_out.items), n_clusters, scores)


def _baselines(problem: Problem) -> dict[str, Groups]:
    exact: dict[str, list[MentionRef]] = defaultdict(list)
    for item in problem.items:
        exact[item.surface].append(item.ref)
    one_each = [[index] for index in range(len(problem.nodes))]
    return {EXACT: list(exact.values()), NORMALISED: problem.refs(one_each)}


def _learned(problem: Problem, scorer: PairScorer) -> Groups:
    log_odds = scorer.score(problem.features)
    return problem.refs(problem.cluster(log_odds, threshold=scorer.threshold))


def score_whole(benchmark: LinkingBenchmark, *, seed: int) -> dict[str, ClusterScores]:
    """Score each method on all mentions linked at once.

    Here a fold of documents would leave no clean test: a name that stands in many documents is in
    all folds. So names are dealt to folds, and a pair of names is scored by a model that was fitted
    on pairs with no name of the two folds. The threshold is a log odds of 0, as none is tuned.
    """
    problem = Problem(benchmark.items, gold_of(benchmark))
    names = list(range(len(problem.nodes)))
    random.Random(seed).shuffle(names)
    fold_of = {name: place % _N_NAME_FOLDS for place, name in enumerate(names)}
    folds = np.array([sorted((fold_of[a], fold_of[b])) for a, b in problem.pairs]).reshape(-1, 2)
    log_odds = np.zeros(len(problem.pairs))
    for low, high in np.unique(folds, axis=0):
        seen = ~np.isin(folds, (low, high)).any(axis=1)
        weights, bias = fit_logistic(problem.features[seen], problem.labels[seen], l2=L2)
        held_out = (folds == (low, high)).all(axis=1)
        log_odds[held_out] = problem.features[held_out] @ weights + bias
    groups = _baselines(problem)
    groups[LEARNED] = problem.refs(problem.cluster(log_odds, threshold=0.0))
    return {name: problem.score(of_method) for name, of_method in groups.items()}


def summarise(folds: Sequence[FoldScores]) -> dict[str, dict[str, dict[str, float]]]:
    """Return mean and standard deviation over folds, by method and score."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for method in METHODS:
        rows = [fold.scores[method].to_json() for fold in folds]
        found[method] = {
            name: {
                "mean": statistics.fmean(row[name] for row in rows),
                "sd": statistics.pstdev(row[name] for row in rows),
            }
            for name in rows[0]
        }
    return found


def compare(folds: Sequence[FoldScores], better: str, than: str) -> dict[str, Any]:
    """Return how much higher one method's CoNLL F1 is than another's, fold by fold."""
    differences = [fold.scores[better].conll - fold.scores[than].conll for fold in folds]
    return {
        "method": better,
        "baseline": than,
        "mean": statistics.fmean(differences),
        "sd": statistics.pstdev(differences),
        "folds_better": sum(d > 0 for d in differences),
        "folds_worse": sum(d < 0 for d in differences),
        "n_folds": len(differences),
    }
