"""``somex reproduce``: the paper's comparison of systems, run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from somex.app.cli.options import Overrides, parse_numbers
from somex.core.errors import ConfigError

if TYPE_CHECKING:
    from somex.reproduce.rows import Comparison, RowResult
    from somex.training import Listener

_DEFAULT_PLAN = Path("recipes") / "paper-tables.yaml"


def reproduce(
    out: Annotated[Path, typer.Option(help="Folder of the runs and the tables.")],
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN.yaml", help="Which systems are compared, on what.")
    ] = _DEFAULT_PLAN,
    rows: Annotated[
        str, typer.Option(help="Only these rows, as `minilm-joint,minilm-disjoint`.")
    ] = "",
    seeds: Annotated[
        str,
        typer.Option(help="A training of each row for each, as `1,2,3`; the plan's by default."),
    ] = "",
    folds: Annotated[
        int,
        typer.Option(
            min=0, help="Test on so many held-out folds of the training sentences instead."
        ),
    ] = 0,
    archive: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps finished runs without the text they were tested on: runs that "
            "stand there are not run again, and finished ones are added."
        ),
    ] = None,
    override: Overrides = None,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Draw the tables too.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the rows and what they need; run nothing.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of torch.")] = None,
) -> None:
    """Train and compare the systems of the paper: its four tables, its figures beside ours.

    A stopped run goes on where it stopped; finished trainings are kept. Rows that need a model
    hub, a GPU or an endpoint that is not there are listed as not run. An endpoint of a language
    model is asked only for rows that --rows names. With --set, all trained rows are changed.
    """
    from somex.reproduce.plan import choose_rows, read_plan
    from somex.reproduce.rows import Comparison

    loaded = read_plan(plan)
    wanted = [name.strip() for name in rows.split(",") if name.strip()]
    choose_rows(loaded, wanted)
    comparison = Comparison(
        plan=loaded,
        recipes=plan.parent,
        folder=out,
        seeds=tuple(parse_numbers(seeds, "--seeds")) or loaded.seeds,
        n_folds=folds,
        overrides=tuple(override or ()),
    )
    if dry_run:
        from somex.reproduce.report import survey

        _show(survey(comparison, wanted))
        return
    results = _run(comparison, wanted, plots=plots, threads=threads, archive=archive)
    _show(results)
    typer.echo(f"wrote {out / 'tables.md'}, CSV{' and SVG' if plots else ''} beside it")
    if any(result.problem for result in results if not wanted or result.row.name in wanted):
        raise ConfigError("not every row could be run; see the list above")


def _run(
    comparison: Comparison,
    wanted: list[str],
    *,
    plots: bool,
    threads: int | None,
    archive: Path | None,
) -> list[RowResult]:
    from somex.plotting import check_plots
    from somex.reproduce.archive import Archive
    from somex.reproduce.report import reproduce as run_comparison

    if plots:
        check_plots("--no-plots")
    if threads:
        _set_threads(threads)
    console = Console(stderr=True, highlight=False)
    return run_comparison(
        comparison,
        wanted,
        plots=plots,
        make_listener=_listen,
        tell=lambda text: console.print(escape(text)),
        archive=None if archive is None else Archive(archive),
    )


def _set_threads(threads: int) -> None:
    try:
        import torch
    except ImportError:
        return  # rows that train are listed as not run
    torch.set_num_threads(threads)


def _listen(name: str, place: Path) -> Listener:
    from somex.app.cli.listeners import build_listener

    return build_listener(name, place, tensorboard=False)


def _show(results: list[RowResult]) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("row", no_wrap=True)
    table.add_column("state", overflow="fold")
    for result in results:
        table.add_row(escape(result.row.name), escape(result.state))
    Console(highlight=False).print(table)
