from __future__ import annotations

import os
from pathlib import Path

import pytest

from somex.addresses import add_rrids, complete_addresses
from somex.core import Annotation, EntityType, Mention, Relation, RelationType
from somex.readers.registry import read_corpus
from somex.readers.somd import read_somd_split

E, R = EntityType, RelationType
TEXT = "Sorted by Glimmer (https://scicrunch.org/resolver/RRID:SCR_003070), then by Orbita."
ADDRESS = "https://scicrunch.org/resolver/RRID:SCR_003070"


def find(text: str, part: str, type: EntityType, confidence: float = 0.8) -> Mention:
    start = text.index(part)
    return Mention(type, start, start + len(part), confidence=confidence)


def urls(text: str, annotation: Annotation) -> list[str]:
    return [text[m.char_start : m.char_end] for m in annotation.mentions if m.type is E.URL]


@pytest.mark.parametrize(
    "part",
    [
        "https://scicrunch.org/resolver/",
        "https://scicrunch.org",
        "//scicrunch.org/res",
        "SCR_003070",
    ],
)
def test_a_url_that_holds_a_part_of_an_address_holds_all_of_it(part: str) -> None:
    software, url = find(TEXT, "Glimmer", E.APPLICATION), find(TEXT, part, E.URL)
    annotation = Annotation.build([software, url], [Relation(R.URL_OF, url, software, 0.6)])
    complete = complete_addresses(TEXT, annotation)
    whole = find(TEXT, ADDRESS, E.URL)
    expected = [Relation(R.URL_OF, whole, software, 0.6)]
    assert complete == Annotation.build([software, whole], expected)


def test_parts_of_one_address_become_one_url_with_their_relations() -> None:
    software, other = find(TEXT, "Glimmer", E.APPLICATION), find(TEXT, "Orbita", E.APPLICATION)
    first = find(TEXT, "https://scicrunch.org", E.URL, 0.5)
    second = find(TEXT, "RRID:SCR_003070", E.URL, 0.9)
    ties = [
        Relation(R.URL_OF, first, software, 0.4),
        Relation(R.URL_OF, second, software, 0.7),
        Relation(R.URL_OF, second, other, 0.3),
    ]
    complete = complete_addresses(TEXT, Annotation.build([software, first, second, other], ties))
    whole = find(TEXT, ADDRESS, E.URL, 0.9)
    expected = [Relation(R.URL_OF, whole, software, 0.7), Relation(R.URL_OF, whole, other, 0.3)]
    assert complete == Annotation.build([software, whole, other], expected)


def test_what_else_was_found_in_an_address_is_dropped() -> None:
    inner = find(TEXT, "resolver", E.APPLICATION)
    url = find(TEXT, "https://scicrunch.org/", E.URL)
    version = find(TEXT, "003070", E.VERSION)
    ties = [Relation(R.VERSION_OF, version, inner, 0.4), Relation(R.URL_OF, url, inner, 0.4)]
    complete = complete_addresses(TEXT, Annotation.build([url, inner, version], ties))
    assert complete == Annotation.build([find(TEXT, ADDRESS, E.URL)])


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        (
            "It is at https://lume.example/a/b. We use it.",
            "https://lume",
            "https://lume.example/a/b",
        ),
        ("See [www.lume.example/x], too.", "www.lume", "www.lume.example/x"),
        ("From ftp://ftp.lume.example/db/ , with care", "//ftp.", "ftp://ftp.lume.example/db/"),
        ("Kept at https : / / lume . example now", "https : /", "https : /"),  # Phase II's words
        ("Kept at lume.example/x now", "lume", "lume"),  # it has no scheme
        ("Glimmer (RRID:SCR_003070) sorted", "SCR_003070", "RRID:SCR_003070"),
    ],
)
def test_an_address_ends_before_the_punctuation_of_the_sentence(
    text: str, part: str, whole: str
) -> None:
    complete = complete_addresses(text, Annotation.build([find(text, part, E.URL)]))
    assert urls(text, complete) == [whole]


def test_addresses_without_a_url_mention_and_whole_ones_stay_as_they_are() -> None:
    for mentions in ([find(TEXT, "resolver", E.APPLICATION)], [find(TEXT, ADDRESS, E.URL)], []):
        annotation = Annotation.build(mentions)
        assert complete_addresses(TEXT, annotation) is annotation


def test_an_address_with_a_mention_across_its_border_stays_as_it_is() -> None:
    url = find(TEXT, "scicrunch.org", E.URL)
    across = find(TEXT, "SCR_003070), then", E.APPLICATION)
    annotation = Annotation.build([url, across])
    assert complete_addresses(TEXT, annotation) is annotation


def told(text: str, annotation: Annotation) -> list[tuple[str, str]]:
    return [
        (text[r.head.char_start : r.head.char_end], text[r.tail.char_start : r.tail.char_end])
        for r in annotation.relations
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Sorted by Glimmer (RRID:SCR_003070).",
        "Sorted by Glimmer software version 4.2 (RRID: SCR_003070) and by hand.",
        "Sorted by Glimmer (4.2; Lume Works, Oslo, Norway; RRID:SCR_003070), then drawn.",
        "Sorted by Glimmer 4.2, RRID:SCR_003070, and by hand.",
        "Sorted by Glimmer 4.2 [ RRID : SCR _ 003070 ] .",  # as Phase II tokenises
        "Rats (RRID:RGD_737903) were scanned by Glimmer (rrid:SCR_003070).",
    ],
)
def test_an_rrid_behind_a_software_is_its_url(text: str) -> None:
    mentions = [find(text, "Glimmer", E.APPLICATION)]
    if "4.2" in text:
        mentions.append(find(text, "4.2", E.VERSION))
    if "Lume" in text:
        mentions.append(find(text, "Lume Works", E.DEVELOPER))
    added = add_rrids(text, Annotation.build(mentions), starts=[0])
    ((url, software),) = told(text, added)
    assert url.upper().replace(" ", "") == "RRID:SCR_003070"
    assert software == "Glimmer"
    assert [m.confidence for m in added.mentions if m.type is E.URL] == [0.8]


def test_each_rrid_of_a_list_goes_to_its_own_software() -> None:
    text = "Glimmer (RRID:SCR_003070), Orbita (RRID:SCR_014199) and Lume were run."
    mentions = [find(text, name, E.PLUGIN) for name in ("Glimmer", "Orbita", "Lume")]
    added = add_rrids(text, Annotation.build(mentions), starts=[0])
    pairs = [("RRID:SCR_003070", "Glimmer"), ("RRID:SCR_014199", "Orbita")]
    assert told(text, added) == pairs


@pytest.mark.parametrize(
    "text",
    [
        "Glimmer read the tables of FishBase (RRID:SCR_004376).",  # a data bank's
        "Sorted by Glimmer. (RRID:SCR_003070)",  # another sentence
        "Glimmer (RRID:AB_2313606) was used.",  # an antibody's
        "Glimmer (RRID:SCR_003070, RRID:SCR_014199) was used.",  # the second is another's
        "RRID:SCR_003070 (Glimmer)",
        f"Glimmer ({'as said before, ' * 8}RRID:SCR_003070)",
    ],
)
def test_other_rrids_are_not_the_softwares(text: str) -> None:
    annotation = Annotation.build([find(text, "Glimmer", E.APPLICATION)])
    starts = [0, text.find("(")] if ". (" in text else [0]
    added = add_rrids(text, annotation, starts=starts)
    assert told(text, added) == [("RRID:SCR_003070", "Glimmer")] * ("014199" in text)


def test_what_else_was_found_in_an_rrid_is_dropped() -> None:
    text = "Rats (RRID:RGD_737903) saw Glimmer (RRID:SCR_003070)."
    software = find(text, "Glimmer", E.APPLICATION)
    parts = [("RGD", E.APPLICATION), ("737903", E.VERSION), ("SCR", E.DEVELOPER)]
    rat, version, developer = (find(text, part, type) for part, type in parts)
    ties = [
        Relation(R.VERSION_OF, version, rat, 0.6),
        Relation(R.DEVELOPER_OF, developer, software, 0.6),
    ]
    annotation = Annotation.build([software, rat, version, developer], ties)
    added = add_rrids(text, annotation, starts=[0])
    assert told(text, added) == [("RRID:SCR_003070", "Glimmer")]
    assert [m.type for m in added.mentions] == [E.APPLICATION, E.URL]


def test_rrids_that_are_known_or_not_sure_enough_are_not_added() -> None:
    text = "Sorted by Glimmer (RRID:SCR_003070)."
    software, url = find(text, "Glimmer", E.APPLICATION), find(text, "RRID:SCR_003070", E.URL)
    for mentions, least in (([software, url], 0.0), ([software], 0.9), ([], 0.0)):
        annotation = Annotation.build(mentions)
        assert add_rrids(text, annotation, starts=[0], min_confidence=least) is annotation


@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
@pytest.mark.filterwarnings("ignore")
def test_the_gold_of_the_corpora_has_whole_addresses() -> None:
    folder = Path(os.environ["SOMEX_DATA"])
    labeled = [
        *read_corpus(folder / "somesci", format="brat"),
        *read_somd_split(folder / "somd2025" / "phase1", "train"),
    ]
    changed = [
        d for d in labeled if complete_addresses(d.document.text, d.annotation) != d.annotation
    ]
    assert len(labeled) > 2000
    assert len(changed) == 2  # one address glued to the next word, one cut by a letter
