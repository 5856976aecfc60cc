"""Where a graph can be loaded and asked: the protocol of stores, and what an answer is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pyoxigraph import Literal, NamedNode, Quad

from somex.graph.iris import Iris

Term = NamedNode | Literal


class Change(StrEnum):
    """What loading a named graph came to."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    SENT = "sent"  # to an endpoint, which does not tell


@dataclass(frozen=True, slots=True)
class Answer:
    """The table that a query gave.

    Attributes:
        columns: Names of the columns.
        rows: A value a column, as text; None where there is none. Lazy: read it once.
    """

    columns: tuple[str, ...]
    rows: Iterator[tuple[str | None, ...]]


class GraphStore(Protocol):
    """A place for named graphs."""

    def put_papers(self, papers: Mapping[NamedNode, Sequence[Quad]]) -> dict[Change, int]:
        """Let each graph hold exactly these statements; each one changes as a whole or not at all.

        Args:
            papers: Statements by named graph.

        Returns:
            How many graphs were changed, and how.
        """
        ...

    def put_software(self, graph: NamedNode, software: Iterator[Sequence[Quad]]) -> int:
        """Let a graph hold exactly the statements of these software.

        Args:
            graph: The graph of the linking.
            software: The statements of each software.

        Returns:
            How many software there are.
        """
        ...

    def count_unknown_software(self, iris: Iris) -> int:
        """Count software of the linking that papers name but its graph does not describe."""
        ...

    def close(self) -> None:
        """Save everything."""
        ...

    def ask(self, query: str) -> Answer:
        """Run a SPARQL query.

        Raises:
            FormatError: The query is not valid.
        """
        ...
