"""``somex errors``: what kind of mistakes a prediction makes (the paper's error analysis)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from somex.app.cli.evaluate import read_gold, read_predicted
from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import FormatGold, FormatPred, Gold, GoldSplit, Predicted


def errors(
    gold: Gold,
    predicted: Predicted,
    split: GoldSplit = None,
    format_gold: FormatGold = None,
    format_pred: FormatPred = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Show so many mistakes of each category.")
    ] = 0,
    json_path: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE|-", help="Write the counts as JSON; - for stdout."),
    ] = None,
) -> None:
    """Sort the mistakes of a prediction into categories: wrong type, boundary, host, and so on.

    The same as in `somex evaluate --errors`, without the scores.
    """
    from somex.app.cli.score_tables import print_errors
    from somex.error_analysis import analyze_errors

    right = read_gold(gold, split=split, format=format_gold)
    found = analyze_errors(right, read_predicted(predicted, right, split=split, format=format_pred))
    values = {"gold": str(gold), "predicted": str(predicted), **found.to_json(examples)}
    if json_path == "-":
        print_json(values)
        return
    print_errors(found, n_examples=examples)
    if json_path is not None:
        write_json(values, Path(json_path))
