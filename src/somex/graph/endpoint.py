"""Any SPARQL 1.1 endpoint over HTTP: query, update, and the Graph Store Protocol."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pyoxigraph import NamedNode, Quad

from somex.core.errors import ConfigError, FormatError, unknown_value
from somex.graph.iris import Iris
from somex.graph.store import triples_text
from somex.graph.target import Answer, Change

UPDATE, GRAPH_STORE = "update", "graph-store"
PROTOCOLS = (UPDATE, GRAPH_STORE)
_BATCH = 2000  # software a request
_SHOWN = 200


class Endpoint:
    """A SPARQL endpoint.

    Args:
        url: Address that takes queries, updates or graphs, whichever is asked of it; name and
            password for it may stand in it, as ``https://name:password@host/path``.
        protocol: How graphs are sent: ``update`` (SPARQL 1.1 Update) or ``graph-store`` (Graph
            Store HTTP Protocol).
        timeout: Seconds to wait for an answer.

    Raises:
        ConfigError: The URL is none of http or https, or there is no such protocol.
    """

    def __init__(self, url: str, *, protocol: str = UPDATE, timeout: float = 60.0) -> None:
        if protocol not in PROTOCOLS:
            raise ConfigError(unknown_value("protocol", protocol, list(PROTOCOLS)))
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"endpoint {url!r} is no web address; valid: http://... or https://..."
            )
        host = parts.netloc.rpartition("@")[2]
        self.url = urlunsplit(parts._replace(netloc=host))
        self._protocol, self._timeout = protocol, timeout
        self._secret = ""
        if parts.username is not None:
            secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._secret = "Basic " + b64encode(secret.encode()).decode("ascii")

    def _send(
        self,
        data: str,
        content_type: str,
        *,
        url: str = "",
        method: str = "POST",
        accept: str = "*/*",
    ) -> bytes:
        headers = {"User-Agent": "somex", "Content-Type": content_type, "Accept": accept}
        request = urllib.request.Request(
            url or self.url, data.encode("utf-8"), headers, method=method
        )
        if self._secret:  # for this host alone, not for one that it sends us on to
            request.add_unredirected_header("Authorization", self._secret)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                body: bytes = response.read()
                return body
        except urllib.error.HTTPError as error:
            told = " ".join(error.read(2000).decode("utf-8", "replace").split())[:_SHOWN]
            message = f"answered {error.code} {error.reason}: {told}".rstrip(": ")
        except TimeoutError:
            message = f"gave no answer within {self._timeout:g} s"
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            timed_out = isinstance(reason, TimeoutError)
            message = (
                f"gave no answer within {self._timeout:g} s"
                if timed_out
                else f"can't be reached: {reason}"
            )
        raise FormatError(message, path=self.url)

    def put_papers(self, papers: Mapping[NamedNode, Sequence[Quad]]) -> dict[Change, int]:
        """Send each graph in one request, which endpoints carry out as a whole."""
        for graph, quads in papers.items():
            self._put(graph, quads)
        return dict.fromkeys(Change, 0) | {Change.SENT: len(papers)}

    def put_software(self, graph: NamedNode, software: Iterator[Sequence[Quad]]) -> int:
        """Send the graph of a linking: the first part in place of the old one, then the rest."""
        n_software = 0
        is_first = True
        while part := list(islice(software, _BATCH)):
            quads = {quad: None for one in part for quad in one}
            n_software += len(part)
            if is_first:
                self._put(graph, quads)
            else:
                self._add(graph, quads)
            is_first = False
        if is_first:
            self._put(graph, ())
        return n_software

    def _put(self, graph: NamedNode, quads: Iterable[Quad]) -> None:
        triples = triples_text(quad.triple for quad in quads)
        if self._protocol == GRAPH_STORE:
            self._send(triples, "application/n-triples", url=self._graph_url(graph), method="PUT")
            return
        insert = f"INSERT DATA {{ GRAPH {graph} {{\n{triples}}} }}"
        self._send(f"CLEAR SILENT GRAPH {graph} ;\n{insert}", "application/sparql-update")

    def _add(self, graph: NamedNode, quads: Iterable[Quad]) -> None:
        triples = triples_text(quad.triple for quad in quads)
        if self._protocol == GRAPH_STORE:
            self._send(triples, "application/n-triples", url=self._graph_url(graph))
            return
        insert = f"INSERT DATA {{ GRAPH {graph} {{\n{triples}}} }}"
        self._send(insert, "application/sparql-update")

    def _graph_url(self, graph: NamedNode) -> str:
        mark = "&" if urlsplit(self.url).query else "?"
        return f"{self.url}{mark}graph={quote(graph.value, safe='')}"

    def count_unknown_software(self, iris: Iris) -> int:
        """Return 0: endpoints are not searched."""
        return 0

    def close(self) -> None:
        """Do nothing: endpoints save on their own."""

    def ask(self, query: str) -> Answer:
        """Run a SPARQL query (SELECT or ASK).

        Raises:
            FormatError: The endpoint can't be reached, refuses the query or answers something
                else than SPARQL results in JSON.
        """
        kind = "application/sparql-results+json"
        raw = self._send(query, "application/sparql-query", accept=kind)
        try:
            found = json.loads(raw)
            if "boolean" in found:
                return Answer(("answer",), iter([(str(found["boolean"]).lower(),)]))
            columns = tuple(found["head"]["vars"])
            rows = [
                tuple(row[name]["value"] if name in row else None for name in columns)
                for row in found["results"]["bindings"]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"answered no SPARQL results in JSON ({kind}), but {raw[:60]!r}: {error!r}",
                path=self.url,
            ) from None
        return Answer(columns, iter(rows))
