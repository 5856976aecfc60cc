from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse
from typer.testing import CliRunner

import graph_papers as papers
from somex.app.cli.main import app
from somex.core.errors import SomexError
from somex.graph.loading import GraphSource
from sparql_server import serve


def invoke(*arguments):
    return CliRunner().invoke(app, ["graph", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    papers.write_papers(folder, model=papers.MODEL)
    papers.write_linked(folder)
    return folder


@pytest.fixture(scope="module")
def store(folder):
    files = (folder / "documents.jsonl", "--software", folder / "software.jsonl")
    done = invoke("load", folder / "store", *files)
    assert done.exit_code == 0, done.output
    assert "3 papers (3 added)" in done.output
    assert "3 linked software" in done.output
    return folder / "store"


def test_cli_graph_load_twice_changes_nothing(store, folder):
    done = invoke("load", store, folder, "--software", folder / "software.jsonl")
    assert "3 papers (3 unchanged)" in done.output


@pytest.mark.parametrize("name", ["x.ttl", "x.nq", "x.jsonld"])
def test_cli_graph_export_by_suffix(name, folder, tmp_path):
    done = invoke("export", folder / "documents.jsonl", "--out", tmp_path / name)
    assert done.exit_code == 0, done.output
    source = GraphSource((folder / "documents.jsonl",))
    found = set(parse(path=str(tmp_path / name), format=RdfFormat.from_extension(name[2:])))
    assert {q.triple for q in found} == {q.triple for q in source.quads()}


def test_cli_graph_export_to_standard_output(folder):
    somex = str(Path(sys.executable).with_name("somex"))
    command = [somex, "graph", "export", str(folder), "--out", "-"]
    done = subprocess.run(
        [*command, "--format", "ntriples", "--base", "https://example.org/"], capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert b"<https://example.org/paper/second>" in done.stdout
    assert list(parse(done.stdout, format=RdfFormat.N_TRIPLES))


def test_cli_graph_query_lists_questions():
    done = invoke("query", "--list")
    assert done.exit_code == 0
    assert "most-used-software" in done.output


def test_cli_graph_query_table(store):
    done = invoke("query", store, "versions-of", "--name", "fwa")
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.output.splitlines() if line.strip()] == [
        ["version", "papers"],
        ["2.1", "1"],
        ["2.2", "1"],
    ]
    done = invoke("query", store, "versions-of", "--name", "nobody")
    assert done.output.strip() == "no rows"


def test_cli_graph_query_json_and_csv(store, tmp_path):
    done = invoke("query", store, "papers-using", "--doi", "10.5555/FWA.9", "--json", "-")
    rows = json.loads(done.output)["rows"]
    assert [row["paper"] for row in rows] == [papers.FIRST, papers.SECOND]
    done = invoke("query", store, "papers-using", "--identifier", "wikidata:Q1", "--csv", "-")
    found = list(csv.DictReader(io.StringIO(done.output)))
    assert found[0]["title"] == 'Mosses "in" the North'
    files = tmp_path / "a.json", tmp_path / "a.csv"
    done = invoke("query", store, "models", "--json", files[0], "--csv", files[1])
    assert json.loads(files[0].read_text())["columns"] == done_columns(files[1])


def done_columns(path: Path) -> list[str]:
    return next(csv.reader(path.open()))


def test_cli_graph_query_own_sparql(store, tmp_path):
    text = "SELECT (COUNT(*) AS ?n) WHERE { ?s a <http://schema.org/ScholarlyArticle> }"
    path = tmp_path / "own.rq"
    path.write_text(text)
    for own in (text, path):
        done = invoke("query", store, "--sparql", own, "--json", "-")
        assert json.loads(done.output)["rows"] == [{"n": "3"}]


def test_cli_graph_works_with_an_endpoint(folder):
    with serve() as server:
        done = invoke("load", folder, "--endpoint", server.url, "--protocol", "graph-store")
        assert "3 papers (3 sent)" in done.output
        done = invoke("query", "models", "--endpoint", server.url, "--csv", "-")
        assert done.output.splitlines()[1] == "extraction with tiny,tiny,0123456789ab,3"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("query", "STORE"), "name one question"),
        (("query", "STORE", "versions-of", "--paper", "x"), "no parameter 'paper'"),
        (("query", "STORE", "nonsense"), "unknown question"),
        (("query", "STORE", "models", "--sparql", "ASK {}"), "leave out QUESTION"),
        (("query", "STORE", "papers-using", "--doi", "x", "--identifier", "y"), "the same thing"),
        (("query", "STORE", "--sparql", "missing.rq"), "no such file"),
        (("query",), "name one question"),
        (("load", "STORE"), "no documents"),
        (("export", "documents.jsonl", "--out", "-"), "needs --format"),
        (("export", "documents.jsonl", "--out", "x.rdf"), "names no format"),
        (("export", "missing.jsonl", "--out", "x.ttl"), "no such file"),
        (("load", "x", "d.jsonl", "--base", "here"), "base 'here'"),
    ],
)
def test_cli_graph_names_faults(arguments, message, store):
    done = invoke(*(store if part == "STORE" else part for part in arguments))
    assert isinstance(done.exception, SomexError)
    assert message in str(done.exception)


def test_cli_graph_failed_export_leaves_the_old_file(tmp_path):
    out, broken = tmp_path / "x.ttl", tmp_path / "broken.jsonl"
    out.write_text("old")
    broken.write_text("{}\n")
    assert invoke("export", broken, "--out", out).exception is not None
    assert out.read_text() == "old"
