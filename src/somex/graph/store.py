"""The embedded store: Oxigraph in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyoxigraph import (
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QuerySolutions,
    RdfFormat,
    Store,
    serialize,
)

from somex.core.errors import FormatError
from somex.graph.iris import Iris
from somex.graph.target import Answer, Change
from somex.graph.vocabulary import MENTIONS

_BATCH = 2000  # software a transaction


class EmbeddedStore:
    """A store in a folder; one process at a time may write, others may read."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, folder: str | Path, *, read_only: bool = False) -> EmbeddedStore:
        """Open the store of a folder; to write, it is made where it is missing.

        Raises:
            FormatError: The folder holds no store, or another process is writing to it.
        """
        path = Path(folder)
        if read_only and not (path / "CURRENT").is_file():
            raise FormatError(
                "holds no graph store; load one with `somex graph load`", path=str(folder)
            )
        if (
            not read_only
            and path.is_dir()
            and any(path.iterdir())
            and not (path / "CURRENT").is_file()
        ):
            raise FormatError("is a folder of something else; name a new one", path=str(folder))
        try:
            if not read_only:
                path.parent.mkdir(parents=True, exist_ok=True)
            return cls(Store.read_only(str(path)) if read_only else Store(str(path)))
        except OSError as error:
            reason = " ".join(str(error).split())
            if "lock" in reason.lower():
                reason = "another process writes to this store; wait until it is done"
            raise FormatError(
                f"can't be opened as a graph store: {reason}", path=str(folder)
            ) from None

    def close(self) -> None:
        """Save everything to disk."""
        self.store.flush()

    def put_papers(self, papers: Mapping[NamedNode, Sequence[Quad]]) -> dict[Change, int]:
        """Let each graph hold exactly these statements, each in one transaction."""
        changes = dict.fromkeys(Change, 0)
        new: list[Quad] = []
        for graph, quads in papers.items():
            known = set(self.store.quads_for_pattern(None, None, None, graph))
            if not known:
                new.extend(quads)
                changes[Change.ADDED] += 1
            elif known == set(quads):
                changes[Change.UNCHANGED] += 1
            else:
                self._replace(known, quads)
                changes[Change.REPLACED] += 1
        self.store.extend(new)  # one transaction
        return changes

    def _replace(self, known: set[Quad], quads: Iterable[Quad]) -> None:
        """Remove and add in one transaction what makes the difference."""
        wanted = set(quads)
        parts = [("DELETE DATA", known - wanted), ("INSERT DATA", wanted - known)]
        update = " ;\n".join(f"{verb} {{ {data_block(part)} }}" for verb, part in parts if part)
        if update:
            self.store.update(update)

    def put_software(self, graph: NamedNode, software: Iterator[Sequence[Quad]]) -> int:
        """Let a graph hold exactly these statements.

        Memory holds the names of all software, but the statements of `_BATCH` only; a load that
        was killed left each software as it was before or is to be, and the next load goes on.
        """
        seen: set[NamedNode] = set()
        n_software = 0
        batch: dict[NamedNode, set[Quad]] = {}
        for quads in software:
            n_software += 1
            for quad in quads:
                assert isinstance(quad.subject, NamedNode)
                batch.setdefault(quad.subject, set()).add(quad)
            if len(batch) >= _BATCH:
                self._put_subjects(graph, batch, seen)
                batch = {}
        self._put_subjects(graph, batch, seen)
        self._remove_others(graph, seen)
        return n_software

    def _put_subjects(
        self, graph: NamedNode, batch: Mapping[NamedNode, set[Quad]], seen: set[NamedNode]
    ) -> None:
        known: set[Quad] = set()
        wanted: set[Quad] = set()
        for subject, quads in batch.items():
            there = set(self.store.quads_for_pattern(subject, None, None, graph))
            # a developer may have statements of several software: those met before stay
            known |= there & quads if subject in seen else there
            wanted |= quads
        seen.update(batch)
        if known:
            self._replace(known, wanted)
        else:
            self.store.extend(wanted)

    def _remove_others(self, graph: NamedNode, seen: set[NamedNode]) -> None:
        """Remove the subjects of a graph that are not among ``seen``."""
        stale: set[Quad] = set()
        for quad in self.store.quads_for_pattern(None, None, None, graph):
            if quad.subject not in seen:
                stale.add(quad)
            if len(stale) >= 20 * _BATCH:
                self._replace(stale, ())
                stale = set()
        self._replace(stale, ())

    def count_unknown_software(self, iris: Iris) -> int:
        """Count software of the linking that papers name but its graph does not describe."""
        graph, start = iris.linking_graph(), iris.software("").value
        named = {
            quad.object
            for quad in self.store.quads_for_pattern(None, MENTIONS, None, None)
            if isinstance(quad.object, NamedNode) and quad.object.value.startswith(start)
        }
        return sum(
            next(self.store.quads_for_pattern(node, None, None, graph), None) is None
            for node in named
        )

    def ask(self, query: str) -> Answer:
        """Run a SPARQL query; without ``GRAPH`` it sees the statements of all graphs.

        Raises:
            FormatError: The query is not valid.
        """
        try:
            found = self.store.query(query, use_default_graph_as_union=True)
        except SyntaxError as error:
            raise FormatError(f"the query is no valid SPARQL: {error.msg or error}") from None
        if isinstance(found, QueryBoolean):
            return Answer(("answer",), iter([("true" if found else "false",)]))
        if isinstance(found, QuerySolutions):
            names = [variable.value for variable in found.variables]
            rows = (tuple(_plain(solution[name]) for name in names) for solution in found)
            return Answer(tuple(names), rows)
        triples = ((_plain(t.subject), _plain(t.predicate), _plain(t.object)) for t in found)
        return Answer(("subject", "predicate", "object"), triples)

    def digest(self) -> tuple[int, str]:
        """Return the number of statements and a hash of them, whatever their order."""
        total, n_quads = 0, 0
        for quad in self.store:
            n_quads += 1
            total += int.from_bytes(sha256(str(quad).encode()).digest())
        return n_quads, f"{total % 2**256:064x}"


def _plain(term: Any) -> str | None:
    """Return a term as text without quotes and brackets."""
    if term is None:
        return None
    return term.value if isinstance(term, NamedNode | Literal) else str(term)


def data_block(quads: Iterable[Quad]) -> str:
    """Return statements as the ground data of a SPARQL update; they are of one graph or none."""
    by_graph: dict[Any, list[Any]] = {}
    for quad in quads:
        by_graph.setdefault(quad.graph_name, []).append(quad.triple)
    return "\n".join(
        f"GRAPH {graph} {{\n{triples_text(triples)}}}" for graph, triples in by_graph.items()
    )


def triples_text(triples: Iterable[Any]) -> str:
    """Return triples as N-Triples, which are Turtle and so fit into SPARQL."""
    raw = serialize(triples, format=RdfFormat.N_TRIPLES)
    assert raw is not None
    return raw.decode("utf-8")
