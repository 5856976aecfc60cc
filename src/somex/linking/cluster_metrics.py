"""How well clusters of mentions agree with gold clusters: MUC, B³, CEAF-e and their mean, CoNLL F1.

Sources: Vilain et al. 1995 (MUC), Bagga and Baldwin 1998 (B³), Luo 2005 (CEAF, with the
similarity that is called phi4), Pradhan et al. 2012 (the mean of the three, "CoNLL"). Clusters of
one mention count as any other; MUC, which counts links, does not see them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from somex.core.errors import AnnotationError, MissingExtraError


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall, 0 to 1; 0 where there is nothing to divide by."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class ClusterScores:
    """The three scores of one comparison."""

    muc: Score
    b_cubed: Score
    ceaf_e: Score

    @property
    def conll(self) -> float:
        """Mean of the three F1 scores."""
        return (self.muc.f1 + self.b_cubed.f1 + self.ceaf_e.f1) / 3

    def to_json(self) -> dict[str, float]:
        """Return precision, recall and F1 of each score, and the CoNLL F1."""
        parts = {"muc": self.muc, "b_cubed": self.b_cubed, "ceaf_e": self.ceaf_e}
        found = {
            f"{name}_{what}": getattr(score, what)
            for name, score in parts.items()
            for what in ("precision", "recall", "f1")
        }
        return found | {"conll_f1": self.conll}


Clusters = Sequence[frozenset[Hashable]]


def as_clusters(groups: Iterable[Iterable[Hashable]]) -> list[frozenset[Hashable]]:
    """Return groups of mentions as clusters, empty ones left out.

    Raises:
        AnnotationError: A mention is in two clusters, or twice in one.
    """
    clusters, seen = [], set()
    for group in groups:
        members = list(group)
        for member in members:
            if member in seen:
                raise AnnotationError(f"mention {member!r} is in two clusters or twice in one")
            seen.add(member)
        if members:
            clusters.append(frozenset(members))
    return clusters


def score_clusters(
    gold: Iterable[Iterable[Hashable]], predicted: Iterable[Iterable[Hashable]]
) -> ClusterScores:
    """Compare predicted clusters with gold clusters.

    A mention that only one side has counts as a cluster of its own on the other side for MUC, and
    as wrong for B³ and CEAF-e.

    Args:
        gold: The gold clusters, each a collection of mentions, without overlap.
        predicted: The predicted clusters, likewise.

    Raises:
        AnnotationError: A mention is in two clusters of one side.
        MissingExtraError: SciPy is not installed.
    """
    key, response = as_clusters(gold), as_clusters(predicted)
    return ClusterScores(
        Score(_muc(response, key), _muc(key, response)),
        _b_cubed(key, response),
        _ceaf_e(key, response),
    )


def _index(clusters: Clusters) -> dict[Hashable, int]:
    return {member: number for number, cluster in enumerate(clusters) for member in cluster}


def _muc(of: Clusters, by: Clusters) -> float:
    """Return the share of the links of ``of`` that ``by`` keeps (recall where ``of`` is gold)."""
    cluster_of = _index(by)
    n_links = sum(len(cluster) - 1 for cluster in of)
    kept = sum(len(cluster) - _n_parts(cluster, cluster_of) for cluster in of)
    return kept / n_links if n_links else 0.0


def _n_parts(cluster: frozenset[Hashable], cluster_of: dict[Hashable, int]) -> int:
    """Return into how many parts a cluster falls; a mention without cluster is its own part."""
    found = [cluster_of.get(member) for member in cluster]
    return len({number for number in found if number is not None}) + found.count(None)


def _overlaps(key: Clusters, response: Clusters) -> Counter[tuple[int, int]]:
    cluster_of = _index(response)
    return Counter(
        (number, cluster_of[member])
        for number, cluster in enumerate(key)
        for member in cluster
        if member in cluster_of
    )


def _b_cubed(key: Clusters, response: Clusters) -> Score:
    overlaps = _overlaps(key, response)
    n_key, n_response = sum(map(len, key)), sum(map(len, response))
    precision = sum(n * n / len(response[r]) for (_, r), n in overlaps.items())
    recall = sum(n * n / len(key[k]) for (k, _), n in overlaps.items())
    return Score(precision / n_response if n_response else 0.0, recall / n_key if n_key else 0.0)


def _ceaf_e(key: Clusters, response: Clusters) -> Score:
    similarity = {
        (k, r): 2 * n / (len(key[k]) + len(response[r]))
        for (k, r), n in _overlaps(key, response).items()
    }
    best = sum(map(_best_alignment, _components(similarity)))
    return Score(best / len(response) if response else 0.0, best / len(key) if key else 0.0)


_Similarities = dict[tuple[int, int], float]


def _components(similarity: _Similarities) -> Iterator[_Similarities]:
    """Cut the similarities into parts without a common cluster, which can be aligned alone."""
    of_key, of_response = defaultdict(list), defaultdict(list)
    for k, r in similarity:
        of_key[k].append(r)
        of_response[r].append(k)
    seen: set[int] = set()
    for start in of_key:
        if start in seen:
            continue
        seen.add(start)
        stack, part = [start], {}
        while stack:
            k = stack.pop()
            for r in of_key[k]:
                part[k, r] = similarity[k, r]
                new = [other for other in of_response[r] if other not in seen]
                seen.update(new)
                stack.extend(new)
        yield part


def _best_alignment(similarity: _Similarities) -> float:
    """Return the greatest sum of similarities, each cluster used once."""
    if len(similarity) == 1:
        return next(iter(similarity.values()))
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise MissingExtraError("CEAF-e needs scipy; pip install 'somex[train]'") from error
    rows = {k: i for i, k in enumerate(sorted({k for k, _ in similarity}))}
    columns = {r: i for i, r in enumerate(sorted({r for _, r in similarity}))}
    matrix = np.zeros((len(rows), len(columns)))
    for (k, r), value in similarity.items():
        matrix[rows[k], columns[r]] = value
    return float(matrix[linear_sum_assignment(matrix, maximize=True)].sum())
