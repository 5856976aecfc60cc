from __future__ import annotations

from importlib.resources import files

import pytest
from pyoxigraph import RdfFormat, serialize

import graph_papers as papers
from somex.graph.described import software_quads
from somex.graph.triples import paper_quads

pyshacl = pytest.importorskip("pyshacl")
rdflib = pytest.importorskip("rdflib")

PREFIXES = """
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX its: <http://www.w3.org/2005/11/its/rdf#>
PREFIX nif: <http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX schema: <http://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX sms: <http://data.gesis.org/somesci/>
"""


@pytest.fixture(scope="module")
def shapes():
    graph = rdflib.Graph()
    graph.parse(
        data=files("somex.graph").joinpath("shapes.ttl").read_text("utf-8"), format="turtle"
    )
    return graph


def rdf_of(*parts):
    triples = {q.triple for part in parts for q in part}
    graph = rdflib.Graph()
    graph.parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
    return graph


def linked():
    ids = {m: s.id for s in papers.software() for m in s.mentions}
    parts = [paper_quads(p, model=papers.MODEL, software_ids=ids) for p in papers.papers()]
    return rdf_of(*parts, *map(software_quads, papers.software()))


def check(graph, shapes):
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes)
    return conforms, text


def test_graph_shapes_are_valid_shacl(shapes):
    assert pyshacl.validate(rdflib.Graph(), shacl_graph=shapes, meta_shacl=True)[0]


def test_graph_shapes_hold_for_papers_with_and_without_linking(shapes):
    for graph in (linked(), *(rdf_of(paper_quads(p)) for p in papers.papers())):
        conforms, text = check(graph, shapes)
        assert conforms, text


@pytest.mark.parametrize(
    ("update", "shape"),
    [
        ("DELETE WHERE { ?s dcterms:identifier 'second' }", "Paper"),
        ("DELETE WHERE { ?s nif:isString ?o }", "Context"),
        ("DELETE WHERE { ?s nif:broaderContext ?o }", "Context"),
        ("DELETE WHERE { ?s nif:anchorOf 'FWA' }", "Mention"),
        ("DELETE WHERE { ?s its:taClassRef sms:Version }", "Mention"),
        ("DELETE WHERE { ?s nif:referenceContext ?o }", "Mention"),
        ("INSERT { ?s its:taConfidence 1.5 } WHERE { ?s a nif:Phrase }", "Mention"),
        ("INSERT { ?s its:taClassRef sms:Tool } WHERE { ?s a nif:Phrase }", "Mention"),
        ("INSERT { ?s nif:beginIndex 999 } WHERE { ?s a nif:Phrase }", "Mention"),
        ("DELETE WHERE { ?s its:taIdentRef ?o }", "SoftwareMention"),
        ("DELETE WHERE { ?s rdf:subject ?o }", "Relation"),
        ("INSERT { ?s rdf:predicate sms:likes } WHERE { ?s a rdf:Statement }", "Relation"),
        ("DELETE WHERE { ?s sms:refersTo ?o }", "Relation"),
        ("DELETE WHERE { ?s schema:name 'Stonepipe' }", "Software"),
        ("INSERT { ?s schema:url 'x' } WHERE { ?s a schema:SoftwareApplication }", "Software"),
        ("DELETE WHERE { ?s schema:codeRepository ?o }", "SourceCode"),
        ("DELETE { ?s schema:name ?n } WHERE { ?s a foaf:Agent ; schema:name ?n }", "Agent"),
        ("DELETE WHERE { ?s prov:wasAssociatedWith ?o } ; "
         "INSERT { ?s prov:wasAssociatedWith ?s } WHERE { ?s a prov:Activity }", "Run"),
        ("DELETE { ?s schema:softwareVersion ?o } "
         "WHERE { ?s a prov:SoftwareAgent ; schema:softwareVersion ?o }", "Model"),
        ("DELETE WHERE { ?s schema:value ?o }", "Setting"),
        ("DELETE WHERE { ?s a prov:Activity }", "PaperGraph"),
    ],
)  # fmt: skip
def test_graph_shapes_find_what_is_broken(update, shape, shapes):
    graph = linked()
    before = set(graph)
    graph.update(PREFIXES + update)
    assert set(graph) != before
    _, report, text = pyshacl.validate(graph, shacl_graph=shapes)
    namespace = "http://www.w3.org/ns/shacl#"
    sources = set(report.objects(predicate=rdflib.URIRef(namespace + "sourceShape")))
    blamed = {
        str(node).rpartition("/")[2]
        for source in sources
        for node in (source, *shapes.subjects(rdflib.URIRef(namespace + "property"), source))
    }
    assert shape in blamed, text
