"""Runs of a recipe: one, or one for each fold and seed, with mean and spread."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from somex.core.config import build_config
from somex.core.errors import ConfigError
from somex.core.types import LabeledDocument
from somex.corpus import TrainingData, build_training_data, hash_documents
from somex.metrics import SCORES, evaluate
from somex.model.torch_backend import auto_precision
from somex.model.torch_folder import write_json
from somex.purpose_metrics import evaluate_purposes
from somex.readers.jsonl import write_jsonl
from somex.recipe import Recipe
from somex.run_files import gold_path, predicted_path
from somex.run_state import STATE_FILE
from somex.teaching import TEACHERS_FILE, describe_teachers, for_fold
from somex.training import Listener, Trainer, annotate


@dataclass(frozen=True, slots=True)
class Run:
    """One training of a recipe: its seed and its held-out fold (None: no fold)."""

    seed: int
    fold: int | None = None

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"seed-{self.seed}" if self.fold is None else f"fold-{self.fold}-seed-{self.seed}"


def plan_runs(seeds: Sequence[int], *, folds: Sequence[int] | None, paired: bool) -> list[Run]:
    """List the runs of an experiment.

    Args:
        seeds: Seeds.
        folds: Held-out folds, or None for one run a seed on all the training sentences.
        paired: The first seed goes with the first fold, the second with the second, and so on
            (a cheap estimate); otherwise every seed meets every fold.

    Raises:
        ConfigError: A seed or fold stands there twice, or there is nothing to pair.
    """
    for name, numbers in (("seed", seeds), ("fold", folds or ())):
        twice = sorted(n for n, count in Counter(numbers).items() if count > 1)
        if twice:
            raise ConfigError(f"{name} {twice[0]} is given twice; each run has one {name}")
    if paired and len(folds or ()) != len(seeds):
        raise ConfigError(
            f"{len(seeds)} seed(s) can't be paired with {len(folds or ())} fold(s); "
            "give as many of each"
        )
    if folds is None:
        return [Run(seed) for seed in seeds]
    if paired:
        return [Run(seed, fold) for seed, fold in zip(seeds, folds, strict=True)]
    return [Run(seed, fold) for fold in folds for seed in seeds]


def execute_run(
    recipe: Recipe,
    run: Run,
    *,
    folder: Path,
    n_folds: int,
    resume: bool = False,
    listener: Listener | None = None,
) -> dict[str, Any]:
    """Train one run in a folder of its own and write its configuration, data hashes and metrics.

    Returns:
        What ``metrics.json`` holds; a run that is finished is not trained again with ``resume``.

    Raises:
        ConfigError: The run that is to go on was begun with another recipe or other data.
    """
    recipe = replace(recipe, training=replace(recipe.training, seed=run.seed))
    data = build_training_data(
        recipe.data, seed=recipe.training.data_seed, fold=run.fold, n_folds=n_folds
    )
    facts = {"seed": run.seed, "fold": run.fold}
    place = folder / run.name
    return execute_on(
        recipe,
        data,
        place=place,
        facts=facts,
        held_out=run.fold,
        resume=resume,
        listener=listener,
    )


def execute_on(
    recipe: Recipe,
    data: TrainingData,
    *,
    place: Path,
    facts: Mapping[str, Any],
    held_out: int | str | None = None,
    resume: bool = False,
    listener: Listener | None = None,
) -> dict[str, Any]:
    """Train a recipe on given sentences; otherwise as `execute_run`.

    Args:
        recipe: The experiment, with the seed to use.
        data: What to train and score on.
        place: Folder of this run.
        facts: What tells the run from others, for ``metrics.json``.
        held_out: Fold or split whose sentences the run must not see, if any; see `for_fold`.
        resume: Go on from the checkpoint in the folder, and keep a run that is finished.
        listener: Hears of steps and epochs.
    """
    if held_out is not None:
        recipe = for_fold(recipe, held_out)
    metrics_path = place / "metrics.json"
    if resume and (metrics_path.exists() or (place / STATE_FILE).exists()):
        _check_same(recipe, data, place)
        if metrics_path.exists():
            return _read_json(metrics_path)
    _begin(recipe, data, place, resume=resume)
    trainer = Trainer(recipe, folder=place, train=data.train, dev=data.dev, listener=listener)
    trainer.run(resume=resume)
    metrics: dict[str, Any] = {**facts, "history": trainer.history}
    for part, documents in (("dev", data.dev), ("test", data.test)):
        if documents:
            predicted = annotate(trainer.predictor(), documents)
            if part == "test":
                write_jsonl(documents, gold_path(place))
                write_jsonl(predicted, predicted_path(place))
            metrics[part] = evaluate(documents, predicted).main_scores()
            purposes = evaluate_purposes(documents, predicted)
            if purposes is not None and recipe.model.purpose_head:
                metrics[f"{part}_purpose"] = purposes.to_json()
    write_json(metrics_path, metrics)
    return metrics


def _begin(recipe: Recipe, data: TrainingData, place: Path, *, resume: bool) -> None:
    """Write what a run is made of; what an earlier run left there must not pass for its own."""
    place.mkdir(parents=True, exist_ok=True)
    if not resume:
        for name in ("metrics.json", STATE_FILE):
            (place / name).unlink(missing_ok=True)
    write_json(place / "recipe.json", recipe.to_json())
    write_json(place / "environment.json", describe_environment())
    write_json(place / "data.json", describe_data(data))
    write_json(place / TEACHERS_FILE, describe_teachers(recipe))


def _check_same(recipe: Recipe, data: TrainingData, place: Path) -> None:
    """Compare a recipe and its data with those that a run folder was begun with."""
    path = place / "recipe.json"  # keys that it lacks are newer than it and had their defaults
    begun = build_config(Recipe, _read_json(path), where=str(path)).to_json()
    changed = [
        f"{part}.{key} was {begun[part][key]!r} and is {value!r}"
        for part in ("model", "training")
        for key, value in recipe.to_json()[part].items()
        if begun[part][key] != value and not key.startswith("checkpoint_")  # changes no result
    ]
    if _read_json(place / "data.json") != describe_data(data):
        changed.append("the sentences (or folds) are others")
    teachers = place / TEACHERS_FILE
    if teachers.is_file() and _read_json(teachers) != describe_teachers(recipe):
        changed.append("the teachers are others")
    if changed:
        raise ConfigError(f"{place}: can't resume, {'; '.join(changed)}; give another --out")


def _read_json(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def summarize(metrics: Sequence[dict[str, Any]], part: str) -> dict[str, dict[str, float]]:
    """Return mean, standard deviation and number of runs of each score of a part."""
    found = [m[part] for m in metrics if part in m]
    return {
        name: {
            "mean": statistics.fmean(m[name] for m in found),
            "std": statistics.stdev(m[name] for m in found) if len(found) > 1 else 0.0,
            "n_runs": len(found),
        }
        for name in SCORES
        if found
    }


def describe_data(data: TrainingData) -> dict[str, Any]:
    """Return sizes and hashes of what a run sees."""
    parts: dict[str, Sequence[LabeledDocument]] = {
        "train": data.train,
        "dev": data.dev,
        "test": data.test,
    }
    return {
        name: {
            "n_sentences": len(documents),
            "n_mentions": sum(len(d.annotation.mentions) for d in documents),
            "sha256": hash_documents(documents),
        }
        for name, documents in parts.items()
    }


def describe_environment() -> dict[str, Any]:
    """Return versions and hardware, as far as they matter for a result."""
    packages = ("somex", "torch", "transformers", "tokenizers", "numpy")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu": torch.cpu.get_capabilities().get("cpu_name"),
        "n_threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if device.type == "cuda" else None,
        "auto_precision": auto_precision(device),
        "packages": {name: importlib.metadata.version(name) for name in packages},
    }
