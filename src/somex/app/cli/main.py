"""Entry point of the ``somex`` command: puts the commands together."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from somex.app.cli.average import average
from somex.app.cli.bench import bench
from somex.app.cli.calibrate import calibrate
from somex.app.cli.convert import convert
from somex.app.cli.data import data
from somex.app.cli.errors import errors
from somex.app.cli.evaluate import evaluate
from somex.app.cli.export import export
from somex.app.cli.extract import extract
from somex.app.cli.flat_tables import tables
from somex.app.cli.graph import graph
from somex.app.cli.kb import kb
from somex.app.cli.link import link
from somex.app.cli.llm import llm
from somex.app.cli.mcp import mcp
from somex.app.cli.models import models
from somex.app.cli.predict import predict
from somex.app.cli.prefilter import prefilter
from somex.app.cli.report import report
from somex.app.cli.reproduce import reproduce
from somex.app.cli.serve import serve, serve_key
from somex.app.cli.spans import spans
from somex.app.cli.train import train
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


app.command()(extract)
app.command()(tables)
app.command()(report)
app.command()(link)
app.command()(predict)
app.command()(spans)
app.command()(train)
app.command()(evaluate)
app.command()(errors)
app.command()(reproduce)
app.command()(average)
app.command()(calibrate)
app.command()(export)
app.command()(models)
app.command()(serve)
app.command("serve-key")(serve_key)
app.command()(mcp)
app.command()(convert)
app.command()(validate)
app.add_typer(data)
app.add_typer(kb)
app.add_typer(bench)
app.add_typer(prefilter)
app.add_typer(graph)
app.add_typer(llm)


def run() -> None:
    """Run the command line.

    An error that somex raises on purpose, or that files bring, becomes one line and exit code 2.
    """
    try:
        app()
    except (SomexError, OSError) as error:
        console = Console(stderr=True, highlight=False)
        message = " ".join(str(error).splitlines())
        console.print(f"[red]error:[/red] {escape(message)}", soft_wrap=True)
        sys.exit(2)
