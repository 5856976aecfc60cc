from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode

import graph_papers as papers
from somex.core import ConfigError, Document, LabeledDocument, Mention, Relation
from somex.core.schema import EntityType, RelationType
from somex.core.software import MentionRef
from somex.core.types import Annotation
from somex.graph import vocabulary as v
from somex.graph.described import software_quads
from somex.graph.iris import Iris, doi_iri, escape, iri_or_none, normalize_name, web_iri
from somex.graph.triples import paper_quads

PAPER = "urn:somex:paper/papers%2Fa%20b%2F%C3%BC%3F%231"


def statements(quads):
    return {(q.subject.value, q.predicate, q.object) for q in quads}


def objects(quads, subject, predicate):
    found = {q.object for q in quads if q.subject.value == subject and q.predicate == predicate}
    return {term.value for term in found}


def first():
    return list(paper_quads(papers.first(), model=papers.MODEL))


def test_graph_triples_paper_has_title_identifiers_and_date():
    quads = first()
    assert objects(quads, PAPER, v.NAME) == {'Mosses "in" the North'}
    assert objects(quads, PAPER, v.IDENTIFIER) == {"doi:10.5555/Moss(2021)<1>", "pmcid:PMC9990001"}
    assert objects(quads, PAPER, v.SAME_AS) == {
        "https://doi.org/10.5555/moss(2021)%3C1%3E",
        "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC9990001/",
    }
    date = Literal("2021-05-03", datatype=v.DATES[10])
    assert (PAPER, v.DATE_PUBLISHED, date) in statements(quads)
    assert {q.graph_name.value for q in quads} == {PAPER.replace(":paper", ":graph/paper")}


@pytest.mark.parametrize(
    ("published", "datatype"),
    [("2020", "gYear"), ("2020-02", "gYearMonth"), ("2020-02-29", "date"), ("soon", None),
     ("2021-02-29", None), ("20200229", None)],
)  # fmt: skip
def test_graph_triples_takes_only_dates_for_dates(published, datatype):
    document = Document("d", "x", provenance={"published": published})
    found = [q.object for q in paper_quads(LabeledDocument(document))
             if q.predicate == v.DATE_PUBLISHED]  # fmt: skip
    assert [term.datatype.value.rpartition("#")[2] for term in found] == (
        [datatype] if datatype else []
    )


def test_graph_triples_mention_is_a_phrase_of_its_context():
    labeled, quads = papers.first(), first()
    name = f"{PAPER}#char=8,26"
    assert objects(quads, name, v.ANCHOR_OF) == {"Fernwick Analytics"}
    assert objects(quads, name, v.REFERENCE_CONTEXT) == {f"{PAPER}#char=0,"}
    assert objects(quads, f"{PAPER}#char=0,", v.IS_STRING) == {labeled.document.text}
    assert objects(quads, name, v.CLASS_REF) == {
        "http://data.gesis.org/somesci/Application",
        "http://data.gesis.org/somesci/Usage",
    }
    assert objects(quads, name, v.CONFIDENCE) == {"0.9"}
    assert objects(quads, name, v.LOCAL_ID) == {"T1"}


def test_graph_triples_relation_is_stated_both_ways_and_has_a_confidence():
    quads = first()
    head, tail = f"{PAPER}#char=33,36", f"{PAPER}#char=8,26"
    assert objects(quads, head, v.REFERS_TO) == {tail}
    assert objects(quads, tail, v.RELATION_TERMS[RelationType.VERSION_OF]) == {head}
    node = f"{PAPER}/relation/Version_of/T3/T1"
    assert objects(quads, node, v.CONFIDENCE) == {"0.75"}
    assert objects(quads, node, v.SUBJECT) == {tail}
    assert objects(quads, node, v.OBJECT) == {head}
    run = objects(quads, node, v.WAS_GENERATED_BY)
    assert len(run) == 1
    assert objects(quads, *run, v.WAS_ASSOCIATED_WITH) == {"urn:somex:model/tiny/0123456789ab"}


def test_graph_triples_software_has_what_the_relations_say():
    quads = first()
    name = f"{PAPER}/software/fernwick%20analytics"
    assert objects(quads, name, v.NAME) == {"Fernwick Analytics"}
    assert objects(quads, name, v.ALTERNATE_NAME) == {"FWA", "fernwick  analytics"}
    assert objects(quads, name, v.HIDDEN_LABEL) == {"fwa", "fernwick analytics"}
    assert objects(quads, name, v.SOFTWARE_VERSION) == {"2.1"}
    assert objects(quads, name, v.CREATOR) == {"urn:somex:agent/fernwick%20ltd."}
    assert objects(quads, name, v.REFERENCE_PUBLICATION) == {"https://doi.org/10.5555/fern.1"}
    assert objects(quads, name, v.CODE_REPOSITORY) == {"https://github.com/fernwick/fwa"}
    assert v.SOFTWARE_SOURCE_CODE.value in objects(quads, name, v.TYPE)
    host = f"{PAPER}/software/stonepipe"
    assert objects(quads, f"{PAPER}/software/mossr", v.SOFTWARE_REQUIREMENTS) == {host}
    assert objects(quads, host, v.LICENSE) == {"urn:somex:license/mit"}


def test_graph_triples_software_named_twice_is_one_and_another_papers_is_not():
    both = [*first(), *paper_quads(papers.second())]
    found = {q.subject.value for q in both if q.object == v.SOFTWARE_APPLICATION}
    assert len(found) == 6
    assert objects(both, f"{PAPER}/software/stonepipe", v.BROAD_MATCH) == objects(
        both, "urn:somex:paper/second/software/stonepipe", v.BROAD_MATCH
    )


def test_graph_triples_an_abbreviation_that_is_software_goes_with_its_host():
    document = Document("d", "Fernwick Analytics (FWA), FWA")
    long, short = (Mention(EntityType.APPLICATION, *span) for span in ((0, 18), (20, 23)))
    relation = Relation(RelationType.ABBREVIATION_OF, short, long)
    labeled = LabeledDocument(document, Annotation.build([long, short], [relation]))
    found = {q.object for q in paper_quads(labeled) if q.predicate == v.IDENT_REF}
    assert found == {NamedNode("urn:somex:paper/d/software/fernwick%20analytics")}


def test_graph_triples_two_mentions_of_the_same_characters_are_two():
    pair = [Mention(t, 0, 3) for t in (EntityType.APPLICATION, EntityType.PLUGIN)]
    quads = list(paper_quads(LabeledDocument(Document("d", "Foo"), Annotation.build(pair))))
    names = {q.subject.value for q in quads if q.object == v.PHRASE}
    assert names == {"urn:somex:paper/d#char=0,3", "urn:somex:paper/d?type=PlugIn#char=0,3"}


def test_graph_triples_of_relations_said_twice_the_surest_counts():
    host, version = Mention(EntityType.APPLICATION, 0, 3), Mention(EntityType.VERSION, 4, 5)
    twice = [Relation(RelationType.VERSION_OF, version, host, c) for c in (0.2, 0.8, 0.5)]
    labeled = LabeledDocument(Document("d", "Foo 1"), Annotation.build([host, version], twice))
    node = "urn:somex:paper/d/relation/Version_of/T2/T1"
    assert objects(list(paper_quads(labeled)), node, v.CONFIDENCE) == {"0.8"}


def test_graph_triples_gold_annotation_names_no_model():
    quads = list(paper_quads(papers.second()))
    assert objects(quads, "urn:somex:activity/gold", v.NAME) == {"gold annotation"}
    assert not [q for q in quads if q.object == v.SOFTWARE_AGENT]


def test_graph_triples_settings_of_the_model_make_another_run():
    runs = {
        q.object
        for lean in (0.0, 1.0)
        for q in paper_quads(papers.second(), model=papers.MODEL | {"lean": lean})
        if q.predicate == v.WAS_GENERATED_BY
    }
    assert len(runs) == 2


def test_graph_triples_linked_mentions_stand_for_the_software_of_the_linking():
    ids = {m: s.id for s in papers.software() for m in s.mentions}
    quads = list(paper_quads(papers.second(), software_ids=ids))
    node = "urn:somex:software/default/S1"
    assert objects(quads, "urn:somex:paper/second#char=0,3", v.IDENT_REF) == {node}
    assert objects(quads, node, v.SOFTWARE_VERSION) == {"2.2"}
    # nobody linked the third one
    assert objects(quads, "urn:somex:paper/second/software/quillbox", v.NAME) == {"Quillbox"}
    other = Iris(linking="other")
    moved = list(paper_quads(papers.second(), software_ids=ids, iris=other))
    assert "urn:somex:software/other/S1" in {getattr(q.object, "value", "") for q in moved}


def test_graph_triples_a_coreference_takes_its_software_from_the_linking_only():
    document = Document("d", "the software")
    mention = Mention(EntityType.SOFTWARE_COREFERENCE, 0, 12)
    labeled = LabeledDocument(document, Annotation.build([mention]))
    assert v.IDENT_REF not in {q.predicate for q in paper_quads(labeled)}
    linked = paper_quads(labeled, software_ids={MentionRef("d", "T1"): "S"})
    assert v.IDENT_REF in {q.predicate for q in linked}


def _told_elsewhere():
    document = Document("d", "Fernwick ran. The program (2.1) is quick.")
    name = Mention(EntityType.APPLICATION, 0, 8)
    coreference = Mention(EntityType.SOFTWARE_COREFERENCE, 14, 25)
    version = Mention(EntityType.VERSION, 27, 30)
    relation = Relation(RelationType.VERSION_OF, version, coreference)
    return LabeledDocument(document, Annotation.build([name, coreference, version], [relation]))


def test_graph_triples_what_is_said_of_a_coreference_is_said_of_its_software():
    quads = list(paper_quads(_told_elsewhere()))
    node = "urn:somex:paper/d/software/fernwick"
    assert objects(quads, node, v.SOFTWARE_VERSION) == {"2.1"}
    assert objects(quads, node, v.NAME) == {"Fernwick"}
    standing = {q.subject.value for q in quads
                if q.predicate == v.IDENT_REF and q.object.value == node}  # fmt: skip
    assert len(standing) == 2


def test_graph_triples_a_coreference_of_linked_software_is_left_to_the_linking():
    quads = list(paper_quads(_told_elsewhere(), software_ids={MentionRef("d", "T1"): "S"}))
    assert {q.object.value for q in quads if q.predicate == v.IDENT_REF} == {
        "urn:somex:software/default/S"
    }


def test_graph_triples_linked_software_has_identifiers_and_host():
    fwa, mossr, _ = (list(software_quads(s)) for s in papers.software())
    name = "urn:somex:software/default/S1"
    assert objects(fwa, name, v.SAME_AS) == {
        "https://doi.org/10.5555/fwa.9",
        "http://www.wikidata.org/entity/Q1",
    }
    assert objects(fwa, name, v.CREATOR) == {"urn:somex:agent/fernwick%20ltd."}
    name = "urn:somex:software/default/S2"
    assert objects(mossr, name, v.IDENTIFIER) == {"cran:mossr"}
    assert objects(mossr, name, v.CODE_REPOSITORY) == {"https://gitlab.com/moss/mossr"}
    assert objects(mossr, name, v.SOFTWARE_REQUIREMENTS) == {"urn:somex:software/default/S3"}


@given(st.text(min_size=1), st.text(st.characters(exclude_categories=()), min_size=1))
def test_graph_triples_any_id_and_text_make_valid_statements(id, text):
    mentions = [Mention(type, 0, len(text)) for type in EntityType]
    document = Document(id, text, provenance={"title": text, "doi": text, "pmid": text})
    labeled = LabeledDocument(document, Annotation.build(mentions))
    quads = list(paper_quads(labeled, model={"name": text, text: text}))
    assert quads == list(paper_quads(labeled, model={"name": text, text: text}))
    assert len(quads) == len(set(quads))
    terms = {term for q in quads for term in (q.subject, q.object, q.graph_name)}
    assert not [term for term in terms if isinstance(term, BlankNode)]


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_graph_triples_two_ids_never_share_a_name(ids):
    iris = Iris()
    for name in (iris.paper, iris.paper_graph, iris.context, iris.software):
        assert name(ids[0]) != name(ids[1])


def test_graph_triples_escapes_what_leads_elsewhere():
    assert escape("..") == "%2E%2E"
    assert escape("a/b?c#d e") == "a%2Fb%3Fc%23d%20e"
    assert escape("v1.2") == "v1.2"


@pytest.mark.parametrize("base", ["", "nothing/", "http://a b/", "https://example.org/kg"])
def test_graph_triples_refuses_a_base_that_is_none(base):
    with pytest.raises(ConfigError, match="base"):
        Iris(base)


def test_graph_triples_refuses_a_linking_without_name():
    with pytest.raises(ConfigError, match="linking"):
        Iris(linking="")


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("www.foo.org", "http://www.foo.org"),
        ("(https://foo.org/a?b=c).", "https://foo.org/a?b=c"),
        ("foo.org/~x/{y}", "http://foo.org/~x/%7By%7D"),
        ("rrid: SCR _ 003070", "https://identifiers.org/RRID:SCR_003070"),
        ("RRID:AB_2313606", None),
        ("http:// foo.org", None),
        ("the web page", None),
        ("version 2.1", None),
    ],
)
def test_graph_triples_reads_addresses(text, iri):
    found = web_iri(text)
    assert (found and found.value) == iri


def test_graph_triples_reads_dois():
    assert doi_iri("doi:10.5281/Zenodo.12").value == "https://doi.org/10.5281/zenodo.12"
    assert doi_iri("https://doi.org/10.1234/a b") is None
    assert doi_iri("11.1/x") is None
    assert iri_or_none("no scheme") is None


@given(st.text())
def test_graph_triples_normal_names_are_stable(text):
    assert normalize_name(normalize_name(text)) == normalize_name(text)


def test_graph_triples_base_moves_all_names_of_ours():
    moved = paper_quads(papers.first(), iris=Iris("https://example.org/kg/"))
    own = [q for q in moved if "urn:somex" in str(q)]
    assert own == []


def test_graph_triples_confidence_has_six_places_at_most():
    mention = Mention(EntityType.APPLICATION, 0, 1, confidence=1 / 3)
    labeled = LabeledDocument(Document("d", "R"), Annotation.build([mention]))
    values = [q.object.value for q in paper_quads(labeled) if q.predicate == v.CONFIDENCE]
    sure = replace(mention, confidence=0.0)
    labeled = LabeledDocument(Document("d", "R"), Annotation.build([sure]))
    values += [q.object.value for q in paper_quads(labeled) if q.predicate == v.CONFIDENCE]
    assert values == ["0.333333", "0"]
