from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from output_documents import paper
from somex.core import Annotation, Document, EntityType, LabeledDocument, Mention, Sentence
from somex.outputs.facts import DocumentFacts
from somex.outputs.report.passages import Block, Piece, blocks_of
from somex.outputs.source import Linking
from somex.readers.jsonl import Result

WORDS = st.text(alphabet="ab \n.", min_size=1, max_size=60)
SPANS = st.lists(st.tuples(st.integers(0, 59), st.integers(1, 60)), max_size=6)


def facts_of(labeled: LabeledDocument) -> DocumentFacts:
    return DocumentFacts(Result(labeled, None), Linking())


def flat(blocks: Iterable[Block]) -> Iterable[Block]:
    for block in blocks:
        yield block
        yield from flat(block.folded)


def text_of(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text + text_of(piece.pieces) for piece in pieces)


def marks(pieces: Iterable[Piece]) -> Iterable[Piece]:
    for piece in pieces:
        if piece.found is not None:
            yield piece
        yield from marks(piece.pieces)


@given(WORDS, SPANS)
def test_passages_hold_all_text_and_each_mention_once(
    text: str, spans: list[tuple[int, int]]
) -> None:
    kept = {(start, min(end, len(text))) for start, end in spans if start < min(end, len(text))}
    mentions = [Mention(EntityType.APPLICATION, start, end) for start, end in kept]
    labeled = LabeledDocument(Document("x", text), Annotation.build(mentions))
    blocks = list(flat(blocks_of(facts_of(labeled))))
    pieces = [piece for b in blocks for passage in b.passages for piece in passage.pieces]
    shown = text_of(pieces)
    assert "".join(shown.split()) == "".join(text.split())
    starts = [piece.found for piece in marks(pieces) if not piece.is_continued]
    assert sorted(f.mention.key for f in starts if f) == sorted(m.key for m in mentions)


@given(WORDS, SPANS)
def test_passages_pieces_of_a_mention_are_its_text(text: str, spans: list[tuple[int, int]]) -> None:
    kept = {(start, min(end, len(text))) for start, end in spans if start < min(end, len(text))}
    mentions = [Mention(EntityType.URL, start, end) for start, end in kept]
    labeled = LabeledDocument(Document("x", text), Annotation.build(mentions))
    found: dict[str, str] = {}
    for block in flat(blocks_of(facts_of(labeled))):
        for passage in block.passages:
            for piece in marks(passage.pieces):
                assert piece.found is not None
                found[piece.found.id] = found.get(piece.found.id, "") + text_of(piece.pieces)
    assert found == {f.id: f.text for f in facts_of(labeled).mentions}


def test_passages_keep_given_sentences_and_what_lies_between() -> None:
    document = Document("x", "Reeds grow. (fig) Herons stand.", (Sentence(0, 11), Sentence(18, 31)))
    (block,) = blocks_of(facts_of(LabeledDocument(document)))
    shown = [text_of(passage.pieces).strip() for passage in block.passages]
    assert shown == ["Reeds grow.", "(fig)", "Herons stand."]


def test_passages_relation_belongs_to_one_sentence() -> None:
    passages = [p for b in blocks_of(facts_of(paper())) for p in b.passages]
    assert sum(len(passage.relations) for passage in passages) == 5
    far = [piece.far for p in passages for piece in marks(p.pieces) if piece.far]
    assert [len(one) for one in far] == [1]
