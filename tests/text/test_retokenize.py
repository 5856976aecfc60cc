from __future__ import annotations

import pytest

from somex.core import (
    Annotation,
    AnnotationError,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Relation,
    RelationType,
    Sentence,
    Token,
)
from somex.text.retokenize import split_punctuation


def _labeled() -> LabeledDocument:
    text = "We ran Foo_Bar 3.10 [39] ."
    tokens = (Token(0, 2), Token(3, 6), Token(7, 14), Token(15, 19), Token(20, 24), Token(25, 26))
    software = Mention(EntityType.APPLICATION, 7, 14)
    version = Mention(EntityType.VERSION, 15, 19)
    citation = Mention(EntityType.CITATION, 20, 24)
    relations = [Relation(RelationType.VERSION_OF, version, software)]
    document = Document("d", text, (Sentence(0, len(text), tokens),))
    return LabeledDocument(document, Annotation.build([software, version, citation], relations))


def test_split_punctuation_lets_each_mark_stand_alone() -> None:
    split = split_punctuation(_labeled())
    assert split.document.text == "We ran Foo_Bar 3 . 10 [ 39 ] ."
    texts = [split.document.slice(m.char_start, m.char_end) for m in split.annotation.mentions]
    assert texts == ["Foo_Bar", "3 . 10", "[ 39 ]"]
    (relation,) = split.annotation.relations
    assert (relation.head.type, relation.tail.type) == (
        EntityType.VERSION,
        EntityType.APPLICATION,
    )


def test_split_punctuation_twice_changes_nothing_more() -> None:
    once = split_punctuation(_labeled())
    assert split_punctuation(once) == once


def test_split_punctuation_refuses_natural_text() -> None:
    with pytest.raises(AnnotationError, match="0 tokenised sentences"):
        split_punctuation(LabeledDocument(Document("d", "Natural text.")))
