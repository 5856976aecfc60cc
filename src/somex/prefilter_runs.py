"""A prefilter from its recipe: cross-validated, trained on all, with its card; and its measure."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from somex.core.config import build_config
from somex.model_card import portable
from somex.perturbations import PERTURBATIONS
from somex.prefilter.model import Prefilter
from somex.prefilter_data import GoldDocument, read_gold_documents, read_measured_documents
from somex.prefilter_scores import CrossValidation, cross_validate, score_documents, tally
from somex.prefilter_training import PrefilterConfig, build_rows, fit_prefilter
from somex.recipe import DataConfig, beside, read_values


@dataclass(frozen=True, slots=True)
class PrefilterRecipe:
    """An experiment with a prefilter: its corpora, as a model has them, and its choices."""

    name: str
    data: DataConfig
    prefilter: PrefilterConfig = field(default_factory=PrefilterConfig)


def read_prefilter_recipe(path: Path, *, overrides: tuple[str, ...] = ()) -> PrefilterRecipe:
    """Read and check a recipe.

    Raises:
        ConfigError: As `somex.recipe.read_recipe`.
    """
    values = read_values(path, overrides=overrides)
    recipe = build_config(PrefilterRecipe, values, where=str(path))
    return replace(recipe, data=beside(recipe.data, path.parent))


def train_prefilter(recipe: PrefilterRecipe) -> Prefilter:
    """Train a filter by a recipe on all its documents, its threshold chosen on held-out ones.

    Returns:
        The filter; its card holds the recipe, the data's hash and the cross-validation.

    Raises:
        ConfigError: A corpus is missing, or there are no documents to measure on.
        MissingExtraError: scikit-learn is not installed.
    """
    config = recipe.prefilter
    documents = read_gold_documents(recipe.data, n_folds=config.n_folds)
    rows = build_rows(documents, config)
    respelled = {
        name: read_measured_documents(
            recipe.data, n_folds=config.n_folds, change=PERTURBATIONS[name]
        )
        for name in config.respellings
    }
    validated = cross_validate(documents, rows, config, respelled=respelled)
    model = fit_prefilter(rows, rows.without(()), config)
    card = _card(recipe, documents, validated)
    return replace(model, threshold=validated.threshold, card=card)


def _card(
    recipe: PrefilterRecipe, documents: Sequence[GoldDocument], validated: CrossValidation
) -> dict[str, Any]:
    sentences = [s for document in documents for s in document.sentences]
    return {
        "recipe": portable(dataclasses.asdict(recipe)),
        "data": {
            "n_documents": len(documents),
            "n_sentences": len(sentences),
            "n_mentions": sum(len(s.spans) for s in sentences),
            "sha256": hash_gold(documents),
        },
        "cross_validation": validated.figures,
        "curve": validated.curve,
    }


def hash_gold(documents: Sequence[GoldDocument]) -> str:
    """Return the SHA-256 of sentences with their gold: the fingerprint of a training set."""
    digest = hashlib.sha256()
    for document in documents:
        for sentence in document.sentences:
            spans = (f"{s.type} {s.byte_start} {s.byte_end};" for s in sentence.spans)
            digest.update(f"{sentence.text}\n{''.join(spans)}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def measure(
    model: Prefilter, documents: Sequence[GoldDocument], *, found: float = 1.0
) -> dict[str, Any]:
    """Count what a filter loses and lets pass on documents with gold, and how fast it is.

    Args:
        model: The filter.
        documents: Documents that it was not trained on.
        found: Share of the gold mentions that count as found, for the second pass by names.

    Returns:
        As `somex.prefilter_scores.tally`, and ``sentences_per_second`` (of processor time).
    """
    texts = [s.text for document in documents for s in document.sentences]
    started = time.process_time()
    model.score(texts)
    seconds = time.process_time() - started
    counts = tally([(s, model.threshold) for s in score_documents(model, documents, found=found)])
    return {**counts, "sentences_per_second": round(len(texts) / max(seconds, 1e-9))}
