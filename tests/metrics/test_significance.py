import json
import time

import pytest

from somex.core import Annotation, AnnotationError, ConfigError, Document, LabeledDocument, Mention
from somex.core.schema import EntityType as E
from somex.significance import (
    bootstrap_interval,
    mean_differences,
    micro_f1_interval,
    paired_bootstrap,
    summarize_differences,
)

TYPES = (E.APPLICATION, E.VERSION, E.DEVELOPER)
N_DOCUMENTS = 203


def corpus(*, n_wrong: int, n_documents: int = N_DOCUMENTS) -> list[LabeledDocument]:
    """Return documents with one mention each, of the wrong span in the first ``n_wrong``."""
    return [
        LabeledDocument(
            Document(f"d{n}", "one mention"),
            Annotation((Mention(TYPES[n % 3], 0, 3 if n >= n_wrong else 2),)),
        )
        for n in range(n_documents)
    ]


GOLD = corpus(n_wrong=0)


def test_significance_interval_holds_the_score_and_is_reproducible() -> None:
    interval = bootstrap_interval(GOLD, corpus(n_wrong=60), metric="ner")
    assert interval.point == pytest.approx(1 - 60 / N_DOCUMENTS, abs=0.005)
    # The standard deviation of a share: sqrt(p (1 - p) / n) = 0.032.
    assert interval.low == pytest.approx(interval.point - 1.96 * 0.032, abs=0.015)
    assert interval.high == pytest.approx(interval.point + 1.96 * 0.032, abs=0.015)
    assert interval == bootstrap_interval(GOLD, corpus(n_wrong=60), metric="ner")
    assert interval != bootstrap_interval(GOLD, corpus(n_wrong=60), metric="ner", seed=1)


def test_significance_interval_of_a_lower_level_is_narrower() -> None:
    predicted = corpus(n_wrong=60)
    wide = bootstrap_interval(GOLD, predicted, metric="ner", level=0.99)
    narrow = bootstrap_interval(GOLD, predicted, metric="ner", level=0.5)
    assert wide.low < narrow.low <= narrow.point <= narrow.high < wide.high


def test_significance_total_is_the_mean_of_both_tasks() -> None:
    predicted = corpus(n_wrong=60)
    ner = bootstrap_interval(GOLD, predicted, metric="ner").point
    re = bootstrap_interval(GOLD, predicted, metric="re").point
    assert bootstrap_interval(GOLD, predicted).point == pytest.approx((ner + re) / 2)


def test_significance_equal_predictions_do_not_differ() -> None:
    predicted = corpus(n_wrong=60)
    result = paired_bootstrap(GOLD, predicted, list(reversed(predicted)))
    assert (result.difference, result.low, result.high, result.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_significance_tells_a_clear_difference() -> None:
    result = paired_bootstrap(GOLD, corpus(n_wrong=60), corpus(n_wrong=5), metric="ner")
    assert result.low > 0
    assert result.difference == pytest.approx(55 / N_DOCUMENTS, abs=0.005)
    assert result.p_value == pytest.approx(2 / 1001)
    back = paired_bootstrap(GOLD, corpus(n_wrong=5), corpus(n_wrong=60), metric="ner")
    assert back.difference == pytest.approx(-result.difference)
    assert (back.low, back.high) == pytest.approx((-result.high, -result.low))


def test_significance_tells_no_difference_of_one_document() -> None:
    result = paired_bootstrap(GOLD, corpus(n_wrong=60), corpus(n_wrong=59), metric="ner")
    assert result.low <= 0 < result.difference
    assert result.p_value > 0.05


def test_significance_mean_of_pairs_draws_the_same_documents_for_each() -> None:
    good, bad, worse = (corpus(n_wrong=n) for n in (0, 60, 90))
    pairs = [(bad, good), (worse, good)]
    point, drawn = mean_differences(GOLD, pairs, metric="ner", n_resamples=100)
    alone = [mean_differences(GOLD, [pair], metric="ner", n_resamples=100) for pair in pairs]
    assert point == pytest.approx((alone[0][0] + alone[1][0]) / 2)
    assert point == pytest.approx(75 / N_DOCUMENTS, abs=0.005)
    assert drawn == pytest.approx((alone[0][1] + alone[1][1]) / 2)
    # repeating a pair (a further seed of equal output) makes the interval no narrower
    twice = mean_differences(GOLD, [pairs[0]] * 2, metric="ner", n_resamples=100)
    assert twice[1] == pytest.approx(alone[0][1])
    one = paired_bootstrap(GOLD, bad, good, metric="ner", n_resamples=100)
    assert summarize_differences("ner", *alone[0]) == one
    with pytest.raises(ConfigError, match="no pair of predictions"):
        mean_differences(GOLD, [])


def test_significance_is_fast() -> None:
    predicted = corpus(n_wrong=60)
    start = time.perf_counter()
    bootstrap_interval(GOLD, predicted)
    assert time.perf_counter() - start < 1.0


def test_significance_chunks_of_resamples_do_not_change_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predicted = corpus(n_wrong=60)
    whole = bootstrap_interval(GOLD, predicted, n_resamples=50)
    monkeypatch.setattr("somex.significance._CHUNK_CELLS", 1000)
    assert bootstrap_interval(GOLD, predicted, n_resamples=50) == whole


def test_significance_json() -> None:
    interval = bootstrap_interval(GOLD, GOLD, n_resamples=10)
    assert json.loads(json.dumps(interval.to_json())) == {
        "metric": "total",
        "point": 1.0,
        "low": 1.0,
        "high": 1.0,
        "level": 0.95,
        "n_resamples": 10,
    }
    assert paired_bootstrap(GOLD, GOLD, GOLD, n_resamples=10).to_json()["p_value"] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "f1"}, "unknown metric 'f1'; valid: total, ner, re"),
        ({"n_resamples": 0}, "n_resamples is 0; it must be 1 or more"),
        ({"level": 1.0}, "level is 1.0; it must lie between 0 and 1"),
    ],
)
def test_significance_names_wrong_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bootstrap_interval(GOLD, GOLD, **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        paired_bootstrap(GOLD, GOLD, GOLD, **options)  # type: ignore[arg-type]


def test_significance_needs_documents() -> None:
    with pytest.raises(AnnotationError, match="at least one document"):
        bootstrap_interval([], [])


def test_significance_micro_interval_holds_the_score_and_follows_the_seed() -> None:
    counts = [(1, 2, 1), (0, 1, 3), (2, 2, 2), (1, 1, 1)] * 5
    low, high = micro_f1_interval(counts, n_resamples=300, seed=3)
    f1 = 2 * sum(tp for tp, _, _ in counts) / sum(g + p for _, g, p in counts)
    assert low < f1 < high
    assert (low, high) == micro_f1_interval(counts, n_resamples=300, seed=3)
    assert micro_f1_interval([(0, 0, 0)], n_resamples=5) == (1.0, 1.0)


def test_significance_micro_interval_needs_a_document() -> None:
    with pytest.raises(AnnotationError, match="at least one document"):
        micro_f1_interval([])
