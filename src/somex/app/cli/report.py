"""``somex report``: documents as HTML, a page or a folder of pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from somex.app.cli.options import Documents, LinkedSoftware


def report(
    documents: Documents,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE.html|FOLDER",
            help="One page for up to 20 papers, or a folder with a page a paper and an index.",
        ),
    ],
    software: LinkedSoftware = None,
) -> None:
    """Write an HTML report: highlighted text, relations, software, charts. It needs no network."""
    from somex.outputs.report.write import write_report
    from somex.outputs.source import OutputSource

    typer.echo(f"wrote {out}: {write_report(OutputSource(tuple(documents), software), out)}")
