"""The prefilter in cross-validation: one a fold, which saw none of the fold's documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from somex.cascade import Cascade
from somex.core.types import Annotation, Document, LabeledDocument
from somex.corpus import bucket_of, sentence_text
from somex.prefilter.model import Prefilter
from somex.prefilter_data import GoldDocument, read_gold_documents
from somex.prefilter_runs import PrefilterRecipe
from somex.prefilter_scores import ScoredDocument, choose_threshold, score_documents
from somex.prefilter_training import build_rows, fit_prefilter
from somex.text.matching import squeeze

_N_SHARES = 1000


@dataclass(frozen=True, slots=True)
class FoldFilter:
    """A filter for the held-out documents of a fold.

    Attributes:
        prefilter: Trained without the fold, at a threshold chosen without it.
        easy: Sentences of the other folds, squeezed, that filters which had not seen them hold
            back at that threshold.
    """

    prefilter: Prefilter
    easy: frozenset[str]

    def is_spared(self, part: LabeledDocument, *, easy_share: float) -> bool:
        """Tell whether a training that keeps a share of the easy sentences leaves one out."""
        key = squeeze(sentence_text(part))
        return key in self.easy and bucket_of(key, _N_SHARES) >= easy_share * _N_SHARES


def fit_fold_filters(
    recipe: PrefilterRecipe, folds: Sequence[int], *, n_folds: int
) -> dict[int, FoldFilter]:
    """Train a filter for each fold of documents, by the recipe.

    The threshold is chosen as `somex.prefilter_scores.cross_validate` does: on each other fold by
    a filter that saw neither that one nor the held-out one.

    Raises:
        ConfigError: A corpus is missing, or the documents don't fill the folds.
        MissingExtraError: scikit-learn is not installed.
    """
    config = replace(recipe.prefilter, n_folds=n_folds)
    documents = read_gold_documents(recipe.data, n_folds=n_folds)
    rows = build_rows(documents, config)
    found = {}
    for fold in folds:
        scored: list[ScoredDocument] = []
        for other in (o for o in range(n_folds) if o != fold):
            inner = fit_prefilter(rows, rows.without({fold, other}), config)
            of_other = [d for d in documents if d.fold == other]
            scored += score_documents(inner, of_other, found=config.found)
        threshold = choose_threshold(scored, max_lost=config.max_lost)
        model = fit_prefilter(rows, rows.without({fold}), config)
        found[fold] = FoldFilter(
            replace(model, threshold=threshold), frozenset(_easy(scored, threshold))
        )
    return found


def _easy(scored: Sequence[ScoredDocument], threshold: float) -> set[str]:
    def keys(document: GoldDocument) -> list[str]:
        return [squeeze(sentence.text) for sentence in document.sentences]

    pairs = chain(*(zip(keys(s.document), s.by_name, strict=True) for s in scored))
    return {key for key, score in pairs if score < threshold}


class Replay:
    """Answers from annotations of whole documents, as a network would that reads sentences alone.

    Args:
        documents: Annotated as a whole.
    """

    def __init__(self, documents: Sequence[LabeledDocument]) -> None:
        self._found = {labeled.document.id: labeled.annotation for labeled in documents}

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        """Return what was found in the sentences that each document lists."""
        return [self._within(document) for document in documents]

    def _within(self, document: Document) -> Annotation:
        whole = self._found[document.id]
        inside = {m for m in whole.mentions if any(s.holds(m) for s in document.sentences)}
        relations = [r for r in whole.relations if r.head in inside and r.tail in inside]
        return Annotation.build(inside, relations)


def sift(documents: Sequence[LabeledDocument], prefilter: Prefilter) -> list[LabeledDocument]:
    """Return what is left of annotations where a filter tells which sentences are read.

    Args:
        documents: Annotated with every sentence read.
        prefilter: The filter; as in `somex.cascade.Cascade` with its second pass by names.
    """
    cascade = Cascade(Replay(documents), prefilter)
    sifted = cascade.annotate([labeled.document for labeled in documents])
    return [replace(d, annotation=a) for d, a in zip(documents, sifted, strict=True)]
