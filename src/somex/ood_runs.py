"""Trainings of the out-of-distribution bench: one a split and seed, resumable, then the scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from somex.corpus import TrainingData, cut_training_data
from somex.experiments import describe_data, describe_environment, execute_on
from somex.model.folder import open_predictor
from somex.model.torch_folder import write_json
from somex.ood_bench import (
    OWN_HEAD,
    SOFTCITE,
    Annotate,
    Corpora,
    Scores,
    TestSet,
    all_sets,
    fingerprint,
    perturb,
    score_set,
    softcite_fifth_of,
    summarize_set,
    with_differences,
    with_own_head,
)
from somex.ood_splits import CONTROL, SPLITS, Split, build_split
from somex.perturbations import PERTURBATIONS
from somex.recipe import Recipe
from somex.training import Listener

SCORED_FILE = "ood.json"
RESULTS_FILE = "results.json"


@dataclass(frozen=True, slots=True)
class Bench:
    """What to run.

    Attributes:
        recipe: What is trained.
        sets: Names of the test sets; those that are no splits need the control's model.
        seeds: One training a split for each.
        corpora: SoMeSci and softcite.
        folder: Gets a folder a training, and the results.
    """

    recipe: Recipe
    sets: Sequence[str]
    seeds: Sequence[int]
    corpora: Corpora
    folder: Path

    @property
    def splits(self) -> list[str]:
        """Return the splits to train without, the control first where it is needed."""
        needs_control = any(name not in SPLITS for name in self.sets)
        return [s for s in SPLITS if s in self.sets or (s == CONTROL and needs_control)]


def run_bench(
    bench: Bench,
    *,
    resume: bool = False,
    make_listener: Callable[[str, Path], Listener] | None = None,
) -> dict[str, Any]:
    """Train and score all that a bench names, and write ``results.json``.

    Args:
        bench: What to run.
        resume: Go on from the checkpoints in the folder; finished trainings and scores of the
            same test sentences are kept.
        make_listener: Makes what hears of a training, from its name and folder.

    Returns:
        What ``results.json`` holds: recipe, seeds, environment, hashes of the training sentences
        of each run, and a row a test set with the scores of each seed, mean and deviation.

    Raises:
        ConfigError: A corpus is missing, a split is empty, or a run that is to go on was begun
            with another recipe or other data.
    """
    splits = {
        name: build_split(name, bench.recipe.data, somesci=bench.corpora.somesci)
        for name in bench.splits
    }
    softcite = _softcite_sets(bench)
    scored: dict[str, tuple[TestSet, list[Scores]]] = {}
    trained: dict[str, Any] = {}
    for name, split in splits.items():
        for seed in bench.seeds:
            run = f"{name}-seed-{seed}"
            data = _data(bench.recipe, split, seed)
            place = bench.folder / run
            listener = make_listener(run, place) if make_listener else None
            _train(bench.recipe, data, split, seed, place, resume=resume, listener=listener)
            trained[run] = describe_data(data)
            test_sets = [TestSet(name, split.description, data.test, split=split)]
            if name == CONTROL:
                test_sets += [perturb(n, data.test) for n in bench.sets if n in PERTURBATIONS]
                test_sets += softcite
            for test_set, scores in zip(test_sets, _score(test_sets, place), strict=True):
                scored.setdefault(test_set.name, (test_set, []))[1].append(scores)
    return _write_results(bench, scored, trained)


def _softcite_sets(bench: Bench) -> list[TestSet]:
    """Return the sets of softcite, of documents that the recipe is not trained on."""
    names = [name for name in bench.sets if name in SOFTCITE]
    if not names:
        return []
    fifth = softcite_fifth_of(bench.recipe.data)
    corpora = bench.corpora if fifth is None else replace(bench.corpora, softcite_fifth=fifth)
    found = [corpora.softcite(name) for name in names]
    own = bench.recipe.model.softcite_head and fifth is not None
    return [*found, *(map(with_own_head, found) if own else ())]


def _data(recipe: Recipe, split: Split, seed: int) -> TrainingData:
    return cut_training_data(recipe.data, seed=seed, hold_out=split.hold_out)


def _train(
    recipe: Recipe,
    data: TrainingData,
    split: Split,
    seed: int,
    place: Path,
    *,
    resume: bool,
    listener: Listener | None,
) -> None:
    if not resume:
        (place / SCORED_FILE).unlink(missing_ok=True)
    seeded = replace(recipe, training=replace(recipe.training, seed=seed))
    facts = {"seed": seed, "split": split.name}
    execute_on(
        seeded,
        data,
        place=place,
        facts=facts,
        held_out=split.name,
        resume=resume,
        listener=listener,
    )


def _score(test_sets: Sequence[TestSet], place: Path) -> list[Scores]:
    """Score a trained model; what was scored before on the same documents is kept."""
    path = place / SCORED_FILE
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    readers: dict[bool, Annotate] = {}
    found = []
    for test_set in test_sets:
        sha256 = fingerprint(test_set.documents)
        kept = known.get(test_set.name, {"sha256": "", "scores": {}})
        if kept["sha256"] != sha256 or "mentions/gold" not in kept["scores"]:  # no counts: older
            own = test_set.name.endswith(OWN_HEAD)
            if own not in readers:
                readers[own] = open_predictor(place / "model", as_softcite=own).annotate
            scores = score_set(test_set, readers[own])
            known[test_set.name] = {"sha256": sha256, "scores": scores}
            write_json(path, known)
        found.append(known[test_set.name]["scores"])
    return found


def _write_results(
    bench: Bench, scored: dict[str, tuple[TestSet, list[Scores]]], trained: dict[str, Any]
) -> dict[str, Any]:
    names = [*all_sets(), *(name + OWN_HEAD for name in SOFTCITE)]
    rows = [summarize_set(*scored[name]) for name in names if name in scored]
    results = {
        "recipe": bench.recipe.to_json(),
        "seeds": list(bench.seeds),
        "environment": describe_environment(),
        "trained_on": trained,
        "rows": with_differences(rows, base=CONTROL),
    }
    write_json(bench.folder / RESULTS_FILE, results)
    return results
