"""``somex tables``: documents as flat tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from somex.app.cli.options import Documents, LinkedSoftware


def tables(
    documents: Documents,
    out: Annotated[
        Path,
        typer.Option(help="Folder for mentions, relations, software and papers, a file each."),
    ],
    format: Annotated[str, typer.Option(help="csv or parquet.")] = "csv",
    software: LinkedSoftware = None,
) -> None:
    """Write flat tables: mentions, relations, software, papers (columns: docs/outputs.md)."""
    from somex.outputs.source import OutputSource
    from somex.outputs.tables import get_table_format, write_tables

    chosen = get_table_format(format)
    counts = write_tables(OutputSource(tuple(documents), software), out, chosen)
    for name, n_rows in counts.items():
        typer.echo(f"wrote {out / name}{chosen.suffix}: {n_rows} rows")
