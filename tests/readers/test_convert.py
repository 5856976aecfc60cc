import pytest

from somex.core import Document, EntityType, FormatError, LabeledDocument, Mention, Purpose
from somex.core.types import Annotation
from somex.readers.convert import convert_corpus
from somex.readers.jsonl import read_jsonl, write_jsonl


@pytest.fixture
def source(tmp_path):
    mention = Mention(EntityType.APPLICATION, 8, 11, Purpose.USAGE)
    labeled = LabeledDocument(Document("x", "We used Foo."), Annotation((mention,)))
    write_jsonl([labeled], tmp_path / "in.jsonl")
    return tmp_path / "in.jsonl"


def test_convert_round_trips_through_brat(tmp_path, source):
    report, notes = convert_corpus(source, tmp_path / "new" / "b", target_format="brat")
    assert (report.n_mentions, report.losses, notes) == (1, {}, [])
    convert_corpus(tmp_path / "new" / "b", tmp_path / "out.jsonl")
    (first,), (second,) = read_jsonl(source), read_jsonl(tmp_path / "out.jsonl")
    assert first.annotation == second.annotation


def test_convert_reports_losses_and_warnings(tmp_path, source):
    report, _ = convert_corpus(source, tmp_path / "s", target_format="somd")
    assert report.losses == {"purpose": 1}
    (tmp_path / "b").mkdir()
    for name, content in (("a.txt", "Foo"), ("a.ann", "#1\tNote T1\tx\n"), ("c.txt", "")):
        (tmp_path / "b" / name).write_text(content)
    _, notes = convert_corpus(tmp_path / "b", tmp_path / "b.jsonl")
    assert len(notes) == 2


def test_convert_leaves_what_is_there(tmp_path, source):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(FormatError, match="is a folder that is not empty"):
        convert_corpus(source, tmp_path / "full", target_format="brat")
    target = tmp_path / "t.jsonl"
    target.write_text("mine")
    with pytest.raises(FormatError, match="allow it with --overwrite"):
        convert_corpus(source, target)
    assert target.read_text() == "mine"
    convert_corpus(source, target, overwrite=True)
    assert len(list(read_jsonl(target))) == 1


def test_convert_writes_nothing_where_the_source_is_broken(tmp_path, source):
    source.write_text(source.read_text() + "{\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FormatError, match=r"in\.jsonl:2"):
        convert_corpus(source, tmp_path / "b", target_format="brat")
    assert sorted(tmp_path.iterdir()) == before


def test_convert_needs_a_known_target_format(tmp_path, source):
    with pytest.raises(FormatError, match="does not tell the format; name one of brat, jsonl"):
        convert_corpus(source, tmp_path / "somewhere")
