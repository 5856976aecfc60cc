"""``somex link``: mentions of many documents become software, each with an id of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from somex.app.cli.json_output import print_json
from somex.core.errors import FormatError
from somex.core.software import Software

if TYPE_CHECKING:
    from somex.core.types import LabeledDocument

_MAX_NAMES = 4


def link(
    documents: Annotated[
        list[Path],
        typer.Argument(help="documents.jsonl files, as `somex extract --out` writes them."),
    ],
    out: Annotated[Path, typer.Option(help="File for the software, one a line.")],
    kb: Annotated[
        Path | None,
        typer.Option(help="Knowledge base of `somex kb build`: its names and identifiers."),
    ] = None,
    top: Annotated[
        int, typer.Option(min=0, help="Show so many of the software mentioned most.")
    ] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print counts and the top software as JSON.")
    ] = False,
) -> None:
    """Join mentions of one software under its many names, across documents.

    "SPSS", "IBM SPSS Statistics" and "Statistical Package for the Social Sciences" become one
    software. The result does not depend on the order of documents and files.
    """
    from somex.linking.linker import link_documents
    from somex.readers.software_jsonl import write_software

    started = time.monotonic()
    counts = {"n_documents": 0}
    with ExitStack() as stack:
        base = None
        if kb is not None:
            from somex.kb.store import KnowledgeStore

            base = stack.enter_context(KnowledgeStore(kb))
        software = link_documents(_read(documents, counts), knowledge_base=base)
    write_software(software, out)
    counts |= {
        "n_mentions": sum(len(item.mentions) for item in software),
        "n_software": len(software),
        "n_with_identifier": sum(bool(item.identifiers) for item in software),
    }
    if as_json:
        print_json({**counts, "out": str(out), "top": [_to_json(s) for s in software[:top]]})
        return
    if top and software:
        Console().print(software_table(software[:top]))
    Console(stderr=True, highlight=False).print(
        f"{counts['n_mentions']} mentions in {counts['n_documents']} documents are of "
        f"{counts['n_software']} software, {counts['n_with_identifier']} with an identifier; "
        f"{time.monotonic() - started:.1f} s; in {escape(str(out))}",
        soft_wrap=True,
    )


def _read(paths: Sequence[Path], counts: dict[str, int]) -> Iterator[LabeledDocument]:
    """Read the documents of all files; an id that comes twice is an error with both places."""
    from somex.readers.jsonl import read_jsonl

    seen: dict[str, Path] = {}
    for path in paths:
        for labeled in read_jsonl(path):
            id = labeled.document.id
            if id in seen:
                message = f"document {id!r} is also in {seen[id]}; ids are unique in all files"
                raise FormatError(message, path=str(path))
            seen[id] = path
            counts["n_documents"] += 1
            yield labeled


def software_table(software: Sequence[Software]) -> Table:
    """Return a table of software: a row each, with its names and counts."""
    table = Table(header_style="bold")
    table.add_column("software", overflow="fold")
    table.add_column("type", overflow="fold")
    table.add_column("mentions", justify="right")
    table.add_column("documents", justify="right")
    table.add_column("other names", overflow="fold")
    table.add_column("identifiers", overflow="fold")
    for item in software:
        others = [name for name in item.names if name != item.name]
        more = f" and {len(others) - _MAX_NAMES} more" if len(others) > _MAX_NAMES else ""
        table.add_row(
            escape(item.name),
            str(item.type),
            str(len(item.mentions)),
            str(_n_documents(item)),
            escape("; ".join(others[:_MAX_NAMES]) + more),
            escape("; ".join(f"{i.scheme}: {i.value}" for i in item.identifiers[:2])),
        )
    return table


def _n_documents(software: Software) -> int:
    return len({mention.document_id for mention in software.mentions})


def _to_json(software: Software) -> dict[str, Any]:
    return {
        "id": software.id,
        "name": software.name,
        "names": list(software.names),
        "type": str(software.type),
        "n_mentions": len(software.mentions),
        "n_documents": _n_documents(software),
        "identifiers": [i.uri for i in software.identifiers],
    }
