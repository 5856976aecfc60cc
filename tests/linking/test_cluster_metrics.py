from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from somex.core.errors import AnnotationError
from somex.linking.cluster_metrics import score_clusters

Partition = Sequence[Sequence[int]]


def test_cluster_metrics_muc_of_vilain_example() -> None:
    # Vilain et al. 1995: key A-B-C-D, response A-B, C-D: recall 2/3, precision 1.
    scores = score_clusters(["ABCD"], ["AB", "CD"])
    assert scores.muc.recall == pytest.approx(2 / 3)
    assert scores.muc.precision == pytest.approx(1.0)


def test_cluster_metrics_b_cubed_of_bagga_and_baldwin_example() -> None:
    # Bagga and Baldwin 1998, their two responses to {1-5}, {6, 7}, {8, 9, A, B, C}.
    key = ["12345", "67", "89ABC"]
    first = score_clusters(key, ["12345", "6789ABC"])
    second = score_clusters(key, ["1234589ABC", "67"])
    assert first.b_cubed.precision == pytest.approx(16 / 21)
    assert second.b_cubed.precision == pytest.approx(7 / 12)
    assert first.b_cubed.recall == second.b_cubed.recall == 1.0
    # MUC gives both the precision 9/10, which is what they hold against it.
    assert first.muc.precision == second.muc.precision == pytest.approx(0.9)


def test_cluster_metrics_ceaf_of_luo_example() -> None:
    # Luo 2005, responses (b) and (c) of his example, which has the key of Bagga and Baldwin.
    key = ["12345", "67", "89ABC"]
    joined_small = score_clusters(key, ["12345", "6789ABC"])
    joined_large = score_clusters(key, ["1234589ABC", "67"])
    one = score_clusters(key, ["123456789ABC"])
    single = score_clusters(key, "123456789ABC")
    assert joined_small.ceaf_e.f1 == pytest.approx(0.733, abs=1e-3)
    assert joined_large.ceaf_e.f1 == pytest.approx(0.667, abs=1e-3)
    assert one.ceaf_e.f1 == pytest.approx(0.294, abs=1e-3)
    assert single.ceaf_e.f1 == pytest.approx(0.178, abs=1e-3)


def test_cluster_metrics_of_reference_scorer_example() -> None:
    # Pradhan et al. 2014: key {a, b, c} {d, e, f, g}, response {a, b} {c, d} {f, g, h, i}.
    scores = score_clusters(["abc", "defg"], ["ab", "cd", "fghi"])
    assert (scores.muc.recall, scores.muc.precision) == pytest.approx((0.4, 0.4))
    assert scores.b_cubed.recall == pytest.approx((5 / 3 + 5 / 4) / 7)
    assert scores.b_cubed.precision == pytest.approx((2 + 1 + 1) / 8)
    assert scores.ceaf_e.recall == pytest.approx((0.8 + 0.5) / 2)
    assert scores.ceaf_e.precision == pytest.approx((0.8 + 0.5) / 3)


def partitions(n: int) -> st.SearchStrategy[Partition]:
    def group(labels: list[int]) -> Partition:
        return [[i for i, x in enumerate(labels) if x == y] for y in sorted(set(labels))]

    return st.lists(st.integers(0, n - 1), min_size=n, max_size=n).map(group)


@given(partitions(7), partitions(7))
def test_cluster_metrics_agree_with_brute_force(key: Partition, response: Partition) -> None:
    scores = score_clusters(key, response)
    small, large = sorted((key, response), key=len)

    def phi(a: Sequence[int], b: Sequence[int]) -> float:
        return 2 * len(set(a) & set(b)) / (len(a) + len(b))

    best = max(
        sum(phi(a, b) for a, b in zip(small, chosen, strict=True))
        for chosen in itertools.permutations(large, len(small))
    )
    assert scores.ceaf_e.recall == pytest.approx(best / len(key))
    assert scores.ceaf_e.precision == pytest.approx(best / len(response))

    def of(groups: Partition, mention: int) -> set[int]:
        return next(set(group) for group in groups if mention in group)

    both = [(of(key, m), of(response, m)) for m in range(7)]
    assert scores.b_cubed.recall == pytest.approx(sum(len(k & r) / len(k) for k, r in both) / 7)
    assert scores.b_cubed.precision == pytest.approx(sum(len(k & r) / len(r) for k, r in both) / 7)
    links = sum(len(group) - 1 for group in key)
    kept = sum(len(g) - len({frozenset(of(response, m)) for m in g}) for g in key)
    assert scores.muc.recall == pytest.approx(kept / links if links else 0.0)


@given(partitions(9), partitions(9), st.randoms())
def test_cluster_metrics_do_not_depend_on_order(key, response, random) -> None:
    shuffled = [
        random.sample(group, len(group)) for group in random.sample(response, len(response))
    ]
    assert score_clusters(key, shuffled).to_json() == pytest.approx(
        score_clusters(key, response).to_json()
    )


@given(partitions(9), partitions(9))
def test_cluster_metrics_swap_precision_and_recall_with_the_sides(key, response) -> None:
    there, back = score_clusters(key, response), score_clusters(response, key)
    for a, b in ((there.muc, back.muc), (there.b_cubed, back.b_cubed), (there.ceaf_e, back.ceaf_e)):
        assert (a.precision, a.recall) == pytest.approx((b.recall, b.precision))


@given(partitions(9))
def test_cluster_metrics_of_gold_are_perfect(key) -> None:
    scores = score_clusters(key, key)
    assert scores.b_cubed.f1 == scores.ceaf_e.f1 == pytest.approx(1.0)
    assert scores.muc.f1 == (1.0 if any(len(group) > 1 for group in key) else 0.0)


def test_cluster_metrics_are_zero_without_a_prediction() -> None:
    assert score_clusters(["ab"], []).conll == 0.0


def test_cluster_metrics_refuse_a_mention_in_two_clusters() -> None:
    with pytest.raises(AnnotationError, match="'b' is in two clusters"):
        score_clusters(["ab", "bc"], ["abc"])
