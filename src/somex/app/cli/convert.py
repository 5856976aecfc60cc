"""``somex convert``: from one corpus format to another, with everything lost on the way named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from somex.readers.losses import WriteReport


def convert(
    source: Annotated[Path, typer.Argument(help="File or folder to read.")],
    target: Annotated[Path, typer.Argument(help="File or folder to write.")],
    source_format: Annotated[
        str | None, typer.Option("--from", help="Format of SOURCE; found out unless given.")
    ] = None,
    target_format: Annotated[
        str | None,
        typer.Option("--to", help="Format of TARGET; known for .jsonl and .xml unless given."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option(help="Replace a TARGET file that is there; folders never are.")
    ] = False,
) -> None:
    """Convert a corpus and report what the target format could not hold."""
    from somex.readers.convert import convert_corpus

    report, notes = convert_corpus(
        source,
        target,
        source_format=source_format,
        target_format=target_format,
        overwrite=overwrite,
    )
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    _print(report, target)


def _print(report: WriteReport, target: Path) -> None:
    typer.echo(
        f"{target}: {report.n_documents} documents, {report.n_mentions} mentions, "
        f"{report.n_relations} relations"
    )
    for what, count in sorted(report.losses.items()):
        typer.echo(f"lost or changed: {count} x {what}")
    if not report.losses:
        typer.echo("nothing lost")
