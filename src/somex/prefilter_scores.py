"""What a prefilter loses and lets pass, on gold documents; how its threshold is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from somex.core.errors import ConfigError
from somex.corpus import bucket_of
from somex.prefilter.model import Prefilter, add_neighbours
from somex.prefilter.names import NAMING_TYPES, NameMatcher
from somex.prefilter_data import GoldDocument
from somex.prefilter_training import PrefilterConfig, TrainingRows, fit_prefilter

FloatArray = NDArray[np.float64]
CURVE = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
MIN_WHOLE = 10
"""Sentences from which on a document counts as a whole paper or section of one, not an excerpt."""
_N_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class ScoredDocument:
    """A gold document with the scores of its sentences.

    Attributes:
        document: The document.
        own: Score of each sentence beside its neighbours, shape (n_sentences,).
        by_name: The greatest score of the sentence and of those whose found mentions name a
            software that it holds too: it passes a threshold that this score reaches, in the
            first or in the second pass, shape (n_sentences,).
    """

    document: GoldDocument
    own: FloatArray
    by_name: FloatArray


def score_documents(
    model: Prefilter, documents: Sequence[GoldDocument], *, found: float
) -> list[ScoredDocument]:
    """Score documents.

    Args:
        model: The filter.
        documents: Documents with gold.
        found: Share of the gold mentions that count as found, 0 to 1; which ones depends on their
            document and place alone.
    """
    texts = [s.text for document in documents for s in document.sentences]
    scores, first, scored = model.score(texts), 0, []
    for document in documents:
        last = first + len(document.sentences)
        own = add_neighbours(scores[first:last], model.neighbour_weight)
        scored.append(ScoredDocument(document, own, _share_names(document, own, found)))
        first = last
    return scored


def _share_names(document: GoldDocument, own: FloatArray, found: float) -> FloatArray:
    best: dict[str, float] = {}
    for row, sentence in enumerate(document.sentences):
        for span in sentence.spans:
            place = f"{document.id} {row} {span.byte_start}"
            is_found = bucket_of(place, _N_DRAWS) < found * _N_DRAWS
            name = " ".join(span.text.split())
            if is_found and span.type in NAMING_TYPES and any(c.isalpha() for c in name):
                best[name] = max(best.get(name, -np.inf), float(own[row]))
    shared = own.copy()
    for name, score in best.items():
        matcher = NameMatcher([name])
        for row, sentence in enumerate(document.sentences):
            if shared[row] < score and matcher.is_in(sentence.text):
                shared[row] = score
    return shared


def choose_threshold(scored: Sequence[ScoredDocument], *, max_lost: float) -> float:
    """Return the greatest threshold that loses no more than a share of the gold mentions.

    Args:
        scored: Documents that the scoring model has not seen.
        max_lost: The share, 0 to 1.

    Raises:
        ConfigError: The documents hold no mention.
    """
    scores = np.sort(np.concatenate([np.zeros(0), *map(_mention_scores, scored)]))
    if not len(scores):
        raise ConfigError("no threshold can be chosen: the documents hold no mention")
    return float(scores[min(int(max_lost * len(scores)), len(scores) - 1)])


def _mention_scores(scored: ScoredDocument) -> FloatArray:
    counts = [len(s.spans) for s in scored.document.sentences]
    return np.repeat(scored.by_name, counts)


def tally(pairs: Iterable[tuple[ScoredDocument, float]]) -> dict[str, Any]:
    """Count what documents lose and let pass, each at its threshold.

    Returns:
        Counts and shares: ``mentions_lost`` of ``n_mentions`` (with the second pass by names),
        ``mentions_lost_first_pass`` (without it), ``sentences_passed`` of ``n_sentences`` (those
        of documents of ``MIN_WHOLE`` sentences or more), the part that the first pass passes,
        the share of their characters that passes, and, by type, mentions and lost ones.
    """
    n, lost = Counter[str](), Counter[str]()
    lost_first = n_sentences = n_passed = n_first = n_chars = n_chars_passed = 0
    for scored, threshold in pairs:
        sentences = scored.document.sentences
        for sentence, own, by_name in zip(sentences, scored.own, scored.by_name, strict=True):
            types = [str(span.type) for span in sentence.spans]
            n.update(types)
            lost.update(types if by_name < threshold else ())
            lost_first += len(types) * bool(own < threshold)
        if len(sentences) >= MIN_WHOLE:
            n_sentences += len(sentences)
            n_passed += int((scored.by_name >= threshold).sum())
            n_first += int((scored.own >= threshold).sum())
            lengths = np.array([len(s.text) for s in sentences])
            n_chars += int(lengths.sum())
            n_chars_passed += int(lengths[scored.by_name >= threshold].sum())
    n_mentions = n.total()
    return {
        "n_mentions": n_mentions,
        "mentions_lost": _share(lost.total(), n_mentions),
        "mentions_lost_first_pass": _share(lost_first, n_mentions),
        "n_sentences": n_sentences,
        "sentences_passed": _share(n_passed, n_sentences),
        "sentences_passed_first_pass": _share(n_first, n_sentences),
        "characters_passed": _share(n_chars_passed, n_chars),
        "by_type": {name: {"n": n[name], "lost": lost[name]} for name in sorted(n)},
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


def trade_off(scored: Sequence[ScoredDocument]) -> list[dict[str, float]]:
    """Return what passes at several shares of lost mentions, on documents not trained on."""
    rows = []
    for max_lost in CURVE:
        threshold = choose_threshold(scored, max_lost=max_lost)
        counts = tally((s, threshold) for s in scored)
        kept = ("mentions_lost", "mentions_lost_first_pass", "sentences_passed",
                "sentences_passed_first_pass")  # fmt: skip
        rows.append({"threshold": round(threshold, 4), **{key: counts[key] for key in kept}})
    return rows


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """What cross-validation gives.

    Attributes:
        threshold: For a filter trained on all folds, from the scores of held-out documents.
        figures: Counts at thresholds that were each chosen on the other folds.
        curve: The trade-off over the held-out documents.
    """

    threshold: float
    figures: dict[str, Any]
    curve: list[dict[str, float]]


def cross_validate(
    documents: Sequence[GoldDocument], rows: TrainingRows, config: PrefilterConfig
) -> CrossValidation:
    """Measure a filter on documents that neither its weights nor its threshold have seen.

    For each fold, filters trained without it and one other fold score that other one; what they
    say gives the threshold, which a filter trained without the fold is then measured at.
    """
    folds = range(config.n_folds)
    members = [[d for d in documents if d.fold == fold] for fold in folds]

    def score(held: set[int], fold: int) -> list[ScoredDocument]:
        model = models[frozenset(held)]
        return score_documents(model, members[fold], found=config.found)

    held_sets = [*({fold} for fold in folds), *map(set, combinations(folds, 2))]
    models = {frozenset(h): fit_prefilter(rows, rows.without(h), config) for h in held_sets}
    outer = [score({fold}, fold) for fold in folds]
    pairs, thresholds = [], []
    for fold in folds:
        inner = [s for other in folds if other != fold for s in score({fold, other}, other)]
        thresholds.append(choose_threshold(inner, max_lost=config.max_lost))
        pairs += [(s, thresholds[-1]) for s in outer[fold]]
    everything = [s for scored in outer for s in scored]
    figures = {**tally(pairs), "thresholds": [round(t, 4) for t in thresholds]}
    threshold = choose_threshold(everything, max_lost=config.max_lost)
    return CrossValidation(threshold, figures, trade_off(everything))
