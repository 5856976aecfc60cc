"""Training of the prefilter: its two linear models, from gold sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from somex.core.config import check_ranges
from somex.core.errors import ConfigError, MissingExtraError, unknown_value
from somex.core.schema import EntityType
from somex.perturbations import PERTURBATIONS
from somex.prefilter.features import N_BITS, N_FIXED, Features, hash_features
from somex.prefilter.model import Linear, Prefilter, sentence_features
from somex.prefilter_data import GoldDocument, GoldSentence

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Mask = NDArray[np.bool_]
Labels = NDArray[np.int8]

_NO, _YES, _UNTOLD = 0, 1, 2
_LOOKS_LIKE_ANY = frozenset({EntityType.CITATION})
"""Types whose words say nothing: a citation of a software looks like any citation."""

_MAX_WEIGHT = 2
_RANGES = {
    "max_lost": (0.0, 1.0),
    "found": (0.0, 1.0),
    "word_cost": (1e-6, 1e6),
    "sentence_cost": (1e-6, 1e6),
    "sentence_weight": (0.0, 100.0),
    "neighbour_weight": (0.0, 100.0),
    "negative_share": (0.001, 1.0),
    "n_folds": (3, 100),
}


@dataclass(frozen=True, slots=True)
class PrefilterConfig:
    """How a prefilter is trained.

    Attributes:
        max_lost: Greatest share of the gold mentions that may be lost.
        found: Share of the mentions in passing sentences that the encoder is taken to find, for
            the names by which further sentences pass.
        word_cost: Inverse strength of the L2 penalty of the model of words.
        sentence_cost: The same of the model of sentences.
        sentence_weight: Weight of a sentence as a whole beside its most telling word.
        neighbour_weight: Weight of the better neighbour.
        negative_share: Share of the words of sentences without mention that are trained on.
        respellings: Names of perturbations that the held-out documents are also measured under.
        n_folds: Folds of the cross-validation.
        seed: Of what is drawn and of the solver's order.
    """

    max_lost: float = 0.005
    found: float = 0.8
    word_cost: float = 0.3
    sentence_cost: float = 0.05
    sentence_weight: float = 1.0
    neighbour_weight: float = 0.2
    negative_share: float = 0.15
    respellings: tuple[str, ...] = ()
    n_folds: int = 5
    seed: int = 1

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)
        for name in self.respellings:
            if name not in PERTURBATIONS:
                raise ConfigError(unknown_value("respelling", name, list(PERTURBATIONS)))


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What the two models are fitted to.

    Attributes:
        words: Features of words, shape (n_words, 2 ** N_BITS).
        word_labels: 1 in a mention, else 0, shape (n_words,).
        word_sentences: The sentence of each word, shape (n_words,).
        sentences: Features of sentences, shape (n_sentences, 2 ** N_BITS).
        n_mentions: Mentions of each sentence, shape (n_sentences,).
        folds: Folds that hold each sentence.
    """

    words: csr_matrix
    word_labels: Labels
    word_sentences: NDArray[np.int64]
    sentences: csr_matrix
    n_mentions: NDArray[np.int64]
    folds: list[frozenset[int]]

    def without(self, held: Iterable[int]) -> Mask:
        """Tell which sentences may be trained on where folds are held out."""
        out = frozenset(held)
        return np.array([out.isdisjoint(folds) for folds in self.folds])


@dataclass(slots=True)
class _Columns:
    """Features of rows as they come, for a sparse matrix."""

    places: list[NDArray[np.int64]] = field(default_factory=list)
    rows: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, places: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        self.places.append(places.astype(np.int32))
        self.rows.append(rows.astype(np.int32))

    def matrix(self, n_rows: int) -> csr_matrix:
        from scipy.sparse import csr_matrix

        places, rows = np.concatenate(self.places), np.concatenate(self.rows)
        counts = np.ones(len(places), np.float32)
        return csr_matrix((counts, (rows, places)), shape=(n_rows, 1 << N_BITS))


def build_rows(documents: Sequence[GoldDocument], config: PrefilterConfig) -> TrainingRows:
    """Hash all sentences and draw the words to train on.

    Raises:
        MissingExtraError: scikit-learn, which brings SciPy, is not installed.
    """
    _need_sklearn()
    sentences = [s for document in documents for s in document.sentences]
    rng = np.random.default_rng(config.seed)
    words, wholes = _Columns(), _Columns()
    labels: list[Labels] = []
    owners: list[NDArray[np.int64]] = []
    n_words = first = 0
    for features in hash_features([s.text for s in sentences]):
        of_chunk = sentences[first : first + features.n_rows]
        told = label_words(features, of_chunk)
        n_spans = np.array([len(s.spans) for s in of_chunk])
        is_drawn = (n_spans[features.rows] > 0) | (rng.random(len(told)) < config.negative_share)
        kept = np.flatnonzero(is_drawn & (told != _UNTOLD))
        _add_words(words, features, kept, n_words)
        labels.append(told[kept])
        owners.append(features.rows[kept] + first)
        places, rows = sentence_features(features)
        wholes.add(places, rows + first)
        n_words, first = n_words + len(kept), first + features.n_rows
    return TrainingRows(
        words.matrix(n_words),
        np.concatenate(labels),
        np.concatenate(owners),
        wholes.matrix(len(sentences)),
        np.array([len(s.spans) for s in sentences]),
        [s.folds for s in sentences],
    )


def label_words(features: Features, sentences: Sequence[GoldSentence]) -> Labels:
    """Return the label of each word: 1 in a mention, 2 not to be trained on, else 0."""
    labels = np.full(len(features.rows), _NO, np.int8)
    bounds = np.searchsorted(features.rows, np.arange(features.n_rows + 1))
    for row, sentence in enumerate(sentences):
        low, high = bounds[row], bounds[row + 1]
        starts = features.byte_starts[low:high]
        for span in sentence.spans:
            inside = (starts >= span.byte_start) & (starts < span.byte_end)
            labels[low:high][inside] = _UNTOLD if span.type in _LOOKS_LIKE_ANY else _YES
    return labels


def _add_words(columns: _Columns, features: Features, kept: NDArray[np.int64], first: int) -> None:
    new = np.full(len(features.rows), -1)
    new[kept] = np.arange(len(kept)) + first
    columns.add(features.places[:, kept].ravel(), np.tile(new[kept], N_FIXED))
    grams = np.flatnonzero(new[features.gram_atoms] >= 0)
    columns.add(features.gram_places[grams], new[features.gram_atoms[grams]])


def fit_prefilter(rows: TrainingRows, use: Mask, config: PrefilterConfig) -> Prefilter:
    """Fit both models by logistic regression; everything passes until a threshold is chosen.

    Args:
        rows: What there is to train on.
        use: Which sentences are trained on, shape (n_sentences,).
        config: Penalties, weights and seed.
    """
    words = np.flatnonzero(use[rows.word_sentences])
    of_words = _fit(rows.words[words], rows.word_labels[words], config.word_cost, config.seed)
    chosen = np.flatnonzero(use)
    n_mentions = rows.n_mentions[chosen]
    of_sentences = _fit(
        rows.sentences[chosen],
        (n_mentions > 0).astype(np.int8),
        config.sentence_cost,
        config.seed,
        weights=np.clip(n_mentions, 1, _MAX_WEIGHT).astype(float),
    )
    return Prefilter(
        of_words, of_sentences, config.sentence_weight, config.neighbour_weight, -np.inf
    )


def _fit(
    features: csr_matrix,
    labels: Labels,
    cost: float,
    seed: int,
    *,
    weights: NDArray[np.float64] | None = None,
) -> Linear:
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(
        C=cost, solver="liblinear", dual=True, random_state=seed, max_iter=50, tol=0.05
    )
    solver.fit(features, labels, sample_weight=weights)
    return Linear.quantize(solver.coef_[0], float(solver.intercept_[0]))


def _need_sklearn() -> None:
    try:
        import sklearn.linear_model  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"training a prefilter needs {error.name}; pip install 'somex[train]'"
        ) from None
