"""Statements of one named graph, each once, those of a subject together."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Quad

from somex.graph import vocabulary as v

Term = NamedNode | Literal
_SURROGATE = re.compile("[\ud800-\udfff]")


def text(value: str) -> Literal:
    """Return a text as a literal; halves of surrogate pairs become U+FFFD."""
    return Literal(_SURROGATE.sub("�", value))


def count(value: int) -> Literal:
    """Return an offset as a literal."""
    return Literal(str(value), datatype=v.INTEGER)


def probability(value: float) -> Literal:
    """Return a confidence as a decimal of at most six places, in canonical form."""
    digits = f"{value:.6f}".rstrip("0").rstrip(".")
    return Literal(digits, datatype=v.DECIMAL)


def date(value: str) -> Literal | None:
    """Return an ISO 8601 date, month or year as a literal; None where it is none."""
    try:
        full = value + "-01-01"[max(len(value) - 4, 0) :]
        datetime.date.fromisoformat(full)
    except ValueError:
        return None
    return Literal(value, datatype=v.DATES[len(value)]) if len(value) in v.DATES else None


class Statements:
    """Gathers statements of one graph.

    Args:
        graph: Name of the graph.
    """

    def __init__(self, graph: NamedNode) -> None:
        self.graph = graph
        self._by_subject: dict[NamedNode, dict[tuple[NamedNode, Term], None]] = {}

    def add(self, subject: NamedNode, predicate: NamedNode, *objects: Term | None) -> None:
        """Add statements of one subject and predicate; None stands for no object."""
        known = self._by_subject.setdefault(subject, {})
        for object in objects:
            if object is not None:
                known[predicate, object] = None

    def __iter__(self) -> Iterator[Quad]:
        """Yield the statements, subjects and statements in the order of their first mention."""
        for subject, statements in self._by_subject.items():
            for predicate, object in statements:
                yield Quad(subject, predicate, object, self.graph)
