"""Mentions of one software in a document come together; what is said of one is known of all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from somex.core import Annotation, Document, LabeledDocument, Mention, Relation
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType as R
from somex.resolution import resolve_software


def _document(text: str, *marked: tuple[str, E, int], relations: str = "") -> LabeledDocument:
    """Mark each (characters, type, which occurrence); relations read ``Type head tail;``."""
    mentions = []
    for characters, kind, occurrence in marked:
        start = -1
        for _ in range(occurrence + 1):
            start = text.index(characters, start + 1)
        mentions.append(Mention(kind, start, start + len(characters)))
    found = [
        Relation(R(name), mentions[int(head)], mentions[int(tail)])
        for name, head, tail in (item.split() for item in filter(None, relations.split(";")))
    ]
    return LabeledDocument(Document("d", text), Annotation.build(mentions, found))


def _texts(labeled: LabeledDocument) -> list[list[str]]:
    return [
        [labeled.document.slice(m.char_start, m.char_end) for m in software.mentions]
        for software in resolve_software(labeled)
    ]


def test_resolution_follows_abbreviations_and_spellings() -> None:
    labeled = _document(
        "We used Orbit Planning Suite (OPS). Later, ops and Fenwalker were run.",
        ("Orbit Planning Suite", E.APPLICATION, 0),
        ("OPS", E.ABBREVIATION, 0),
        ("ops", E.APPLICATION, 0),
        ("Fenwalker", E.APPLICATION, 0),
        relations="Abbreviation_of 1 0",
    )
    assert _texts(labeled) == [["Orbit Planning Suite", "OPS", "ops"], ["Fenwalker"]]


def test_resolution_knows_acronyms_and_beginnings_where_only_one_name_fits() -> None:
    labeled = _document(
        "Meadow Line Counter was run. MLC is quick. Slope is not Slope Max.",
        ("Meadow Line Counter", E.APPLICATION, 0),
        ("MLC", E.APPLICATION, 0),
        ("Slope", E.APPLICATION, 0),
        ("Slope Max", E.APPLICATION, 0),
    )
    assert _texts(labeled) == [["Meadow Line Counter", "MLC"], ["Slope", "Slope Max"]]
    labeled = _document(
        "Slope Max and Slope Mini need Slope here.",
        ("Slope Max", E.APPLICATION, 0),
        ("Slope Mini", E.APPLICATION, 0),
        ("Slope", E.APPLICATION, 2),
    )
    assert _texts(labeled) == [["Slope Max"], ["Slope Mini"], ["Slope"]]


@pytest.mark.parametrize(
    ("text", "is_joined"),
    [
        ("Fenwalker was run. The software is free.", True),
        ("Fenwalker was run. It rained. The software is free.", True),
        ("Fenwalker was run. It rained. It did. It stopped. The software is free.", False),
        ("Fenwalker was run.\n\nThe software is free.", False),
    ],
)
def test_resolution_leads_a_coreference_back_where_that_is_plain(
    text: str, is_joined: bool
) -> None:
    labeled = _document(
        text, ("Fenwalker", E.APPLICATION, 0), ("The software", E.SOFTWARE_COREFERENCE, 0)
    )
    joined = [["Fenwalker", "The software"]]
    assert _texts(labeled) == (joined if is_joined else [["Fenwalker"], ["The software"]])


def test_resolution_leaves_a_coreference_alone_where_several_are_named() -> None:
    labeled = _document(
        "Fenwalker and Moorlark were run. The software is free.",
        ("Fenwalker", E.APPLICATION, 0),
        ("Moorlark", E.APPLICATION, 0),
        ("The software", E.SOFTWARE_COREFERENCE, 0),
    )
    assert _texts(labeled) == [["Fenwalker"], ["Moorlark"], ["The software"]]


def test_resolution_gathers_what_is_said_in_other_sentences() -> None:
    labeled = _document(
        "Fenwalker was run. This program is at fen.example. Fenwalker 2.1 is new.",
        ("Fenwalker", E.APPLICATION, 0),
        ("This program", E.SOFTWARE_COREFERENCE, 0),
        ("fen.example", E.URL, 0),
        ("Fenwalker", E.APPLICATION, 1),
        ("2.1", E.VERSION, 0),
        relations="URL_of 2 1;Version_of 4 3",
    )
    (software,) = resolve_software(labeled)
    assert software.name == "Fenwalker"
    assert [str(r.type) for r in software.attributes] == ["URL_of", "Version_of"]


def test_resolution_keeps_a_plug_in_apart_from_its_host() -> None:
    labeled = _document(
        "Fenwalker with its Reed add-on.",
        ("Fenwalker", E.APPLICATION, 0),
        ("Reed", E.PLUGIN, 0),
        relations="PlugIn_of 1 0",
    )
    assert _texts(labeled) == [["Fenwalker"], ["Reed"]]
    assert all(software.attributes == () for software in resolve_software(labeled))


_NAMES = st.lists(
    st.tuples(
        st.sampled_from(["Ab", "ab", "Ab Cd", "ABC", "Aa Bb Cc", "R", "+"]),
        st.sampled_from([E.APPLICATION, E.PLUGIN, E.ABBREVIATION, E.SOFTWARE_COREFERENCE]),
    ),
    max_size=8,
)


@given(_NAMES)
def test_resolution_puts_every_naming_mention_into_one_group(
    names: list[tuple[str, E]],
) -> None:
    text, mentions = "", []
    for name, kind in names:
        mentions.append(Mention(kind, len(text), len(text) + len(name)))
        text += f"{name}. "
    labeled = LabeledDocument(Document("d", text or " "), Annotation.build(mentions))
    grouped = [m for software in resolve_software(labeled) for m in software.mentions]
    assert sorted(grouped, key=lambda m: m.key) == sorted(mentions, key=lambda m: m.key)
