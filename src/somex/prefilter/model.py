"""The filter: weights of features to scores of sentences, a threshold, and the two files."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from somex.core.errors import ModelError
from somex.prefilter.features import N_BITS, SENTENCE_FEATURES, Features, hash_features

WEIGHTS_FILE = "prefilter.npz"
CARD_FILE = "prefilter.json"
FORMAT = "somex.prefilter/1"
NEVER = -np.inf
"""Score of a sentence without letters and digits, which can't hold a mention."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model over hashed features, in whole numbers.

    Attributes:
        weights: Weight of each place, shape (2 ** N_BITS,).
        scale: What a weight of 1 is worth, above 0.
        bias: Added to each sum.

    Raises:
        ModelError: The weights have another shape or type, or a number is out of range.
    """

    weights: NDArray[np.int8]
    scale: float
    bias: float

    def __post_init__(self) -> None:
        if self.weights.shape != (1 << N_BITS,) or self.weights.dtype != np.int8:
            raise ModelError(
                f"weights are {self.weights.dtype} of shape {self.weights.shape}; "
                f"valid: int8 of shape ({1 << N_BITS},)"
            )
        if not (np.isfinite(self.scale) and self.scale > 0 and np.isfinite(self.bias)):
            raise ModelError(
                f"scale {self.scale} and bias {self.bias}: both must be finite, scale above 0"
            )

    @classmethod
    def quantize(cls, weights: FloatArray, bias: float) -> Linear:
        """Round real weights to int8."""
        scale = float(np.abs(weights).max()) / 127 or 1.0
        return cls(np.round(weights / scale).astype(np.int8), scale, float(bias))


@dataclass(frozen=True, slots=True)
class Prefilter:
    """Tells which sentences may hold a mention.

    The score of a sentence is that of its most telling word, plus that of all that stands in it,
    plus a share of the greater score of its two neighbours.

    Attributes:
        words: Scores each word by itself and its neighbours.
        sentences: Scores the set of features of a sentence.
        sentence_weight: Share of the second in the sum.
        neighbour_weight: Share of the neighbours in the sum.
        threshold: Score from which on a sentence passes.
        card: How it was made and what it loses.
    """

    words: Linear
    sentences: Linear
    sentence_weight: float
    neighbour_weight: float
    threshold: float
    card: Mapping[str, Any] = field(default_factory=dict)

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score sentences each by itself.

        Args:
            texts: Sentences in any order.

        Returns:
            Scores of shape (n_texts,), which do not depend on the other texts; ``NEVER`` for a
            text without letters and digits.
        """
        parts = [self._score_chunk(features) for features in hash_features(texts)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def score_document(self, texts: Sequence[str]) -> FloatArray:
        """Score the sentences of one document, in reading order, each beside its neighbours.

        Returns:
            Scores of shape (n_texts,); a sentence without neighbours counts as its own.
        """
        return add_neighbours(self.score(texts), self.neighbour_weight)

    def passes(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Tell which sentences of one document, in reading order, may hold a mention."""
        return self.score_document(texts) >= self.threshold

    def to_json(self) -> dict[str, Any]:
        """Return what a result says of the filter: its fingerprint, threshold and loss."""
        return {
            "fingerprint": self.fingerprint(),
            "threshold": self.threshold,
            "mentions_lost": self.mentions_lost,
        }

    @property
    def mentions_lost(self) -> float | None:
        """Share of gold mentions that held-out whole documents lost; None if the card is silent."""
        figures = self.card.get("cross_validation", {}).get("whole_documents", {})
        found: float | None = figures.get("mentions_lost")
        return found

    def fingerprint(self) -> str:
        """Return 12 hex digits of a SHA-256 over all that decides what passes."""
        digest = hashlib.sha256(self.words.weights.tobytes() + self.sentences.weights.tobytes())
        digest.update(json.dumps(_numbers(self), sort_keys=True).encode())
        return digest.hexdigest()[:12]

    def _score_chunk(self, features: Features) -> FloatArray:
        scores: FloatArray = _best_word(features, self.words)
        scores += self.sentence_weight * _whole_sentence(features, self.sentences)
        return scores


def _best_word(features: Features, model: Linear) -> FloatArray:
    """Return the greatest score of a word in each sentence, shape (n_rows,)."""
    n_atoms = len(features.rows)
    fixed = model.weights[features.places].sum(axis=0, dtype=np.int64)
    grams = np.bincount(features.gram_atoms, model.weights[features.gram_places], n_atoms)
    scores = (fixed + grams) * model.scale + model.bias  # sums of whole numbers are exact
    best = np.full(features.n_rows, NEVER)
    firsts = np.flatnonzero(np.diff(features.rows, prepend=-1))
    if n_atoms:
        best[features.rows[firsts]] = np.maximum.reduceat(scores, firsts)
    return best


def _whole_sentence(features: Features, model: Linear) -> FloatArray:
    """Return the score of each sentence's set of features, shape (n_rows,)."""
    places, rows = sentence_features(features)
    sums = np.bincount(rows, model.weights[places], features.n_rows).astype(np.float64)
    return sums * model.scale + model.bias


def sentence_features(features: Features) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the features of whole sentences, each once a sentence, and their rows.

    Returns:
        Places and rows, both of shape (n_distinct,).
    """
    keys = (features.rows << N_BITS) | features.places[list(SENTENCE_FEATURES)]
    distinct = np.unique(keys)
    return distinct & ((1 << N_BITS) - 1), distinct >> N_BITS


def add_neighbours(scores: FloatArray, weight: float) -> FloatArray:
    """Add a share of the greater score of the two neighbours; what has none counts as its own.

    Args:
        scores: Scores of a document's sentences, shape (n,); those of ``NEVER`` stay so and
            count as no neighbour.
        weight: The share.
    """
    before, after = np.full(len(scores), NEVER), np.full(len(scores), NEVER)
    before[1:], after[:-1] = scores[:-1], scores[1:]
    greater = np.maximum(before, after)
    added = np.where(greater == NEVER, scores, greater)
    return scores + weight * np.where(added == NEVER, 0.0, added)


_NUMBERS = ("sentence_weight", "neighbour_weight", "threshold")


def _numbers(model: Prefilter) -> dict[str, float]:
    """Return every number of a filter but the weights."""
    return {
        "word_scale": model.words.scale,
        "word_bias": model.words.bias,
        "sentence_scale": model.sentences.scale,
        "sentence_bias": model.sentences.bias,
        **{name: getattr(model, name) for name in _NUMBERS},
    }


def write_prefilter(model: Prefilter, folder: Path) -> None:
    """Write ``prefilter.npz`` (weights) and ``prefilter.json`` (numbers and card) into a folder.

    Each is put in place in one step, the card last; equal filters give equal bytes.
    """
    stream = io.BytesIO()
    np.savez_compressed(stream, words=model.words.weights, sentences=model.sentences.weights)
    raw = stream.getvalue()
    described = {
        "format": FORMAT,
        "weights_sha256": hashlib.sha256(raw).hexdigest(),
        **_numbers(model),
        "card": dict(model.card),
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write(raw, folder / WEIGHTS_FILE)
    _write((json.dumps(described, indent=2) + "\n").encode(), folder / CARD_FILE)


def _write(content: bytes, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def has_prefilter(folder: Path) -> bool:
    """Tell whether a model folder holds a filter."""
    return (folder / CARD_FILE).is_file()


def read_prefilter(folder: Path) -> Prefilter:
    """Read the filter of a folder.

    Raises:
        ModelError: A file is missing, damaged or of another format, or the weights are not those
            that the card was written for.
    """
    path = folder / CARD_FILE
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        if described.get("format") != FORMAT:
            raise ModelError(f"{path} has format {described.get('format')!r}; valid: {FORMAT}")
        weights = _read_weights(folder / WEIGHTS_FILE, described["weights_sha256"])
        numbers = {key: float(described[key]) for key in (*_NUMBERS, *_LINEAR_NUMBERS)}
        card = dict(described["card"])
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; `somex prefilter train` writes it") from None
    except KeyError as error:
        raise ModelError(f"{path} lacks {error}; make it anew: somex prefilter train") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is no card of a prefilter: {error}") from None
    words = Linear(weights["words"], numbers["word_scale"], numbers["word_bias"])
    sentences = Linear(weights["sentences"], numbers["sentence_scale"], numbers["sentence_bias"])
    sentence_weight, neighbour_weight, threshold = (numbers[key] for key in _NUMBERS)
    return Prefilter(words, sentences, sentence_weight, neighbour_weight, threshold, card)


_LINEAR_NUMBERS = ("word_scale", "word_bias", "sentence_scale", "sentence_bias")


def _read_weights(path: Path, sha256: str) -> dict[str, NDArray[np.int8]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}") from None
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise ModelError(
            f"{path} is damaged or belongs to another card: its SHA-256 begins with "
            f"{found[:12]}, {CARD_FILE} says {str(sha256)[:12]}; make both anew"
        )
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
            return {name: stored[name] for name in ("words", "sentences")}
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} holds no weights of a prefilter: {error}") from None
