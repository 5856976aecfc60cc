"""What a comparison has run so far: its runs, what they predicted, and how far each row is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from somex.core.config import build_config
from somex.core.errors import ConfigError
from somex.core.types import LabeledDocument
from somex.corpus import bucket_of, sentence_text
from somex.llm.config import LlmRecipe, read_llm_recipe, read_tune_recipe
from somex.metrics import Report
from somex.readers.files import write_text
from somex.readers.jsonl import read_jsonl, write_jsonl
from somex.recipe import Recipe, read_recipe
from somex.reproduce.needs import find_missing, unset_variables
from somex.reproduce.plan import Plan, Row
from somex.reproduce.sets import EvaluationSet, build_sets, read_softcite, read_test
from somex.text.matching import squeeze

SETS_FOLDER = "sets"
SETS_FILE = "sets.json"
METRICS_FILE = "metrics.json"
RECIPE_FILE = "recipe.json"
TUNING_FOLDER = "tuning"


@dataclass(frozen=True)
class Comparison:
    """A plan, as it is run in a folder.

    Attributes:
        plan: What is compared.
        recipes: Folder of the recipes.
        folder: Gets ``runs/`` and the tables.
        seeds: A training of each row for each.
        n_folds: 0 tests on the plan's test sentences; otherwise each fold of the corpus's
            training sentences is held out in turn and tested on.
        overrides: Changes to the recipes of all rows, as ``--set`` gives them.
    """

    plan: Plan
    recipes: Path
    folder: Path
    seeds: tuple[int, ...]
    n_folds: int = 0
    overrides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.n_folds == 1:
            raise ConfigError("--folds is 1, which leaves nothing to train on; valid: 0, 2 or more")
        twice = {seed for seed in self.seeds if self.seeds.count(seed) > 1}
        if twice or not self.seeds:
            raise ConfigError(f"seeds are {list(self.seeds)}; each may be given once, one at least")

    @cached_property
    def test(self) -> list[LabeledDocument]:
        """All sentences that are tested on."""
        if not self.n_folds:
            return read_test(self.plan)
        main = replace(self.plan.test, split="train")
        return read_test(replace(self.plan, test=main))

    @cached_property
    def sets(self) -> list[EvaluationSet]:
        """All test sets; with folds there is no softcite, which belongs to none."""
        softcite = [] if self.n_folds else read_softcite(self.plan)
        return [*build_sets(self.plan, self.test), *softcite]

    def test_of(self, fold: int | None) -> list[LabeledDocument]:
        """Return the test sentences of a run: all, or those of its fold."""
        if fold is None:
            return self.test
        return [d for d in self.test if bucket_of(squeeze(sentence_text(d)), self.n_folds) == fold]

    def sets_of(self, row: Row, fold: int | None) -> list[EvaluationSet]:
        """Return the test sets of a run; language models get no paragraphs of softcite."""
        if fold is not None:
            return build_sets(self.plan, self.test_of(fold))
        return [s for s in self.sets if row.family != "llm" or not s.is_softcite]

    def changes(self, row: Row) -> tuple[str, ...]:
        """Return all changes to a row's recipe; language models take the plan's alone."""
        return row.set if row.family == "llm" else (*row.set, *self.overrides)

    def recipe_of(self, row: Row, seed: int) -> Recipe:
        """Read the recipe of a row that is trained, with a seed."""
        assert row.recipe is not None
        recipe = read_recipe(self.recipes / row.recipe, overrides=self.changes(row))
        return replace(recipe, training=replace(recipe.training, seed=seed))

    def llm_recipe_of(self, row: Row, seed: int) -> LlmRecipe:
        """Read the recipe of a language model's row, with a seed where answers are drawn.

        A fine-tuned one answers in this process, with the weights of its run.
        """
        assert row.recipe is not None
        recipe = read_llm_recipe(self.recipes / row.recipe, overrides=self.changes(row))
        if recipe.model.temperature > 0:
            recipe = replace(recipe, model=replace(recipe.model, seed=seed))
        if row.tune is None:
            return recipe
        name = read_tune_recipe(self.recipes / row.tune).model.name
        adapter = str(self.place(row, seed, None) / TUNING_FOLDER / "adapter")
        tuned = replace(recipe.model, name=name, backend="transformers", adapter=adapter)
        return replace(recipe, model=replace(tuned, concurrency=1))

    def seeds_of(self, row: Row) -> tuple[int, ...]:
        """Return a row's seeds: one for a language model whose answers are not drawn."""
        if row.family == "llm" and row.recipe is not None and row.tune is None:
            if self.missing_variables(row):
                return self.seeds[:1]
            is_drawn = self.llm_recipe_of(row, 0).model.temperature > 0
            return self.seeds if is_drawn else self.seeds[:1]
        return self.seeds

    def folds_of(self, row: Row) -> list[int | None]:
        """Return the folds that a row is trained for; None: one training on all."""
        return list(range(self.n_folds)) if self.n_folds and row.family != "llm" else [None]

    def place(self, row: Row, seed: int, fold: int | None) -> Path:
        """Return the folder of a run."""
        name = f"seed-{seed}" if fold is None else f"fold-{fold}-seed-{seed}"
        return self.folder / "runs" / row.name / name

    def missing_variables(self, row: Row) -> list[str]:
        """List the environment variables that a row's recipes name and that are not set."""
        return unset_variables([self.recipes / name for name in (row.recipe, row.tune) if name])

    def missing(self, row: Row, *, named: bool) -> list[str]:
        """List what a row needs and is not here."""
        if row.tune is not None and self.n_folds:
            return ["to be run without --folds"]
        return find_missing(row, folder=self.recipes, overrides=self.changes(row), named=named)


def keep_predictions(
    place: Path, evaluation_set: EvaluationSet, predicted: Sequence[LabeledDocument]
) -> None:
    """Write what a run predicted for a set, and for which sentences and gold."""
    write_jsonl(predicted, _set_path(place, evaluation_set))
    known = {**_known(place), evaluation_set.name: evaluation_set.sha256}
    write_text(json.dumps(known, indent=2) + "\n", place / SETS_FILE)


def has_predictions(place: Path, evaluation_set: EvaluationSet) -> bool:
    """Tell whether a run has predicted these very sentences."""
    is_known = _known(place).get(evaluation_set.name) == evaluation_set.sha256
    return is_known and _set_path(place, evaluation_set).is_file()


def read_predictions(place: Path, evaluation_set: EvaluationSet) -> list[LabeledDocument]:
    """Read what a run predicted for a set."""
    return list(read_jsonl(_set_path(place, evaluation_set)))


def _known(place: Path) -> dict[str, str]:
    path = place / SETS_FILE
    known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return known


def _set_path(place: Path, evaluation_set: EvaluationSet) -> Path:
    return place / SETS_FOLDER / evaluation_set.file


Predictions = dict[str, list[LabeledDocument]]
"""Test set -> its documents as predicted."""


@dataclass
class RowResult:
    """How far a row is.

    Attributes:
        row: The row.
        wanted: The seeds that are to be run.
        predictions: What each finished seed predicted.
        reports: Its scores, a report a set.
        missing: What the row needs and is not here.
        problem: Why it was not run, or stopped; empty where there was nothing.
    """

    row: Row
    wanted: tuple[int, ...]
    predictions: dict[int, Predictions] = field(default_factory=dict)
    reports: dict[int, dict[str, Report]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def is_there(self) -> bool:
        """Tell whether a seed is finished, so that there are figures."""
        return bool(self.reports)

    @property
    def state(self) -> str:
        """Say in words how far the row is."""
        n_done, n_wanted = len(self.reports), len(self.wanted)
        done = f"{n_done} of {n_wanted} seed{'s' if n_wanted > 1 else ''}"
        if n_done == n_wanted:
            return f"finished, {done}"
        if self.problem:
            reason = self.problem
        elif self.missing:
            reason = f"needs {'; '.join(self.missing)}"
        else:
            reason = ""
        if n_done:
            return f"half finished, {done}" + (f": {reason}" if reason else "")
        return f"not run: {reason}" if reason else "not run yet"


def read_result(comparison: Comparison, row: Row, *, named: bool = False) -> RowResult:
    """Read what a row has run so far; a seed counts when all its sets are predicted."""
    missing = comparison.missing(row, named=named)
    result = RowResult(row, comparison.seeds_of(row), missing=missing)
    for seed in result.wanted:
        try:
            found = _read_seed(comparison, row, seed)
        except ConfigError as error:
            result.problem = str(error)
            continue
        if found is not None:
            result.predictions[seed] = found
            result.reports[seed] = {
                s.name: s.report(found[s.name]) for s in comparison.sets if s.name in found
            }
    return result


def _read_seed(comparison: Comparison, row: Row, seed: int) -> Predictions | None:
    found: Predictions = {}
    for fold in comparison.folds_of(row):
        place = comparison.place(row, seed, fold)
        if not (place / METRICS_FILE).is_file():
            return None
        _check_recipe(comparison, row, seed, place)
        for evaluation_set in comparison.sets_of(row, fold):
            if not has_predictions(place, evaluation_set):
                return None
            predicted = read_predictions(place, evaluation_set)
            found.setdefault(evaluation_set.name, []).extend(predicted)
    return found


def _check_recipe(comparison: Comparison, row: Row, seed: int, place: Path) -> None:
    """Refuse a finished run of another recipe: its figures are not this row's."""
    if comparison.missing_variables(row):
        return  # its recipe can't be read here; what was run is shown
    path = place / RECIPE_FILE
    values: dict[str, Any] = json.loads(path.read_text("utf-8"))
    begun: Recipe | LlmRecipe
    parts: tuple[tuple[str, Any, Any], ...]
    if row.family == "llm":
        begun = build_config(LlmRecipe, values, where=str(path))
        parts = (("prompt", begun.prompt, comparison.llm_recipe_of(row, seed).prompt),)
    else:
        begun = build_config(Recipe, values, where=str(path))
        now = comparison.recipe_of(row, seed)
        names = ("model", "data", "training")
        parts = tuple((name, getattr(begun, name), getattr(now, name)) for name in names)
    changed = [
        f"{part}.{name} was {value!r} and is {_plain(new)[name]!r}"
        for part, old, new in parts
        for name, value in _plain(old).items()
        if _plain(new)[name] != value
    ]
    if changed:
        raise ConfigError(f"{place} was run otherwise ({'; '.join(changed)}); give another --out")


def _plain(config: Any) -> dict[str, Any]:
    """Return a part of a recipe as plain values; corpora may have moved to other folders."""
    return {name: _without_folders(value) for name, value in dataclasses.asdict(config).items()}


def _without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: Path(item).name if key == "path" else _without_folders(item)
            for key, item in value.items()
        }
    return [_without_folders(item) for item in value] if isinstance(value, tuple) else value
