"""A document as passages: headings, paragraphs and sentences, cut into text and mentions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from somex.core.types import Document, Relation
from somex.outputs.facts import DocumentFacts, MentionFacts, collapse

_FOLD_CHARS = 160


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, or a mention with the pieces in it.

    Attributes:
        text: The characters; empty for a mention.
        found: The mention; None for text.
        pieces: What the mention holds.
        is_continued: Whether its start lies in a mention that crosses it.
        far: Its relations to mentions of other sentences.
    """

    text: str = ""
    found: MentionFacts | None = None
    pieces: tuple[Piece, ...] = ()
    is_continued: bool = False
    far: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, widened where a mention runs over its end.

    Attributes:
        pieces: Its text and mentions.
        relations: The relations between its mentions.
        has_mentions: Whether it has any.
        n_chars: Its length.
    """

    pieces: tuple[Piece, ...]
    relations: tuple[Relation, ...]
    has_mentions: bool
    n_chars: int


@dataclass(slots=True)
class Block:
    """A heading (level 3 and below), a paragraph, or paragraphs folded away (level -1)."""

    passages: list[Passage] = field(default_factory=list)
    level: int = 0
    folded: list[Block] = field(default_factory=list)

    @property
    def has_mentions(self) -> bool:
        """Tell whether a sentence has mentions."""
        return any(passage.has_mentions for passage in self.passages)

    @property
    def n_chars(self) -> int:
        """Characters of its sentences."""
        return sum(passage.n_chars for passage in self.passages)


def blocks_of(facts: DocumentFacts) -> list[Block]:
    """Return a document as blocks, those without mentions folded together."""
    found: list[Block] = []
    waiting: list[Block] = []
    for block in _blocks(facts):
        if block.level or block.has_mentions:
            found += _fold(waiting)
            waiting = []
            found.append(block)
        else:
            waiting.append(block)
    return found + _fold(waiting)


def _fold(blocks: list[Block]) -> list[Block]:
    if sum(block.n_chars for block in blocks) < _FOLD_CHARS:
        return blocks
    return [Block(level=-1, folded=blocks)]


def _blocks(facts: DocumentFacts) -> Iterator[Block]:
    document = facts.document
    spans = _spans(facts)
    cutter = _Cutter(facts, spans)
    levels = _heading_levels(document)
    block, reached = Block(), 0
    for start, end in spans:
        if block.passages and "\n" in document.text[reached:start]:
            yield block
            block = Block()
        if not block.passages:
            name, level = levels.get(start, ("", 0))
            block.level = level if name == collapse(document.slice(start, end)) else 0
        block.passages.append(cutter.cut(start, end))
        reached = end
    if block.passages:
        yield block


def _heading_levels(document: Document) -> dict[int, tuple[str, int]]:
    """Return for each start of a section its name and the level of its heading, 3 to 6."""
    found: dict[int, tuple[str, int]] = {}
    open_ends: list[int] = []
    for part in sorted(document.sections, key=lambda s: (s.char_start, -s.char_end)):
        while open_ends and open_ends[-1] <= part.char_start:
            open_ends.pop()
        found.setdefault(part.char_start, (collapse(part.name), min(6, 3 + len(open_ends))))
        open_ends.append(part.char_end)
    return found


def _spans(facts: DocumentFacts) -> list[tuple[int, int]]:
    """Return the sentences with the text between them, so that no mention crosses a border."""
    text = facts.document.text
    starts = [found.mention.char_start for found in facts.mentions]
    cuts: list[tuple[int, int]] = []
    reached = 0
    for start, end in [*((s.char_start, s.char_end) for s in facts.sentences), (len(text),) * 2]:
        has_starts = bisect_left(starts, reached) < bisect_left(starts, start)
        if text[reached:start].strip() or has_starts:
            cuts.append((reached, start))
        if end > max(start, reached):
            cuts.append((max(start, reached), end))
        reached = max(reached, end)
    return _widened(cuts, starts, facts)


def _widened(
    cuts: Sequence[tuple[int, int]], starts: Sequence[int], facts: DocumentFacts
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    needed = 0
    for start, end in cuts:
        if found and start < needed:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        for item in facts.mentions[first:last]:
            needed = max(needed, item.mention.char_end)
    return found


class _Cutter:
    """Cuts spans of a document into pieces."""

    def __init__(self, facts: DocumentFacts, spans: Sequence[tuple[int, int]]) -> None:
        self._facts = facts
        self._starts = [found.mention.char_start for found in facts.mentions]
        self._ends = [end for _, end in spans]
        self._relations: dict[int, list[Relation]] = {}
        for relation in facts.labeled.annotation.relations:
            if self._place(relation.head.char_start) == self._place(relation.tail.char_start):
                place = self._place(relation.head.char_start)
                self._relations.setdefault(place, []).append(relation)

    def _place(self, char: int) -> int:
        return bisect_left(self._ends, char + 1)

    def cut(self, start: int, end: int) -> Passage:
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        inside = list(self._facts.mentions[first:last])
        inside.sort(key=lambda f: (f.mention.char_start, -f.mention.char_end))
        todo = [(f, f.mention.char_start, f.mention.char_end) for f in inside]
        return Passage(
            tuple(self._pieces(start, end, todo)),
            tuple(self._relations.get(self._place(start), ())),
            bool(inside),
            end - start,
        )

    def _pieces(
        self, start: int, end: int, todo: list[tuple[MentionFacts, int, int]]
    ) -> Iterator[Piece]:
        """Yield the pieces of a span; ``todo`` holds its mentions, each clipped to a start, end."""
        text = self._facts.document.text
        while todo:
            found, first, last = todo.pop(0)
            if start < first:
                yield Piece(text[start:first])
            inner: list[tuple[MentionFacts, int, int]] = []
            rest: list[tuple[MentionFacts, int, int]] = []
            while todo and todo[0][1] < last:
                other, other_first, other_last = todo.pop(0)
                inner.append((other, other_first, min(other_last, last)))
                if other_last > last:
                    rest.append((other, last, other_last))
            todo[:0] = sorted(rest, key=lambda item: -item[2])
            yield Piece(
                found=found,
                pieces=tuple(self._pieces(first, last, inner)),
                is_continued=first > found.mention.char_start,
                far=self._far(found) if first == found.mention.char_start else (),
            )
            start = last
        if start < end:
            yield Piece(text[start:end])

    def _far(self, found: MentionFacts) -> tuple[Relation, ...]:
        here = self._place(found.mention.char_start)
        return tuple(r for r in found.hosts if self._place(r.tail.char_start) != here)
