"""``somex calibrate``: make a model's confidences mean what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from somex.app.cli.json_output import print_json, write_json

if TYPE_CHECKING:
    from somex.calibration import Calibration, Outcomes
    from somex.core.types import LabeledDocument

_N_PARTS = 5
Pairs = list[tuple["LabeledDocument", "LabeledDocument"]]


def calibrate(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders with a held-out fold, such as runs/NAME/fold-0-seed-1: the fold's "
            "gold and predictions stand in them."
        ),
    ],
    into: Annotated[
        Path | None, typer.Option(help="Model folder that gets the calibration.")
    ] = None,
    json_path: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="Write the figures as JSON.")
    ] = None,
) -> None:
    """Fit confidences on held-out folds and print their calibration error before and after.

    The error after is cross-fitted: every fifth of the documents is calibrated with what was
    fitted on the rest.
    """
    from somex.calibration import (
        Calibrations,
        mention_outcomes,
        relation_outcomes,
        write_calibrations,
    )

    pairs = [pair for run in runs for pair in _read_run(run)]
    mentions, mention_row = _fit(pairs, mention_outcomes)
    relations, relation_row = _fit(pairs, relation_outcomes)
    figures = {"mentions": mention_row, "relations": relation_row}
    if into is not None:
        source = {"runs": [run.name for run in runs], **figures}
        path = write_calibrations(Calibrations(mentions, relations), into, source=source)
        Console(stderr=True).print(f"wrote {path}", soft_wrap=True)
    if json_path == "-":
        print_json(figures)
        return
    if json_path is not None:
        write_json(figures, Path(json_path))
    _print(figures)


def _read_run(run: Path) -> Pairs:
    from somex.core.errors import ConfigError
    from somex.metrics import pair_documents
    from somex.readers.jsonl import read_jsonl
    from somex.run_files import gold_path, predicted_path

    gold, predicted = gold_path(run), predicted_path(run)
    if not (gold.is_file() and predicted.is_file()):
        raise ConfigError(
            f"{run} holds no predictions of a held-out fold; `somex train --folds 5` writes them"
        )
    return pair_documents(list(read_jsonl(gold)), list(read_jsonl(predicted)))


def _fit(
    pairs: Pairs, outcomes_of: Callable[[Iterable[Any]], Outcomes]
) -> tuple[Calibration, dict[str, float]]:
    from somex.calibration import cross_fitted, expected_calibration_error, fit_calibration

    confidences, right = outcomes_of(pairs)
    fitted = fit_calibration(confidences, right)
    after = cross_fitted([outcomes_of(pairs[i::_N_PARTS]) for i in range(_N_PARTS)])
    figures = {
        "n": float(len(right)),
        "share_right": float(right.mean()) if len(right) else 0.0,
        "error_before": expected_calibration_error(confidences, right),
        "error_after": expected_calibration_error(*after),
        "slope": fitted.slope,
        "intercept": fitted.intercept,
    }
    return fitted, figures


def _print(figures: dict[str, dict[str, float]]) -> None:
    table = Table(title="Expected calibration error", title_justify="left")
    table.add_column("")
    for name in ("n", "Right", "Before", "After", "Slope", "Intercept"):
        table.add_column(name, justify="right")
    for name, row in figures.items():
        values = [row[k] for k in ("share_right", "error_before", "error_after")]
        rest = [f"{row['slope']:.3f}", f"{row['intercept']:+.3f}"]
        table.add_row(name, f"{row['n']:.0f}", *(f"{v:.4f}" for v in values), *rest)
    Console().print(table)
