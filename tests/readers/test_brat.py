import os
import warnings
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
    RelationType,
)
from somex.readers.brat import check_brat, read_brat, read_brat_document, write_brat
from somex.readers.problems import ReadWarning

TEXT = "We ran Foo 2\r\nfrom Acme."
ANN = (
    "T1\tApplication_Usage 7 10\tFoo\n"
    "R1\tVersion_of Arg1:T2 Arg2:T1\t\n"
    "T2\tVersion 11 12\t2\n"
    "T3\tDeveloper 19 23\tAcme\n"
    "R2\tDeveloper_of Arg1:T3 Arg2:T1\n"
)


def write_pair(folder: Path, ann: str = ANN, text: str = TEXT, name: str = "a") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_bytes(text.encode())
    (folder / f"{name}.ann").write_bytes(ann.encode())
    return folder / f"{name}.txt"


def test_brat_reads_types_purposes_and_relations(tmp_path):
    labeled = read_brat_document(write_pair(tmp_path))
    assert labeled.document.text == TEXT
    application, version, developer = labeled.annotation.mentions
    assert (application.type, application.purpose) == (EntityType.APPLICATION, Purpose.USAGE)
    assert labeled.document.slice(developer.char_start, developer.char_end) == "Acme"
    found = {(one.type, one.head, one.tail) for one in labeled.annotation.relations}
    assert found == {
        (RelationType.VERSION_OF, version, application),
        (RelationType.DEVELOPER_OF, developer, application),
    }


def test_brat_reads_folders_sorted_with_paths_as_ids(tmp_path):
    for folder, name in (("z", "a"), ("b", "v1.2"), ("b", "c")):
        write_pair(tmp_path / folder, name=name)
    (tmp_path / "readme.txt").write_text("no document")
    with pytest.warns(ReadWarning, match=r"left out 1 \.txt without \.ann"):
        ids = [labeled.document.id for labeled in read_brat(tmp_path)]
    assert ids == ["b/c", "b/v1.2", "z/a"]


@pytest.mark.parametrize(
    ("ann", "line", "message"),
    [
        ("T1\tApplication 7 10\tBar\n", 1, "T1 says 'Bar' but the text at 7 10 is 'Foo'"),
        ("T1\tApplication 7 99\tFoo\n", 1, "its text has 24 characters"),
        ("T1\tApplication 10 7\tFoo\n", 1, "each part needs start < end"),
        ("T1\tApplication 7\tFoo\n", 1, "is not of the form T1<TAB>Type start end<TAB>text"),
        ("T1\tVersion_Usage 11 12\t2\n", 1, "unknown entity type 'Version_Usage'; valid: App"),
        ("T1\tVersion 11 12\t2\nT1\tURL 7 10\tFoo\n", 2, "id 'T1' is used twice"),
        ("T1\tVersion 11 12\t2\nT2\tVersion 11 12\t2\n", 2, "T2 has the span and type of T1"),
        (ANN + "R3\tVersion_of Arg1:T2 Arg2:T9\n", 6, "R3 names T9, but no such span was read"),
        (ANN + "R3\tUses Arg1:T2 Arg2:T1\n", 6, "unknown relation type 'Uses'; valid: Version_of"),
        (ANN + "R3\tURL_of Arg1:T2 Arg2:T1\n", 6, "does not allow URL_of from Version to Appl"),
        (ANN + "R2\tVersion_of Arg1:T2 Arg2:T1\n", 6, "id 'R2' is used twice"),
        (ANN + "R3\tVersion_of T2 T1\n", 6, "is not of the form R1<TAB>Type Arg1:T1 Arg2:T2"),
        ("X1\tfoo\n", 1, "valid: T, R, #, A, M, E, N or *"),
    ],
)
def test_brat_names_the_place_of_each_fault(tmp_path, ann, line, message):
    path = write_pair(tmp_path, ann)
    with pytest.raises(FormatError) as caught:
        read_brat_document(path)
    assert caught.value.line == line
    assert message in str(caught.value)
    assert [p for p in check_brat(tmp_path) if message in p.message and p.line == line]


def test_brat_warns_of_notes_events_and_discontinuous_spans(tmp_path):
    ann = "T1\tApplication 3 6;7 10\tran Foo\n#1\tAnnotatorNotes T1\twhy\nE1\tX:T1\nA1\tB T1\n"
    path = write_pair(tmp_path, ann)
    with pytest.warns(ReadWarning) as caught:
        labeled = read_brat_document(path)
    texts = " ".join(str(one.message) for one in caught)
    for word in ("discontinuous", "note '#1'", "event 'E1'", "attribute 'A1'"):
        assert word in texts
    assert labeled.annotation.mentions[0].key == (3, 10, EntityType.APPLICATION)


def test_brat_check_warns_of_overlaps_and_names_lonely_files(tmp_path):
    write_pair(tmp_path, "T1\tApplication 7 12\tFoo 2\nT2\tVersion 11 12\t2\n")
    (tmp_path / "b.ann").write_text("")
    (tmp_path / "c.txt").write_text("")
    found = {(Path(p.path).name, p.severity): p.message for p in check_brat(tmp_path)}
    assert "Version at 11-12 overlaps Application at 7-12" in found["a.ann", "warning"]
    assert found["b.ann", "error"] == "has no b.txt beside it"
    assert "has no c.ann beside it" in found["c.txt", "warning"]
    with pytest.raises(FormatError, match="has no text beside it"):
        list(read_brat(tmp_path))


def test_brat_needs_documents(tmp_path):
    with pytest.raises(FormatError, match=r"holds no pair of \.txt and \.ann"):
        list(read_brat(tmp_path))


def test_brat_writer_counts_what_it_loses(tmp_path):
    mention = Mention(EntityType.APPLICATION, 0, 3, confidence=0.5)
    labeled = LabeledDocument(Document("x/y", "Foo"), Annotation.build([mention]))
    report = write_brat([labeled], tmp_path)
    assert report.losses == {"confidence": 1}
    assert (tmp_path / "x" / "y.ann").read_text() == "T1\tApplication 0 3\tFoo\n"


@pytest.mark.parametrize("id", ["../x", "/x", "a//b", ".", "a/"])
def test_brat_writer_stays_inside_its_folder(tmp_path, id):
    with pytest.raises(FormatError, match="can't be a file name"):
        write_brat([LabeledDocument(Document(id, "Foo"))], tmp_path / "in")
    assert list(tmp_path.iterdir()) == []


def test_brat_writer_refuses_an_id_twice(tmp_path):
    labeled = LabeledDocument(Document("x", "Foo"))
    with pytest.raises(FormatError, match="'x' comes twice"):
        write_brat([labeled, labeled], tmp_path)


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
def test_brat_round_trips_all_of_somesci(tmp_path):
    folder = Path(os.environ["SOMEX_DATA"]) / "somesci"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        documents = list(read_brat(folder))
    assert len(documents) == 1068
    assert sum(len(one.annotation.mentions) for one in documents) == 4508
    assert sum(len(one.annotation.relations) for one in documents) == 2289
    assert list(check_brat(folder)) == []
    assert write_brat(documents, tmp_path).losses == {}
    again = list(read_brat(tmp_path))
    assert [(one.document.id, one.document.text, one.annotation) for one in again] == [
        (one.document.id, one.document.text, one.annotation) for one in documents
    ]
