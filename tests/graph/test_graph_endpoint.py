from __future__ import annotations

import socket
from base64 import b64decode

import pytest

import graph_papers as papers
from somex.core import ConfigError, FormatError
from somex.graph.ask import ask
from somex.graph.endpoint import PROTOCOLS, Endpoint
from somex.graph.iris import Iris
from somex.graph.loading import GraphSource, load_graph
from somex.graph.target import Change
from somex.readers.software_jsonl import write_software
from sparql_server import serve


@pytest.fixture
def server():
    with serve() as running:
        yield running


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_graph_endpoint_gets_the_same_statements_each_time(server, protocol, tmp_path):
    source = GraphSource((papers.write_papers(tmp_path),), papers.write_linked(tmp_path))
    endpoint = Endpoint(server.url + "/x", protocol=protocol)
    for _ in range(2):
        *_, report = load_graph(source, endpoint)
        assert report.papers[Change.SENT] == 3
        assert set(server.store) == set(source.quads())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_graph_endpoint_replaces_papers_and_linking(server, protocol, tmp_path, monkeypatch):
    monkeypatch.setattr("somex.graph.endpoint._BATCH", 2)
    endpoint = Endpoint(server.url, protocol=protocol)
    documents = papers.write_papers(tmp_path)
    *_, _ = load_graph(GraphSource((documents,), papers.write_linked(tmp_path)), endpoint)
    papers.write_papers(tmp_path, model=papers.MODEL)
    write_software(papers.software()[:1], tmp_path / "software.jsonl")
    source = GraphSource((documents,), tmp_path / "software.jsonl")
    *_, _ = load_graph(source, endpoint)
    assert set(server.store) == set(source.quads())
    assert endpoint.count_unknown_software(Iris()) == 0


def test_graph_endpoint_answers_questions(server, tmp_path):
    source = GraphSource((papers.write_papers(tmp_path),), papers.write_linked(tmp_path))
    endpoint = Endpoint(server.url)
    *_, _ = load_graph(source, endpoint)
    answer = ask(endpoint, "versions-of", {"name": "fwa"})
    assert answer.columns == ("version", "papers")
    assert list(answer.rows) == [("2.1", "1"), ("2.2", "1")]
    assert list(endpoint.ask("ASK { }").rows) == [("true",)]


def test_graph_endpoint_sends_name_and_password(server):
    address = server.url.replace("http://", "http://ann:p%40ss@")
    endpoint = Endpoint(address + "/q")
    list(endpoint.ask("ASK { }").rows)
    secret = server.seen[0][2]["Authorization"].removeprefix("Basic ")
    assert b64decode(secret) == b"ann:p@ss"
    assert "p%40ss" not in endpoint.url


def test_graph_endpoint_names_the_graph_in_the_address(server):
    endpoint = Endpoint(server.url + "/data?x=1", protocol="graph-store")
    endpoint.put_papers({Iris().paper_graph("a/b&c"): ()})
    assert server.seen[0][1] == "/data?x=1&graph=urn%3Asomex%3Agraph%2Fpaper%2Fa%252Fb%2526c"


def test_graph_endpoint_tells_what_went_wrong(server):
    with pytest.raises(FormatError, match="answered 400 Bad Request: bad query: "):
        Endpoint(server.url).ask("SELECT nonsense")
    with pytest.raises(FormatError, match="no SPARQL results in JSON"):
        Endpoint(server.url + "/broken").ask("ASK { }")
    with pytest.raises(FormatError, match=r"gave no answer within 0.2 s"):
        Endpoint(server.url + "/slow", timeout=0.2).ask("ASK { }")


def test_graph_endpoint_that_is_not_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FormatError, match=f"{port}.*can't be reached"):
        Endpoint(f"http://127.0.0.1:{port}/x", timeout=5).ask("ASK { }")


def test_graph_endpoint_refuses_other_addresses_and_protocols():
    for url in ("file:///etc/passwd", "ftp://host/x", "localhost:3030", ""):
        with pytest.raises(ConfigError, match="no web address"):
            Endpoint(url)
    with pytest.raises(ConfigError, match="'put'; valid: update, graph-store"):
        Endpoint("http://host", protocol="put")
