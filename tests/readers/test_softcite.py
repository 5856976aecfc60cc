import os
from pathlib import Path

import pytest

from somex.core import (
    Annotation,
    Document,
    EntityType,
    FormatError,
    LabeledDocument,
    Mention,
    Purpose,
    Relation,
    RelationType,
)
from somex.readers.problems import ReadWarning
from somex.readers.softcite import check_softcite, read_softcite
from somex.readers.softcite_writer import write_softcite

HEADER = (
    '<teiHeader><fileDesc xml:id="P1"><titleStatement><title>On &amp; off</title>'
    '</titleStatement><biblStruct><idno DOI="10.1/x"/></biblStruct></fileDesc></teiHeader>'
)
BODY = (
    '<p>We ran <rs id="software-0" type="software">Foo &lt;1&gt;</rs> '
    '<rs corresp="#software-0" type="version">2.0</rs> <ref type="bibr">[1]</ref>.</p>\n'
    '<p>By <rs corresp="#software-0" type="creator">Acme</rs>.</p>'
)


def write_tei(folder: Path, body: str = BODY, header: str = HEADER) -> Path:
    path = folder / "c.tei.xml"
    path.write_text(
        '<teiCorpus xmlns="http://www.tei-c.org/ns/1.0">\n'
        f"<tei>{header}<text><body>{body}</body></text></tei>\n</teiCorpus>"
    )
    return path


def test_softcite_reads_paragraphs_mentions_and_relations(tmp_path):
    (labeled,) = read_softcite(write_tei(tmp_path))
    document, annotation = labeled.document, labeled.annotation
    assert document.id == "P1"
    assert document.text == "We ran Foo <1> 2.0 [1].\nBy Acme."
    assert [(part.char_start, part.char_end) for part in document.sections] == [(0, 23), (24, 32)]
    assert document.provenance["title"] == "On & off"
    assert document.provenance["doi"] == "10.1/x"
    texts = [document.slice(one.char_start, one.char_end) for one in annotation.mentions]
    assert texts == ["Foo <1>", "2.0", "Acme"]
    found = {(one.type, one.head.type, one.tail.type) for one in annotation.relations}
    assert found == {
        (RelationType.VERSION_OF, EntityType.VERSION, EntityType.APPLICATION),
        (RelationType.DEVELOPER_OF, EntityType.DEVELOPER, EntityType.APPLICATION),
    }


def test_softcite_passes_over_dangling_references_with_a_count(tmp_path):
    path = write_tei(tmp_path, BODY.replace('"#software-0" type="creator"', '"#s-9" type="url"'))
    with pytest.warns(ReadWarning, match=r"passed over 1 fault\(s\) of corresp or id"):
        (labeled,) = read_softcite(path)
    assert len(labeled.annotation.mentions) == 3
    assert len(labeled.annotation.relations) == 1
    with pytest.raises(FormatError, match=r"c\.tei\.xml:3: .*'#s-9' names no software of its"):
        list(read_softcite(path, on_violation="raise"))
    (problem,) = check_softcite(path)
    assert (problem.line, problem.severity) == (3, "error")


def test_softcite_reads_the_layout_of_the_xml_as_blanks(tmp_path):
    body = (
        '<p>We ran\n        \n          <rs type="software" id="s">Foo</rs>\n          '
        '<rs type="version" corresp="#s">2</rs>.</p>\n      <p>One\nline.</p>'
    )
    (labeled,) = read_softcite(write_tei(tmp_path, body))
    document = labeled.document
    assert document.text == "We ran Foo 2.\nOne\nline."
    texts = [document.slice(m.char_start, m.char_end) for m in labeled.annotation.mentions]
    assert texts == ["Foo", "2"]


def test_softcite_puts_lost_blanks_back_before_elements(tmp_path):
    body = (
        '<p>All was done in<rs type="software" id="s">Foo</rs><rs type="version" corresp="#s">2'
        '</rs> (v<rs type="version">3</rs>, Version<rs type="version">4</rs>) by the'
        '<rs type="creator">Acme</rs> and "<rs type="software">Bar</rs>".</p>'
    )
    path = write_tei(tmp_path, body)
    with pytest.warns(ReadWarning, match=r"xml: put 3 lost blank\(s\) back before <rs>; 'somex"):
        (labeled,) = read_softcite(path)
    document, mentions = labeled.document, labeled.annotation.mentions
    assert document.text == 'All was done in Foo2 (v3, Version 4) by the Acme and "Bar".'
    texts = [document.slice(m.char_start, m.char_end) for m in mentions]
    assert texts == ["Foo", "2", "3", "4", "Acme", "Bar"]
    assert [(s.char_start, s.char_end) for s in document.sections] == [(0, len(document.text))]
    problems = list(check_softcite(path))
    assert [(p.severity, p.message) for p in problems] == [
        ("warning", "the blank before <rs> is lost and is put back")
    ] * 3
    outside = list(check_softcite(write_tei(tmp_path, '<p>Word</p><rs type="url">x</rs>')))
    assert all("lost" not in problem.message for problem in outside)


def test_softcite_takes_the_nearest_of_a_repeated_id(tmp_path):
    body = (
        '<p><rs id="s" type="software">Foo</rs> and much later <rs id="s" type="software">Bar</rs>'
        ' <rs type="version" corresp="#s">2</rs></p>'
    )
    path = write_tei(tmp_path, body)
    with pytest.warns(ReadWarning):
        (labeled,) = read_softcite(path)
    (relation,) = labeled.annotation.relations
    assert labeled.document.slice(relation.tail.char_start, relation.tail.char_end) == "Bar"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<p><rs type="tool">Foo</rs></p>', "type 'tool'; valid: software, version, creator, url"),
        ('<p><rs type="software"/></p>', "is empty; it needs characters"),
        ("<p>unclosed", "is no well-formed XML"),
        ('<p/><rs type="url">x</rs>', "stands outside a <p>"),
    ],
)
def test_softcite_names_each_fault(tmp_path, body, message):
    path = write_tei(tmp_path, body)
    with pytest.raises(FormatError) as caught:
        list(read_softcite(path))
    assert message in str(caught.value)
    assert caught.value.line is not None
    assert any(message in problem.message for problem in check_softcite(path))


def test_softcite_refuses_entities_and_other_xml(tmp_path):
    path = tmp_path / "x.xml"
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><teiCorpus>&b;</teiCorpus>')
    with pytest.raises(FormatError, match="declares an entity"):
        list(read_softcite(path))
    path.write_text("<article/>")
    with pytest.raises(FormatError, match="holds no <tei> element"):
        list(read_softcite(path))
    with pytest.raises(FormatError, match="no such file"):
        list(read_softcite(tmp_path / "none.xml"))


def test_softcite_warns_of_text_outside_paragraphs(tmp_path):
    path = write_tei(tmp_path, BODY + "<ref>[2]</ref>")
    (problem,) = check_softcite(path)
    assert (problem.severity, problem.message) == ("warning", "text outside <p> is left out")
    with pytest.warns(ReadWarning, match=r"1 piece\(s\) of text outside <p>"):
        assert len(list(read_softcite(path))) == 1


def test_softcite_writer_round_trips(tmp_path):
    (first,) = read_softcite(write_tei(tmp_path))
    empty = LabeledDocument(Document("e", ""))
    report = write_softcite([first, empty], tmp_path / "d" / "o.xml")
    assert report.losses == {}
    again, second = read_softcite(tmp_path / "d" / "o.xml")
    assert again.document.text == first.document.text
    assert again.document.sections == first.document.sections
    assert again.document.provenance["title"] == "On & off"
    assert again.annotation == first.annotation
    assert (second.document.id, second.document.text) == ("e", "")


def test_softcite_writer_counts_what_it_loses(tmp_path):
    text = "Foo plug 2 [1]\x0c\rZ"
    plugin = Mention(EntityType.PLUGIN, 0, 8, Purpose.USAGE)
    inner = Mention(EntityType.APPLICATION, 0, 3, confidence=0.5)
    version = Mention(EntityType.VERSION, 9, 10)
    citation = Mention(EntityType.CITATION, 11, 14)
    relations = [
        Relation(RelationType.VERSION_OF, version, plugin),
        Relation(RelationType.VERSION_OF, version, inner),
        Relation(RelationType.CITATION_OF, citation, plugin),
    ]
    annotation = Annotation.build([plugin, inner, version, citation], relations)
    report = write_softcite([LabeledDocument(Document("x", text), annotation)], tmp_path / "o.xml")
    assert report.losses == {
        "Citation mention": 1,
        "Citation_of relation": 1,
        "PlugIn mention written as software": 1,
        "character that XML can't hold": 1,
        "confidence": 1,
        "mention that overlaps another": 1,
        "purpose": 1,
        "relation of a mention left out": 1,
    }
    (again,) = read_softcite(tmp_path / "o.xml")
    assert again.document.text == text.replace("\x0c", " ")
    assert len(again.annotation.relations) == report.n_relations == 1


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
@pytest.mark.filterwarnings("ignore::somex.readers.problems.ReadWarning")
def test_softcite_round_trips_the_published_corpus(tmp_path):
    path = Path(os.environ["SOMEX_DATA"]) / "softcite" / "softcite-working.tei.xml"
    documents = list(read_softcite(path))
    assert len(documents) == 1081
    assert sum(len(one.annotation.mentions) for one in documents) == 5142
    assert sum(len(one.annotation.relations) for one in documents) == 1996
    assert write_softcite(documents, tmp_path / "o.xml").losses == {}
    again = list(read_softcite(tmp_path / "o.xml"))
    assert [(one.document.id, one.document.text, one.annotation) for one in again] == [
        (one.document.id, one.document.text, one.annotation) for one in documents
    ]
    problems = list(check_softcite(path))
    assert sum(problem.severity == "error" for problem in problems) == 7
