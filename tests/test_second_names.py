from __future__ import annotations

import pytest

from somex.core import Annotation, EntityType, Mention, Relation, RelationType
from somex.second_names import add_second_names

LONG = "Text Retrieval In Big Environments"


def find(text: str, part: str, type: EntityType, confidence: float = 1.0) -> Mention:
    start = text.index(part)
    return Mention(type, start, start + len(part), confidence=confidence)


def edges(text: str, annotation: Annotation) -> list[tuple[str, str, str]]:
    return [
        (
            r.type.value,
            text[r.head.char_start : r.head.char_end],
            text[r.tail.char_start : r.tail.char_end],
        )
        for r in annotation.relations
    ]


def test_second_names_are_added_with_their_relation() -> None:
    text = f"We used TRIBE ({LONG}) and Quill (Orbital Labs)."
    tribe = find(text, "TRIBE", EntityType.APPLICATION, confidence=0.8)
    quill = find(text, "Quill", EntityType.APPLICATION)
    found = add_second_names(text, Annotation.build([tribe, quill]))
    name = find(text, LONG, EntityType.ALTERNATIVE_NAME, confidence=0.8 * 0.9)
    assert found.mentions == (tribe, name, quill)
    relation = Relation(RelationType.ALTERNATIVE_NAME_OF, name, tribe, name.confidence)
    assert found.relations == (relation,)


def test_second_names_that_passed_for_software_hand_their_attributes_on() -> None:
    text = f"We used TRIBE ({LONG}, version 2, run from Quill)."
    tribe, long, quill = (find(text, n, EntityType.APPLICATION) for n in ("TRIBE", LONG, "Quill"))
    version = find(text, "2", EntityType.VERSION)
    before = Annotation.build(
        [tribe, long, version, quill],
        [
            Relation(RelationType.VERSION_OF, version, long),
            Relation(RelationType.SPECIFICATION_OF, tribe, long),
            Relation(RelationType.PLUGIN_OF, long, quill),
        ],
    )
    found = add_second_names(text, before)
    assert [m.type for m in found.mentions] == [
        EntityType.APPLICATION,
        EntityType.ALTERNATIVE_NAME,
        EntityType.VERSION,
        EntityType.APPLICATION,
    ]
    assert edges(text, found) == [
        ("AlternativeName_of", LONG, "TRIBE"),
        ("Version_of", "2", "TRIBE"),
    ]
    assert add_second_names(text, found) == found


def test_second_names_hand_no_attribute_on_that_the_software_has() -> None:
    text = f"We used TRIBE ({LONG}) 2."
    tribe, long = (find(text, n, EntityType.APPLICATION) for n in ("TRIBE", LONG))
    version = find(text, "2", EntityType.VERSION)
    both = [Relation(RelationType.VERSION_OF, version, host) for host in (tribe, long)]
    found = add_second_names(text, Annotation.build([tribe, long, version], both))
    assert edges(text, found) == [
        ("AlternativeName_of", LONG, "TRIBE"),
        ("Version_of", "2", "TRIBE"),
    ]


def test_second_names_may_stand_behind_a_version() -> None:
    text = f"We used TRIBE v2.1 ({LONG})."
    tribe = find(text, "TRIBE", EntityType.PLUGIN)
    version = find(text, "2.1", EntityType.VERSION)
    relation = Relation(RelationType.VERSION_OF, version, tribe)
    assert edges(text, add_second_names(text, Annotation.build([tribe, version], [relation]))) == [
        ("Version_of", "2.1", "TRIBE"),
        ("AlternativeName_of", LONG, "TRIBE"),
    ]
    unrelated = Annotation.build([tribe, version])
    assert add_second_names(text, unrelated) == unrelated


@pytest.mark.parametrize(
    ("part", "type"),
    [
        (LONG, EntityType.DEVELOPER),
        (LONG, EntityType.ALTERNATIVE_NAME),
        ("Text Retrieval", EntityType.DEVELOPER),
        (f"{LONG}) run", EntityType.APPLICATION),
    ],
)
def test_second_names_yield_to_other_mentions(part: str, type: EntityType) -> None:
    text = f"We used TRIBE ({LONG}) runs."
    before = Annotation.build([find(text, "TRIBE", EntityType.APPLICATION), find(text, part, type)])
    assert add_second_names(text, before) == before


def test_second_names_of_no_software_are_none() -> None:
    text = f"TRIBE ({LONG})"
    before = Annotation.build([find(text, "TRIBE", EntityType.DEVELOPER)])
    assert add_second_names(text, before) == before
    assert add_second_names(text, Annotation()) == Annotation()


def test_second_names_below_the_least_confidence_are_not_made() -> None:
    text = f"TRIBE ({LONG})"
    before = Annotation.build([find(text, "TRIBE", EntityType.APPLICATION, confidence=0.6)])
    assert add_second_names(text, before, min_confidence=0.55) == before
    assert add_second_names(text, before, min_confidence=0.54) != before
