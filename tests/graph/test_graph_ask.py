from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Store

import graph_papers as papers
from somex.core import ConfigError
from somex.graph.ask import ask, find_question, identifier_iri, questions
from somex.graph.loading import GraphSource, load_graph
from somex.graph.store import EmbeddedStore


def loaded(folder, *, is_linked):
    folder.mkdir()
    software = papers.write_linked(folder) if is_linked else None
    store = EmbeddedStore(Store())
    documents = papers.write_papers(folder, model=papers.MODEL)
    *_, _ = load_graph(GraphSource((documents,), software), store)
    return store


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("graph") / "linked", is_linked=True)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("graph") / "local", is_linked=False)


def rows(store, question, **values):
    return list(ask(store, question, values).rows)


def test_graph_ask_there_are_a_dozen_questions_and_all_are_valid(linked):
    assert len(questions()) >= 12
    samples = {"name": "R", "identifier": "cran:mossr", "paper": "second"}
    for question in questions().values():
        assert question.title
        for parameter in question.one_of or ("",):
            values = {parameter: samples[parameter]} if parameter else {}
            answer = linked.ask(question.bind(values, limit=3))
            assert len(list(answer.rows)) <= 3
        linked.ask(question.query)  # as it stands in the file


def test_graph_ask_most_used_software(linked, local):
    assert rows(linked, "most-used-software") == [
        ("Fernwick Analytics", "2", "3"),
        ("Stonepipe", "2", "2"),
        ("Quillbox", "1", "1"),
        ("mossr", "1", "1"),
    ]
    assert rows(local, "most-used-software")[:2] == [
        ("Stonepipe", "2", "2"),  # in two papers, although nobody linked
        ("Fernwick Analytics", "1", "2"),
    ]


def test_graph_ask_versions_of(linked, local):
    for name in ("Fernwick Analytics", "fwa", "FERNWICK   analytics"):
        assert rows(linked, "versions-of", name=name) == [("2.1", "1"), ("2.2", "1")]
    assert rows(local, "versions-of", name="Fernwick Analytics") == [("2.1", "1")]
    assert rows(linked, "versions-of", identifier="wikidata:Q1") == [("2.1", "1"), ("2.2", "1")]


def test_graph_ask_papers_using(linked):
    expected = [
        (papers.FIRST, 'Mosses "in" the North', "2021-05-03", "2"),
        (papers.SECOND, None, "2022", "1"),
    ]
    assert rows(linked, "papers-using", name="FWA") == expected
    for identifier in ("doi:10.5555/FWA.9", "https://doi.org/10.5555/fern.1"):
        assert rows(linked, "papers-using", identifier=identifier) == expected
    for identifier in ("cran:mossr", "https://gitlab.com/moss/mossr"):
        assert [r[0] for r in rows(linked, "papers-using", identifier=identifier)] == [papers.FIRST]


def test_graph_ask_co_used_software(linked):
    assert rows(linked, "co-used-software", name="FWA") == [
        ("Stonepipe", "2"),
        ("Quillbox", "1"),
        ("mossr", "1"),
    ]


def test_graph_ask_licences_developers_and_source_code(linked):
    assert rows(linked, "licences") == [("MIT", "Stonepipe", "1")]
    assert rows(linked, "licences", name="mossr") == []
    assert rows(linked, "developers") == [("Fernwick Ltd.", "Fernwick Analytics", "1")]
    assert rows(linked, "developers", name="Stonepipe") == []
    assert rows(linked, "source-code") == [
        ("Fernwick Analytics", "https://github.com/fernwick/fwa", "2"),
        ("mossr", "https://gitlab.com/moss/mossr", "1"),
    ]


def test_graph_ask_software_without_version_or_citation(linked):
    assert rows(linked, "software-without-version") == [
        ("Stonepipe", "2", "2"),
        ("Quillbox", "1", "1"),
    ]
    assert rows(linked, "software-without-citation") == [
        ("Fernwick Analytics", "1", "2"),
        ("Quillbox", "1", "1"),
        ("Stonepipe", "1", "2"),
        ("mossr", "1", "1"),
    ]
    assert rows(linked, "software-without-version", name="fwa") == []


def test_graph_ask_plug_ins_of(linked, local):
    for store in (linked, local):
        assert rows(store, "plug-ins-of", name="stonepipe") == [("mossr", "1")]
        assert rows(store, "plug-ins-of", name="mossr") == []


def test_graph_ask_purposes(linked):
    assert rows(linked, "purposes") == [
        ("Usage", "4", "2", "3"),
        ("Creation", "1", "1", "1"),
        ("Deposition", "1", "1", "1"),
        ("Mention", "1", "1", "1"),
    ]
    assert rows(linked, "purposes", name="quillbox") == [("Creation", "1", "1", "1")]


def test_graph_ask_trends_by_year(linked):
    assert rows(linked, "trends-by-year") == [("2021", "1", "3", "4"), ("2022", "1", "3", "3")]
    assert rows(linked, "trends-by-year", name="quillbox") == [("2022", "1", "1", "1")]


def test_graph_ask_citations_of(linked):
    doi = "https://doi.org/10.5555/fern.1"
    assert rows(linked, "citations-of", name="fwa") == [(doi, "Fernwick, a program", "", "1")]
    # the text does not say what [3] is
    assert rows(linked, "citations-of", name="stonepipe") == [("[3]", None, papers.SECOND, "1")]


def test_graph_ask_mentions_of_paper(linked):
    found = rows(linked, "mentions-of-paper", paper=papers.FIRST)
    assert len(found) == 11
    assert found[0] == (
        "T1", "Application", "Fernwick Analytics", "8", "26", "Usage", "0.9", "Fernwick Analytics"
    )  # fmt: skip
    assert found[2] == ("T3", "Version", "2.1", "33", "36", None, "0.88", None)
    assert rows(linked, "mentions-of-paper", paper="doi:10.5555/Moss(2021)<1>") == found


def test_graph_ask_models(linked):
    assert rows(linked, "models") == [("extraction with tiny", "tiny", "0123456789ab", "3")]


ATTACKS = [
    'x" } } INSERT DATA { <a:b> <a:b> "c" } #',
    "x\\",
    '"^^<x> } GRAPH ?g { ?s ?p ?o } #',
    "x\n} } DROP ALL ; SELECT * { { #",
    "\\u0022 } #",
    "?name",
]


@pytest.mark.parametrize("value", ATTACKS)
def test_graph_ask_no_value_is_read_as_sparql(value, linked):
    before = linked.digest()
    assert rows(linked, "versions-of", name=value) == []
    assert rows(linked, "mentions-of-paper", paper=value) == []
    with pytest.raises(ConfigError, match="identifier"):
        rows(linked, "papers-using", identifier=value)
    assert rows(linked, "papers-using", identifier=f"url:http://x.org/{value}") == []
    assert linked.digest() == before


@given(st.text(st.characters(exclude_categories=()), min_size=1).filter(str.strip))
def test_graph_ask_any_value_makes_a_valid_query(value):
    store = Store()
    for question, parameter in (("versions-of", "name"), ("mentions-of-paper", "paper")):
        found = store.query(find_question(question).bind({parameter: value}, limit=1))
        assert list(found) == []


def test_graph_ask_names_faults():
    with pytest.raises(ConfigError, match="unknown question 'x'; valid: citations-of"):
        find_question("x")
    with pytest.raises(ConfigError, match="needs --name or --identifier"):
        find_question("versions-of").bind({})
    with pytest.raises(ConfigError, match="no parameter 'paper'; it takes name, identifier"):
        find_question("versions-of").bind({"paper": "x"})
    with pytest.raises(ConfigError, match="it takes none"):
        find_question("models").bind({"name": "x"})
    with pytest.raises(ConfigError, match="--name is empty"):
        find_question("versions-of").bind({"name": " "})
    with pytest.raises(ConfigError, match="limit is -1"):
        find_question("models").bind({}, limit=-1)
    with pytest.raises(ConfigError, match="identifier 'what' is none"):
        identifier_iri("what")


def test_graph_ask_reads_identifiers():
    assert identifier_iri("10.5281/Zenodo.1").value == "https://doi.org/10.5281/zenodo.1"
    assert identifier_iri("CRAN:abc").value == "https://cran.r-project.org/package=abc"
    assert identifier_iri("rrid:SCR_1").value == "https://identifiers.org/RRID:SCR_1"
    assert identifier_iri("www.foo.org").value == "http://www.foo.org"
