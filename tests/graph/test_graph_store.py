from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import graph_papers as papers
from somex.core import Document, FormatError, LabeledDocument
from somex.core.schema import EntityType
from somex.core.software import MentionRef, Software
from somex.graph.iris import Iris
from somex.graph.loading import GraphSource, load_graph
from somex.graph.store import EmbeddedStore
from somex.graph.target import Change
from somex.graph.triples import paper_quads
from somex.readers.jsonl import write_jsonl
from somex.readers.software_jsonl import write_software


def load(store, *documents, software=None, iris=None):
    source = GraphSource(tuple(documents), software, iris or Iris())
    *_, report = load_graph(source, store)
    return {change: n for change, n in report.papers.items() if n}


@pytest.fixture
def store(tmp_path):
    return EmbeddedStore.open(tmp_path / "store")


def test_graph_store_loading_twice_changes_nothing(store, tmp_path):
    documents, software = papers.write_papers(tmp_path), papers.write_linked(tmp_path)
    assert load(store, documents, software=software) == {Change.ADDED: 3}
    before = store.digest()
    assert load(store, documents, software=software) == {Change.UNCHANGED: 3}
    assert store.digest() == before
    assert before[0] == len({*store.store})


def test_graph_store_holds_what_export_writes(store, tmp_path):
    documents, software = papers.write_papers(tmp_path), papers.write_linked(tmp_path)
    load(store, documents, software=software)
    assert set(store.store) == set(GraphSource((documents,), software).quads())


def test_graph_store_a_new_model_replaces_the_statements_of_its_papers(store, tmp_path):
    gold = papers.write_papers(tmp_path)
    load(store, gold)
    changed = tmp_path / "changed.jsonl"
    bare = LabeledDocument(papers.second().document)
    write_jsonl([bare], changed, model=papers.MODEL)
    assert load(store, changed) == {Change.REPLACED: 1}
    graph = Iris().paper_graph(papers.SECOND)
    found = set(store.store.quads_for_pattern(None, None, None, graph))
    assert found == set(paper_quads(bare, model=papers.MODEL))
    load(store, gold)
    assert set(store.store) == set(GraphSource((gold,)).quads())


def test_graph_store_a_new_linking_takes_the_place_of_the_old_one(store, tmp_path):
    documents, software = papers.write_papers(tmp_path), papers.write_linked(tmp_path)
    load(store, documents, software=software)
    fewer = tmp_path / "fewer.jsonl"
    write_software(papers.software()[:2], fewer)
    load(store, documents, software=fewer)
    assert set(store.store) == set(GraphSource((documents,), fewer).quads())
    other = Iris(linking="other")
    load(store, documents, software=software, iris=other)
    names = {graph.value for graph in store.store.named_graphs()}
    assert {"urn:somex:graph/linking/default", "urn:somex:graph/linking/other"} <= names


def test_graph_store_tells_of_papers_whose_software_is_gone(store, tmp_path):
    documents, software = papers.write_papers(tmp_path), papers.write_linked(tmp_path)
    load(store, documents, software=software)
    assert store.count_unknown_software(Iris()) == 0
    fewer = tmp_path / "fewer.jsonl"
    write_software(papers.software()[:1], fewer)
    only = tmp_path / "only.jsonl"
    write_jsonl([papers.third()], only)
    load(store, only, software=fewer)
    assert store.count_unknown_software(Iris()) == 2


def test_graph_store_many_software_are_put_in_parts(store, monkeypatch):
    monkeypatch.setattr("somex.graph.store._BATCH", 2)
    many = [
        Software(f"S{n}", f"Tool {n}", (), EntityType.APPLICATION, (), developers=(f"Dev {n % 3}",))
        for n in range(9)
    ]
    from somex.graph.described import software_quads

    graph = Iris().linking_graph()
    for chosen in (many, many[:4], many[2:], many):
        assert store.put_software(graph, (list(software_quads(s)) for s in chosen)) == len(chosen)
        assert set(store.store) == {q for s in chosen for q in software_quads(s)}


_KILLED = """
import sys
from pathlib import Path
from somex.graph import loading
from somex.graph.loading import GraphSource, load_graph
from somex.graph.store import EmbeddedStore
loading._BATCH_QUADS = 500
store = EmbeddedStore.open(sys.argv[1])
for report in load_graph(GraphSource((Path(sys.argv[2]),)), store):
    print(sum(report.papers.values()), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_graph_store_a_killed_load_leaves_no_half_paper_and_goes_on(tmp_path):
    words = [f"Fernwick {n}" for n in range(20)]
    many = [
        papers.label(
            Document(f"d{n}", " ".join(words)), [(EntityType.APPLICATION, w) for w in words]
        )
        for n in range(60)
    ]
    path = tmp_path / "many.jsonl"
    write_jsonl(many, path)
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "store"), str(path)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    running.stdout.readline()
    time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    store = EmbeddedStore.open(tmp_path / "store")
    expected = dict(GraphSource((path,)).papers())
    there = set(store.store.named_graphs())
    assert there
    for graph in there:
        found = set(store.store.quads_for_pattern(None, None, None, graph))
        assert found in (set(), set(expected[graph]))
    load(store, path)
    assert set(store.store) == {q for quads in expected.values() for q in quads}


def test_graph_store_refuses_what_is_no_store(tmp_path):
    with pytest.raises(FormatError, match="holds no graph store"):
        EmbeddedStore.open(tmp_path / "none", read_only=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("x")
    with pytest.raises(FormatError, match="something else"):
        EmbeddedStore.open(tmp_path / "other")
    (tmp_path / "file").write_text("x")
    with pytest.raises(FormatError, match="can't be opened"):
        EmbeddedStore.open(tmp_path / "file")


def test_graph_store_one_writes_and_others_read(tmp_path):
    writer = EmbeddedStore.open(tmp_path / "store")
    load(writer, papers.write_papers(tmp_path))
    writer.close()
    reader = EmbeddedStore.open(tmp_path / "store", read_only=True)
    assert reader.digest() == writer.digest()
    with pytest.raises(FormatError, match="another process"):
        EmbeddedStore.open(tmp_path / "store")


def test_graph_store_answers_every_kind_of_query(store, tmp_path):
    load(store, papers.write_papers(tmp_path))
    answer = store.ask("SELECT ?x ?none { BIND (1 AS ?x) }")
    assert (answer.columns, list(answer.rows)) == (("x", "none"), [("1", None)])
    assert list(store.ask("ASK { ?s ?p 'FWA' }").rows) == [("true",)]
    answer = store.ask("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o . FILTER (?o = 'FWA') }")
    assert answer.columns == ("subject", "predicate", "object")
    assert len(list(answer.rows)) >= 2
    with pytest.raises(FormatError, match="no valid SPARQL"):
        store.ask("DELETE WHERE { ?s ?p ?o }")


def test_graph_store_an_id_in_two_files_is_an_error(store, tmp_path):
    first, second = papers.write_papers(tmp_path), tmp_path / "more.jsonl"
    second.write_bytes(first.read_bytes())
    with pytest.raises(FormatError, match=r"more.jsonl: id .* is in .*documents.jsonl too"):
        load(store, first, second)


def test_graph_store_makes_the_folders_above_it(tmp_path):
    EmbeddedStore.open(tmp_path / "a" / "b").close()
    assert EmbeddedStore.open(tmp_path / "a" / "b", read_only=True).digest()[0] == 0


def test_graph_store_takes_the_folder_of_extract(store, tmp_path):
    papers.write_papers(tmp_path)
    assert load(store, tmp_path) == {Change.ADDED: 3}
    with pytest.raises(FormatError, match="no such file"):
        load(store, Path(tmp_path / "missing.jsonl"))


def test_graph_store_a_mention_of_two_software_is_an_error(store, tmp_path):
    mention = (MentionRef("d", "T1"),)
    path = tmp_path / "software.jsonl"
    write_software([Software(i, i, (), EntityType.APPLICATION, mention) for i in "AB"], path)
    with pytest.raises(FormatError, match="belongs to software 'A' and 'B'"):
        load(store, papers.write_papers(tmp_path), software=path)
