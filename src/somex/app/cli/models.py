"""``somex models``: which models are installed."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the installed models with what their cards say."""
    from somex.model_registry import find_model, model_names

    found = [find_model(name) for name in model_names()]
    if as_json:
        typer.echo(json.dumps([{**info.to_json(), "card": info.card} for info in found], indent=2))
        return
    table = Table(header_style="bold")
    for column in ("name", "fingerprint", "encoder", "size", "folder"):
        table.add_column(column, overflow="fold")
    for info in found:
        n_bytes = sum(p.stat().st_size for p in info.folder.iterdir() if p.is_file())
        encoder = str(info.card.get("encoder", ""))
        table.add_row(
            info.name, info.fingerprint, encoder, f"{n_bytes / 1e6:.0f} MB", str(info.folder)
        )
    Console().print(table)
