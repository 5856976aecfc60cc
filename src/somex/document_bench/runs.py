"""Trainings over folds of whole documents, resumable, and what each model finds in its fold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from somex.core.types import LabeledDocument
from somex.corpus import TrainingData, cut_training_data
from somex.document_bench.filters import FoldFilter, fit_fold_filters, sift
from somex.document_bench.folds import DocumentFold, cut_fold, read_whole_documents
from somex.prefilter.model import has_prefilter, read_prefilter, write_prefilter
from somex.prefilter_runs import PrefilterRecipe
from somex.readers.files import write_text
from somex.readers.jsonl import read_jsonl, write_jsonl
from somex.recipe import Recipe

if TYPE_CHECKING:
    from somex.training import Listener

MakeListener = Callable[[str, Path], "Listener"]

PREDICTED_FILE = "documents.jsonl"
FILTER_FOLDER = "prefilter"
EASY_FILE = "easy.json"
_CHUNK = 8


@dataclass(frozen=True, slots=True)
class DocumentBench:
    """What to run.

    Attributes:
        recipe: What is trained, once a fold.
        n_folds: Folds of documents.
        folds: The folds to hold out.
        folder: Gets a folder a training.
        prefilter: Recipe of the filter, trained once a fold too; None for none.
        easy_share: Share of the training sentences without mentions which the filter holds back
            that are trained on nevertheless; those that it passes all are.
    """

    recipe: Recipe
    n_folds: int
    folds: Sequence[int]
    folder: Path
    prefilter: PrefilterRecipe | None = None
    easy_share: float = 1.0

    def place(self, fold: int) -> Path:
        """Return the folder of a fold's training."""
        return self.folder / f"fold-{fold}-of-{self.n_folds}"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out documents with gold, as their folds' models annotate them.

    Attributes:
        gold: With the right annotation.
        found: Every sentence read by the network.
        sifted: Only those read that the filter passes; None without a filter.
        trained_on: Sizes and hashes of what each fold's model saw.
    """

    gold: list[LabeledDocument]
    found: list[LabeledDocument]
    sifted: list[LabeledDocument] | None
    trained_on: dict[str, Any]

    def ways(self) -> dict[str, list[LabeledDocument]]:
        """Return the annotations by the way that they were made."""
        ways = {"every sentence read": self.found}
        return ways if self.sifted is None else {**ways, "prefilter": self.sifted}


def run_folds(
    bench: DocumentBench, *, resume: bool = False, make_listener: MakeListener | None = None
) -> HeldOut:
    """Train a model for each fold and annotate the fold's documents with it.

    Args:
        bench: What to run.
        resume: Go on from the checkpoints; finished trainings, filters and annotations are kept.
        make_listener: Makes what hears of a training, from its name and folder.

    Raises:
        ConfigError: A corpus is missing, the documents don't fill the folds, or a run that is to
            go on was begun with another recipe or other data.
        MissingExtraError: The filter needs scikit-learn, which is not installed.
    """
    documents = read_whole_documents(bench.recipe.data)
    folds = {i: cut_fold(documents, i, n_folds=bench.n_folds) for i in bench.folds}
    filters = _filters(bench, resume=resume)
    held = HeldOut([], [], None if bench.prefilter is None else [], {})
    for index, fold in folds.items():
        sieve = filters.get(index)
        if sieve is not None:
            fold = fold.sparing(_spared(sieve, bench.easy_share))
        found = _run_fold(bench, fold, held.trained_on, resume=resume, make_listener=make_listener)
        held.gold.extend(fold.documents)
        held.found.extend(found)
        if sieve is not None and held.sifted is not None:
            held.sifted.extend(sift(found, sieve.prefilter))
    _write(bench, held)
    return held


def _write(bench: DocumentBench, held: HeldOut) -> None:
    """Write the held-out documents of all folds, gold and annotated, for `somex evaluate`."""
    write_jsonl(held.gold, bench.folder / "gold.jsonl")
    write_jsonl(held.found, bench.folder / PREDICTED_FILE)
    if held.sifted is not None:
        write_jsonl(held.sifted, bench.folder / "sifted.jsonl")


def _spared(sieve: FoldFilter, easy_share: float) -> Callable[[LabeledDocument], bool]:
    return lambda part: sieve.is_spared(part, easy_share=easy_share)


def _run_fold(
    bench: DocumentBench,
    fold: DocumentFold,
    trained_on: dict[str, Any],
    *,
    resume: bool,
    make_listener: MakeListener | None,
) -> list[LabeledDocument]:
    from somex.experiments import describe_data, execute_on
    from somex.model.folder import open_predictor

    place, recipe = bench.place(fold.index), bench.recipe
    seed = recipe.training.data_seed
    cut = cut_training_data(recipe.data, seed=seed, hold_out=fold.hold_out)
    data = TrainingData(cut.train, cut.dev, [])
    output = place / PREDICTED_FILE
    if not resume:
        output.unlink(missing_ok=True)
    listener = make_listener(place.name, place) if make_listener else None
    facts = {"seed": recipe.training.seed, "document_fold": fold.index, "n_folds": fold.n_folds}
    execute_on(
        recipe,
        data,
        place=place,
        facts=facts,
        held_out=fold.index,
        resume=resume,
        listener=listener,
    )
    trained_on[place.name] = describe_data(data)
    if not output.is_file():
        annotate = open_predictor(place / "model").annotate
        write_jsonl(_annotated(fold.documents, annotate), output)
    return list(read_jsonl(output))


def _annotated(documents: Sequence[LabeledDocument], annotate: Any) -> list[LabeledDocument]:
    found: list[LabeledDocument] = []
    for start in range(0, len(documents), _CHUNK):
        chunk = documents[start : start + _CHUNK]
        annotations = annotate([labeled.document for labeled in chunk])
        found += [replace(d, annotation=a) for d, a in zip(chunk, annotations, strict=True)]
    return found


def _filters(bench: DocumentBench, *, resume: bool) -> dict[int, FoldFilter]:
    """Train the folds' filters, or read those that an earlier run wrote."""
    if bench.prefilter is None:
        return {}
    found: dict[int, FoldFilter] = {}
    for fold in bench.folds:
        folder = bench.place(fold) / FILTER_FOLDER
        if resume and has_prefilter(folder) and (folder / EASY_FILE).is_file():
            easy = json.loads((folder / EASY_FILE).read_text(encoding="utf-8"))
            found[fold] = FoldFilter(read_prefilter(folder), frozenset(easy))
    missing = [fold for fold in bench.folds if fold not in found]
    if missing:
        for fold, sieve in fit_fold_filters(
            bench.prefilter, missing, n_folds=bench.n_folds
        ).items():
            folder = bench.place(fold) / FILTER_FOLDER
            folder.mkdir(parents=True, exist_ok=True)
            write_prefilter(sieve.prefilter, folder)
            write_text(json.dumps(sorted(sieve.easy)) + "\n", folder / EASY_FILE)
            found[fold] = sieve
    return found
