"""Runs a row: trains (or asks) it for each seed and fold, and keeps what it predicts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from somex.core.types import Annotation, Document, LabeledDocument
from somex.corpus import HoldOut, TrainingData, cut_training_data, sentence_text
from somex.llm.config import read_tune_recipe
from somex.readers.files import write_text
from somex.recipe import Recipe
from somex.reproduce.archive import Archive
from somex.reproduce.plan import Row
from somex.reproduce.rows import (
    METRICS_FILE,
    RECIPE_FILE,
    SETS_FILE,
    TUNING_FOLDER,
    Comparison,
    has_predictions,
    keep_predictions,
)
from somex.reproduce.sets import EvaluationSet
from somex.text.matching import squeeze

if TYPE_CHECKING:
    from somex.training import Listener

_CHUNK = 64
_FOR_RESUMING = ("state.pt", "best-joint", "best-ner", "best-re")

MakeListener = Callable[[str, Path], "Listener"]
"""Makes what hears of a training, from its name and folder."""


def run_row(
    comparison: Comparison,
    row: Row,
    *,
    make_listener: MakeListener | None = None,
    archive: Archive | None = None,
) -> None:
    """Run what is left of a row: finished trainings and predictions are kept, begun ones go on.

    Args:
        comparison: The comparison.
        row: A row of its plan that lacks nothing.
        make_listener: Makes what hears of a training.
        archive: Each run is added to it as soon as it is finished.

    Raises:
        ConfigError: A training was begun with another recipe or other data.
        ServiceError: A language model's endpoint refuses or is down.
    """
    for seed in comparison.seeds_of(row):
        for fold in comparison.folds_of(row):
            place = comparison.place(row, seed, fold)
            if not (place / METRICS_FILE).is_file():
                (place / SETS_FILE).unlink(missing_ok=True)  # of an earlier training
            sets = comparison.sets_of(row, fold)
            if row.family == "llm":
                _ask(comparison, row, seed, sets)
                continue
            listener = make_listener(f"{row.name} {place.name}", place) if make_listener else None
            _train(comparison, row, seed, fold, listener)
            _predict(place, sets)
            if archive is not None:
                archive.add(comparison, row)


def _train(
    comparison: Comparison, row: Row, seed: int, fold: int | None, listener: Listener | None
) -> None:
    from somex.experiments import execute_on

    recipe = comparison.recipe_of(row, seed)
    place = comparison.place(row, seed, fold)
    data = cut_data(comparison, recipe, fold)
    facts = {"seed": seed, "fold": fold, "row": row.name}
    execute_on(
        recipe, data, place=place, facts=facts, held_out=fold, resume=True, listener=listener
    )
    for name in _FOR_RESUMING:
        path = place / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def cut_data(comparison: Comparison, recipe: Recipe, fold: int | None) -> TrainingData:
    """Return what a run is trained on: nothing of it stands among the test sentences.

    Sentences that equal one of the test (white space and case aside) are left out, and so are
    whole documents of further corpora that hold one.
    """
    held = {squeeze(sentence_text(labeled)) for labeled in comparison.test_of(fold)}
    config = replace(recipe.data, never=(*recipe.data.never, comparison.plan.test))
    hold_out = HoldOut(is_test=lambda part: squeeze(sentence_text(part)) in held)
    data = cut_training_data(config, seed=recipe.training.data_seed, hold_out=hold_out)
    return replace(data, test=[])


def _predict(place: Path, sets: Sequence[EvaluationSet]) -> None:
    left = [s for s in sets if not has_predictions(place, s)]
    if not left:
        return
    from somex.model.folder import open_predictor

    annotate = open_predictor(place / "model").annotate
    for evaluation_set in left:
        plain = [labeled.document for labeled in evaluation_set.documents]
        found: list[Annotation] = []
        for start in range(0, len(plain), _CHUNK):
            found += annotate(plain[start : start + _CHUNK])
        keep_predictions(place, evaluation_set, _label(plain, found))


def _label(documents: Sequence[Document], found: Sequence[Annotation]) -> list[LabeledDocument]:
    return [LabeledDocument(d, a) for d, a in zip(documents, found, strict=True)]


def _ask(comparison: Comparison, row: Row, seed: int, sets: Sequence[EvaluationSet]) -> None:
    """Ask a language model; what it has answered is on disk and not asked again."""
    place = comparison.place(row, seed, None)
    left = [s for s in sets if not has_predictions(place, s)]
    if not left and (place / METRICS_FILE).is_file():
        return
    from somex.llm.run import run_recipe

    recipe = comparison.llm_recipe_of(row, seed)
    _write_json(recipe.to_json(), place / RECIPE_FILE)
    _tune(comparison, row, seed)
    reports = {}
    for evaluation_set in sets:
        plain = [labeled.document for labeled in evaluation_set.documents]
        result = run_recipe(recipe, plain, folder=place)
        keep_predictions(place, evaluation_set, result.labeled)
        reports[evaluation_set.name] = result.report
    _write_json({"seed": seed, "row": row.name, "reports": reports}, place / METRICS_FILE)


def _tune(comparison: Comparison, row: Row, seed: int) -> None:
    if row.tune is None:
        return
    from somex.llm.tune import tune

    recipe = read_tune_recipe(comparison.recipes / row.tune)
    recipe = replace(recipe, tuning=replace(recipe.tuning, seed=seed))
    tune(recipe, folder=comparison.place(row, seed, None) / TUNING_FOLDER, resume=True)


def _write_json(values: object, path: Path) -> None:
    write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", path)
