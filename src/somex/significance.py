"""Bootstrap over documents: how far a score, or a difference of two, could be chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from somex.core.errors import AnnotationError, ConfigError, unknown_value
from somex.core.types import LabeledDocument
from somex.metrics import Counts, count_document, pair_documents

Metric = Literal["total", "ner", "re"]
"""Macro F1 of mentions (``ner``), of relations (``re``), or the mean of both (``total``)."""

METRICS: tuple[Metric, ...] = get_args(Metric)

_CHUNK_CELLS = 2_000_000

_Floats = NDArray[np.float64]
_Matrices = tuple[_Floats, ...]
"""One array a task, shape ``(n_documents, 3, n_types)``: tp, n_gold, n_predicted."""


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """A score with its bootstrap interval.

    Attributes:
        metric: Which score.
        point: The score of all documents, 0 to 1.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Share of the resampled scores inside, for instance 0.95.
        n_resamples: Number of resamples.
    """

    metric: Metric
    point: float
    low: float
    high: float
    level: float
    n_resamples: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as values that ``json.dumps`` takes."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PairedBootstrap:
    """The difference of two predictions' scores, the second minus the first.

    Attributes:
        metric: Which score.
        difference: Score of prediction B minus score of prediction A, -1 to 1.
        low: Lower end of the difference's interval.
        high: Upper end of the difference's interval.
        p_value: Two-sided: how probable a difference on the other side of 0 is, times two.
        level: Share of the resampled differences inside the interval.
        n_resamples: Number of resamples.
    """

    metric: Metric
    difference: float
    low: float
    high: float
    p_value: float
    level: float
    n_resamples: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as values that ``json.dumps`` takes."""
        return asdict(self)


def bootstrap_interval(
    gold: Sequence[LabeledDocument],
    predicted: Sequence[LabeledDocument],
    *,
    metric: Metric = "total",
    n_resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> BootstrapInterval:
    """Return a score with its percentile bootstrap interval over documents.

    Each resample draws as many documents as there are, with replacement, and scores them over the
    types in its own gold. The interval is widened to hold the point estimate where it does not
    (few documents, rare types).

    Args:
        gold: Documents with the right annotation (for SOMD: one sentence each).
        predicted: The same documents with the annotation to score.
        metric: ``total``, ``ner`` or ``re``.
        n_resamples: Number of resamples, 1 or more.
        seed: Seed of the random numbers; the same seed gives the same interval.
        level: Share of the resampled scores inside the interval, between 0 and 1.

    Raises:
        ConfigError: An option is out of range.
        AnnotationError: There is no document, or gold and prediction don't match.
    """
    _check_options(metric, n_resamples, level)
    matrices = _matrices(gold, predicted, metric)
    point = float(_macro_f1(_summed(matrices))[0])
    scores = np.concatenate(
        [
            _macro_f1(_weighted(matrices, weights))
            for weights in _resamples(len(gold), n_resamples, seed)
        ]
    )
    low, high = _interval(scores, point, level)
    return BootstrapInterval(metric, point, low, high, level, n_resamples)


def paired_bootstrap(
    gold: Sequence[LabeledDocument],
    predicted_a: Sequence[LabeledDocument],
    predicted_b: Sequence[LabeledDocument],
    *,
    metric: Metric = "total",
    n_resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> PairedBootstrap:
    """Compare two predictions on the same resampled documents.

    Args:
        gold: Documents with the right annotation.
        predicted_a: The same documents with the annotation of the first system.
        predicted_b: The same documents with the annotation of the second system.
        metric: ``total``, ``ner`` or ``re``.
        n_resamples: Number of resamples, 1 or more.
        seed: Seed of the random numbers; the same seed gives the same result.
        level: Share of the resampled differences inside the interval, between 0 and 1.

    Returns:
        Difference (B minus A), interval and two-sided p-value; the p-value is never below
        ``2 / (n_resamples + 1)``, and 1 for equal predictions.

    Raises:
        ConfigError: An option is out of range.
        AnnotationError: There is no document, or gold and predictions don't match.
    """
    _check_options(metric, n_resamples, level)
    point, differences = mean_differences(
        gold, [(predicted_a, predicted_b)], metric=metric, n_resamples=n_resamples, seed=seed
    )
    return summarize_differences(metric, point, differences, level=level)


def mean_differences(
    gold: Sequence[LabeledDocument],
    pairs: Sequence[tuple[Sequence[LabeledDocument], Sequence[LabeledDocument]]],
    *,
    metric: Metric = "total",
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean difference of pairs of predictions of the same documents, resampled.

    A resample draws documents, the same ones for every pair: so several seeds of two systems can
    be compared without counting a sentence as often as there are seeds. The same seed and number
    of documents draw the same documents, so that resampled differences can be compared further.

    Args:
        gold: Documents with the right annotation.
        pairs: Two predictions each (A and B), for instance of one seed.
        metric: ``total``, ``ner`` or ``re``.
        n_resamples: Number of resamples, 1 or more.
        seed: Seed of the random numbers.

    Returns:
        The mean over the pairs of score B minus score A, of all documents; and of each resample,
        shape ``(n_resamples,)``.

    Raises:
        ConfigError: An option is out of range, or there is no pair.
        AnnotationError: There is no document, or gold and predictions don't match.
    """
    _check_options(metric, n_resamples, 0.5)
    if not pairs:
        raise ConfigError("there is no pair of predictions to compare")
    matrices = [(_matrices(gold, a, metric), _matrices(gold, b, metric)) for a, b in pairs]
    point = np.mean([_macro_f1(_summed(b)) - _macro_f1(_summed(a)) for a, b in matrices])
    chunks = []
    for weights in _resamples(len(gold), n_resamples, seed):
        found = [
            _macro_f1(_weighted(b, weights)) - _macro_f1(_weighted(a, weights)) for a, b in matrices
        ]
        chunks.append(np.mean(found, axis=0))
    return float(point), np.concatenate(chunks)


def summarize_differences(
    metric: Metric, point: float, differences: NDArray[np.float64], *, level: float = 0.95
) -> PairedBootstrap:
    """Return a difference with its percentile interval and two-sided p-value.

    Args:
        metric: Which score was compared.
        point: The difference of all documents.
        differences: That of each resample, shape ``(n_resamples,)``.
        level: Share of the resampled differences inside the interval, between 0 and 1.

    Raises:
        ConfigError: The level is out of range.
    """
    n_resamples = len(differences)
    _check_options(metric, n_resamples, level)
    low, high = _interval(differences, point, level)
    n_beyond = int(min((differences <= 0).sum(), (differences >= 0).sum()))
    p_value = min(1.0, 2 * (n_beyond + 1) / (n_resamples + 1))
    return PairedBootstrap(metric, point, low, high, p_value, level, n_resamples)


def micro_f1_interval(
    counts: Sequence[tuple[int, int, int]],
    *,
    n_resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a micro F1 over documents.

    Args:
        counts: Right, gold and predicted items of each document.
        n_resamples: Number of resamples, 1 or more.
        seed: Seed of the random numbers; the same seed gives the same interval.
        level: Share of the resampled scores inside the interval, between 0 and 1.

    Returns:
        Its ends, 0 to 1, widened to hold the F1 of all documents; a resample without any item
        counts as 1.

    Raises:
        ConfigError: An option is out of range.
        AnnotationError: There is no document.
    """
    _check_options("total", n_resamples, level)
    if not counts:
        raise AnnotationError("a bootstrap needs at least one document; the gold has none")
    matrix = np.array(counts, dtype=np.float64)
    chunks = _resamples(len(counts), n_resamples, seed)
    scores = np.concatenate([_micro_f1(weights @ matrix) for weights in chunks])
    point = float(_micro_f1(matrix.sum(axis=0, keepdims=True))[0])
    return _interval(scores, point, level)


def _micro_f1(counts: _Floats) -> _Floats:
    """Return the F1 of rows of tp, n_gold and n_predicted, shape ``(n,)``."""
    items = counts[:, 1] + counts[:, 2]
    return np.where(items > 0, 2 * counts[:, 0] / np.maximum(items, 1), 1.0)


def _check_options(metric: str, n_resamples: int, level: float) -> None:
    if metric not in METRICS:
        raise ConfigError(unknown_value("metric", metric, list(METRICS)))
    if n_resamples < 1:
        raise ConfigError(f"n_resamples is {n_resamples}; it must be 1 or more")
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level is {level}; it must lie between 0 and 1, for instance 0.95")


def _matrices(
    gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument], metric: Metric
) -> _Matrices:
    """Return the counts of the metric's tasks, each ``(n_documents, 3, n_types)``."""
    counts = [count_document(*pair) for pair in pair_documents(gold, predicted)]
    if not counts:
        raise AnnotationError("a bootstrap needs at least one document; the gold has none")
    tasks: list[list[Counts]] = []
    if metric in ("total", "ner"):
        tasks.append([count.ner for count in counts])
    if metric in ("total", "re"):
        tasks.append([count.re for count in counts])
    return tuple(
        np.array([(c.tp, c.n_gold, c.n_predicted) for c in task], dtype=np.float64)
        for task in tasks
    )


def _resamples(n_documents: int, n_resamples: int, seed: int) -> Iterator[_Floats]:
    """Yield how often each document is drawn, ``(n_chunk, n_documents)``, rows add up to it."""
    generator = np.random.default_rng(seed)
    shares = np.full(n_documents, 1.0 / n_documents)
    n_chunk = max(1, _CHUNK_CELLS // n_documents)
    for start in range(0, n_resamples, n_chunk):
        size = min(n_chunk, n_resamples - start)
        yield generator.multinomial(n_documents, shares, size=size).astype(np.float64)


def _weighted(matrices: _Matrices, weights: _Floats) -> _Matrices:
    """Return the counts of each resample, one ``(n_chunk, 3, n_types)`` array a task."""
    return tuple(np.tensordot(weights, matrix, axes=1) for matrix in matrices)


def _summed(matrices: _Matrices) -> _Matrices:
    """Return the counts of all documents, one ``(1, 3, n_types)`` array a task."""
    return tuple(matrix.sum(axis=0, keepdims=True) for matrix in matrices)


def _macro_f1(counts: _Matrices) -> _Floats:
    """Return the mean over the tasks of macro F1, shape ``(n_chunk,)``, as ``TaskScores`` does."""
    scores = []
    for count in counts:
        tp, n_gold, n_predicted = count[:, 0], count[:, 1], count[:, 2]
        in_gold = n_gold > 0
        f1 = np.where(in_gold, 2 * tp / np.maximum(n_gold + n_predicted, 1), 0.0)
        n_types = in_gold.sum(axis=1)
        empty = (n_predicted.sum(axis=1) == 0).astype(np.float64)
        scores.append(np.where(n_types > 0, f1.sum(axis=1) / np.maximum(n_types, 1), empty))
    return np.asarray(np.mean(scores, axis=0), dtype=np.float64)


def _interval(values: _Floats, point: float, level: float) -> tuple[float, float]:
    tail = (1.0 - level) / 2
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return min(float(low), point), max(float(high), point)
