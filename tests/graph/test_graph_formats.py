from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat, parse

import graph_papers as papers
from somex.core import Document, FormatError, LabeledDocument, Mention
from somex.core.schema import EntityType
from somex.core.types import Annotation
from somex.graph.described import software_quads
from somex.graph.formats import FORMATS, format_of, write_quads
from somex.graph.jsonld import read_context
from somex.graph.triples import paper_quads
from somex.graph.vocabulary import PREFIXES, TYPE

NAMES = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "nquads": RdfFormat.N_QUADS,
    "trig": RdfFormat.TRIG,
    "jsonld": RdfFormat.JSON_LD,
}


def all_quads(order=(0, 1, 2)):
    ids = {m: s.id for s in papers.software() for m in s.mentions}
    documents = papers.papers()
    for n in order:
        yield from paper_quads(documents[n], model=papers.MODEL, software_ids=ids)
    for software in papers.software():
        yield from software_quads(software)


def written(quads, format):
    stream = io.BytesIO()
    write_quads(quads, stream, format=format)
    return stream.getvalue()


@pytest.mark.parametrize("format", FORMATS)
def test_graph_formats_give_back_what_was_written(format):
    stream = io.BytesIO()
    n_quads = write_quads(all_quads(), stream, format=format)
    found = set(parse(stream.getvalue(), format=NAMES[format]))
    expected = list(all_quads())
    assert n_quads == len(expected)
    if format in ("turtle", "ntriples"):
        assert {q.triple for q in found} == {q.triple for q in expected}
    else:
        assert found == set(expected)


@pytest.mark.parametrize("format", FORMATS)
def test_graph_formats_write_the_same_bytes_each_time(format):
    assert written(all_quads(), format) == written(all_quads(), format)


@given(st.permutations(range(3)))
@settings(max_examples=6, deadline=None)
def test_graph_formats_order_of_papers_does_not_matter(order):
    found = [set(parse(written(all_quads(o), "nquads"), format=NAMES["nquads"]))
             for o in (order, (0, 1, 2))]  # fmt: skip
    assert found[0] == found[1]


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(text, text)
@settings(deadline=None)
def test_graph_formats_turtle_and_nquads_go_round(id, words):
    mentions = [Mention(type, 0, len(words)) for type in EntityType]
    document = Document(id, words, provenance={"title": words})
    labeled = LabeledDocument(document, Annotation.build(mentions))
    quads = list(paper_quads(labeled))
    turtle = list(parse(written(quads, "turtle"), format=NAMES["turtle"]))
    nquads = list(parse(written(turtle, "nquads"), format=NAMES["nquads"]))
    again = parse(written(nquads, "turtle"), format=NAMES["turtle"])
    assert {q.triple for q in again} == {q.triple for q in quads}
    assert set(parse(written(quads, "jsonld"), format=NAMES["jsonld"])) == set(quads)


def test_graph_formats_jsonld_context_names_every_property_and_prefix():
    context = read_context()
    assert {k: v for k, v in context.items() if k in PREFIXES} == PREFIXES
    named = {
        PREFIXES[term["@id"].split(":")[0]] + term["@id"].split(":")[1]
        for term in context.values()
        if isinstance(term, dict)
    }
    used = {q.predicate.value for q in all_quads()} - {TYPE.value}
    assert used - named == set()


def test_graph_formats_jsonld_is_short():
    graphs = json.loads(written(all_quads(), "jsonld"))["@graph"]
    (mention,) = [node for node in graphs[0]["@graph"] if node["id"].endswith("#char=8,26")]
    assert mention["anchorOf"] == "Fernwick Analytics"
    assert mention["beginIndex"] == 8
    assert mention["taClassRef"] == ["sms:Application", "sms:Usage"]
    assert [g["id"] for g in graphs] == list(dict.fromkeys(q.graph_name.value for q in all_quads()))


def test_graph_formats_empty_graph_is_valid():
    for format in FORMATS:
        assert list(parse(written([], format), format=NAMES[format])) == []


@pytest.mark.parametrize("format", FORMATS)
def test_graph_formats_write_while_they_read(format):
    stream = io.BytesIO()
    sizes = []

    def endless():
        for n in range(200):
            sizes.append(stream.tell())
            labeled = LabeledDocument(Document(f"d{n}", "word " * 200))
            yield from paper_quads(labeled)

    write_quads(endless(), stream, format=format)
    total = stream.tell()
    assert sizes[100] > total / 3  # half of it read, nearly half of it written


def test_graph_formats_suffixes_and_names():
    assert [format_of(f"a.b/x{s}") for s in (".ttl", ".nt", ".nq", ".TRIG", ".json")] == list(
        FORMATS
    )
    with pytest.raises(FormatError, match=r"x\.rdf.*valid: \.ttl"):
        format_of("x.rdf")
    with pytest.raises(FormatError, match="'rdf'; valid: turtle"):
        write_quads([], io.BytesIO(), format="rdf")
    assert NamedNode(PREFIXES["sms"]).value == "http://data.gesis.org/somesci/"
