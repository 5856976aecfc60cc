from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from somex.core import Annotation, Document, LabeledDocument, Mention, Relation
from somex.core.errors import ConfigError
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType as R
from somex.core.types import Sentence, Token
from somex.corpus import fifth_of, sentence_text, split_labeled
from somex.standoff import apply_standoff, hash_text, read_standoff, to_entry, write_standoff

TEXT = "Nobody knew. Maps were drawn by Brookmap 2.1 in time. It rained."
FILE = Path(__file__).parents[1] / "recipes" / "softcite-somesci.jsonl"


def _document() -> LabeledDocument:
    name = Mention(E.APPLICATION, TEXT.index("Brook"), TEXT.index(" 2.1"))
    version = Mention(E.VERSION, TEXT.index("2.1"), TEXT.index(" in time"))
    annotation = Annotation.build([name, version], [Relation(R.VERSION_OF, version, name)])
    return LabeledDocument(Document("a", TEXT), annotation)


def _entry(**changes: Any) -> dict[str, Any]:
    return to_entry(split_labeled(_document())[1]) | changes


def test_standoff_comes_back_on_the_same_text(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    parts = split_labeled(_document())
    write_standoff({"b": [], "a": [to_entry(part) for part in parts]}, path)
    bare = LabeledDocument(Document("a", TEXT), Annotation.build([], []))
    found = list(apply_standoff([bare], read_standoff(path)))
    assert [sentence_text(part) for part in found] == [sentence_text(part) for part in parts]
    assert [part.annotation for part in found] == [part.annotation for part in parts]
    assert not set(TEXT.split()) & set(path.read_text("utf-8").replace('"', " ").split())


def test_standoff_keeps_the_tokens_of_a_sentence() -> None:
    document = _document().document
    start, end = _entry()["start"], _entry()["end"]
    sentence = Sentence(start, end, (Token(start, start + 4),))
    tokenised = LabeledDocument(Document("a", document.text, (sentence,)), Annotation.build([], []))
    (found,) = apply_standoff([tokenised], {"a": [_entry()]})
    assert found.document.sentences == (sentence,)


def test_standoff_passes_over_documents_that_are_not_given() -> None:
    other = LabeledDocument(Document("c", TEXT), Annotation.build([], []))
    assert list(apply_standoff([other], {"a": [_entry()]})) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 16}, "the corpus holds another text at 13 to 53 than was annotated"),
        ({"end": 52}, "holds another text at 13 to 52"),
        ({"mentions": [["Tool", 0, 4]], "relations": []}, "'Tool' is not a valid EntityType"),
        ({"mentions": [["URL", 30, 41]], "relations": []}, "outside of its 40 characters"),
        ({"relations": [["URL_of", 1, 0]]}, "URL_of can't lead from a Version to a Application"),
        ({"relations": [["Version_of", 2, 0]]}, "index out of range"),
        ({"mentions": None}, "not iterable"),
    ],
)
def test_standoff_tells_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"annotation of a, sentence 0: .*{message}"):
        list(apply_standoff([_document()], {"a": [_entry(**changes)]}))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"labels\.jsonl:2 must be an object with document and sentences"),
        ('{"document": "b"}', r"labels\.jsonl:2 must be an object .*'sentences'"),
        ("7", r"labels\.jsonl:2 must be an object"),
        ('{"document": "a", "sentences": []}', r"jsonl:2 names document 'a' a second time"),
    ],
)
def test_standoff_tells_a_bad_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"document": "a", "sentences": []}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_standoff(path)


def test_standoff_of_softcite_leaves_its_test_fifth_alone() -> None:
    entries = read_standoff(FILE)
    empty = Annotation.build([], [])
    assert all(fifth_of(LabeledDocument(Document(id, ""), empty)) for id in entries)
    texts = Counter(kind for line in _values(entries) for kind in line)
    assert not {kind for kind in texts if len(kind) > len("a long word of text, not a hash")}


def _values(entries: dict[str, list[dict[str, Any]]]) -> list[list[str]]:
    """Return the strings of each sentence's entry."""
    dumped = (json.dumps(entry).split('"')[1::2] for each in entries.values() for entry in each)
    return [list(strings) for strings in dumped]


@pytest.mark.corpus
@pytest.mark.filterwarnings("ignore")
def test_standoff_of_softcite_fits_the_corpus() -> None:
    from somex.readers.registry import read_corpus

    if "SOMEX_DATA" not in os.environ:
        pytest.skip("SOMEX_DATA is not set")
    corpus = Path(os.environ["SOMEX_DATA"]) / "softcite" / "softcite-working.tei.xml"
    entries = read_standoff(FILE)
    found = list(apply_standoff(read_corpus(corpus), entries))
    assert len(found) == sum(map(len, entries.values()))
    assert hash_text(sentence_text(found[0])) == entries[found[0].document.id[:-2]][0]["sha256"]
    heads = {r.head for part in found for r in part.annotation.relations}
    counts = Counter(m.type for part in found for m in part.annotation.mentions)
    assert all(counts[kind] for kind in E)
    assert {E.VERSION, E.DEVELOPER, E.CITATION} <= {head.type for head in heads}
