from pathlib import Path

import pytest

from somex.core import Document, FormatError, LabeledDocument
from somex.readers.registry import Format, detect_format, formats, get_format, read_corpus


def test_registry_has_the_built_in_formats_through_entry_points():
    assert {"brat", "jsonl", "softcite", "somd", "text"} <= set(formats())
    for name, found in formats().items():
        assert isinstance(found, Format)
        assert found.name == name


def test_registry_wrong_name_lists_the_right_ones():
    with pytest.raises(FormatError, match="unknown format 'conll'; valid: brat, html, jats, jsonl"):
        get_format("conll")


def make(folder: Path, *names: str, content: str = "") -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_registry_detects_formats(tmp_path):
    assert detect_format(make(tmp_path / "s", "train_texts.txt")).name == "somd"
    assert detect_format(tmp_path / "s" / "train_texts.txt").name == "somd"
    assert detect_format(make(tmp_path / "b", "in/x.txt", "in/x.ann")).name == "brat"
    assert detect_format(make(tmp_path / "t", "x.txt")).name == "text"
    assert detect_format(make(tmp_path, "x.jsonl") / "x.jsonl").name == "jsonl"
    assert detect_format(make(tmp_path, "x.xml", content="<teiCorpus>") / "x.xml").name == (
        "softcite"
    )


def test_registry_detection_names_its_doubts(tmp_path):
    with pytest.raises(FormatError, match="no such file or folder"):
        detect_format(tmp_path / "none")
    make(tmp_path, "x.bin", "m/train_texts.txt", "m/a.ann")
    with pytest.raises(FormatError, match="looks like none of the formats brat, html, jats"):
        detect_format(tmp_path / "x.bin")
    with pytest.raises(FormatError, match="looks like brat, somd of the formats"):
        detect_format(tmp_path / "m")


@pytest.mark.parametrize("name", ["brat", "jsonl", "somd", "softcite", "text"])
def test_registry_every_format_writes_reads_and_validates(tmp_path, name):
    found = get_format(name)
    path = tmp_path / ("x.tei.xml" if name == "softcite" else "x.jsonl" if name == "jsonl" else "x")
    assert found.write is not None
    found.write([LabeledDocument(Document("a", "One sentence."))], path)
    assert detect_format(path).name == name
    (labeled,) = read_corpus(path)
    assert labeled.document.text.replace(" .", ".") == "One sentence."
    assert list(read_corpus(path, format=name)) == [labeled]
    assert list(found.validate(path)) == []


def test_registry_somd_validates_stray_and_lonely_files(tmp_path):
    make(tmp_path, "train_texts.txt", "validation.entities.labels.txt", "notes.txt")
    found = {Path(p.path).name: p for p in get_format("somd").validate(tmp_path)}
    assert found["notes.txt"].severity == "warning"
    assert (
        found["validation.entities.labels.txt"].message == "has no validation_texts.txt beside it"
    )


def test_registry_format_names_are_identifiers():
    with pytest.raises(FormatError, match="'my format' is no identifier"):
        Format("my format", "", bool, iter, None, iter)
