"""Puts a comparison together: runs its rows, and writes tables and plots of what is finished."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from somex.core.errors import SomexError
from somex.readers.files import write_text
from somex.readers.jsonl import write_jsonl
from somex.reproduce.archive import Archive
from somex.reproduce.differences import compare_losses, state_claim
from somex.reproduce.plots import draw_plots
from somex.reproduce.rows import Comparison, RowResult, read_result
from somex.reproduce.run_rows import MakeListener, run_row
from somex.reproduce.tables import (
    Table,
    rows_table,
    table1,
    table2,
    table2_names,
    table3,
    table4,
)

REPORT_FILE = "tables.md"
GOLD_FOLDER = "gold"


def survey(comparison: Comparison, chosen: Collection[str] = ()) -> list[RowResult]:
    """Return how far each row is; nothing is run.

    Args:
        comparison: The comparison.
        chosen: Names of the rows asked for; none: all, but no endpoint is asked.

    Raises:
        ConfigError: A test corpus is not there.
        FormatError: A file of it breaks its format.
    """
    _ = comparison.sets  # faults of the plan's own corpora are not those of a row
    results = []
    for row in comparison.plan.rows:
        try:
            result = read_result(comparison, row, named=row.name in chosen)
        except SomexError as error:
            result = RowResult(row, comparison.seeds, problem=str(error))
        if chosen and row.name not in chosen and not result.is_there:
            result.problem = result.problem or _left_out(result)
        results.append(result)
    return results


def _left_out(result: RowResult) -> str:
    return "" if result.missing else "not among the rows asked for"


def reproduce(
    comparison: Comparison,
    chosen: Collection[str] = (),
    *,
    plots: bool = True,
    make_listener: MakeListener | None = None,
    tell: Callable[[str], object] = lambda _: None,
    archive: Archive | None = None,
) -> list[RowResult]:
    """Run the rows that can run here, and write the tables after each.

    Args:
        comparison: The comparison.
        chosen: Names of the rows to run; none for all.
        plots: Draw SVG as well.
        make_listener: Makes what hears of a training.
        tell: Told what is begun, and why a row failed; a failed row does not stop the others.
        archive: Finished runs are taken from it, and each is added to it as soon as it is finished.

    Returns:
        How far each row is.
    """
    problems: dict[str, str] = {}
    if archive is not None:
        n_restored = sum(archive.restore(comparison, row) for row in comparison.plan.rows)
        tell(f"{n_restored} finished run(s) taken from {archive.folder}")
    results = survey(comparison, chosen)
    for result in results:
        row = result.row
        if (chosen and row.name not in chosen) or result.missing or result.problem:
            continue
        if archive is not None:
            archive.add(comparison, row)
        if len(result.reports) < len(result.wanted):
            tell(f"row {row.name}: {result.state}")
            try:
                run_row(comparison, row, make_listener=make_listener, archive=archive)
            except (SomexError, OSError, RuntimeError) as error:  # torch's: out of memory
                problems[row.name] = " ".join(str(error).splitlines())
                tell(f"row {row.name} failed: {problems[row.name]}")
            write_report(comparison, _with_problems(comparison, chosen, problems), plots=plots)
    results = _with_problems(comparison, chosen, problems)
    write_report(comparison, results, plots=plots)
    return results


def _with_problems(
    comparison: Comparison, chosen: Collection[str], problems: dict[str, str]
) -> list[RowResult]:
    results = survey(comparison, chosen)
    for result in results:
        result.problem = problems.get(result.row.name, result.problem)
    return results


def write_report(
    comparison: Comparison, results: list[RowResult], *, plots: bool = True
) -> list[Path]:
    """Write ``tables.md``, a CSV a table and, where wanted, the plots; return their paths."""
    sets = comparison.sets
    for evaluation_set in sets:
        write_jsonl(evaluation_set.documents, comparison.folder / GOLD_FOLDER / evaluation_set.file)
    differences = compare_losses(results, sets)
    where = "the held-out folds' sentences"
    if not comparison.n_folds:
        where = f"the {comparison.plan.test.split} sentences"
    tables: list[Table | None] = [
        table1(results, len(comparison.test), where),
        table2(results, sets),
        table2_names(results, sets),
        table3(differences, sets),
        table4(results, sets),
        rows_table(results),
    ]
    there = [table for table in tables if table is not None]
    drawn = draw_plots(results, sets, differences, comparison.folder) if plots else []
    parts = [_head(comparison, results, state_claim(differences))]
    for table in there:
        write_text(table.to_csv(), comparison.folder / f"{table.name}.csv")
        picture = [p for p in drawn if p.stem == table.name]
        parts.append(
            table.to_markdown() + "".join(f"\n![{table.title}]({p.name})\n" for p in picture)
        )
    path = comparison.folder / REPORT_FILE
    write_text("\n".join(parts), path)
    return [path, *(comparison.folder / f"{table.name}.csv" for table in there), *drawn]


def _head(comparison: Comparison, results: list[RowResult], claim: str) -> str:
    plan = comparison.plan
    seeds = ", ".join(map(str, comparison.seeds))
    how = f"the {plan.test.split} sentences"
    if comparison.n_folds:
        how = f"{comparison.n_folds} folds of the training sentences, each held out in turn"
    n_done = sum(len(result.reports) == len(result.wanted) for result in results)
    n_begun = sum(result.is_there for result in results) - n_done
    lines = [
        f"# {plan.title}",
        "",
        f"{n_done} of {len(results)} rows are finished, {n_begun} half finished; what each of the "
        f"others needs stands under [Rows](#rows). Seeds {seeds}; tested on {how}, which no row "
        "was trained on unless its note says so.",
    ]
    if comparison.overrides:
        changes = ", ".join(f"`{change}`" for change in comparison.overrides)
        lines.append(f"**All trained rows were changed: {changes}.**")
    return "\n".join([*lines, "", "## Does the paper's claim hold here?", "", claim])
