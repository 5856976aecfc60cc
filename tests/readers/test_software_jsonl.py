"""Linked software goes out and comes back; faults are told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from somex.core.errors import AnnotationError, FormatError
from somex.core.schema import EntityType
from somex.core.software import Identifier, MentionRef, Software
from somex.readers.software_jsonl import read_software, write_software

SLOPE = Software(
    "sw-1",
    "Sloperunner",
    ("Sloperunner", "SLOPERUNNER"),
    EntityType.APPLICATION,
    (MentionRef("a", "T1"), MentionRef("b", "T3")),
    (Identifier("rrid", "SCR_000001"), Identifier("url", "https://slope.example")),
    ("Hill Labs",),
    "sw-2",
)


def test_software_jsonl_round_trip(tmp_path: Path) -> None:
    write_software([SLOPE], tmp_path / "software.jsonl")
    assert list(read_software(tmp_path / "software.jsonl")) == [SLOPE]


def test_software_jsonl_identifier_has_a_uri() -> None:
    assert Identifier("rrid", "SCR_000001").uri == "https://identifiers.org/RRID:SCR_000001"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", "schema is None"),
        ('{"schema": "somex.software/9"}', "supported: somex.software/1"),
        ("{", "is no JSON"),
        ('{"schema": "somex.software/1", "id": "x"}', "lacks 'name'"),
        (
            '{"schema": "somex.software/1", "id": "x", "name": "X", "type": "Application", '
            '"mentions": [{}]}',
            "lacks a member",
        ),
        (
            '{"schema": "somex.software/1", "id": "x", "name": "X", "type": "Application", '
            '"mentions": [], "identifiers": [{"scheme": "isbn", "value": "1"}]}',
            "valid: bioconductor",
        ),
    ],
)
def test_software_jsonl_faults_are_told(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "software.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        list(read_software(path))
    assert caught.value.line == 2


def test_software_checks_its_values() -> None:
    with pytest.raises(AnnotationError, match="not empty"):
        Software("", "X", (), EntityType.APPLICATION, ())
    with pytest.raises(AnnotationError, match="twice"):
        Software("x", "X", (), EntityType.APPLICATION, (MentionRef("a", "T1"),) * 2)
    with pytest.raises(AnnotationError, match="empty or has blanks"):
        Identifier("url", " ")
