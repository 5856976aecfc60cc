"""The graph as outputs of ``somex extract --also``: Turtle and JSON-LD."""

from __future__ import annotations

from pathlib import Path

from somex.core.errors import MissingExtraError
from somex.outputs.registry import Output
from somex.outputs.source import OutputSource
from somex.readers.files import open_atomic


def _check() -> None:
    try:
        import pyoxigraph  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "the graph needs pyoxigraph, which is not installed; pip install 'somex[graph]'"
        ) from None


def _graph(format: str, name: str, suffix: str) -> Output:
    def write(source: OutputSource, place: Path) -> str:
        from somex.graph.formats import write_quads
        from somex.graph.loading import GraphSource

        graph = GraphSource(tuple(source.documents), source.software)
        with open_atomic(place) as stream:
            n_quads = write_quads(graph.quads(), stream, format=format)
        return f"{n_quads} statements"

    return Output(format, f"The knowledge graph as {name}", f"graph.{suffix}", write, _check)


TURTLE = _graph("turtle", "Turtle", "ttl")
JSONLD = _graph("jsonld", "JSON-LD", "jsonld")
