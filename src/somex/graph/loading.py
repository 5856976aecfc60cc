"""From JSON Lines to statements, and into a store; memory holds one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode, Quad

from somex.core.errors import FormatError
from somex.core.software import MentionRef
from somex.graph.described import software_quads
from somex.graph.iris import Iris
from somex.graph.target import Change, GraphStore
from somex.graph.triples import paper_quads
from somex.readers.jsonl import read_results
from somex.readers.software_jsonl import read_software

_BATCH_QUADS = 20_000


@dataclass(frozen=True, slots=True)
class GraphSource:
    """What a graph is made of.

    Attributes:
        documents: Files of JSON Lines, or folders that `somex extract` wrote.
        software: File of linked software; None where nobody linked.
        iris: Makes the names.
    """

    documents: tuple[Path, ...]
    software: Path | None = None
    iris: Iris = field(default_factory=Iris)

    def papers(self) -> Iterator[tuple[NamedNode, list[Quad]]]:
        """Yield each paper's graph and statements.

        Raises:
            FormatError: A file breaks its form, or two lines have the same id.
        """
        software_ids = self._software_ids()
        seen: dict[str, Path] = {}
        for path in self.documents:
            for result in read_results(path):
                id = result.labeled.document.id
                if seen.setdefault(id, path) != path:
                    raise FormatError(f"id {id!r} is in {seen[id]} too", path=str(path))
                quads = paper_quads(
                    result.labeled,
                    model=result.model,
                    iris=self.iris,
                    software_ids=software_ids,
                    software=result.software,
                )
                yield self.iris.paper_graph(id), list(quads)

    def _software_ids(self) -> Mapping[MentionRef, str]:
        if self.software is None:
            return {}
        found: dict[MentionRef, str] = {}
        for software in read_software(self.software):
            for mention in software.mentions:
                if found.setdefault(mention, software.id) != software.id:
                    raise FormatError(
                        f"mention {mention.mention_id} of {mention.document_id!r} belongs to "
                        f"software {found[mention]!r} and {software.id!r}",
                        path=str(self.software),
                    )
        return found

    def linked(self) -> Iterator[list[Quad]]:
        """Yield the statements of each linked software; nothing where nobody linked."""
        if self.software is not None:
            for software in read_software(self.software):
                yield list(software_quads(software, iris=self.iris))

    def quads(self) -> Iterator[Quad]:
        """Yield all statements, those of the papers first."""
        for _, quads in self.papers():
            yield from quads
        for quads in self.linked():
            yield from quads


@dataclass(slots=True)
class LoadReport:
    """What a load came to.

    Attributes:
        papers: Number of papers by change.
        n_quads: Statements of the papers read.
        n_software: Software of the linking; None where nobody linked.
    """

    papers: dict[Change, int]
    n_quads: int = 0
    n_software: int | None = None


def load_graph(source: GraphSource, store: GraphStore) -> Iterator[LoadReport]:
    """Load papers and software into a store.

    Loading is idempotent. A paper's graph is replaced where its statements changed, so another
    model's annotation takes the place of the earlier one; what is not in the source stays.

    Yields:
        The report so far, after each batch; the last one is complete.
    """
    report = LoadReport(dict.fromkeys(Change, 0))
    if source.software is not None:
        report.n_software = store.put_software(source.iris.linking_graph(), source.linked())
    batch: dict[NamedNode, Sequence[Quad]] = {}
    n_waiting = 0
    for graph, quads in source.papers():
        batch[graph] = quads
        n_waiting += len(quads)
        if n_waiting >= _BATCH_QUADS:
            _put(batch, n_waiting, store, report)
            batch, n_waiting = {}, 0
            yield report
    _put(batch, n_waiting, store, report)
    yield report


def _put(
    batch: Mapping[NamedNode, Sequence[Quad]], n_quads: int, store: GraphStore, report: LoadReport
) -> None:
    for change, n in store.put_papers(batch).items():
        report.papers[change] += n
    report.n_quads += n_quads
