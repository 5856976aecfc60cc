from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from somex.cascade import Cascade, describe_passing
from somex.core import Annotation, Document, EntityType, Mention, Relation, RelationType
from somex.core.types import Sentence
from somex.prefilter.features import N_BITS
from somex.prefilter.model import Linear, Prefilter
from somex.text.sentences import split_sentences

TEXT = (
    "We ran Quill 4.0 on all plates. Samples were kept cold. Quill drew the curves. "
    "Nobody was told."
)
NOTHING = np.zeros(1 << N_BITS, np.int8)


class FakePrefilter(Prefilter):
    """Passes sentences that hold a digit."""

    def passes(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([any(c.isdigit() for c in text) for text in texts], bool)


class FakeAnnotator:
    """Finds each Quill, and the number behind it, in the sentences that it is given."""

    def __init__(self) -> None:
        self.read: list[list[str]] = []

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        return [self._annotate(document) for document in documents]

    def _annotate(self, document: Document) -> Annotation:
        assert document.sentences
        texts = [document.slice(s.char_start, s.char_end) for s in document.sentences]
        self.read.append(texts)
        mentions, relations = [], []
        for sentence, text in zip(document.sentences, texts, strict=True):
            if "Quill" in text:
                start = sentence.char_start + text.index("Quill")
                name = Mention(EntityType.APPLICATION, start, start + 5)
                mentions.append(name)
                if document.text[start + 6].isdigit():
                    version = Mention(EntityType.VERSION, start + 6, start + 9)
                    mentions.append(version)
                    relations.append(Relation(RelationType.VERSION_OF, version, name))
        return Annotation.build(mentions, relations)


@pytest.fixture
def cascade() -> Cascade:
    linear = Linear(NOTHING, 1.0, 0.0)
    return Cascade(FakeAnnotator(), FakePrefilter(linear, linear, 1.0, 0.0, 0.0))


def read_by(cascade: Cascade) -> list[list[str]]:
    annotator = cascade._annotator
    assert isinstance(annotator, FakeAnnotator)
    return annotator.read


def test_cascade_reads_what_passes_then_what_holds_a_found_name(cascade: Cascade) -> None:
    (found,) = cascade.annotate([Document("d", TEXT)])
    assert read_by(cascade) == [["We ran Quill 4.0 on all plates."], ["Quill drew the curves."]]
    assert [m.char_start for m in found.mentions] == [7, 13, 56]
    assert len(found.relations) == 1
    assert (cascade.n_sentences, cascade.n_passed) == (4, 2)


def test_cascade_gives_what_the_annotator_alone_gives_on_these(cascade: Cascade) -> None:
    document = Document("d", TEXT, split_sentences(TEXT))
    assert cascade.annotate([Document("d", TEXT)]) == FakeAnnotator().annotate([document])


def test_cascade_keeps_documents_apart(cascade: Cascade) -> None:
    documents = [Document("a", "Quill drew it."), Document("b", TEXT), Document("c", "")]
    found = cascade.annotate(documents)
    assert [len(annotation.mentions) for annotation in found] == [0, 3, 0]
    assert cascade.annotate([]) == []


def test_cascade_reads_listed_sentences_as_a_whole(cascade: Cascade) -> None:
    text = "Quill drew it. Nobody was told."
    document = Document("d", text, (Sentence(0, 14), Sentence(15, len(text))))
    (found,) = cascade.annotate([document])
    assert len(found.mentions) == 1
    assert read_by(cascade) == [["Quill drew it.", "Nobody was told."]]
    assert cascade.n_sentences == 0


def test_cascade_describe_passing_tells_shares() -> None:
    assert describe_passing(2, 4, lost=None) == "50 % of 4 sentences passed the prefilter"
    told = "0 % of 0 sentences passed the prefilter, which loses 0.4 % of mentions"
    assert describe_passing(0, 0, lost=0.004) == told
