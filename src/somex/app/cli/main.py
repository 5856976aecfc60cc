"""Entry point of the ``somex`` command: puts the commands together."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from somex.app.cli.convert import convert
from somex.app.cli.data import data
from somex.app.cli.evaluate import evaluate
from somex.app.cli.validate import validate
from somex.core.errors import SomexError

app = typer.Typer(
    name="somex",
    help="Find software mentions, their attributes and relations in scientific text.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Find software mentions, their attributes and relations in scientific text."""


app.command()(evaluate)
app.command()(convert)
app.command()(validate)
app.add_typer(data)


def run() -> None:
    """Run the command line; an error that somex raises on purpose becomes one line and exit 2."""
    try:
        app()
    except SomexError as error:
        Console(stderr=True, highlight=False).print(f"[red]error:[/red] {error}", markup=True)
        sys.exit(2)
