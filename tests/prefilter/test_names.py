from __future__ import annotations

import pytest

from somex.core import Document, EntityType, Mention
from somex.prefilter.names import NameMatcher, names_of


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("We ran Quill again.", True),
        ("Quill8 and more", True),
        ("(Quill)", True),
        ("Orbit\nPlanner ran", True),
        ("Quills are feathers", False),
        ("a quill", False),
        ("MyQuill", False),
        ("", False),
    ],
)
def test_names_matcher_finds_whole_names(text: str, is_in: bool) -> None:
    assert NameMatcher(["Quill", "Orbit Planner"]).is_in(text) is is_in


def test_names_matcher_takes_names_literally() -> None:
    matcher = NameMatcher(["C++", "map.fit (2)"])
    assert matcher.is_in("written in C++.")
    assert matcher.is_in("by map.fit (2) alone")
    assert not matcher.is_in("by mapxfit (2) alone")


def test_names_matcher_without_names_finds_nothing() -> None:
    assert not NameMatcher([]).is_in("Quill")


def test_names_of_takes_sure_names_of_software_only() -> None:
    text = "Quill 2.4 by Heron ( QL ) Moss 77"
    document = Document("d", text)

    def mention(type: EntityType, part: str, confidence: float = 1.0) -> Mention:
        start = text.index(part)
        return Mention(type, start, start + len(part), confidence=confidence)

    mentions = [
        mention(EntityType.APPLICATION, "Quill"),
        mention(EntityType.VERSION, "2.4"),
        mention(EntityType.DEVELOPER, "Heron"),
        mention(EntityType.ABBREVIATION, "QL"),
        mention(EntityType.PLUGIN, "Moss", 0.3),
        mention(EntityType.APPLICATION, "77"),
    ]
    assert names_of(document, mentions) == {"Quill", "QL"}
