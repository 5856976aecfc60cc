"""The software knowledge graph: RDF of papers, an embedded store, ready questions."""

from somex.core.errors import MissingExtraError

try:
    import pyoxigraph as _pyoxigraph  # noqa: F401
except ImportError as error:
    raise MissingExtraError(
        "the graph needs pyoxigraph, which is not installed; run: pip install 'somex[graph]'"
    ) from error
