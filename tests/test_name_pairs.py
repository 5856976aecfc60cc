from __future__ import annotations

from collections.abc import Sequence

import pytest

from somex.core import Annotation, EntityType, Mention, Relation, RelationType
from somex.name_pairs import settle_names
from somex.text.long_forms import find_beginning

E, R = EntityType, RelationType
APPLICATION, ABBREVIATION = E.APPLICATION, E.ABBREVIATION


def find(text: str, part: str, type: EntityType, *, nth: int = 0) -> Mention:
    start = -1
    for _ in range(nth + 1):
        start = text.index(part, start + 1)
    return Mention(type, start, start + len(part), confidence=0.8)


def told(text: str, annotation: Annotation) -> list[tuple[str, str, str]]:
    return [
        (
            r.type.value,
            text[r.head.char_start : r.head.char_end],
            text[r.tail.char_start : r.tail.char_end],
        )
        for r in annotation.relations
    ]


def settle(
    text: str,
    mentions: Sequence[Mention],
    relations: Sequence[tuple[RelationType, int, int]] = (),
    *,
    starts: Sequence[int] = (0,),
    min_confidence: float = 0.0,
) -> Annotation:
    ties = [Relation(kind, mentions[h], mentions[t], 0.7) for kind, h, t in relations]
    annotation = Annotation.build(mentions, ties)
    return settle_names(text, annotation, starts=starts, min_confidence=min_confidence)


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        ("Herring Shoals", "Tracking and counting Herring Shoals"),  # too late
        ("Orbita Tracking and counting Herring Shoals", "Tracking and counting Herring Shoals"),
    ],
)
def test_an_abbreviated_name_begins_where_the_letters_do(found: str, whole: str) -> None:
    text = "We wrote Orbita Tracking and counting Herring Shoals (THS), version 2."
    mentions = [
        find(text, found, APPLICATION),
        find(text, "THS", ABBREVIATION),
        find(text, "2", E.VERSION),
    ]
    settled = settle(text, mentions, [(R.ABBREVIATION_OF, 1, 0), (R.VERSION_OF, 2, 0)])
    assert told(text, settled) == [("Abbreviation_of", "THS", whole), ("Version_of", "2", whole)]
    assert {m.confidence for m in settled.mentions} == {0.8}


@pytest.mark.parametrize(
    "text",
    [
        "We wrote Tracking Herring Shoals (THS).",  # begins with the letter
        "We wrote Great Tracking of Herring, a program (THS).",  # not right behind
        "We wrote Quick Fishing (THS).",  # the letters are nowhere
    ],
)
def test_a_name_whose_letters_say_nothing_new_stays(text: str) -> None:
    name = text[len("We wrote ") : text.index(",") if "," in text else text.index(" (")]
    mentions = [find(text, name, APPLICATION), find(text, "THS", ABBREVIATION)]
    settled = settle(text, mentions, [(R.ABBREVIATION_OF, 1, 0)])
    assert told(text, settled) == [("Abbreviation_of", "THS", name)]


def test_a_beginning_is_not_moved_over_another_mention_or_sentence() -> None:
    text = "They use Tracking Herring Shoals (THS)."
    mentions = [
        find(text, "Shoals", APPLICATION),
        find(text, "THS", ABBREVIATION),
        find(text, "Herring", E.DEVELOPER),
    ]
    ties = [(R.ABBREVIATION_OF, 1, 0)]
    assert told(text, settle(text, mentions, ties)) == [("Abbreviation_of", "THS", "Shoals")]
    cut = settle(text, mentions[:2], ties, starts=(0, text.index("Herring")))
    assert told(text, cut) == [("Abbreviation_of", "THS", "Shoals")]
    free = settle(text, mentions[:2], ties)
    assert told(text, free) == [("Abbreviation_of", "THS", "Tracking Herring Shoals")]


@pytest.mark.parametrize("behind", ["8", "v. 8", "version 8", "- 8"])
def test_an_abbreviation_with_a_version_of_its_own_is_the_software_again(behind: str) -> None:
    text = f"We ran Tracking Herring Shoals (THS {behind}; Quill Labs), not Mossflow (Fen)."
    mentions = [
        find(text, "Tracking Herring Shoals", APPLICATION),
        find(text, "THS", ABBREVIATION),
        find(text, "8", E.VERSION),
        find(text, "Quill Labs", E.DEVELOPER),
        find(text, "Mossflow", APPLICATION),
        find(text, "Fen", E.DEVELOPER),
    ]
    ties = [(R.ABBREVIATION_OF, 1, 0), (R.VERSION_OF, 2, 0), (R.DEVELOPER_OF, 3, 0)]
    settled = settle(text, mentions, [*ties, (R.DEVELOPER_OF, 5, 4)])
    assert told(text, settled) == [
        ("Specification_of", "THS", "Tracking Herring Shoals"),
        ("Version_of", "8", "THS"),
        ("Developer_of", "Quill Labs", "THS"),
        ("Developer_of", "Fen", "Mossflow"),
    ]
    assert settled.mentions[1].type is APPLICATION


def test_an_abbreviation_of_two_hosts_becomes_a_specification_of_one() -> None:
    text = "Mossflow and Tracking Herring Shoals (THS 8)"
    mentions = [
        find(text, "Tracking Herring Shoals", APPLICATION),
        find(text, "THS", ABBREVIATION),
        find(text, "8", E.VERSION),
        find(text, "Mossflow", APPLICATION),
    ]
    ties = [(R.ABBREVIATION_OF, 1, 0), (R.ABBREVIATION_OF, 1, 3)]
    (tie,) = settle(text, mentions, ties).relations
    assert (tie.type, tie.head.type) == (R.SPECIFICATION_OF, APPLICATION)
    assert tie.tail in (mentions[0], mentions[3])


def test_an_abbreviation_under_another_mention_stays() -> None:
    text = "Tracking Herring Shoals (THS 8)"
    mentions = [
        find(text, "Tracking Herring Shoals", APPLICATION),
        find(text, "THS", ABBREVIATION),
        find(text, "8", E.VERSION),
        find(text, "THS", APPLICATION),
    ]
    settled = settle(text, mentions, [(R.ABBREVIATION_OF, 1, 0)])
    assert told(text, settled) == [("Abbreviation_of", "THS", "Tracking Herring Shoals")]


def test_an_abbreviation_without_a_version_beside_it_stays() -> None:
    text = "Tracking Herring Shoals (THS), version 8, and (Moss, THS 9)."
    mentions = [
        find(text, "Tracking Herring Shoals", APPLICATION),
        find(text, "THS", ABBREVIATION),
        find(text, "THS", ABBREVIATION, nth=1),
        find(text, "8", E.VERSION),
        find(text, "9", E.VERSION),
    ]
    ties = [(R.ABBREVIATION_OF, 1, 0), (R.ABBREVIATION_OF, 2, 0), (R.VERSION_OF, 3, 0)]
    settled = settle(text, mentions, ties)
    assert {kind for kind, *_ in told(text, settled)} == {"Abbreviation_of", "Version_of"}


def test_a_name_in_brackets_with_its_own_attribute_specifies_the_nearest_before_them() -> None:
    text = "Mossflow, Quill and Mossflow (Fen Inc., mossflow 3; Quill)."
    mentions = [
        find(text, "Mossflow", APPLICATION),
        find(text, "Quill", APPLICATION),
        find(text, "Mossflow", APPLICATION, nth=1),
        find(text, "mossflow", APPLICATION),
        find(text, "3", E.VERSION),
        find(text, "Quill", APPLICATION, nth=1),  # without attributes
    ]
    settled = settle(text, mentions, [(R.VERSION_OF, 4, 3)])
    (tie,) = [r for r in settled.relations if r.type is R.SPECIFICATION_OF]
    assert (tie.head, tie.tail) == (mentions[3], mentions[2])
    assert tie.confidence == pytest.approx(0.8 * 0.9)
    unsure = settle(text, mentions, [(R.VERSION_OF, 4, 3)], min_confidence=0.73)
    assert told(text, unsure) == [("Version_of", "3", "mossflow")]


def test_a_specification_of_another_name_is_one_of_its_own() -> None:
    text = "Mossflow and Quill; Mossflow 3. Mossflow 4"
    mentions = [
        find(text, "Mossflow", APPLICATION),
        find(text, "Quill", APPLICATION),
        find(text, "Mossflow", APPLICATION, nth=1),
        find(text, "Mossflow", APPLICATION, nth=2),
    ]
    ties = [(R.SPECIFICATION_OF, 2, 1), (R.SPECIFICATION_OF, 3, 1)]
    settled = settle(text, mentions, ties, starts=(0, text.rindex("Mossflow")))
    assert [(r.head, r.tail, r.confidence) for r in settled.relations] == [
        (mentions[2], mentions[0], 0.7),
        (mentions[3], mentions[1], 0.7),  # the first stands in another sentence
    ]


def test_nothing_to_settle_changes_nothing() -> None:
    assert settle("", []) == Annotation()
    text = "Mossflow (see Mossflow)"
    mentions = [find(text, "Mossflow", APPLICATION), find(text, "Mossflow", E.PLUGIN, nth=1)]
    assert settle(text, mentions) == Annotation.build(mentions)


@pytest.mark.parametrize(
    ("short", "text", "expected"),
    [
        ("QuIN", "Querying and visualizing Interaction Networks", "Querying"),
        ("T-H", "the Thorough Hiker", "Thorough"),
        ("TH", "the Thorough", "Thorough"),  # two letters of one word
        ("A", "Alder", None),
        ("XY", "Alder Birch", None),
        ("AB", "Alder of one two three four Birch", None),  # too many words
    ],
)
def test_find_beginning(short: str, text: str, expected: str | None) -> None:
    start = find_beginning(short, text, len(text))
    assert start == (None if expected is None else text.index(expected))
    assert find_beginning(short, text, len(text), least=len(text) - 1) is None


@pytest.mark.parametrize(("is_developer", "is_makers_url"), [(1, 0), (1, 1), (0, 0)])
@pytest.mark.parametrize(
    "text",
    [
        "Cut by Orbita v2 (Orbita, RRID:SCR_003070) and sorted.",
        "Cut by Orbita v2 [ ORBITA ; RRID:SCR_003070 ] .",
    ],
)
def test_a_name_again_before_an_address_in_brackets_is_the_software_once_more(
    text: str, is_developer: bool, is_makers_url: bool
) -> None:
    software, version = find(text, "Orbita", APPLICATION), find(text, "2", E.VERSION)
    again = "ORBITA" if "ORBITA" in text else "Orbita,"
    url = find(text, "RRID:SCR_003070", E.URL)
    mentions = [software, version, url]
    ties = [(R.VERSION_OF, 1, 0), (R.URL_OF, 2, 3 if is_makers_url else 0)]
    if is_developer:
        mentions.append(find(text, again[:6], E.DEVELOPER, nth="," in again))
        ties.append((R.DEVELOPER_OF, 3, 0))
    settled = settle(text, mentions, ties)
    assert told(text, settled) == [
        ("Version_of", "2", "Orbita"),
        ("Specification_of", again[:6], "Orbita"),
        ("URL_of", "RRID:SCR_003070", again[:6]),
    ]
    assert [m.type for m in settled.mentions] == [APPLICATION, E.VERSION, APPLICATION, E.URL]


@pytest.mark.parametrize(
    "text",
    [
        "Cut by Orbita (Orbita, Oslo; https://orbita.example).",  # its maker's place
        "Cut by Orbita (Lume, https://orbita.example).",
        "Cut by Orbita (a tool, https://orbita.example).",
        "Cut by Orbita. Sorted (Orbita, https://orbita.example).",  # another sentence
        "Cut by Orbita (https://orbita.example).",
    ],
)
def test_other_words_before_an_address_stay_what_they_are(text: str) -> None:
    mentions = [find(text, "Orbita", APPLICATION), find(text, "https://orbita.example", E.URL)]
    starts = (0, text.find("Sorted")) if "Sorted" in text else (0,)
    settled = settle(text, mentions, [(R.URL_OF, 1, 0)], starts=starts)
    assert settled == Annotation.build(
        mentions, [Relation(R.URL_OF, mentions[1], mentions[0], 0.7)]
    )


def test_a_name_again_that_is_known_for_something_else_stays_so() -> None:
    text = "Cut by Orbita (Orbita, https://orbita.example)."
    mentions = [
        find(text, "Orbita", APPLICATION),
        find(text, "https://orbita.example", E.URL),
        find(text, "Orbita", E.LICENSE, nth=1),
    ]
    settled = settle(text, mentions, [(R.URL_OF, 1, 0)])
    assert [m.type for m in settled.mentions] == [APPLICATION, E.LICENSE, E.URL]
