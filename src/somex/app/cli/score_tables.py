"""Tables of scores for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from somex.error_analysis import ACROSS, CATEGORIES, ErrorAnalysis
from somex.metrics import Report, TaskScores
from somex.purpose_metrics import PurposeReport

_NAMES = {"ner": "mentions", "re": "relations", "total": "total"}


def print_report(report: Report, *, intervals: dict[str, Any] | None = None) -> None:
    """Print the scores per type and in total.

    Args:
        report: The scores.
        intervals: ``BootstrapInterval.to_json()`` by metric, printed beside the totals.
    """
    console = Console()
    console.print(_task_table("Mentions (NER)", report.ner))
    console.print(_task_table("Relations (RE)", report.re))
    console.print(_total_table(report, intervals or {}))
    n_outside = sum(not row.in_macro for task in (report.ner, report.re) for row in task.per_type)
    if n_outside:
        console.print("* only predicted, not in the gold: in micro, not in macro", style="dim")


def print_purposes(report: PurposeReport) -> None:
    """Print the scores of the purposes of mentions."""
    title = f"Purposes of the {report.n_matched} mentions found"
    console = Console()
    console.print(_task_table(title, report.matched))
    console.print(_task_table("Purposes, mention and purpose right", report.end_to_end))


def print_errors(errors: ErrorAnalysis, *, n_examples: int = 0) -> None:
    """Print the mistakes by category, the commonest types of each, and examples."""
    console = Console()
    counts = errors.to_json(n_examples)
    for name, n_right, mistakes, categories in errors.parts():
        title = f"{len(mistakes)} mistakes in {name}, {n_right} right"
        table = Table(title=title, title_justify="left")
        table.add_column("Category", no_wrap=True)
        table.add_column("Count", justify="right")
        table.add_column("Most of them")
        for category in categories:
            types = counts[name][category]
            most = ", ".join(f"{type} {n}" for type, n in list(types.items())[:4])
            table.add_row(category, str(sum(types.values())), most)
        console.print(table)
        for category in categories:
            for line in counts[name]["examples"][category]:
                console.print(f"{category}: {escape(line)}", style="dim", highlight=False)
    n_crossing = counts["relations"]["across clauses"]
    console.print(
        f"{n_crossing} of the mistaken relations lead across a clause border", style="dim"
    )


def print_comparison(scores: dict[str, Any]) -> None:
    """Print how a second prediction differs: ``PairedBootstrap.to_json()`` by metric."""
    title = f"{escape(scores['predicted'])} against the first prediction"
    table = Table(title=title, title_justify="left")
    table.add_column("Macro F1")
    for name in ("Second", "Difference", "Interval", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    for metric in ("ner", "re", "total"):
        found = scores["differences"][metric]
        table.add_row(
            _NAMES[metric],
            f"{scores['bootstrap'][metric]['point']:.4f}",
            f"{found['difference']:+.4f}",
            f"{found['low']:+.4f} to {found['high']:+.4f}",
            f"{found['p_value']:.4f}",
        )
    Console().print(table)


def _task_table(title: str, task: TaskScores) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("Type", no_wrap=True)
    for name in ("Precision", "Recall", "F1", "Support", "Predicted"):
        table.add_column(name, justify="right")
    for row in task.per_type:
        table.add_row(
            row.type if row.in_macro else f"{row.type} *",
            *_scores(row.precision, row.recall, row.f1),
            str(row.support),
            str(row.n_predicted),
            style=None if row.in_macro else "dim",
        )
    table.add_section()
    sums = (
        str(sum(row.support for row in task.per_type)),
        str(sum(row.n_predicted for row in task.per_type)),
    )
    table.add_row("macro", *_scores(task.macro_precision, task.macro_recall, task.macro_f1), *sums)
    table.add_row("micro", *_scores(task.micro_precision, task.micro_recall, task.micro_f1), *sums)
    return table


def _scores(*values: float) -> list[str]:
    return [f"{value:.4f}" for value in values]


def _total_table(report: Report, intervals: dict[str, Any]) -> Table:
    table = Table(title=f"{report.n_documents} documents", title_justify="left")
    table.add_column("Macro F1")
    table.add_column("Score", justify="right")
    if intervals:
        level = intervals["total"]["level"]
        table.add_column(f"{level:.0%} interval", justify="right", no_wrap=True)
    points = {
        "ner": report.ner.macro_f1,
        "re": report.re.macro_f1,
        "total": report.total_macro_f1,
    }
    for metric, point in points.items():
        cells = [_NAMES[metric], f"{point:.4f}"]
        if intervals:
            found = intervals[metric]
            cells.append(f"{found['low']:.4f} to {found['high']:.4f}")
        table.add_row(*cells, style="bold" if metric == "total" else None)
    return table


_BENCH = {
    "names": "Names",
    "ner": "NER",
    "ner_micro": "NER µ",
    "re": "RE",
    "re_micro": "RE µ",
    "total": "Total",
}


def print_bench(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows of the out-of-distribution bench, see ``somex.ood_bench.summarize_set``."""
    title = "F1 (Names: software of any kind; NER, RE, Total: macro; µ: micro)"
    table = Table(title=title, title_justify="left")
    table.add_column("Test set", no_wrap=True)
    for title in ("n", *_BENCH.values(), "Diff."):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        several = len(row["runs"]) > 1
        cells = [
            f"{row['mean'][key]:.3f}" + (f" ± {row['std'][key]:.3f}" if several else "")
            for key in _BENCH
        ]
        difference = "" if row["difference"] is None else f"{row['difference']:+.3f}"
        table.add_row(row["name"], str(row["n_documents"]), *cells, difference)
    _print_whole(table)
    console = Console()
    for row in rows:
        rest = {
            key: value
            for key, value in row["mean"].items()
            if key not in _BENCH and key.partition("/")[0] not in CATEGORIES
        }
        if rest:
            found = (f"{key} {v:.3f}" if v % 1 else f"{key} {v:.0f}" for key, v in rest.items())
            console.print(f"{row['name']}: {', '.join(found)}", style="dim")


def _print_whole(table: Table) -> None:
    """Print a table as wide as it must be."""
    width = Console(width=1000).measure(table).maximum
    Console(width=max(Console().width, width)).print(table)


def print_mistakes(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print how many mistakes of each category the bench counted, means over the runs."""
    for name, categories in CATEGORIES.items():
        table = Table(title=f"Mistakes in {name}", title_justify="left")
        table.add_column("Test set", no_wrap=True)
        columns = ["gold", "right", *categories, *([ACROSS] if name == "relations" else [])]
        for column in columns:
            table.add_column(column, justify="right")
        for row in rows:
            counts = [row["mean"][f"{name}/{column}"] for column in columns]
            table.add_row(row["name"], *(f"{n:,.1f}" if n % 1 else f"{n:,.0f}" for n in counts))
        _print_whole(table)
