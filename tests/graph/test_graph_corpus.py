from __future__ import annotations

import os
import time
from importlib.resources import files
from pathlib import Path

import pytest

from somex.graph.ask import questions
from somex.graph.loading import GraphSource, load_graph
from somex.graph.store import EmbeddedStore, triples_text
from somex.graph.target import Change
from somex.readers.jsonl import write_jsonl
from somex.readers.registry import read_corpus

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA names no corpora"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("somesci") / "documents.jsonl"
    write_jsonl(read_corpus(Path(os.environ["SOMEX_DATA"]) / "somesci"), path)
    return GraphSource((path,))


def test_graph_corpus_loads_once_and_answers_within_two_seconds(source, tmp_path):
    store = EmbeddedStore.open(tmp_path / "store")
    *_, report = load_graph(source, store)
    before = store.digest()
    *_, again = load_graph(source, store)
    assert again.papers[Change.UNCHANGED] == report.papers[Change.ADDED] > 1000
    assert store.digest() == before
    values = {"name": "R", "identifier": "10.1234/none", "paper": "Pubmed_fulltext/PMC4915027"}
    for question in questions().values():
        started = time.perf_counter()
        chosen = {name: values[name] for name in question.one_of}
        list(store.ask(question.bind(chosen)).rows)
        assert time.perf_counter() - started < 2, question.name


@pytest.mark.slow
def test_graph_corpus_sample_keeps_the_shapes(source):
    pyshacl, rdflib = pytest.importorskip("pyshacl"), pytest.importorskip("rdflib")
    shapes, graph = rdflib.Graph(), rdflib.Graph()
    shapes.parse(data=files("somex.graph").joinpath("shapes.ttl").read_text("utf-8"))
    for n, (_, quads) in enumerate(source.papers()):
        if n % 20 == 0:
            graph.parse(data=triples_text(quad.triple for quad in quads), format="nt")
    assert len(graph) > 3000
    conforms, _, report = pyshacl.validate(graph, shacl_graph=shapes)
    assert conforms, report
