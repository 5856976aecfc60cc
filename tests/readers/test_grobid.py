from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import paper
from somex.core import FormatError
from somex.readers.grobid import read_with_grobid
from somex.readers.papers import read_paper


@dataclass
class Service:
    """A GROBID that answers what it is told to, in turn, and keeps what it was asked."""

    url: str = ""
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[str, bytes]] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            state.asked.append((self.path, self.rfile.read(length)))
            code, body = state.answers.pop(0)
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


def ask(service: Service) -> str:
    return read_with_grobid(b"%PDF-1.7 ...", url=service.url, path="p.pdf", id="p", pause=0).text


def test_grobid_reads_pdfs_by_the_service(service: Service, tmp_path: Path) -> None:
    service.answers.append((200, paper.as_tei().encode()))
    (tmp_path / "p.pdf").write_bytes(b"%PDF-1.7 made up")
    found = read_paper(tmp_path / "p.pdf", grobid=f"{service.url}/")
    assert " ".join(found.text.split()) == " ".join(" ".join(paper.blocks()).split())
    assert found.provenance["format"] == "grobid"
    assert found.provenance["doi"] == paper.DOI
    ((path, body),) = service.asked
    assert path == "/api/processFulltextDocument"
    assert b'name="input"' in body
    assert b"%PDF-1.7 made up" in body


def test_grobid_tries_again_where_the_service_is_busy(service: Service) -> None:
    service.answers += [(503, b"busy"), (503, b"busy"), (200, paper.as_tei().encode())]
    assert ask(service).startswith(paper.TITLE)
    assert len(service.asked) == 3


@pytest.mark.parametrize(
    ("code", "body", "message"),
    [
        (500, b"[BAD_INPUT_DATA] no PDF\n", r"answers 500 .*: \[BAD_INPUT_DATA\] no PDF"),
        (204, b"", "finds no text in the PDF"),
        (200, b"<html>hello", "no well-formed XML"),
    ],
)
def test_grobid_errors_name_the_file(
    service: Service, code: int, body: bytes, message: str
) -> None:
    service.answers.append((code, body))
    with pytest.raises(FormatError, match=rf"p\.pdf.*{message}"):
        ask(service)


def test_grobid_that_is_not_there_is_told() -> None:
    with pytest.raises(FormatError, match=r"p\.pdf: GROBID at http://127\.0\.0\.1:9/.* reached"):
        read_with_grobid(b"", url="http://127.0.0.1:9", path="p.pdf", id="p", timeout=2)
