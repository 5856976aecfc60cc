import os
import zipfile
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
from somex.readers.somd import read_somd_split, somd_document
from somex.readers.somd_writer import (
    read_submission,
    write_somd,
    write_submission,
    write_submission_zip,
)


def labeled_line(text: str, mentions=(), relations=(), line: int = 1) -> LabeledDocument:
    document = somd_document(text.split(), id=f"d-{line:05d}", path="d.txt", line=line)
    return LabeledDocument(document, Annotation.build(mentions, relations))


def software(start: int, end: int, **options) -> Mention:
    return Mention(EntityType.APPLICATION, start, end, **options)


def test_somd_writer_writes_the_organisers_form(tmp_path):
    head, tail = Mention(EntityType.VERSION, 12, 15), software(4, 11)
    relation = Relation(RelationType.VERSION_OF, head, tail)
    documents = [labeled_line("Use Foo Bar 2.1 .", [head, tail], [relation]), labeled_line("")]
    report = write_somd(documents, tmp_path, split="train")
    assert (tmp_path / "train_texts.txt").read_text() == "Use Foo Bar 2.1 .\n\n"
    assert (tmp_path / "train_entities.txt").read_text() == (
        "O B-Application I-Application B-Version O\n\n"
    )
    assert (tmp_path / "train_relations.txt").read_text() == "Version_of\t3\t1\n\n"
    assert (report.n_documents, report.n_mentions, report.n_relations) == (2, 2, 1)
    assert report.losses == {}


def test_somd_writer_widens_drops_and_counts(tmp_path):
    sure, unsure = software(4, 6), software(6, 11, confidence=0.4)
    version = Mention(EntityType.VERSION, 12, 15, confidence=0.9)
    relations = [
        Relation(RelationType.VERSION_OF, version, unsure),
        Relation(RelationType.VERSION_OF, version, sure),
    ]
    labeled = labeled_line("Use FooBarX 2.1 .", [sure, unsure, version], relations)
    report = write_somd([labeled], tmp_path, split="validation")
    (got,) = read_somd_split(tmp_path, "validation")
    assert [mention.key for mention in got.annotation.mentions] == [
        (4, 11, EntityType.APPLICATION),
        version.key,
    ]
    assert len(got.annotation.relations) == 1
    assert report.losses == {
        "confidence": 2,
        "mention that overlaps another": 1,
        "mention widened to its tokens": 1,
        "relation of a mention left out": 1,
    }


def test_somd_writer_segments_natural_text(tmp_path):
    text = "We used Foo (v2). It is fast. Acme made it."
    application = software(8, 11, purpose=Purpose.USAGE)
    version = Mention(EntityType.VERSION, 14, 15)
    developer = Mention(EntityType.DEVELOPER, 30, 34)
    relations = [
        Relation(RelationType.VERSION_OF, version, application),
        Relation(RelationType.DEVELOPER_OF, developer, application),
    ]
    annotation = Annotation.build([application, version, developer], relations)
    report = write_somd([LabeledDocument(Document("n", text), annotation)], tmp_path, split="test")
    got = read_somd_split(tmp_path, "test")
    assert len(got) == report.n_documents == 3
    assert sum(len(one.annotation.mentions) for one in got) == 3
    assert report.n_relations == 1
    assert report.losses["relation across sentences"] == 1
    assert report.losses["purpose"] == 1


def test_somd_writer_never_writes_white_space_inside_a_token(tmp_path):
    document = somd_document(["a b", "c\nd", "\t"], id="x", path="x", line=1)
    report = write_somd([LabeledDocument(document)], tmp_path, split="test")
    assert (tmp_path / "test_texts.txt").read_text() == "a b c d\n"
    assert report.losses == {"token split at its white space": 3}


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_somd_writer_submission_has_a_line_a_document(tmp_path, kind):
    version, tail = Mention(EntityType.VERSION, 8, 9), software(4, 7)
    relation = Relation(RelationType.VERSION_OF, version, tail)
    documents = [
        labeled_line("", line=1),
        labeled_line("Use Foo 2", [version, tail], [relation], line=2),
        labeled_line("", line=3),
        labeled_line("None", line=4),
    ]
    path = tmp_path / ("out.zip" if kind == "zip" else "out")
    (write_submission_zip if kind == "zip" else write_submission)(documents, path)
    assert read_submission(path, [one.document for one in documents]) == documents
    if kind == "folder":
        for name in ("predictions.entities.txt", "predictions.relations.txt"):
            assert (path / name).read_text().count("\n") == len(documents)
    else:
        before = path.read_bytes()
        write_submission_zip(documents, path)
        assert path.read_bytes() == before


def test_somd_writer_submission_needs_one_sentence(tmp_path):
    natural = LabeledDocument(Document("n", "Some text."))
    with pytest.raises(FormatError, match="'n' has 0 sentences"):
        write_submission([natural], tmp_path)
    with pytest.raises(FormatError, match="'n' has 0 sentences"):
        read_submission(tmp_path, [natural.document])


def test_somd_writer_reads_no_broken_submission(tmp_path):
    documents = [labeled_line("Use Foo").document]
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no archive")
    with pytest.raises(FormatError, match="no readable zip archive"):
        read_submission(bad, documents)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("predictions.entities.txt", "O O\n")
    with pytest.raises(FormatError, match=r"holds 0 files called predictions\.relations\.txt"):
        read_submission(bad, documents)
    with pytest.raises(FormatError, match="no such file"):
        read_submission(tmp_path / "nowhere", documents)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("in/predictions.entities.txt", "O\n")
        archive.writestr("in/predictions.relations.txt", "\n")
    with pytest.raises(FormatError, match="1 tags for 2 tokens"):
        read_submission(bad, documents)


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
def test_somd_writer_round_trips_the_published_corpus(tmp_path):
    folder = Path(os.environ["SOMEX_DATA"]) / "somd2025" / "phase1"
    for split in ("train", "validation"):
        documents = read_somd_split(folder, split)
        report = write_somd(documents, tmp_path, split=split)
        assert report.losses == {}
        again = read_somd_split(tmp_path, split)
        assert [(one.document.text, one.annotation) for one in again] == [
            (one.document.text, one.annotation) for one in documents
        ]
