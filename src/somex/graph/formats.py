"""Writers: statements as Turtle, TriG, N-Triples, N-Quads and JSON-LD, streamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from pyoxigraph import Quad, RdfFormat, Triple, serialize

from somex.core.errors import FormatError, unknown_value
from somex.graph.jsonld import write_jsonld
from somex.graph.vocabulary import PREFIXES

Writer = Callable[[Iterable[Quad], IO[bytes]], None]


def _triples(quads: Iterable[Quad]) -> Iterator[Triple]:
    return (quad.triple for quad in quads)


def _write_turtle(quads: Iterable[Quad], stream: IO[bytes]) -> None:
    serialize(_triples(quads), stream, RdfFormat.TURTLE, prefixes=PREFIXES)


def _write_ntriples(quads: Iterable[Quad], stream: IO[bytes]) -> None:
    serialize(_triples(quads), stream, RdfFormat.N_TRIPLES)


def _write_nquads(quads: Iterable[Quad], stream: IO[bytes]) -> None:
    serialize(quads, stream, RdfFormat.N_QUADS)


def _write_trig(quads: Iterable[Quad], stream: IO[bytes]) -> None:
    serialize(quads, stream, RdfFormat.TRIG, prefixes=PREFIXES)


_WRITERS: dict[str, tuple[Writer, tuple[str, ...]]] = {
    "turtle": (_write_turtle, (".ttl",)),
    "ntriples": (_write_ntriples, (".nt",)),
    "nquads": (_write_nquads, (".nq",)),
    "trig": (_write_trig, (".trig",)),
    "jsonld": (write_jsonld, (".jsonld", ".json")),
}
FORMATS = tuple(_WRITERS)
"""Names of the formats; ``turtle`` and ``ntriples`` can't say which graph a statement is in."""


def format_of(path: str) -> str:
    """Return the format that a file's suffix stands for.

    Raises:
        FormatError: It stands for none.
    """
    suffix = re.sub(r"^.*(\.[^./]*)$", r"\1", path.lower(), flags=re.DOTALL)
    for name, (_, suffixes) in _WRITERS.items():
        if suffix in suffixes:
            return name
    valid = ", ".join(suffix for _, suffixes in _WRITERS.values() for suffix in suffixes)
    raise FormatError(f"the suffix names no format; valid: {valid}, or name it", path=path)


def write_quads(quads: Iterable[Quad], stream: IO[bytes], *, format: str) -> int:
    """Write statements one by one.

    Args:
        quads: Statements; those of a subject stand together.
        stream: Where to, open for bytes.
        format: One of `FORMATS`.

    Returns:
        How many statements were written.

    Raises:
        FormatError: There is no such format.
    """
    if format not in _WRITERS:
        raise FormatError(unknown_value("graph format", format, list(FORMATS)))
    n_quads = 0

    def counted() -> Iterator[Quad]:
        nonlocal n_quads
        for quad in quads:
            n_quads += 1
            yield quad

    _WRITERS[format][0](counted(), stream)
    return n_quads
