from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

import tiny
from somex.core import Annotation, Document, LabeledDocument, Mention
from somex.core.schema import EntityType, Purpose
from somex.corpus import split_labeled
from somex.purposes import carry_purposes
from somex.readers.somd import read_somd_split

E, P = EntityType, Purpose
TOKENISED = "Plots came from {Application|Fernview 3} ( {Version|3.1} ) and {Application|Quill} ."
NATURAL = "We say so. Plots came from Fernview3 (3.1) and Quill. It ended."


def _natural(*purposes: tuple[str, Purpose]) -> LabeledDocument:
    mentions = [
        Mention(E.APPLICATION, m.start(), m.end(), purpose=purpose)
        for words, purpose in purposes
        for m in re.finditer(words, NATURAL)
    ]
    return LabeledDocument(Document("n", NATURAL), Annotation.build(mentions))


def _purposes(labeled: LabeledDocument) -> dict[str, Purpose | None]:
    text = labeled.document.text
    return {text[m.char_start : m.char_end]: m.purpose for m in labeled.annotation.mentions}


def test_carry_purposes_finds_the_same_sentence_whatever_its_spacing(tmp_path: Path) -> None:
    folder = tiny.write_marked(tmp_path, (f"{TOKENISED} => Version_of 1 0",))
    (part,) = read_somd_split(folder, "train")
    source = _natural(("Fernview3", P.CREATION), ("Quill", P.USAGE))
    (carried,) = carry_purposes([part], [source])
    assert _purposes(carried) == {"Fernview 3": P.CREATION, "3.1": None, "Quill": P.USAGE}
    (relation,) = carried.annotation.relations
    assert relation.tail in carried.annotation.mentions
    assert carried.document == part.document


def test_carry_purposes_wants_the_same_characters(tmp_path: Path) -> None:
    (part,) = read_somd_split(tiny.write_marked(tmp_path, (TOKENISED,)), "train")
    (carried,) = carry_purposes([part], [_natural(("Fernview", P.CREATION))])
    assert _purposes(carried) == {"Fernview 3": None, "3.1": None, "Quill": None}


def test_carry_purposes_leaves_short_and_unknown_sentences(tmp_path: Path) -> None:
    lines = ("{Application|Quill} won .", "Nobody drew {Application|Fernview} plots so early .")
    parts = read_somd_split(tiny.write_marked(tmp_path, lines), "train")
    source = LabeledDocument(
        Document("n", "Quill won."),
        Annotation.build([Mention(E.APPLICATION, 0, 5, purpose=P.USAGE)]),
    )
    assert carry_purposes(parts, [source]) == parts


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
def test_carry_purposes_covers_most_of_somd() -> None:
    from somex.readers.registry import read_corpus

    somex_data = Path(os.environ["SOMEX_DATA"])
    parts = [
        part
        for labeled in read_somd_split(somex_data / "somd2025" / "phase1", "train")
        for part in split_labeled(labeled)
    ]
    carried = carry_purposes(parts, read_corpus(somex_data / "somesci", format="brat"))
    software = [m for part in carried for m in part.annotation.mentions if m.takes_purpose]
    known = sum(m.purpose is not None for m in software)
    assert known > 0.5 * len(software)
    bare = [[replace(m, purpose=None) for m in part.annotation.mentions] for part in carried]
    assert bare == [list(part.annotation.mentions) for part in parts]
