from __future__ import annotations

import os
from pathlib import Path

import pytest

from somex.core import Annotation, EntityType, Mention, Relation, RelationType
from somex.readers.registry import read_corpus
from somex.versions import settle_versions

E, R = EntityType, RelationType


def find(text: str, part: str, type: EntityType) -> Mention:
    start = text.index(part)
    return Mention(type, start, start + len(part), confidence=0.8)


@pytest.mark.parametrize("name", ["GPLv3", "GNU LGPLV3", "GPLv3 or later"])
def test_the_v_before_its_version_is_no_part_of_a_licence(name: str) -> None:
    text = f"Glimmer is free ({name})."
    software, version = find(text, "Glimmer", E.APPLICATION), find(text, "3", E.VERSION)
    start = text.index(name)
    licence = Mention(E.LICENSE, start, version.char_start, confidence=0.9)
    right = Mention(E.LICENSE, start, version.char_start - 1, confidence=0.9)
    relations = [(R.LICENSE_OF, licence, software), (R.VERSION_OF, version, licence)]
    annotation = Annotation.build(
        [software, licence, version], [Relation(t, h, x, 0.7) for t, h, x in relations]
    )
    expected = [(R.LICENSE_OF, right, software), (R.VERSION_OF, version, right)]
    assert settle_versions(text, annotation) == Annotation.build(
        [software, right, version], [Relation(t, h, x, 0.7) for t, h, x in expected]
    )


def test_the_number_of_an_overlooked_name_is_no_version() -> None:
    text = "Mossflow2 and Glimmer were slow."
    software, number = find(text, "Glimmer", E.APPLICATION), find(text, "2", E.VERSION)
    relation = Relation(R.VERSION_OF, number, software, 0.5)
    annotation = Annotation.build([software, number], [relation])
    assert settle_versions(text, annotation) == Annotation.build([software], [])


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("We ran Glimmer v2.1 here.", "Glimmer", "2.1"),
        ("We ran Glimmer V2.1 here.", "Glimmer", "2.1"),
        ("We ran Glimmer version2.1 here.", "Glimmer", "2.1"),
        ("We ran Glimmer2.1 here.", "Glimmer", "2.1"),
        ("We ran Glimmer 2.1 here.", "Glimmer", "2.1"),
        ("We ran Glimmer-2.1 here.", "Glimmer", "2.1"),
        ("We ran Glimmer VII here.", "Glimmer", "VII"),
    ],
)
def test_other_versions_stay(text: str, name: str, version: str) -> None:
    software, number = find(text, name, E.APPLICATION), find(text, version, E.VERSION)
    annotation = Annotation.build([software, number], [Relation(R.VERSION_OF, number, software)])
    assert settle_versions(text, annotation) is annotation


def test_a_text_without_versions_is_left_alone() -> None:
    annotation = Annotation.build([find("We ran Glimmer.", "Glimmer", E.APPLICATION)], [])
    assert settle_versions("We ran Glimmer.", annotation) is annotation


@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
def test_no_version_of_the_gold_changes() -> None:
    documents = list(read_corpus(Path(os.environ["SOMEX_DATA"]) / "somesci", format="brat"))
    assert len(documents) > 1000
    for gold in documents:
        assert settle_versions(gold.document.text, gold.annotation) == gold.annotation
