"""What a prefilter loses and lets pass, on gold documents; how its threshold is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
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

    The share holds for all documents together and for the whole ones (``MIN_WHOLE``) alone:
    excerpts are mostly sentences that somebody chose for their mentions, and easier.

    Args:
        scored: Documents that the scoring model has not seen.
        max_lost: The share, 0 to 1.

    Raises:
        ConfigError: The documents hold no mention.
    """
    whole = [s for s in scored if _is_whole(s.document)]
    limits = [_limit(group, max_lost) for group in (scored, whole)]
    known = [limit for limit in limits if limit is not None]
    if not known:
        raise ConfigError("no threshold can be chosen: the documents hold no mention")
    return min(known)


def _limit(scored: Sequence[ScoredDocument], max_lost: float) -> float | None:
    """Return the score of the first mention that may not be lost; None without mentions."""
    counts = [[len(s.spans) for s in group.document.sentences] for group in scored]
    parts = [np.repeat(s.by_name, n) for s, n in zip(scored, counts, strict=True)]
    scores = np.sort(np.concatenate([np.zeros(0), *parts]))
    if not len(scores):
        return None
    return float(scores[min(int(max_lost * len(scores)), len(scores) - 1)])


def _is_whole(document: GoldDocument) -> bool:
    return len(document.sentences) >= MIN_WHOLE


def tally(pairs: Sequence[tuple[ScoredDocument, float]]) -> dict[str, Any]:
    """Count what documents lose and let pass, each at its threshold.

    Returns:
        Counts and shares: ``mentions_lost`` of ``n_mentions`` (after the second pass, by names),
        ``mentions_lost_first_pass`` (before it); of the whole documents (``MIN_WHOLE``) alone,
        the same, and the shares of sentences and characters that pass; by type, the mentions and
        the lost ones.
    """
    whole = [(s, threshold) for s, threshold in pairs if _is_whole(s.document)]
    n, lost = Counter[str](), Counter[str]()
    for scored, threshold in pairs:
        for sentence, score in zip(scored.document.sentences, scored.by_name, strict=True):
            types = [str(span.type) for span in sentence.spans]
            n.update(types)
            lost.update(types if score < threshold else ())
    by_type = {name: {"n": n[name], "lost": lost[name]} for name in sorted(n)}
    return {**_losses(pairs), "whole_documents": _passing(whole), "by_type": by_type}


def _losses(pairs: Iterable[tuple[ScoredDocument, float]]) -> dict[str, Any]:
    total, lost, lost_first = 0, 0, 0
    for scored, threshold in pairs:
        counts = np.array([len(s.spans) for s in scored.document.sentences], int)
        total += int(counts.sum())
        lost += int(counts[scored.by_name < threshold].sum())
        lost_first += int(counts[scored.own < threshold].sum())
    return {
        "n_mentions": total,
        "mentions_lost": _share(lost, total),
        "mentions_lost_first_pass": _share(lost_first, total),
    }


def _passing(pairs: Sequence[tuple[ScoredDocument, float]]) -> dict[str, Any]:
    n_sentences, n_passed, n_first, n_chars, n_chars_passed = 0, 0, 0, 0, 0
    for scored, threshold in pairs:
        lengths = np.array([len(s.text) for s in scored.document.sentences])
        passes = scored.by_name >= threshold
        n_sentences += len(lengths)
        n_passed += int(passes.sum())
        n_first += int((scored.own >= threshold).sum())
        n_chars += int(lengths.sum())
        n_chars_passed += int(lengths[passes].sum())
    return {
        "n_documents": len(pairs),
        **_losses(pairs),
        "n_sentences": n_sentences,
        "sentences_passed": _share(n_passed, n_sentences),
        "sentences_passed_first_pass": _share(n_first, n_sentences),
        "characters_passed": _share(n_chars_passed, n_chars),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


def trade_off(scored: Sequence[ScoredDocument]) -> list[dict[str, float]]:
    """Return what passes at several shares of lost mentions, on documents not trained on.

    Returns:
        Rows of whole documents alone: threshold, lost mentions after both passes and after the
        first, sentences and characters that pass.
    """
    rows = []
    for max_lost in CURVE:
        threshold = choose_threshold(scored, max_lost=max_lost)
        whole = _passing([(s, threshold) for s in scored if _is_whole(s.document)])
        kept = ("mentions_lost", "mentions_lost_first_pass", "sentences_passed")
        shares = {key: whole[key] for key in (*kept, "characters_passed")}
        rows.append({"threshold": round(threshold, 4), **shares})
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
    documents: Sequence[GoldDocument],
    rows: TrainingRows,
    config: PrefilterConfig,
    *,
    respelled: Mapping[str, Sequence[GoldDocument]] | None = None,
) -> CrossValidation:
    """Measure a filter on documents that neither its weights nor its threshold have seen.

    For each fold, filters trained without it and one other fold score that other one; what they
    say gives the threshold, which a filter trained without the fold is then measured at.

    Args:
        documents: What to measure on; those without a fold are not.
        rows: What to train on.
        config: Choices.
        respelled: The same documents in other spellings, by name: measured at the same
            thresholds, never trained on.
    """
    folds = range(config.n_folds)
    outer = [fit_prefilter(rows, rows.without({fold}), config) for fold in folds]
    inner = {
        frozenset(pair): fit_prefilter(rows, rows.without(pair), config)
        for pair in combinations(folds, 2)
    }

    def score(model: Prefilter, fold: int, of: Sequence[GoldDocument]) -> list[ScoredDocument]:
        return score_documents(model, [d for d in of if d.fold == fold], found=config.found)

    thresholds = []
    for fold in folds:
        others = [other for other in folds if other != fold]
        scored = [score(inner[frozenset({fold, other})], other, documents) for other in others]
        thresholds.append(choose_threshold(list(chain(*scored)), max_lost=config.max_lost))

    def pairs(of: Sequence[GoldDocument]) -> list[tuple[ScoredDocument, float]]:
        return [(s, thresholds[f]) for f in folds for s in score(outer[f], f, of)]

    held_out = pairs(documents)
    figures = {**tally(held_out), "thresholds": [round(t, 4) for t in thresholds]}
    figures["respelled"] = {name: tally(pairs(of)) for name, of in (respelled or {}).items()}
    everything = [scored for scored, _ in held_out]
    threshold = choose_threshold(everything, max_lost=config.max_lost)
    return CrossValidation(threshold, figures, trade_off(everything))
