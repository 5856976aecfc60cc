from __future__ import annotations

import random
from pathlib import Path

import pytest

import tiny
from somex.augment import NamePool, link_names, replace_texts, turn_names
from somex.core import (
    Annotation,
    AnnotationError,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Sentence,
)
from somex.core.schema import EntityType, RelationType
from somex.readers.somd import read_somd_split

E, R = EntityType, RelationType


def _read(folder: Path, *lines: str) -> list[LabeledDocument]:
    return read_somd_split(tiny.write_marked(folder, lines), "train")


def _mentions(labeled: LabeledDocument) -> list[tuple[str, EntityType]]:
    text = labeled.document.text
    return [(text[m.char_start : m.char_end], m.type) for m in labeled.annotation.mentions]


def _relations(labeled: LabeledDocument) -> list[tuple[str, RelationType, str]]:
    text = labeled.document.text
    return [
        (
            text[r.head.char_start : r.head.char_end],
            r.type,
            text[r.tail.char_start : r.tail.char_end],
        )
        for r in labeled.annotation.relations
    ]


def _tokens(labeled: LabeledDocument) -> list[str]:
    (sentence,) = labeled.document.sentences
    return [labeled.document.slice(t.char_start, t.char_end) for t in sentence.tokens]


LONG = (
    "With {Application|Multi Orbit Planner} ( {Abbreviation|MOP} ) {Version|2.1} we went . "
    "=> Abbreviation_of 1 0 ; Version_of 2 0"
)


def test_turn_names_makes_the_long_name_the_alternative(tmp_path: Path) -> None:
    (labeled,) = _read(tmp_path, LONG)
    turned = turn_names(labeled)
    assert turned is not None
    assert turned.document.text == "With MOP ( Multi Orbit Planner ) 2.1 we went ."
    assert _tokens(turned) == turned.document.text.split(" ")
    assert _mentions(turned) == [
        ("MOP", E.APPLICATION),
        ("Multi Orbit Planner", E.ALTERNATIVE_NAME),
        ("2.1", E.VERSION),
    ]
    assert _relations(turned) == [
        ("Multi Orbit Planner", R.ALTERNATIVE_NAME_OF, "MOP"),
        ("2.1", R.VERSION_OF, "MOP"),
    ]


def test_turn_names_twice_gives_the_sentence_back(tmp_path: Path) -> None:
    (labeled,) = _read(tmp_path, LONG)
    turned = turn_names(labeled)
    assert turned is not None
    back = turn_names(turned)
    assert back is not None
    assert (back.document.text, back.annotation) == (labeled.document.text, labeled.annotation)


@pytest.mark.parametrize(
    "line",
    [
        "{Application|Tessarix} {Version|2} ran . => Version_of 1 0",
        # the attribute comes first
        "{Abbreviation|MOP} , the {Application|Multi Orbit Planner} . => Abbreviation_of 0 1",
        # two of them
        "{Application|Big Orb} ( {Abbreviation|BO} ) or {Application|Set Up} ( {Abbreviation|SU} )"
        " => Abbreviation_of 1 0 ; Abbreviation_of 3 2",
    ],
)
def test_turn_names_leaves_other_sentences_alone(tmp_path: Path, line: str) -> None:
    (labeled,) = _read(tmp_path, line)
    assert turn_names(labeled) is None


def test_link_names_keeps_the_gold(tmp_path: Path) -> None:
    (labeled,) = _read(tmp_path, LONG)
    rng = random.Random(1)
    texts = set()
    for _ in range(60):
        made = link_names(labeled, rng=rng)
        assert made is not None
        assert (_mentions(made), _relations(made)) == (_mentions(labeled), _relations(labeled))
        assert _tokens(made) == made.document.text.split(" ")
        texts.add(made.document.text)
    assert "With Multi Orbit Planner , MOP 2.1 we went ." in texts
    assert "With Multi Orbit Planner [ MOP ] 2.1 we went ." in texts
    assert len(texts) == 7


def test_link_names_of_natural_text_writes_natural_text() -> None:
    text = "We ran MOP (Multi Orbit Planner) twice."
    name, second = Mention(E.APPLICATION, 7, 10), Mention(E.ALTERNATIVE_NAME, 12, 31)
    relation = Relation(R.ALTERNATIVE_NAME_OF, second, name)
    labeled = LabeledDocument(
        Document("d", text, (Sentence(0, len(text)),)),
        Annotation.build([name, second], [relation]),
    )
    rng = random.Random(1)
    made = [link_names(labeled, rng=rng) for _ in range(60)]
    texts = {m.document.text for m in made if m is not None}
    assert "We ran MOP, Multi Orbit Planner, twice." in texts
    assert "We ran MOP [Multi Orbit Planner] twice." in texts
    assert "We ran MOP: Multi Orbit Planner twice." in texts


def test_link_names_wants_the_name_alone_in_parentheses(tmp_path: Path) -> None:
    line = (
        "{Application|Brookstat} ( {AlternativeName|Brook Statistics} {Version|2} ) ran . "
        "=> AlternativeName_of 1 0 ; Version_of 2 0"
    )
    (labeled,) = _read(tmp_path, line)
    assert link_names(labeled, rng=random.Random(1)) is None


def test_replace_texts_moves_what_follows(tmp_path: Path) -> None:
    (labeled,) = _read(
        tmp_path,
        "Ran {Application|Tessarix} {Version|2.4} [ 3 ] on {OperatingSystem|Pondix} . "
        "=> Version_of 1 0",
    )
    first, _, third = labeled.annotation.mentions
    made = replace_texts(labeled, {first: "Fern View3", third: "X"})
    assert made.document.text == "Ran Fern View 3 2.4 [ 3 ] on X ."
    assert _tokens(made) == made.document.text.split(" ")
    assert [text for text, _ in _mentions(made)] == ["Fern View 3", "2.4", "X"]
    assert _relations(made) == [("2.4", R.VERSION_OF, "Fern View 3")]


def test_replace_texts_of_natural_text_keeps_its_spacing() -> None:
    text = "Before. We ran Tessarix (v2.4)."
    mention = Mention(E.APPLICATION, 15, 23)
    labeled = LabeledDocument(
        Document("d", text, (Sentence(8, len(text)),)), Annotation.build([mention])
    )
    made = replace_texts(labeled, {mention: "Fern-View3"})
    assert made.document.text == "We ran Fern-View3 (v2.4)."
    assert _mentions(made) == [("Fern-View3", E.APPLICATION)]


def test_replace_texts_wants_one_sentence() -> None:
    with pytest.raises(AnnotationError, match="lists 0 sentences; valid: 1"):
        replace_texts(LabeledDocument(Document("d", "Natural text.")), {})


def test_swap_draws_texts_of_the_same_type(tmp_path: Path) -> None:
    corpus = _read(tmp_path, *tiny.MARKED)
    pool = NamePool(corpus)
    texts: dict[EntityType, set[str]] = {}
    for labeled in corpus:
        for text, kind in _mentions(labeled):
            texts.setdefault(kind, set()).add(text)
    rng = random.Random(3)
    changed = 0
    for labeled in corpus:
        made = pool.swap(labeled, rate=1.0, rng=rng)
        assert [kind for _, kind in _mentions(made)] == [kind for _, kind in _mentions(labeled)]
        assert all(text in texts[kind] for text, kind in _mentions(made))
        assert [r for _, r, _ in _relations(made)] == [r for _, r, _ in _relations(labeled)]
        changed += made.document.text != labeled.document.text
    assert changed >= 6


def test_swap_leaves_names_with_their_abbreviations(tmp_path: Path) -> None:
    (labeled,) = _read(tmp_path, LONG)
    assert NamePool([labeled]).swap(labeled, rate=1.0, rng=random.Random(1)) is labeled


def test_swap_at_rate_zero_changes_nothing(tmp_path: Path) -> None:
    corpus = _read(tmp_path, *tiny.MARKED)
    pool, rng = NamePool(corpus), random.Random(1)
    assert all(pool.swap(labeled, rate=0.0, rng=rng) is labeled for labeled in corpus)
