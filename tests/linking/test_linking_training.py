from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from link_items import item
from somex.core.errors import ConfigError, ModelError
from somex.linking.bench import (
    LEARNED,
    METHODS,
    compare,
    cross_validate,
    deal_documents,
    score_whole,
    summarise,
)
from somex.linking.candidates import Blocking, find_candidates, trigram_neighbours
from somex.linking.cluster import cluster_nodes
from somex.linking.features import FEATURES, pair_features
from somex.linking.items import LinkItem
from somex.linking.nodes import build_nodes
from somex.linking.scorer import fit_logistic, read_scorer
from somex.linking.somd2026 import LinkingBenchmark
from somex.linking.training import Problem, cut_gold, train_scorer

WORDS = ["Slope", "Valley", "Glacier", "Bright", "Water", "Hill", "Border", "River", "Meadow"]


def make_benchmark() -> LinkingBenchmark:
    """Return software each with a long form and its abbreviation, over some documents."""
    items: list[LinkItem] = []
    clusters = []
    for a, first in enumerate(WORDS):
        for b, second in enumerate(WORDS[: a + 1]):
            long = f"{first} {second} X{a}{b}tractor Network"
            short = f"{first[0]}{second[0]}X{a}{b}N"
            document = f"d{(a * 9 + b) % 20}"
            refs = len(items)
            items.append(item(f"{document}/{refs}", long, aliases=(short,)))
            items.append(item(f"{document}/{refs + 1}", short))
            clusters.append(frozenset(i.ref for i in items[refs:]))
    return LinkingBenchmark(tuple(items), tuple(clusters))


def test_training_learns_that_stated_abbreviations_join() -> None:
    benchmark = make_benchmark()
    gold = {ref: n for n, cluster in enumerate(benchmark.clusters) for ref in cluster}
    problem = Problem(benchmark.items, gold)
    scorer = train_scorer([problem], trained={})
    log_odds = scorer.score(problem.features)
    assert np.mean((log_odds > scorer.threshold) == problem.labels) > 0.95
    groups = problem.refs(problem.cluster(log_odds, threshold=scorer.threshold))
    assert problem.score(groups).conll > 0.95


def test_training_needs_both_kinds_of_pairs() -> None:
    items = [item("a/T1", "Sloper"), item("a/T2", "Sloper Suite")]
    problem = Problem(items, {i.ref: 0 for i in items})
    with pytest.raises(ConfigError, match="1 of 1 pairs"):
        train_scorer([problem], trained={})


def test_training_logistic_regression_agrees_with_gradient() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3))
    y = generator.random(200) < 1 / (1 + np.exp(-(x @ [2.0, -1.0, 0.0] - 0.5)))
    weights, bias = fit_logistic(x, y, l2=0.5)
    p = 1 / (1 + np.exp(-(x @ weights + bias)))
    np.testing.assert_allclose(x.T @ (p - y) + 0.5 * weights, 0, atol=1e-6)
    assert abs((p - y).sum()) < 1e-4


def test_bench_folds_share_no_document_and_hold_all() -> None:
    items = make_benchmark().items
    folds = deal_documents(items, n_folds=5, seed=3)
    assert sum(map(len, folds)) == len(set.union(*folds)) == 17
    assert folds == deal_documents(reversed(items), n_folds=5, seed=3)
    assert folds != deal_documents(items, n_folds=5, seed=4)


@pytest.mark.parametrize("n_folds", [1, 18])
def test_bench_refuses_other_numbers_of_folds(n_folds: int) -> None:
    with pytest.raises(ConfigError, match=f"--folds is {n_folds}; valid: 2 to 17"):
        deal_documents(make_benchmark().items, n_folds=n_folds, seed=0)


def test_bench_compares_methods_fold_by_fold() -> None:
    benchmark = make_benchmark()
    folds = cross_validate(benchmark, n_folds=4, seeds=[0])
    assert sum(fold.n_mentions for fold in folds) == len(benchmark.items)
    summary = summarise(folds)
    assert set(summary) == set(METHODS)
    assert summary[LEARNED]["conll_f1"]["mean"] > 0.9
    paired = compare(folds, LEARNED, "normalised name")
    assert paired["folds_better"] == paired["n_folds"] == 4
    assert score_whole(benchmark, seed=0)[LEARNED].conll > 0.9


def test_bench_gold_clusters_are_cut_to_the_mentions() -> None:
    items = [item("a/T1", "X"), item("b/T1", "X")]
    gold = {i.ref: 7 for i in items}
    assert cut_gold(gold, items[:1]) == [[items[0].ref]]


def test_scorer_of_the_package_is_complete() -> None:
    scorer = read_scorer()
    assert scorer.weights.shape == (len(FEATURES),)
    assert "SOMD 2026" in scorer.trained["data"]


def test_scorer_round_trips_and_names_faults(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(read_scorer().to_json()))
    assert read_scorer(path).to_json() == read_scorer().to_json()
    obj = json.loads(path.read_text())
    obj["weights"]["luck"] = 1.0
    path.write_text(json.dumps(obj))
    with pytest.raises(ModelError, match="luck"):
        read_scorer(path)
    with pytest.raises(ModelError, match="is no linking scorer"):
        read_scorer(tmp_path / "missing.json")


def test_candidates_hold_what_may_be_one_software() -> None:
    surfaces = ["Slope Length Runner", "SLR", "SLR Suite", "Glacierview", "Glaciervew", "Meadow"]
    nodes = build_nodes([item(f"{n}/T1", s) for n, s in enumerate(surfaces)])
    found = {frozenset((nodes[a].surface, nodes[b].surface)) for a, b in find_candidates(nodes)}
    assert frozenset(("SLR", "Slope Length Runner")) in found
    assert frozenset(("SLR", "SLR Suite")) in found
    assert frozenset(("Glacierview", "Glaciervew")) in found
    assert not any("Meadow" in pair for pair in found)


def test_candidates_large_blocks_are_passed_over() -> None:
    surfaces = [f"{a}{b}{c} Glacier" for a in WORDS for b in WORDS for c in "xyz"]
    nodes = build_nodes([item(f"{n}/T1", s) for n, s in enumerate(surfaces)])
    n_pairs = len(find_candidates(nodes))
    assert n_pairs < len(nodes) * 40
    assert len(find_candidates(nodes, Blocking(max_block=1000))) > n_pairs * 2


def test_candidates_trigram_neighbours_agree_with_brute_force() -> None:
    keys = sorted({f"{a}{b}".lower() for a in WORDS for b in WORDS})
    wide = Blocking(n_neighbours=1000, min_cosine=0.3, max_block=1000)
    found = set(trigram_neighbours(keys, wide))
    few = set(trigram_neighbours(keys, Blocking(n_neighbours=2, min_cosine=0.3, max_block=1000)))
    assert few < found
    assert all(a < b for a, b in found)
    assert (keys.index("slopevalley"), keys.index("valleyslope")) in found


def test_features_are_bounded_and_symmetric() -> None:
    nodes = build_nodes(make_benchmark().items)
    pairs = find_candidates(nodes)
    features = pair_features(nodes, pairs)
    assert features.shape == (len(pairs), len(FEATURES))
    assert features.min() >= 0.0
    assert features.max() <= 1.0
    swapped = pair_features(nodes, [(b, a) for a, b in pairs])
    np.testing.assert_allclose(features, swapped)


def test_cluster_weighs_all_known_pairs() -> None:
    nodes = build_nodes([item(f"{n}/T1", s) for n, s in enumerate(["Aa", "Bb", "Cc"])])
    pairs = [(0, 1), (0, 2), (1, 2)]
    chained = cluster_nodes(nodes, pairs, np.array([3.0, 2.0, -9.0]), threshold=0.0)
    assert chained == [[0, 1], [2]]
    joined = cluster_nodes(nodes, pairs, np.array([3.0, 2.0, -1.0]), threshold=0.0)
    assert joined == [[0, 1, 2]]
