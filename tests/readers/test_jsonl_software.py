"""The member ``software`` of JSON Lines: written, checked, read back, absent in older files."""

from __future__ import annotations

import copy
import importlib.resources
import json
from pathlib import Path
from typing import Any

import pytest

from somex.core import Annotation, Document, LabeledDocument, Mention, Relation
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType as R
from somex.readers.jsonl import check_jsonl, document_to_json, format_line, read_results
from somex.resolution import resolve_software

TEXT = (
    "Fenwalker was run. The software (version 2.1) is by Orbital Labs. "
    "Quill [4] drew the curves; Fenwalker is quick."
)
MODEL = {"name": "tiny", "fingerprint": "0123456789ab"}


def _mention(kind: E, words: str, *, after: int = 0) -> Mention:
    start = TEXT.index(words, after)
    return Mention(kind, start, start + len(words))


def _labeled() -> LabeledDocument:
    first = _mention(E.APPLICATION, "Fenwalker")
    again = _mention(E.APPLICATION, "Fenwalker", after=20)
    coreference = _mention(E.SOFTWARE_COREFERENCE, "The software")
    version = _mention(E.VERSION, "2.1")
    quill, citation = _mention(E.PROGRAMMING_ENVIRONMENT, "Quill"), _mention(E.CITATION, "[4]")
    return LabeledDocument(
        Document("d", TEXT),
        Annotation.build(
            [first, again, coreference, version, quill, citation],
            [
                Relation(R.VERSION_OF, version, coreference),
                Relation(R.CITATION_OF, citation, quill),
            ],
        ),
    )


def _line() -> dict[str, Any]:
    return document_to_json(_labeled(), model=MODEL)


def test_jsonl_software_tells_groups_and_where_each_attribute_is_said() -> None:
    assert _line()["software"] == [
        {
            "id": "S1",
            "name": "Fenwalker",
            "mentions": ["T1", "T2", "T6"],
            "versions": [{"text": "2.1", "mention": "T3", "of": "T2"}],
        },
        {
            "id": "S2",
            "name": "Quill",
            "mentions": ["T4"],
            "citations": [{"text": "[4]", "mention": "T5", "of": "T4"}],
        },
    ]


def test_jsonl_software_is_left_out_of_gold() -> None:
    assert "software" not in document_to_json(_labeled())
    assert document_to_json(_labeled(), software=())["software"] == []


def test_jsonl_software_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    path.write_text(format_line(_labeled(), model=MODEL) + "\n", encoding="utf-8")
    (result,) = read_results(path)
    assert result.software == resolve_software(_labeled())
    again = document_to_json(result.labeled, model=result.model, software=result.software)
    assert again == _line()


def test_jsonl_software_of_the_file_goes_before_the_rules(tmp_path: Path) -> None:
    line = _line()
    line["software"] = [{"id": "X", "name": "Fen", "mentions": ["T1"]}]
    path = tmp_path / "documents.jsonl"
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    (result,) = read_results(path)
    assert [one.name for one in result.resolve()] == ["Fen"]


def test_jsonl_software_older_files_are_resolved_when_read(tmp_path: Path) -> None:
    line = _line()
    del line["software"]
    path = tmp_path / "documents.jsonl"
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    (result,) = read_results(path)
    assert result.software is None
    assert result.resolve() == resolve_software(_labeled())


def test_jsonl_software_follows_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = importlib.resources.files("somex.readers") / "document.schema.json"
    jsonschema.validate(_line(), json.loads(schema.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((0, "mentions", 0), "T99", "software[0].mentions[0] is 'T99', which is the id of no"),
        ((0, "mentions"), [], "software[0]: software 'Fenwalker' has no mention"),
        ((1, "mentions"), ["T4", "T1"], "a mention is of one software"),
        ((1, "id"), "S1", "software[1].id is 'S1'; ids are unique"),
        ((0, "versions", 0, "of"), "T1", "software[0].versions[0]: the document has no such"),
        ((0, "versions", 0, "mention"), "T9", "versions[0].mention is 'T9', which is the id of no"),
        ((1, "name"), 3, "software[1].name is 3, not a string"),
        ((1, "colour"), "red", "software[1] has the unknown member 'colour'"),
        ((1, "mentions"), ["T6"], "a mention is of one software"),
    ],
)
def test_jsonl_software_faults_are_told_with_their_place(
    tmp_path: Path, place: tuple[Any, ...], value: object, message: str
) -> None:
    line = copy.deepcopy(_line())
    *parents, last = place
    target: Any = line["software"]
    for part in parents:
        target = target[part]
    target[last] = value
    path = tmp_path / "documents.jsonl"
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    messages = [problem.message for problem in check_jsonl(path)]
    assert any(message in found for found in messages), messages
