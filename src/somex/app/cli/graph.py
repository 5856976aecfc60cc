"""``somex graph``: the knowledge graph as files, in a store, and asked."""

from __future__ import annotations

import csv
import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somex.app.cli.json_output import print_json, write_json
from somex.core.errors import ConfigError

if TYPE_CHECKING:
    from somex.graph.loading import GraphSource, LoadReport
    from somex.graph.target import Answer, GraphStore

graph = typer.Typer(
    name="graph", help="Make, load and ask the software knowledge graph.", no_args_is_help=True
)

_FORMATS = "turtle, ntriples, nquads, trig or jsonld"
Software = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Linked software (software.jsonl of `somex link`)."),
]
Base = Annotated[
    str, typer.Option(metavar="IRI", help="What the names of all things in the graph begin with.")
]
Linking = Annotated[
    str, typer.Option(help="Name of the linking that --software is; another one stands beside it.")
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="A SPARQL 1.1 endpoint in the place of STORE."),
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the endpoint.")]


def _source(documents: list[Path], software: Path | None, base: str, linking: str) -> GraphSource:
    from somex.graph.iris import Iris
    from somex.graph.loading import GraphSource

    if not documents:
        raise ConfigError("no documents are named; name documents.jsonl files")
    return GraphSource(tuple(documents), software, Iris(base, linking))


@graph.command("export")
def export_graph(
    documents: Annotated[
        list[Path],
        typer.Argument(help="JSON Lines of documents, or folders that `somex extract` wrote."),
    ],
    out: Annotated[
        str, typer.Option("--out", metavar="FILE|-", help="File to write; - for stdout.")
    ],
    format: Annotated[
        str | None, typer.Option(help=f"{_FORMATS}; known by the suffix of FILE unless given.")
    ] = None,
    software: Software = None,
    base: Base = "urn:somex:",
    linking: Linking = "default",
) -> None:
    """Write the graph as RDF; Turtle and N-Triples don't say which paper a statement is of."""
    from somex.graph.formats import FORMATS, format_of, write_quads
    from somex.readers.files import open_atomic

    if format is None and out == "-":
        raise ConfigError(f"--out - needs --format; valid: {', '.join(FORMATS)}")
    kind = format or format_of(out)
    source = _source(documents, software, base, linking)
    if out == "-":
        write_quads(source.quads(), sys.stdout.buffer, format=kind)
        return
    with open_atomic(Path(out)) as stream:
        n_quads = write_quads(source.quads(), stream, format=kind)
    typer.echo(f"wrote {out}: {n_quads} statements")


@graph.command("load")
def load(
    places: Annotated[
        list[Path],
        typer.Argument(
            metavar="STORE DOCUMENTS...",
            help="Folder of the store (made where it is missing; left out with --endpoint), then "
            "JSON Lines of documents, or folders that `somex extract` wrote.",
        ),
    ],
    software: Software = None,
    endpoint: EndpointUrl = None,
    protocol: Annotated[
        str,
        typer.Option(help="How the endpoint is told: update (SPARQL Update) or graph-store."),
    ] = "update",
    timeout: Timeout = 60.0,
    base: Base = "urn:somex:",
    linking: Linking = "default",
) -> None:
    """Load papers; what is there already stays, what changed is replaced paper by paper."""
    from tqdm import tqdm

    from somex.graph.loading import load_graph

    documents = places if endpoint else places[1:]
    source = _source(documents, software, base, linking)
    started = time.monotonic()
    store = _open(None if endpoint else places[0], endpoint, protocol=protocol, timeout=timeout)
    with tqdm(unit=" papers", disable=None) as bar:
        for report in load_graph(source, store):
            bar.update(sum(report.papers.values()) - bar.n)
    store.close()
    _print_report(report, time.monotonic() - started)
    n_lost = store.count_unknown_software(source.iris)
    if n_lost:
        typer.echo(
            f"note: {n_lost} software of papers in the store are not in linking {linking!r} any "
            "more; load these papers again, together with --software",
            err=True,
        )


def _print_report(report: LoadReport, seconds: float) -> None:
    parts = [f"{n} {change}" for change, n in report.papers.items() if n]
    software = "" if report.n_software is None else f", {report.n_software} linked software"
    typer.echo(
        f"{sum(report.papers.values())} papers ({', '.join(parts) or 'none'}), "
        f"{report.n_quads} statements{software}, {seconds:.1f} s"
    )


def _open(
    place: Path | None,
    endpoint: str | None,
    *,
    protocol: str = "update",
    timeout: float,
    read_only: bool = False,
) -> GraphStore:
    from somex.graph.endpoint import Endpoint
    from somex.graph.store import EmbeddedStore

    if endpoint is not None:
        return Endpoint(endpoint, protocol=protocol, timeout=timeout)
    if place is None:
        raise ConfigError("no store is named; name a folder, or an --endpoint")
    return EmbeddedStore.open(place, read_only=read_only)


@graph.command("query")
def query(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STORE [QUESTION]",
            help="Folder of the store (left out with --endpoint), then a ready question.",
        ),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the ready questions.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of a software, any spelling.")] = None,
    doi: Annotated[str | None, typer.Option(help="DOI of a software, or of what it cites.")] = None,
    identifier: Annotated[
        str | None, typer.Option(help="Other identifier: an address, or as cran:ggplot2.")
    ] = None,
    paper: Annotated[str | None, typer.Option(help="Id of a document, or as doi:10.1/x.")] = None,
    sparql: Annotated[str | None, typer.Option(metavar="FILE|TEXT", help="Your own query.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Most rows of a question; 0 for all.")] = 20,
    endpoint: EndpointUrl = None,
    timeout: Timeout = 60.0,
    json_path: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE|-", help="Write the rows as JSON; - for stdout."),
    ] = None,
    csv_path: Annotated[
        str | None,
        typer.Option("--csv", metavar="FILE|-", help="Write the rows as CSV; - for stdout."),
    ] = None,
) -> None:
    """Ask a ready question, or run a SPARQL query of your own."""
    if list_all:
        _print_questions()
        return
    rest = list(places or ())
    place = None if endpoint or not rest else Path(rest.pop(0))
    given = {"name": name, "doi": doi, "identifier": identifier, "paper": paper}
    values = {key: value for key, value in given.items() if value is not None}
    text = _query_text(rest, values, sparql=sparql, limit=limit)
    store = _open(place, endpoint, timeout=timeout, read_only=True)
    _show(store.ask(text), json_path=json_path, csv_path=csv_path)


def _query_text(rest: list[str], values: dict[str, str], *, sparql: str | None, limit: int) -> str:
    """Return the SPARQL of the question or of the user's own."""
    from somex.graph.ask import find_question, questions
    from somex.readers.files import read_utf8

    if "doi" in values:
        if "identifier" in values:
            raise ConfigError("--doi and --identifier name the same thing; give one of them")
        values["identifier"] = f"doi:{values.pop('doi')}"
    if sparql is not None:
        if rest or values:
            raise ConfigError("--sparql is a query of its own; leave out QUESTION and parameters")
        is_text = any(mark in sparql for mark in "{\n")
        return sparql if is_text else read_utf8(Path(sparql))
    if len(rest) != 1:
        raise ConfigError(
            f"name one question after the store, or give --sparql; got {rest or 'none'}; "
            f"questions: {', '.join(questions())}"
        )
    return find_question(rest[0]).bind(values, limit=limit)


def _print_questions() -> None:
    from rich.console import Console
    from rich.table import Table

    from somex.graph.ask import questions

    table = Table("question", "what it asks", "parameters", box=None)
    for question in questions().values():
        needed = " or ".join(f"--{name}" for name in question.one_of)
        optional = " ".join(f"[--{name}]" for name in question.optional)
        known = (needed or optional).replace("--identifier", "--doi or --identifier")
        table.add_row(question.name, question.title, known.replace("[", r"\["))
    Console().print(table)


def _show(answer: Answer, *, json_path: str | None, csv_path: str | None) -> None:
    """Print the rows as a table, or write them as JSON or CSV, or both."""
    rows = list(answer.rows)
    if json_path is not None:
        named = [dict(zip(answer.columns, row, strict=True)) for row in rows]
        values = {"columns": list(answer.columns), "rows": named}
        print_json(values) if json_path == "-" else write_json(values, Path(json_path))
    if csv_path is not None:
        _write_csv(answer.columns, rows, csv_path)
    if json_path is None and csv_path is None:
        _print_table(answer.columns, rows)


def _write_csv(columns: tuple[str, ...], rows: list[tuple[str | None, ...]], path: str) -> None:
    from somex.readers.files import write_text

    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    if path == "-":
        typer.echo(stream.getvalue(), nl=False)
        return
    write_text(stream.getvalue(), Path(path))
    typer.echo(f"wrote {path}")


def _print_table(columns: tuple[str, ...], rows: list[tuple[str | None, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        typer.echo("no rows")
        return
    numeric = [all((row[n] or "0").isdigit() for row in rows) for n in range(len(columns))]
    table = Table(box=None)
    for column, is_number in zip(columns, numeric, strict=True):
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else value) for value in row))
    Console().print(table)
