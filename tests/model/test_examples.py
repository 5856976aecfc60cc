from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import tiny
from somex.core import Annotation, Document, LabeledDocument, Mention, Relation, Sentence, Token
from somex.core.partial_labels import TAG_SETS
from somex.core.schema import EntityType, RelationType
from somex.core.tags import N_TAGS, spans_of_tags
from somex.model.config import ModelConfig
from somex.model.examples import LABELS, Example, build_examples
from somex.model.folder import read_pieces
from somex.model.inputs import PieceEncoder
from somex.model.torch_folder import load_tokenizer

E, R = EntityType, RelationType
ATOMS, WORDS = ModelConfig("x", units="atoms"), ModelConfig("x", units="words")


@pytest.fixture(scope="module")
def tokenizer_file(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    load_tokenizer(str(tiny_bert)).save(str(path))
    return path


@pytest.fixture(scope="module")
def pieces(tokenizer_file: Path) -> PieceEncoder:
    return read_pieces(tokenizer_file, max_pieces=256).encoder


def _labeled(text: str, *marked: tuple[str, EntityType], relations: str = "") -> LabeledDocument:
    mentions = [
        Mention(kind, text.index(words), text.index(words) + len(words)) for words, kind in marked
    ]
    found = [
        Relation(R(name), mentions[int(head)], mentions[int(tail)])
        for name, head, tail in (item.split() for item in filter(None, relations.split(";")))
    ]
    document = Document("d", text, (Sentence(0, len(text)),))
    return LabeledDocument(document, Annotation.build(mentions, found))


def _words(labeled: LabeledDocument, example: Example) -> list[tuple[str, EntityType]]:
    units = example.window.units
    return [
        (
            labeled.document.slice(units[m.unit_start].char_start, units[m.unit_end - 1].char_end),
            m.type,
        )
        for m in example.mentions
    ]


@pytest.mark.parametrize("units", ["words", "atoms"])
def test_examples_keep_all_gold_of_the_corpus(
    pieces: PieceEncoder, tiny_corpus: list[LabeledDocument], units: str
) -> None:
    for labeled in tiny_corpus:
        (example,) = build_examples(labeled, pieces=pieces, config=ModelConfig("x", units=units))
        text = labeled.document.text
        gold = [(text[m.char_start : m.char_end], m.type) for m in labeled.annotation.mentions]
        assert _words(labeled, example) == gold
        assert spans_of_tags(example.tags) == [
            (m.unit_start, m.unit_end, m.type) for m in example.mentions
        ]
        order = list(labeled.annotation.mentions)
        assert sorted(example.relations) == sorted(
            (order.index(r.head), order.index(r.tail), r.type) for r in labeled.annotation.relations
        )


def test_examples_widen_spans_to_units(pieces: PieceEncoder) -> None:
    text = "we ran SPM12b today"
    labeled = _labeled(text, ("PM1", E.APPLICATION))
    (example,) = build_examples(labeled, pieces=pieces, config=ATOMS)
    assert _words(labeled, example) == [("SPM12", E.APPLICATION)]
    tokens = (Token(0, 2), Token(3, 6), Token(7, 13), Token(14, 19))
    document = Document("d", text, (Sentence(0, len(text), tokens),))
    labeled = LabeledDocument(document, labeled.annotation)
    (example,) = build_examples(labeled, pieces=pieces, config=WORDS)
    assert _words(labeled, example) == [("SPM12b", E.APPLICATION)]


def test_examples_keep_the_longest_of_overlapping_mentions(pieces: PieceEncoder) -> None:
    labeled = _labeled(
        "the Brook Statistics 7 tool",
        ("Brook", E.ABBREVIATION),
        ("Brook Statistics", E.APPLICATION),
        ("7", E.VERSION),
        relations="Version_of 2 1;Abbreviation_of 0 1",
    )
    (example,) = build_examples(labeled, pieces=pieces, config=ATOMS)
    assert _words(labeled, example) == [("Brook Statistics", E.APPLICATION), ("7", E.VERSION)]
    assert example.relations == ((1, 0, R.VERSION_OF),)


def test_examples_of_one_span_with_two_types_keep_one(pieces: PieceEncoder) -> None:
    labeled = _labeled("Quill", ("Quill", E.APPLICATION), ("Quill", E.PROGRAMMING_ENVIRONMENT))
    (example,) = build_examples(labeled, pieces=pieces, config=ATOMS)
    assert len(example.mentions) == 1
    assert len(spans_of_tags(example.tags)) == 1


def test_examples_of_windows_keep_relations_within_a_window(tokenizer_file: Path) -> None:
    pieces = read_pieces(tokenizer_file, max_pieces=40).encoder
    text = "Quill 4 and " + "the " * 100 + "Brookstat 7 ."
    labeled = _labeled(
        text,
        ("Quill", E.APPLICATION),
        ("4", E.VERSION),
        ("Brookstat", E.APPLICATION),
        ("7", E.VERSION),
        relations="Version_of 1 0;Version_of 3 2",
    )
    examples = list(build_examples(labeled, pieces=pieces, config=ATOMS))
    assert len(examples) > 2
    assert all(len(e.tags) == len(e.window.units) for e in examples)
    related = [_words(labeled, e) for e in examples if e.relations]
    assert related == [
        [("Quill", E.APPLICATION), ("4", E.VERSION)],
        [("Brookstat", E.APPLICATION), ("7", E.VERSION)],
    ]


def test_examples_segment_natural_text(pieces: PieceEncoder) -> None:
    text = "We used Quill 4. Then we used Brookstat 7."
    labeled = LabeledDocument(
        Document("d", text),
        Annotation.build([Mention(E.APPLICATION, text.index("Brookstat"), text.index(" 7"))]),
    )
    examples = list(build_examples(labeled, pieces=pieces, config=ATOMS))
    assert [len(e.mentions) for e in examples] == [0, 1]


def test_tiny_corpus_markup_reads_back() -> None:
    tokens, tags, relations = tiny.parse_marked("a {Version|1 2} {Application|X} => Version_of 0 1")
    assert tokens == ["a", "1", "2", "X"]
    assert tags == ["O", "B-Version", "I-Version", "B-Application"]
    assert relations == "Version_of\t1\t3"


def test_examples_know_word_borders_where_the_model_asks(pieces: PieceEncoder) -> None:
    labeled = _labeled("ran SPM8 [39]", ("SPM8", E.APPLICATION))
    borders = ModelConfig("x", word_borders=True)
    (example,) = build_examples(labeled, pieces=pieces, config=borders)
    # ran | SPM | 8 | [ 39 ]: SOMD splits letters from digits and keeps citations whole
    assert example.window.joins == (False, False, False, False, True, True)
    assert example.window.shape_ids != list(example.window.shapes)
    (example,) = build_examples(labeled, pieces=pieces, config=ATOMS)
    assert example.window.shape_ids == list(example.window.shapes)


def test_examples_of_softcite_labels_hold_codes(pieces: PieceEncoder) -> None:
    labeled = _labeled("We used Foo 2.", ("Foo", E.APPLICATION), ("2", E.VERSION))
    (full,) = build_examples(labeled, pieces=pieces, config=ATOMS)
    document = replace(labeled.document, provenance={LABELS: "softcite"})
    (partial,) = build_examples(replace(labeled, document=document), pieces=pieces, config=ATOMS)
    assert all(tag < N_TAGS for tag in full.tags)
    assert all(code >= N_TAGS for code in partial.tags)
    assert all(tag in TAG_SETS[code] for tag, code in zip(full.tags, partial.tags, strict=True))
    assert partial.mentions == full.mentions
