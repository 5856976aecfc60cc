"""A SPARQL 1.1 server on this machine, for tests: Oxigraph in memory behind http.server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, RdfFormat, Store


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _reply(self, status: int, body: bytes = b"", kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        if parts.path == "/slow":
            time.sleep(1)
        if parts.path == "/broken":
            return self._reply(200, b"<html>hello</html>")
        store, kind = self.server.store, self.headers.get("Content-Type", "")
        try:
            if kind == "application/sparql-update":
                store.update(body.decode())
            elif kind == "application/sparql-query":
                return self._answer(body.decode())
            elif kind == "application/n-triples":
                graph = NamedNode(parse_qs(parts.query)["graph"][0])
                if self.command == "PUT":
                    store.clear_graph(graph)
                store.load(body, RdfFormat.N_TRIPLES, to_graph=graph)
            else:
                return self._reply(415, f"what is {kind}?".encode())
        except SyntaxError as error:
            return self._reply(400, f"bad query:\n {error}".encode())
        return self._reply(204)

    do_POST = do_PUT = _handle

    def _answer(self, query: str) -> None:
        found = self.server.store.query(query)  # only the default graph, as many endpoints do
        assert isinstance(found, QueryBoolean) or hasattr(found, "variables")
        body = found.serialize(format=QueryResultsFormat.JSON)
        self._reply(200, body, "application/sparql-results+json")


class Server(ThreadingHTTPServer):
    """The server: its store, its address and the requests that it got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = Store()
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: clients that give up are part of the tests."""


@contextmanager
def serve() -> Iterator[Server]:
    with Server() as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
