"""``somex bench link``: linking, cross-validated over documents against gold clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import JsonResults
from somex.core.errors import ConfigError

_SCORES = {"muc_f1": "MUC", "b_cubed_f1": "B³", "ceaf_e_f1": "CEAF-e", "conll_f1": "CoNLL"}


def bench_link(
    data: Annotated[
        Path,
        typer.Option(help="Folder of SOMD 2026: subtask1.mentions.jsonl, subtask1.clusters.json …"),
    ],
    subtask: Annotated[
        int, typer.Option(help="1: gold mentions; 2: predicted ones, in tokenised text.")
    ] = 1,
    folds: Annotated[int, typer.Option(help="Folds of documents, 2 or more.")] = 5,
    seeds: Annotated[
        int, typer.Option(min=1, help="So many times the documents are dealt to folds.")
    ] = 3,
    json_path: JsonResults = None,
) -> None:
    """Cross-validate linking over documents: MUC, B³, CEAF-e and CoNLL F1.

    The mentions of a fold's documents are linked among themselves by a scorer that was fitted, its
    threshold included, on the other folds. Gold clusters are cut to the fold's mentions. The last
    rows link all mentions at once, each pair of names scored by a model that saw neither name.
    """
    from tqdm import tqdm

    from somex.linking import bench
    from somex.linking.somd2026 import SUBTASKS, read_somd2026

    if subtask not in SUBTASKS:
        raise ConfigError(f"--subtask is {subtask}; valid: 1, 2")
    benchmark = read_somd2026(data, subtask=subtask)
    with tqdm(total=folds * seeds, unit="fold", disable=None) as progress:
        found = bench.cross_validate(
            benchmark, n_folds=folds, seeds=range(seeds), on_fold=progress.update
        )
    whole = bench.score_whole(benchmark, seed=0)
    results: dict[str, Any] = {
        "subtask": subtask,
        "n_mentions": len(benchmark.items),
        "n_clusters": len(benchmark.clusters),
        "n_folds": folds,
        "n_seeds": seeds,
        "cross_validation": bench.summarise(found),
        "comparisons": [
            bench.compare(found, bench.LEARNED, bench.NORMALISED),
            bench.compare(found, bench.NORMALISED, bench.EXACT),
        ],
        "whole": {method: scores.to_json() for method, scores in whole.items()},
        "folds": [fold.to_json() for fold in found],
    }
    if json_path == "-":
        print_json(results)
        return
    _print(results)
    if json_path is not None:
        write_json(results, Path(json_path))


def _print(results: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(
        f"Subtask {results['subtask']}: {results['n_mentions']} mentions, "
        f"{results['n_clusters']} clusters; {results['n_folds']} folds of documents, "
        f"{results['n_seeds']} seeds; F1 in per cent"
    )
    table = Table(header_style="bold")
    table.add_column("method")
    for title in _SCORES.values():
        table.add_column(title, justify="right")
    for method, scores in results["cross_validation"].items():
        cells = (f"{100 * scores[s]['mean']:.1f} ± {100 * scores[s]['sd']:.1f}" for s in _SCORES)
        table.add_row(f"{method}, by fold", *cells)
    table.add_section()
    for method, scores in results["whole"].items():
        table.add_row(f"{method}, whole set", *(f"{100 * scores[s]:.1f}" for s in _SCORES))
    console.print(table)
    for row in results["comparisons"]:
        console.print(
            f"{row['method']} over {row['baseline']}: CoNLL {100 * row['mean']:+.1f} ± "
            f"{100 * row['sd']:.1f}, better in {row['folds_better']} and worse in "
            f"{row['folds_worse']} of {row['n_folds']} folds"
        )
