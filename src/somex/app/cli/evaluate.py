"""``somex evaluate``: score a prediction against gold annotation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from somex.app.cli.json_output import print_json, write_json
from somex.app.cli.options import FormatGold, FormatPred, Gold, GoldSplit, Predicted

if TYPE_CHECKING:
    from somex.core.types import LabeledDocument
    from somex.metrics import Report

_SUBMISSION = "submission"
_DEFAULT_RESAMPLES = 1000


def evaluate(
    gold: Gold,
    predicted: Predicted,
    split: GoldSplit = None,
    format_gold: FormatGold = None,
    format_pred: FormatPred = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="PRED_B", help="Second prediction; test whether it differs."),
    ] = None,
    bootstrap: Annotated[
        int,
        typer.Option(
            min=0, help="Resamples for intervals; 0 for none (1000 if predictions are compared)."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    errors: Annotated[
        bool, typer.Option("--errors", help="Sort the mistakes into categories and count them.")
    ] = False,
    examples: Annotated[
        int, typer.Option(min=0, help="With --errors: show so many mistakes a category.")
    ] = 0,
    json_path: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE|-", help="Write the scores as JSON; - for stdout."),
    ] = None,
) -> None:
    """Score a prediction as the SOMD shared task does, per type and in total.

    A mention is right if its span and type are, a relation if its type and the starts of both
    its mentions are. Macro scores are means over the types in the gold; the total is the mean of
    the macro F1s of mentions and relations. Where the gold knows purposes (SoMeSci), these are
    scored as well, beside the total.
    """
    from somex.app.cli.score_tables import (
        print_comparison,
        print_errors,
        print_purposes,
        print_report,
    )
    from somex.purpose_metrics import evaluate_purposes

    right = read_gold(gold, split=split, format=format_gold)
    first = read_predicted(predicted, right, split=split, format=format_pred)
    second = (
        None if compare is None else read_predicted(compare, right, split=split, format=format_pred)
    )
    n_resamples = bootstrap or (_DEFAULT_RESAMPLES if second is not None else 0)
    report, scores = _score(right, first, n_resamples=n_resamples, seed=seed)
    scores = {"gold": str(gold), "predicted": str(predicted), "split": split, **scores}
    purposes = evaluate_purposes(right, first)
    if purposes is not None:
        scores["purpose"] = purposes.to_json()
    mistakes = None
    if errors:
        from somex.error_analysis import analyze_errors

        mistakes = analyze_errors(right, first)
        scores["errors"] = mistakes.to_json(examples)
    if second is not None:
        scores["compare"] = _compare(right, first, second, n_resamples=n_resamples, seed=seed)
        scores["compare"]["predicted"] = str(compare)
    if json_path == "-":
        print_json(scores)
        return
    print_report(report, intervals=scores.get("bootstrap"))
    if purposes is not None:
        print_purposes(purposes)
    if mistakes is not None:
        print_errors(mistakes, n_examples=examples)
    if second is not None:
        print_comparison(scores["compare"])
    if json_path is not None:
        write_json(scores, Path(json_path))


def read_gold(path: Path, *, split: str | None, format: str | None) -> list[LabeledDocument]:
    """Read the corpus that a prediction is held against.

    Raises:
        ConfigError: A split is given for another format than SOMD.
        FormatError: The split has no labels, or a file breaks its format.
    """
    from somex.core.errors import ConfigError, FormatError
    from somex.readers.registry import read_corpus
    from somex.readers.somd import find_somd_split, read_somd_split, split_names

    if split is None:
        return list(read_corpus(path, format=format))
    if format not in (None, "somd"):
        raise ConfigError(
            f"--split {split} names a split of a SOMD folder, but --format-gold is {format!r}; "
            "leave one of them out"
        )
    found = find_somd_split(path, split)
    if found.entities is None or found.relations is None:
        _, entities, relations = split_names(split)
        raise FormatError(
            f"split {split!r} has no gold labels here; {entities} and {relations} are needed",
            path=str(path),
        )
    return read_somd_split(path, split)


def read_predicted(
    path: Path, gold: Sequence[LabeledDocument], *, split: str | None, format: str | None
) -> list[LabeledDocument]:
    """Read a prediction: a corpus, or a submission for the sentences of the gold."""
    from somex.readers.registry import read_corpus
    from somex.readers.somd import read_somd_split, split_names
    from somex.readers.somd_writer import ENTITIES_NAME, read_submission

    looks_like_one = path.suffix.lower() == ".zip" or (path / ENTITIES_NAME).is_file()
    if format == _SUBMISSION or (format is None and looks_like_one):
        return read_submission(path, [labeled.document for labeled in gold])
    if split is not None and format in (None, "somd") and (path / split_names(split)[0]).is_file():
        return read_somd_split(path, split)
    return list(read_corpus(path, format=format))


def _score(
    gold: Sequence[LabeledDocument],
    predicted: Sequence[LabeledDocument],
    *,
    n_resamples: int,
    seed: int,
) -> tuple[Report, dict[str, Any]]:
    """Return the report, and it as JSON values with the bootstrap intervals of its scores."""
    from somex.metrics import evaluate as evaluate_documents

    report = evaluate_documents(gold, predicted)
    scores = report.to_json()
    if n_resamples:
        from somex.significance import METRICS, bootstrap_interval

        scores["bootstrap"] = {
            metric: bootstrap_interval(
                gold, predicted, metric=metric, n_resamples=n_resamples, seed=seed
            ).to_json()
            for metric in METRICS
        }
    return report, scores


def _compare(
    gold: Sequence[LabeledDocument],
    first: Sequence[LabeledDocument],
    second: Sequence[LabeledDocument],
    *,
    n_resamples: int,
    seed: int,
) -> dict[str, Any]:
    from somex.significance import METRICS, paired_bootstrap

    _, scores = _score(gold, second, n_resamples=n_resamples, seed=seed)
    scores["differences"] = {
        metric: paired_bootstrap(
            gold, first, second, metric=metric, n_resamples=n_resamples, seed=seed
        ).to_json()
        for metric in METRICS
    }
    return scores
