"""The graph of the whole SoMeSci corpus: statements, load, validation, time of each question.

    python benchmarks/graph_somesci.py                   # needs SOMEX_DATA and the extra dev
    python benchmarks/graph_somesci.py --validate none --copies 20   # how it grows

Gold annotation, nothing linked. `--validate whole` checks the graph as one (minutes), `papers`
each paper's named graph on its own. Exits with 1 where the graph breaks a shape or a question
takes 2 seconds or more.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from somex.core.types import LabeledDocument
from somex.graph.ask import Question, questions
from somex.graph.loading import GraphSource, load_graph
from somex.graph.store import EmbeddedStore, triples_text
from somex.readers.jsonl import write_jsonl
from somex.readers.registry import read_corpus

MOST_SECONDS = 2.0
REPEATS = 3


def corpus(folder: Path, copies: int) -> Iterator[LabeledDocument]:
    for n in range(copies):
        for labeled in read_corpus(folder):
            id = f"{labeled.document.id}/{n}" if n else labeled.document.id
            yield replace(labeled, document=replace(labeled.document, id=id))


def load(source: GraphSource, store: EmbeddedStore) -> None:
    for what in ("first load", "second load"):
        started = time.perf_counter()
        *_, report = load_graph(source, store)
        seconds = time.perf_counter() - started
        changes = ", ".join(f"{n} {change}" for change, n in report.papers.items() if n)
        print(f"{what}: {changes} papers in {seconds:.1f} s")
        n_quads, digest = store.digest()
        print(f"  {n_quads} statements, hash {digest[:16]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB")


def validate(source: GraphSource, *, how: str) -> bool:
    import pyshacl
    import rdflib

    shapes = rdflib.Graph()
    text = files("somex.graph").joinpath("shapes.ttl").read_text("utf-8")
    shapes.parse(data=text, format="turtle")
    papers = (list(quads) for _, quads in source.papers())
    parts = papers if how == "papers" else iter([list(source.quads())])
    started, n_broken, n_parts = time.perf_counter(), 0, 0
    for quads in parts:
        graph = rdflib.Graph()
        graph.parse(data=triples_text(q.triple for q in quads), format="nt")
        conforms, _, report = pyshacl.validate(graph, shacl_graph=shapes)
        n_parts += 1
        if not conforms:
            n_broken += 1
            print(report[:1000])
    seconds = time.perf_counter() - started
    print(f"validation ({how}): {n_broken} of {n_parts} graphs break a shape, {seconds:.1f} s")
    return n_broken == 0


def values_of(question: Question, parameter: str, store: EmbeddedStore) -> dict[str, str]:
    """Choose for a parameter what gives the longest answers."""
    if parameter == "paper":
        longest = (
            "SELECT ?id (COUNT(?m) AS ?n) { ?m <http://persistence.uni-leipzig.org/nlp2rdf/"
            "ontologies/nif-core#referenceContext>/<http://persistence.uni-leipzig.org/nlp2rdf/"
            "ontologies/nif-core#broaderContext>/<http://purl.org/dc/terms/identifier> ?id } "
            "GROUP BY ?id ORDER BY DESC(?n) LIMIT 1"
        )
        return {"paper": next(store.ask(longest).rows)[0] or ""}
    asked, column = ("most-used-software", 0) if parameter == "name" else ("source-code", 1)
    if question.name == "plug-ins-of" and parameter == "name":
        return {"name": "R"}
    row = next(store.ask(questions()[asked].bind({}, limit=1)).rows)
    return {parameter: row[column] or ""}


def ask_all(store: EmbeddedStore) -> bool:
    print("\n| question | parameters | rows | slowest of 3, s |\n| --- | --- | ---: | ---: |")
    worst = 0.0
    for question in questions().values():
        asked = [values_of(question, name, store) for name in question.one_of]
        asked += [values_of(question, name, store) for name in question.optional]
        if not question.one_of:
            asked.insert(0, {})
        for values in asked:
            slowest, n_rows = 0.0, 0
            for _ in range(REPEATS):
                started = time.perf_counter()
                n_rows = len(list(store.ask(question.bind(values)).rows))
                slowest = max(slowest, time.perf_counter() - started)
            shown = ", ".join(f"{key} {value}" for key, value in values.items())
            print(f"| {question.name} | {shown} | {n_rows} | {slowest:.3f} |")
            worst = max(worst, slowest)
    print(f"\nslowest question: {worst:.3f} s (limit {MOST_SECONDS:g} s)")
    return worst < MOST_SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("SOMEX_DATA"), help="folder of corpora")
    parser.add_argument("--validate", choices=["whole", "papers", "none"], default="whole")
    parser.add_argument("--copies", type=int, default=1, help="copies of the corpus to load")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the folder of the corpora: --data or SOMEX_DATA")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "documents.jsonl"
        report = write_jsonl(corpus(Path(options.data) / "somesci", options.copies), path)
        print(f"{report.n_documents} papers, {report.n_mentions} mentions, "
              f"{report.n_relations} relations")  # fmt: skip
        source = GraphSource((path,))
        store = EmbeddedStore.open(Path(folder) / "store")
        load(source, store)
        is_quick = ask_all(store)
        is_valid = options.validate == "none" or validate(source, how=options.validate)
    return 0 if is_quick and is_valid else 1


if __name__ == "__main__":
    raise SystemExit(main())
