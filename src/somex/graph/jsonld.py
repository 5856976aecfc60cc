"""JSON-LD with the short names of ``context.jsonld``, which stands at the head of the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from pyoxigraph import Literal, NamedNode, Quad

from somex.graph.vocabulary import INTEGER, PREFIXES, TYPE

CONTEXT_PATH = Path(__file__).with_name("context.jsonld")
_STRING = "http://www.w3.org/2001/XMLSchema#string"


@cache
def read_context() -> dict[str, Any]:
    """Return the ``@context`` object of `CONTEXT_PATH`."""
    context: dict[str, Any] = json.loads(CONTEXT_PATH.read_text(encoding="utf-8"))["@context"]
    return context


@cache
def _short_names() -> dict[str, tuple[str, str]]:
    """Return for each property its short name and the type that it gives its values."""
    found = {}
    for name, term in read_context().items():
        if isinstance(term, dict):
            prefix, _, local = term["@id"].partition(":")
            found[PREFIXES[prefix] + local] = (name, term.get("@type", ""))
    return found


@cache
def _shorten(iri: str) -> str:
    """Return an IRI of a vocabulary with its prefix, any other as it is."""
    for prefix, namespace in PREFIXES.items():
        local = iri.removeprefix(namespace)
        if local != iri and local.isalnum():
            return f"{prefix}:{local}"
    return iri


def write_jsonld(quads: Iterable[Quad], stream: IO[bytes]) -> None:
    """Write statements as one JSON-LD document, a line for each subject.

    Args:
        quads: Statements; those of a graph and of a subject stand together.
        stream: Where to, open for bytes.
    """
    head = json.dumps(read_context(), ensure_ascii=False)
    stream.write(f'{{"@context": {head},\n"@graph": ['.encode())
    before = ""
    for graph, inside in groupby(quads, key=lambda quad: quad.graph_name):
        assert isinstance(graph, NamedNode)
        opening = f'{before}\n{{"id": {json.dumps(graph.value)}, "@graph": ['
        stream.write(opening.encode())
        for line in _lines(inside):
            stream.write(line.encode())
        stream.write(b"\n]}")
        before = ","
    stream.write(b"\n]}\n")


def _lines(quads: Iterable[Quad]) -> Iterator[str]:
    before = ""
    for subject, statements in groupby(quads, key=lambda quad: quad.subject):
        assert isinstance(subject, NamedNode)
        node: dict[str, Any] = {"id": subject.value}
        for statement in statements:
            name, value = _member(statement)
            node.setdefault(name, []).append(value)
        short = {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in node.items()}
        yield f"{before}\n{json.dumps(short, ensure_ascii=False)}"
        before = ","


def _member(quad: Quad) -> tuple[str, object]:
    object = quad.object
    if quad.predicate == TYPE:
        assert isinstance(object, NamedNode)
        return "type", _shorten(object.value)
    property = quad.predicate.value
    name, kind = _short_names().get(property, (_shorten(property), ""))
    return name, _value(object, kind)


def _value(object: object, kind: str) -> object:
    """Return a value, with its type where the short name does not give it."""
    if isinstance(object, NamedNode):
        short = _shorten(object.value)
        return short if kind == "@id" else {"id": short}
    assert isinstance(object, Literal)
    datatype = object.datatype.value
    if _shorten(datatype) == kind:
        return int(object.value) if object.datatype == INTEGER else object.value
    if datatype == _STRING:
        return {"@value": object.value} if kind else object.value
    return {"@value": object.value, "@type": _shorten(datatype)}
