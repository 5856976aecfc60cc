"""``somex train``: run a recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from somex.app.cli.options import Overrides, Resume, Seeds, parse_numbers
from somex.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from somex.training import Listener


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe: a YAML file, see recipes/.")],
    out: Annotated[
        Path | None, typer.Option(help="Run folder; runs/<name of the recipe> by default.")
    ] = None,
    seeds: Seeds = "",
    folds: Annotated[
        int, typer.Option(min=0, help="Cross-validate over so many folds; 0 trains on all.")
    ] = 0,
    only_folds: Annotated[str, typer.Option(help="Only these folds, as `0,1,2`.")] = "",
    paired: Annotated[
        bool, typer.Option("--paired", help="Pair seeds and folds instead of crossing them.")
    ] = False,
    resume: Resume = False,
    override: Overrides = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Log losses and scores for TensorBoard.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of torch.")] = None,
) -> None:
    """Train a model by a recipe; with --folds or several --seeds, report mean and spread."""
    try:
        import torch

        from somex.app.cli.listeners import build_listener
        from somex.experiments import execute_run, plan_runs
    except ImportError as error:
        raise MissingExtraError(
            f"`somex train` needs {error.name}; pip install 'somex[train]'"
        ) from None
    from somex.recipe import read_recipe

    if threads:
        torch.set_num_threads(threads)
    loaded = read_recipe(recipe, overrides=tuple(override or ()))
    folder = out or Path("runs") / loaded.name
    seed_list = parse_numbers(seeds, "--seeds") or [loaded.training.seed]
    fold_list = _folds(folds, only_folds)
    metrics = []
    for run in plan_runs(seed_list, folds=fold_list, paired=paired):
        listener: Listener = build_listener(run.name, folder / run.name, tensorboard=tensorboard)
        metrics.append(
            execute_run(loaded, run, folder=folder, n_folds=folds, resume=resume, listener=listener)
        )
    _report(metrics, folder)


def _folds(n_folds: int, only: str) -> list[int] | None:
    """Return the folds to hold out, or None for no cross-validation."""
    wanted = parse_numbers(only, "--only-folds")
    if n_folds == 0:
        if wanted:
            raise ConfigError(f"--only-folds is {only!r} without --folds; give their number too")
        return None
    if n_folds == 1:
        raise ConfigError("--folds is 1, which leaves nothing to train on; valid: 0, or 2 and more")
    wrong = [fold for fold in wanted if not 0 <= fold < n_folds]
    if wrong:
        raise ConfigError(f"--only-folds names fold {wrong[0]}; valid: 0 to {n_folds - 1}")
    return wanted or list(range(n_folds))


def _report(metrics: list[dict[str, Any]], folder: Path) -> None:
    from somex.experiments import summarize
    from somex.metrics import SCORES

    summary = {part: summarize(metrics, part) for part in ("dev", "test")}
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    if not any(summary.values()):
        nothing = "nothing held out to score on: dev_fraction is 0 and --folds is not given"
        Console().print(f"{folder}: {len(metrics)} run(s); {nothing}", highlight=False)
        return
    table = Table(title=f"{folder}: {len(metrics)} run(s)", header_style="bold")
    for column in ("part", *SCORES):
        table.add_column(column)
    for part, scores in summary.items():
        if scores:
            cells = (f"{scores[s]['mean']:.4f} ± {scores[s]['std']:.4f}" for s in SCORES)
            table.add_row(part, *cells)
    Console().print(table)
