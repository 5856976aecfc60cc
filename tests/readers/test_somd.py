import os
import warnings
from pathlib import Path

import pytest

from somex.core import EntityType, FormatError, RelationType
from somex.readers.problems import ReadWarning
from somex.readers.somd import (
    SomdPaths,
    check_somd,
    find_somd_split,
    read_somd,
    read_somd_split,
)

TEXTS = "We used Foo 2 .\nNothing here\n"
TAGS = "O O B-Application B-Version O\nO O\n"
RELATIONS = "Version_of\t3\t2\n\n"


def write_files(folder: Path, texts=TEXTS, tags=TAGS, relations=RELATIONS) -> SomdPaths:
    paths = [folder / name for name in ("t.txt", "e.txt", "r.txt")]
    for path, content in zip(paths, (texts, tags, relations), strict=True):
        path.write_bytes(content.encode("utf-8"))
    return SomdPaths(*paths)


def read(paths: SomdPaths, **options):
    return read_somd(
        paths.texts, entities_path=paths.entities, relations_path=paths.relations, **options
    )


def test_somd_reads_tokens_mentions_and_relations(tmp_path):
    first, second = read(write_files(tmp_path))
    assert first.document.id == "t-00001"
    assert first.document.text == "We used Foo 2 ."
    (sentence,) = first.document.sentences
    assert (sentence.char_start, sentence.char_end, len(sentence.tokens)) == (0, 15, 5)
    application, version = first.annotation.mentions
    assert application.key == (8, 11, EntityType.APPLICATION)
    (relation,) = first.annotation.relations
    assert (relation.type, relation.head, relation.tail) == (
        RelationType.VERSION_OF,
        version,
        application,
    )
    assert second.annotation.mentions == ()


@pytest.mark.parametrize(
    ("texts", "tags", "relations"),
    [
        (TEXTS, TAGS, "Version_of\t3\t2"),
        (TEXTS.rstrip("\n"), TAGS.rstrip("\n"), " Version_of  3\t 2 ; ;\n\n\n\n"),
        (TEXTS.replace("\n", "\r\n"), TAGS.replace("\n", "\r\n"), "Version_of 3 2;\r\n\r\n"),
        ("\ufeff" + TEXTS.replace(" Foo", "\t Foo"), TAGS.replace(" O\n", "\tO \n"), RELATIONS),
        (TEXTS, TAGS + "\n \n", "Version_of 3 2;Version_of\t3\t2\n\n"),
    ],
)
def test_somd_reads_the_quirks_of_real_files(tmp_path, texts, tags, relations):
    plain = tmp_path / "plain"
    plain.mkdir()
    expected = read(write_files(plain), id_prefix="x")
    got = read(write_files(tmp_path, texts, tags, relations), id_prefix="x")
    assert [(one.document.text, one.annotation) for one in got] == [
        (one.document.text, one.annotation) for one in expected
    ]


def test_somd_keeps_empty_lines_and_splits_at_line_feeds_alone(tmp_path):
    path = tmp_path / "test_texts.txt"
    path.write_bytes("a\u2028b c\x0c\n\n\u00a0 d\n\n".encode())
    documents = [labeled.document for labeled in read_somd(path, id_prefix="q")]
    assert [document.text for document in documents] == ["a\u2028b c\x0c", "", "\u00a0 d", ""]
    assert [document.id for document in documents] == ["q-00001", "q-00002", "q-00003", "q-00004"]
    assert documents[1].sentences[0].tokens == ()
    assert len(documents[2].sentences[0].tokens) == 2


def test_somd_needs_no_tags_for_empty_sentences(tmp_path):
    got = read(write_files(tmp_path, "Foo\n\n", "B-Application", ""))
    assert [len(labeled.annotation.mentions) for labeled in got] == [1, 0]


@pytest.mark.parametrize(
    ("tags", "relations", "place", "message"),
    [
        ("O O O\nO O\n", "\n", "e.txt:1", "3 tags for 5 tokens"),
        ("O O I-Application O O\nO O\n", "\n", "e.txt:1", "begins with B-Application"),
        ("O O B-Version I-Release O\nO O\n", "\n", "e.txt:1", "begins with B-Release"),
        ("O O X-Version O O\nO O\n", "\n", "e.txt:1", "valid: O, B-<type> or I-<type>"),
        ("O O O O O\nO Q\n", "\n", "e.txt:2", "token 1 has tag 'Q'"),
        ("O O B-Program O O\nO O\n", "\n", "e.txt:1", "unknown entity type 'Program'; valid: App"),
        ("O O O O O\n", "\n", "e.txt:2", "1 lines for the 2 sentences"),
        (TAGS + "O\n", RELATIONS, "e.txt:3", "3 lines for the 2 sentences"),
        (TAGS, "\n\nVersion_of 3 2\n", "r.txt:3", "3 lines for the 2 sentences"),
        (TAGS, "Version_of 3\n\n", "r.txt:1", "has 2 fields; valid: Type head tail"),
        (TAGS, "Verson_of 3 2\n\n", "r.txt:1", "unknown relation type 'Verson_of'; valid: Ver"),
        (TAGS, "Version_of 3 9\n\n", "r.txt:1", "index 9 is out of range, the line has 5 tokens"),
        (TAGS, "Version_of 3 1\n\n", "r.txt:1", "index 1 starts no entity; entities start at 2, 3"),
        (TAGS, "Version_of -3 2\n\n", "r.txt:1", "'-3' is not a whole number"),
        (TAGS, "Version_of 3 two\n\n", "r.txt:1", "'two' is not a whole number"),
        (
            TAGS,
            "Developer_of 3 2\n\n",
            "r.txt:1",
            "does not allow Developer_of from Version to App",
        ),
    ],
)
def test_somd_names_the_place_of_each_fault(tmp_path, tags, relations, place, message):
    paths = write_files(tmp_path, tags=tags, relations=relations)
    with pytest.raises(FormatError) as caught:
        read(paths)
    assert place in str(caught.value)
    assert message in str(caught.value)
    assert [p for p in check_somd(paths) if message in p.message and p.severity == "error"]


def test_somd_check_lists_all_faults(tmp_path):
    paths = write_files(
        tmp_path, tags="O O I-Application O O\nB-Nothing O O\n", relations="Version_of 3 9\nx y z\n"
    )
    lines = [(Path(p.path).name, p.line) for p in check_somd(paths)]
    assert sorted(lines) == [
        ("e.txt", 1),
        ("e.txt", 2),
        ("e.txt", 2),
        ("r.txt", 1),
        ("r.txt", 1),
        ("r.txt", 2),
    ]


def test_somd_drops_forbidden_relations_on_request_and_counts_them(tmp_path):
    paths = write_files(tmp_path, relations="Developer_of 3 2; Version_of 3 2\n\n")
    with pytest.warns(ReadWarning, match=r"left out 1 relation\(s\)"):
        got = read(paths, on_violation="drop")
    assert [relation.type for relation in got[0].annotation.relations] == [RelationType.VERSION_OF]


def test_somd_reports_bytes_that_are_not_utf8(tmp_path):
    paths = write_files(tmp_path)
    paths.texts.write_bytes(b"We used\nF\xe9o\n")
    with pytest.raises(FormatError, match=r"t\.txt:2: byte 9 \(0xe9\) is not UTF-8"):
        read(paths)
    assert len(check_somd(paths)) == 1


def test_somd_relations_without_entities_are_an_error(tmp_path):
    paths = write_files(tmp_path)
    with pytest.raises(FormatError, match="relations need the entity file"):
        read_somd(paths.texts, relations_path=paths.relations)


def test_somd_find_split_lists_the_splits_and_missing_files(tmp_path):
    with pytest.raises(FormatError, match="unknown SOMD split 'dev'; valid: train, validation"):
        find_somd_split(tmp_path, "dev")
    with pytest.raises(FormatError, match=r"no test_texts\.txt here"):
        find_somd_split(tmp_path, "test")
    (tmp_path / "test_texts.txt").write_text("a b")
    assert find_somd_split(tmp_path, "test") == SomdPaths(tmp_path / "test_texts.txt")


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
@pytest.mark.parametrize(
    ("phase", "split", "counts"),
    [
        ("phase1", "train", (1149, 4182, 2551)),
        ("phase1", "validation", (203, 722, 451)),
        ("phase2", "test", (220, 0, 0)),
    ],
)
def test_somd_reads_the_published_corpus_strictly(phase, split, counts):
    folder = Path(os.environ["SOMEX_DATA"]) / "somd2025" / phase
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = read_somd_split(folder, split)
    n_mentions = sum(len(labeled.annotation.mentions) for labeled in got)
    n_relations = sum(len(labeled.annotation.relations) for labeled in got)
    assert (len(got), n_mentions, n_relations) == counts
